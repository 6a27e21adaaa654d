package config

import (
	"net"
	"net/netip"
	"os"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keepalived"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// Options are what a configuration depends on besides its text.
type Options struct {
	ConfigID string // -i; "" is the host name up to its first dot
	// HostName is the default router_id; "" asks the kernel.
	HostName string
	// HasInterface says whether an interface exists in the namespace that the
	// configuration is for; nil asks the kernel.
	HasInterface func(name string) bool
	// NoMulticast says whether an interface that exists takes no multicast;
	// nil asks the kernel.
	NoMulticast func(name string) bool
	// HasNamespace says whether a named network namespace exists; nil looks
	// where ip-netns(8) keeps them.
	HasNamespace func(name string) bool
	// IncludeCheck is what every include checks (-e) until include_check says
	// otherwise.
	IncludeCheck keepalived.Check
	// Random is for ${_RANDOM}; nil always gives the lowest number.
	Random func(n int) int
	// Resolve finds an address of a host name, as the mail server may be one;
	// nil asks the system, for two seconds at most.
	Resolve func(name string) (netip.Addr, bool)
	// Running is whom the program runs as, for scripts that name no user; nil
	// asks the system.
	Running *Account
	// Accounts finds users and groups; nil reads the system's.
	Accounts Accounts
}

// Result is a configuration with everything that was said about it.
type Result struct {
	Config *Config
	Diags  *diag.List
	// Status is the exit status of "-t": 0 good, 2 a parameter is missing,
	// 4 only interfaces or files are missing, 5 anything else is wrong, 6 scripts
	// would run without enable_script_security, or an include check failed.
	Status int
	// Missing says that the file does not exist; Config is the empty one.
	Missing bool
	// Fatal says that the daemon cannot start with this configuration.
	Fatal bool
	// VRRPFatal says that the process of the virtual routers cannot: a router
	// has no VRID or no interface, or asks for what no version can do.
	VRRPFatal bool
}

// Codes of messages whose kind decides the exit status.
const (
	// MissingParameter ends the reading at once: exit status 2.
	MissingParameter diag.Code = "missing-parameter"
	// MissingThing is an interface or file that does not exist: exit status 4.
	MissingThing diag.Code = "missing-interface"
	// ScriptSecurity is a script that would run as root unchecked: exit status 6.
	ScriptSecurity diag.Code = "script-security"
)

// pass is one of the original's readings of the configuration: each of its
// processes reads the whole text and looks only at the blocks it serves. That
// decides which message comes first.
type pass uint8

const (
	parentPass pass = 1 << iota
	checkerPass
	vrrpPass
	bfdPass
)

var passNames = map[pass]string{parentPass: "", checkerPass: "checker", vrrpPass: "vrrp", bfdPass: "bfd"}

// compiler is the state of one Load.
type compiler struct {
	opt Options
	cfg *Config
	doc *keepalived.Document
	// read reads the text again, with what the options say now.
	read    func() *keepalived.Document
	reading keepalived.Options
	env     *keyword.Env
	diags   *diag.List
	seen    map[string]bool // messages that an earlier pass gave

	pass  pass
	pos   int                 // in doc.Lines of the next line
	line  *keepalived.Logical // being read
	fatal bool                // a parameter is missing: nothing more is read
	ended bool                // the text has ended

	noNamespace  bool      // net_namespace names none that exists
	vrrpFatal    bool      // see Result
	badInterface bool      // a non-existent interface was named without dynamic_interfaces
	autoPref     [2]uint32 // next preference of rules without one: IPv4, IPv6
	accounts     Accounts
	scripts      scriptState
	// Of a bfd_instance, the checkers' process reports only unknown words;
	// what else is wrong with it is said by its own process, which comes last.
	holding    bool
	held       []diag.Diagnostic
	bfdSeen    map[string]bool // every bfd_instance, good or not
	lateTracks []func()
	hmacLater  []func() // messages of auth_hmac that come with the instance's checks
}

// Load reads, checks and links a configuration whose main file is called name.
func Load(name string, data []byte, opt Options) *Result {
	c := newCompiler(opt)
	c.reading = keepalived.Options{ConfigID: c.cfg.ConfigID, Random: opt.Random}
	if opt.IncludeCheck != 0 {
		c.reading.Include = func(int) keepalived.Check { return opt.IncludeCheck }
		c.cfg.Global.IncludeCheck = opt.IncludeCheck
	}
	c.read = func() *keepalived.Document { return keepalived.Read(name, data, c.reading) }
	c.doc = c.read()
	c.cfg.Files = c.doc.Files
	c.run()
	return &Result{Config: c.cfg, Diags: c.diags, Status: status(c), Fatal: c.fatal || c.doc.IncludeFailed || c.noNamespace, VRRPFatal: c.vrrpFatal}
}

// LoadFile is Load of a file; err is set only if the file cannot be read.
func LoadFile(name string, opt Options) (*Result, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Load(name, data, opt), nil
}

func newCompiler(opt Options) *compiler {
	if opt.HostName == "" {
		opt.HostName, _ = os.Hostname()
	}
	if opt.ConfigID == "" {
		opt.ConfigID, _, _ = strings.Cut(opt.HostName, ".")
	}
	if opt.NoMulticast == nil {
		opt.NoMulticast = func(name string) bool {
			i, err := net.InterfaceByName(name)
			return err == nil && i.Flags&net.FlagMulticast == 0
		}
	}
	if opt.HasInterface == nil {
		opt.HasInterface = func(name string) bool { _, err := net.InterfaceByName(name); return err == nil }
	}
	if opt.HasNamespace == nil {
		opt.HasNamespace = func(name string) bool { _, err := os.Stat("/run/netns/" + name); return err == nil }
	}
	if opt.Resolve == nil {
		opt.Resolve = systemResolve
	}
	if opt.Accounts == nil {
		opt.Accounts = systemAccounts{}
	}
	c := &compiler{opt: opt, diags: &diag.List{}, seen: map[string]bool{}, autoPref: [2]uint32{16384, 16384}, accounts: opt.Accounts}
	c.cfg = &Config{ConfigID: opt.ConfigID}
	c.cfg.setDefaults(opt)
	c.env = &keyword.Env{Diags: &diag.List{}}
	keyword.Attach(c.env, c)
	return c
}

// run makes the passes in the order in which the original's messages appear.
func (c *compiler) run() {
	for _, p := range []pass{parentPass, checkerPass, vrrpPass, bfdPass} {
		c.pass, c.pos, c.ended = p, 0, false
		if p == checkerPass && c.doc.Ambiguous {
			c.reading.Child = true
			c.doc = c.read()
		}
		runBlock(c, rootTable, c.cfg, true)
		if c.fatal {
			return
		}
		if p == parentPass {
			for _, d := range c.doc.Tail {
				c.add(d)
			}
		}
		if n := c.doc.Depth; n > 0 {
			c.late("There are %d missing '}'s or extra '{'s", n).Code = diag.Syntax
		}
		if p == parentPass && c.doc.IncludeFailed {
			return
		}
		if ns := c.cfg.Process.NetNamespace; p == parentPass && ns != "" && !c.opt.HasNamespace(ns) {
			// The original ends here without a word, and with status 0.
			c.noNamespace = true
			c.notActed(source.Span{}, "network namespace '%s' does not exist: what stands in blocks was not checked", ns)
			return
		}
		c.finish(p)
	}
	c.linkFiles()
}

// checkIncludes has the includes that follow the line being read make these
// checks: what precedes it reads the same again.
func (c *compiler) checkIncludes(check keepalived.Check) {
	if c.pass != parentPass || c.read == nil {
		return
	}
	from, before := c.pos, c.reading.Include
	c.reading.Include = func(lines int) keepalived.Check {
		switch {
		case lines >= from:
			return check
		case before != nil:
			return before(lines)
		}
		return 0
	}
	c.doc = c.read()
	c.cfg.Files = c.doc.Files
}

// status computes the exit status of -t from the messages.
func status(c *compiler) int {
	st := 0
	switch {
	case c.doc.IncludeFailed:
		return 6
	case c.noNamespace:
		return 0
	}
	for i := range c.diags.All {
		d := &c.diags.All[i]
		if d.Ours || d.Severity == diag.Notice {
			continue
		}
		switch d.Code {
		case MissingParameter:
			return 2
		case ScriptSecurity:
			st = 6
		case MissingThing:
			st = max(st, 4)
		default:
			st = max(st, 5)
		}
	}
	return st
}

// add records a message unless an earlier pass gave the same one.
func (c *compiler) add(d diag.Diagnostic) *diag.Diagnostic {
	key := d.Span.String() + "\x00" + d.Text
	if c.seen[key] && c.pass != parentPass {
		return &d
	}
	if c.pass != parentPass || d.Span.IsZero() || !diag.Unended(d.Span) {
		c.seen[key] = true // the parent gives another line number there
	}
	d.Pass = passNames[c.pass]
	return c.diags.Add(d)
}

// say reports what the original reports too, at the line being read.
func (c *compiler) say(format string, args ...any) *diag.Diagnostic {
	return c.sayAt(-1, format, args...)
}

// sayAt is say with the word meant.
func (c *compiler) sayAt(word int, format string, args ...any) *diag.Diagnostic {
	var l diag.List
	d := *l.Alertf(diag.BadValue, c.env.Span(word), format, args...)
	if c.holding && !strings.HasPrefix(format, "Unknown keyword") {
		c.held = append(c.held, d)
		return &d
	}
	return c.add(d)
}

// late reports what the original reports once the whole text was read, without a place.
func (c *compiler) late(format string, args ...any) *diag.Diagnostic {
	return c.lateAt(source.Span{}, format, args...)
}

// lateAt is late for something that stands at a place: the pretty style shows
// it, the original's does not.
func (c *compiler) lateAt(at source.Span, format string, args ...any) *diag.Diagnostic {
	var l diag.List
	d := *l.Alertf(diag.BadValue, at, format, args...)
	d.Layout = diag.Bare
	return c.add(d)
}

// notActed says that something is read and checked but will not happen.
func (c *compiler) notActed(at source.Span, format string, args ...any) {
	var l diag.List
	d := *l.Warnf(diag.NotActedOn, at, format, args...)
	d.Ours = true
	c.add(d)
}

// missing ends the reading: word n of the line, counted from 1, is not there.
func (c *compiler) missing(words []source.Word, n int) {
	if c.fatal {
		return
	}
	c.holding = false
	first, last := "", ""
	if len(words) > 0 {
		first, last = words[0].Text, words[min(max(n-2, 0), len(words)-1)].Text
	}
	c.say("*** Configuration line starting `%s` is missing a parameter after keyword `%s` at word position %d", first, last, n).Code = MissingParameter
	c.fatal = true
}
