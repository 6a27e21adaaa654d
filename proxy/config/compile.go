package config

import (
	"errors"
	"os"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/certs"
	"tandem/proxy/listen"
	"tandem/proxy/logformat"
	"tandem/proxy/lua"
	"tandem/proxy/pattern"
	"tandem/proxy/server"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Deps is what outlives a configuration: a new one adopts the objects in it.
type Deps struct {
	Servers *server.Registry
	Fronts  *listen.Registry
	Proc    *tx.ProcVars
	Process *stats.Process
	Sticks  *stick.Registry
}

// NewDeps returns empty registries, for a first start or a check.
func NewDeps() *Deps {
	return &Deps{Servers: &server.Registry{}, Fronts: &listen.Registry{}, Proc: &tx.ProcVars{}, Process: &stats.Process{}, Sticks: &stick.Registry{}}
}

// Options steer a compilation.
type Options struct {
	Offline   bool             // no DNS, no certificates: for checks on another machine
	Env       *haproxy.Environ // variables; nil: the process's
	Cond      *haproxy.CondEnv // what .if predicates know
	NoResolve bool             // -dr: servers may start without address
	CheckOnly bool             // nothing will be started
	LocalPeer string           // -L
}

// compiler walks the sections and keeps what spans them.
type compiler struct {
	cfg    *Config
	deps   *Deps
	opt    Options
	diags  *diag.List
	env    *keyword.Env
	blocks int // sections read that are no proxies

	closing string // last line of a refusal that was found behind the text

	defaults   map[string]*Proxy // named ones
	last       *Proxy            // the last defaults section read
	byName     map[string][]*Proxy
	refs       []*keyword.Ref
	nextID     int
	environ    *haproxy.Environ
	late       []diag.Diagnostic    // told after all lines were read
	ending     []func()             // run after all checks
	unfound    []*keyword.Ref       // arguments that name nothing
	pending    []diag.Diagnostic    // what the lexer said, not yet told
	early      []int                // messages that the original finds before all others, by index
	broken     bool                 // the first pass ended where it found the last of them
	until      keyword.Version      // the first release that refuses a line that was read
	past       bool                 // a section other than global was read
	mails      bool                 // mails without Lua were noticed
	full       bool                 // the file has too many errors
	behind     []string             // what the original says without a place after the next refusal
	aborted    bool                 // reading ended where the original's does, see abort
	refused    bool                 // something was refused by words that are a WARNING
	limit      int                  // alerts at which it has
	storeLoads int                  // load lines of the crt-store being read
	storeBase  string               // crt-base of the crt-store being read
	storeKeys  string               // and its key-base
	noted      map[*certs.Cert]bool // certificates whose flaws were told
	seenOnce   map[string]bool      // global words that count once and were read
	servers    []ServerLine         // room for the next ones
	shared     server.Shared        // parameters of server lines
	spoe       *spoeFile            // the SPOE file being read
	spoeOwner  string               // proxy whose filter names it
	blockACLs  *pattern.ACLs        // of the fcgi-app or spoe-message being read
	peerServer *server.Params       // default-server lines of the peers section being read
	peerBind   []source.Word        // words of its default-bind lines
	headerRest []source.Word        // words behind the name of the section line being read
}

// Compile reads all files, in order, into one configuration. All that is
// wrong is in diags; the result is usable only if diags has no errors.
func Compile(files []*source.File, opt Options, deps *Deps, diags *diag.List) *Config {
	c := &compiler{
		cfg: &Config{Global: newGlobal(), Files: files, Proc: deps.Proc, sticks: deps.Sticks, Patterns: pattern.NewRegistry(), Lua: lua.New(),
			Certs: certs.NewStore(&certs.Files{Sources: map[string]certs.Source{}, Refused: map[string]bool{}}), Offers: map[*listen.Bind]*certs.Bind{}},
		deps: deps, opt: opt, diags: diags,
		defaults: map[string]*Proxy{}, byName: map[string][]*Proxy{}, nextID: 2,
	}
	c.env = &keyword.Env{Diags: diags, Offline: opt.Offline}
	if !opt.Offline {
		c.env.LookUp = server.LookupOnce()
	}
	c.attach()
	env := opt.Env
	if env == nil {
		env = haproxy.NewEnviron(os.LookupEnv)
	}
	defer calm(files)()
	c.environ = env
	c.variables(files)
	stopped := false
	for _, f := range files {
		if stopped = c.file(f); stopped {
			break
		}
	}
	if c.tellEarly(files) && diags.Strict {
		c.onlyEarly(files)
		return c.cfg
	}
	c.cfg.Era = c.era()
	inText := diags.HasErrors()
	if !stopped && !(inText && diags.Strict) { // the original links only what is right so far
		c.link()
	}
	switch {
	case stopped && strings.HasPrefix(diags.All[len(diags.All)-2].Text, unknownDirective):
		c.bare("Fatal errors found in configuration.")
	case !diags.HasErrors() || stopped:
	case inText:
		c.bare("Fatal errors found in configuration.")
	case c.closing != "":
		// Once the text was fine the original ends in silence, but for this.
		c.bare(c.closing).Layout = diag.PostParse
	}
	return c.cfg
}

// unknownDirective begins the lexer's message about a word with a leading dot,
// at which reading stops, but in its place among the other lines.
const unknownDirective = "unknown directive "

// file reads one file and says whether reading ends with it.
func (c *compiler) file(f *source.File) (stopped bool) {
	before := c.diags.Refusals()
	c.full, c.limit = false, before+maxAlerts
	if n := len(f.Data); n > 0 && f.Data[n-1] != '\n' {
		c.dropped(droppedNoFinalLF)
	}
	parsed := c.parse(f)
	for _, s := range parsed.Sections {
		if c.full {
			break
		}
		c.section(s)
	}
	if !c.full {
		c.tellBefore(1<<31 - 1)
	}
	if c.diags.Refusals() > before {
		c.bare("Error(s) found in configuration file : " + f.Name)
	}
	return parsed.Stopped || c.aborted
}

// maxAlerts is how many errors of a file are told before reading it stops.
const maxAlerts = 50

// crowded says whether a file has so many errors that reading it stops, and
// says so once.
func (c *compiler) crowded() bool {
	if !c.full && c.diags.Refusals() >= c.limit {
		c.full = true
		all := c.diags.All
		d := c.bare("too many fatal errors (50), stopping now.")
		d.Code = diag.Syntax
		for i := len(all) - 1; i >= 0; i-- { // it is told at the line below the last one of them
			if s := all[i].Span; all[i].Severity == diag.Alert && !s.IsZero() {
				if next := strings.IndexByte(string(s.File.Data[s.Start:]), '\n'); next >= 0 {
					d.Span = source.Span{File: s.File, Start: s.Start + int32(next) + 1, End: s.Start + int32(next) + 1}
					d.Layout = diag.ParsingTight
				}
				break
			}
		}
	}
	return c.full
}

func (c *compiler) bare(text string) *diag.Diagnostic {
	return c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: diag.Summary, Layout: diag.Bare, Text: text})
}

// variables sets what the original puts into the environment before it reads.
func (c *compiler) variables(files []*source.File) {
	e := c.environ
	for name, format := range map[string]string{
		"HTTP": logformat.HTTPLog, "HTTPS": logformat.HTTPSLog, "HTTP_CLF": logformat.HTTPLogCLF,
		"TCP": logformat.TCPLog, "TCP_CLF": logformat.TCPLogCLF,
	} {
		e.Set("HAPROXY_"+name+"_LOG_FMT", format)
	}
	e.Set("HAPROXY_KEYLOG_FC_LOG_FMT", keylogFormat("fc"))
	e.Set("HAPROXY_KEYLOG_BC_LOG_FMT", keylogFormat("bc"))
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	e.Set("HAPROXY_CFGFILES", strings.Join(names, ";"))
	peer := c.opt.LocalPeer
	if peer == "" {
		peer, _ = os.Hostname()
	}
	e.Set("HAPROXY_LOCALPEER", peer)
	if c.opt.Cond != nil && c.opt.Cond.Version != "" {
		e.Set("HAPROXY_STARTUP_VERSION", c.opt.Cond.Version)
		branch := strings.SplitN(c.opt.Cond.Version, ".", 3)
		if len(branch) > 1 {
			minor, _, _ := strings.Cut(branch[1], "-")
			e.Set("HAPROXY_BRANCH", branch[0]+"."+minor)
		}
	}
}

// keylogFormat is the format of key log lines of one side (configuration
// manual 2.3).
func keylogFormat(side string) string {
	var b strings.Builder
	for i, k := range [][2]string{
		{"CLIENT_EARLY_TRAFFIC_SECRET", "client_early_traffic_secret"}, {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"},
		{"SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"}, {"CLIENT_TRAFFIC_SECRET_0", "client_traffic_secret_0"},
		{"SERVER_TRAFFIC_SECRET_0", "server_traffic_secret_0"}, {"EXPORTER_SECRET", "exporter_secret"}, {"EARLY_EXPORTER_SECRET", "early_exporter_secret"},
	} {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(k[0] + " %[ssl_" + side + "_client_random,hex] %[ssl_" + side + "_" + k[1] + "]")
	}
	return b.String()
}

// parse reads the text of a file. The original reads the text twice: what it
// finds in the first pass (quotes, a missing LF, conditions, prefixes) comes before all
// else, empty arguments and .notice and its kin come in their place.
func (c *compiler) parse(f *source.File) *haproxy.File {
	var said diag.List
	said.Strict = c.diags.Strict
	opt := haproxy.Options{Env: c.environ, Cond: c.opt.Cond}
	if said.Strict {
		opt.IsSection = func(word string) bool {
			return haproxy.DefaultSections(word) && !Sections.Lookup(word).Gone(c.env)
		}
	}
	parsed := haproxy.Parse(f, opt, &said)
	c.pending = c.pending[:0]
	c.broken = false
	for _, d := range said.All {
		if d.Code == diag.UserMessage || strings.HasPrefix(d.Text, "argument number ") || strings.HasPrefix(d.Text, unknownDirective) {
			c.pending = append(c.pending, d)
			c.broken = false
		} else {
			c.broken = parsed.Stopped
			c.early = append(c.early, len(c.diags.All))
			c.diags.Add(d)
		}
	}
	return parsed
}

// tellBefore tells what the lexer said of the text before byte off.
func (c *compiler) tellBefore(off int32) {
	for len(c.pending) > 0 && (c.pending[0].Span.IsZero() || c.pending[0].Span.Start < off) {
		c.diags.Add(c.pending[0])
		c.pending = c.pending[1:]
	}
}

// section hands a section to its reader.
func (c *compiler) section(s *haproxy.Section) {
	c.tellBefore(s.Line.Span.Start)
	if s.Keyword.Text == "" {
		for i := range s.Lines {
			if c.crowded() {
				return
			}
			w := s.Lines[i].Words[0]
			c.diags.Alertf(diag.UnknownSection, w.Span, "unknown keyword '%s' out of section.", w.Text).Layout = diag.ParsingTight
		}
		return
	}
	def := Sections.Lookup(s.Keyword.Text)
	if def == nil || def.Gone(c.env) {
		c.diags.Alertf(diag.UnknownSection, s.Keyword.Span, "unknown section '%s'.", s.Keyword.Text)
		return
	}
	c.past = c.past || def.In != keyword.Global
	if def.In&keyword.AnyProxy == 0 {
		c.shared = server.Shared{}
	}
	c.enter(def.In, s)
	if s.Keyword.Text == "acme" && !c.env.Experimental {
		c.diags.Alertf(diag.BadValue, s.Keyword.Span, "section 'acme' is experimental, must be allowed via a global 'expose-experimental-directives'").Layout = diag.ParsingTight
		return
	}
	c.dropped(def.Until)
	read, _, err := def.Read(c.env, s.Line.Words, len(s.Line.Words))
	if err != nil {
		c.refuse(err)
		return
	}
	if !def.Note(c.env, 0) {
		return
	}
	read(c, s)
	c.refs = append(c.refs, c.env.Refs...)
	c.env.Refs = nil
}

// enter prepares the environment for the lines of a section.
func (c *compiler) enter(scope keyword.Scope, s *haproxy.Section) {
	e := c.env
	e.Scope, e.Section, e.Owner, e.Subject, e.Prefix = scope, s.Keyword.Text, s.Name(), "", ""
	e.Words, e.Start = s.Line.Words, len(s.Line.Words)
	c.blockACLs, c.storeBase, c.storeKeys, c.storeLoads = nil, "", "", 0
	c.peerServer, c.peerBind = nil, nil
	if scope&(keyword.FCGIApp|keyword.SPOE) != 0 {
		c.blockACLs = &pattern.ACLs{}
	}
	keyword.Attach(e, c.blockACLs)
	keyword.Attach[*Proxy](e, nil)
}

// readLines applies every line of a section to its object.
func readLines[T any](c *compiler, table *keyword.Table[Setting[T]], s *haproxy.Section, object *T) {
	for i := range s.Lines {
		if c.crowded() {
			return
		}
		readLine(c, table, &s.Lines[i], object)
	}
}

// readLine applies one line to its section's object.
func readLine[T any](c *compiler, table *keyword.Table[Setting[T]], l *haproxy.Line, object *T) {
	if len(c.pending) > 0 {
		c.tellBefore(l.Span.Start)
	}
	e := c.env
	e.Words, e.Start, e.Prefix, e.Subject = l.Words, 0, "", ""
	first := 0
	if l.No || l.Default {
		e.Prefix, first = l.Words[0].Text, 1
	}
	if first < len(l.Words) && e.Scope&keyword.AnyProxy != 0 && endsAt(l.Words[first:]) {
		defer func(before int) {
			if c.diags.Refusals() > before {
				c.abort()
			}
		}(c.diags.Refusals())
	}
	def, args := table.Match(l.Words, first)
	if def == nil && first > 0 && l.Words[first].Text == "option" && len(l.Words) > first+1 {
		c.negated(l, "option "+l.Words[first+1].Text)
		return
	}
	if e.Scope == keyword.Global && def != nil {
		if c.repeated(def.Name, l) {
			return
		}
		if head, _, _ := strings.Cut(def.Name, " "); firstPass[head] {
			defer c.noteEarly(len(c.diags.All))
		}
	}
	if def != nil && tooMany(e, def.Name, l.Words[args:]) {
		c.diags.Alertf(diag.BadArguments, l.Words[args+1].Span, "'%s' cannot handle unexpected argument '%s'.", def.Name, l.Words[args+1].Text)
		return
	}
	if def != nil && notBuilt(def.Name) {
		if c.diags.Strict {
			c.unknown(l, first, suggest(c, table, l.Words[first].Text))
			return
		}
		c.diags.Tolerate(diag.Diagnostic{Code: diag.RemovedWord, Span: l.Words[first].Span,
			Text: "'" + def.Name + "' is known only to an HAProxy that is built with zlib, others refuse it. It is accepted here.", Hint: "remove this line"}, diag.Diagnostic{})
	}
	if def.Gone(e) {
		c.refuseRemoved(l, first, &def.Spec, func() { def.Note(e, first) }, suggest(c, table, l.Words[first].Text))
		return
	}
	if def == nil || def.In != 0 && def.In&(e.Scope|keyword.NamedDefaults) == 0 && e.Scope&keyword.AnyProxy == 0 {
		c.unknown(l, first, suggest(c, table, l.Words[first].Text))
		return
	}
	if first > 0 && !def.Flags.Has(keyword.No) && !c.negated(l, def.Name) {
		return
	}
	idle, after := false, ""
	if e.Scope&keyword.AnyProxy != 0 {
		var done bool
		if idle, after, done = c.misplaced(&def.Spec, first); done {
			return
		}
	}
	c.dropped(def.Until)
	late := def.Flags.Has(keyword.NotActed) && def.Until == 0 && !def.Flags.Has(keyword.Refused) && !def.Flags.Has(keyword.Experimental)
	switch {
	case idle && def.Until != 0:
		stray := *def
		stray.Flags |= keyword.NotActed
		stray.Note(e, first)
	case !idle && !late && !def.Note(e, first):
		return
	}
	refs := len(e.Refs)
	set, n, err := def.Read(e, l.Words, args)
	if err == nil && n < len(l.Words) && !def.Flags.Has(keyword.Open) {
		text := "'" + def.Name + "' cannot handle unexpected argument '" + l.Words[n].Text + "'."
		if strings.HasPrefix(def.Name, "timeout ") && n == args+1 {
			text = "'" + def.Name + "' : unexpected extra argument '" + l.Words[n].Text + "' after value '" + l.Words[args].Text + "'."
		}
		err = &keyword.Error{Index: n, Code: diag.BadArguments, Text: text}
	}
	if err == nil && late && !idle {
		def.Note(e, first) // a line that is refused needs no word of what it would not do
	}
	switch {
	case err != nil:
	case idle && after != "":
		e.Warnf(diag.WrongSection, first, "%s", after)
	case !idle && set != nil:
		err = set(object)
	}
	if err != nil {
		e.Words, e.Refs = l.Words, e.Refs[:min(refs, len(e.Refs))] // what it names is not looked for
		c.refuse(err)
		return
	}
	if e.Scope == keyword.Global {
		c.noteOnce(def.Name)
	}
}

// refuseRemoved refuses a line as the newest release does, which knows its
// word only to say what became of it (note), or not at all.
func (c *compiler) refuseRemoved(l *haproxy.Line, first int, s *keyword.Spec, note func(), near string) {
	switch {
	case s.Refusal != "":
		note()
	case first == 0 || c.negated(l, s.Name):
		c.unknown(l, first, near)
	}
}

// negated refuses a "no" or "default" before a word that does not take it.
func (c *compiler) negated(l *haproxy.Line, name string) bool {
	option, ok := strings.CutPrefix(name, "option ")
	if !ok {
		return true
	}
	c.diags.Alertf(diag.BadArguments, l.Words[0].Span, "negation/default is not supported for option '%s'.", option).Layout = diag.ParsingTight
	return false
}

// unknown reports a word that no table of the section has.
func (c *compiler) unknown(l *haproxy.Line, i int, near string) {
	if c.unknownSecond(l, i, near) {
		return
	}
	w := l.Words[i]
	text, layout := c.unknownText(w.Text)
	if near != "" && c.env.Scope&(keyword.AnyProxy|keyword.Global) != 0 { // elsewhere the original does not guess
		text += "; did you mean '" + near + "' maybe ?"
	}
	d := c.diags.Alertf(diag.UnknownKeyword, w.Span, "%s", text)
	d.Hint, d.Layout = near, layout
	switch c.env.Section {
	case "log-forward", "log-profile", "crt-store":
		c.abort()
	}
	if strings.ContainsAny(w.Text, "\u00a0\u201c\u201d\u2018\u2019\u2192") {
		d.Code = diag.ForeignChars
	}
}

// refuse reports what a build function returned.
func (c *compiler) refuse(err error) {
	e := c.env
	if errors.Is(err, errTold) {
		return
	}
	var at *keyword.Error
	if !errors.As(err, &at) {
		at = &keyword.Error{Index: -1, Code: diag.BadValue, Text: err.Error()}
	}
	d := c.diags.Alertf(at.Code, e.Span(at.Index), "%s", at.Text)
	d.Hint, d.Subject = at.Hint, e.Subject
	switch {
	case at.Place || e.Subject != "":
		d.Layout = diag.Place
	case at.Tight || e.Section == "userlist" || strings.HasPrefix(at.Text, "'description' "):
		d.Layout = diag.ParsingTight
	}
	for _, text := range c.behind { // not counted: the line is refused once
		c.diags.Add(diag.Diagnostic{Severity: diag.Alert, Code: at.Code, Layout: diag.Bare, Text: text, Lenient: true})
	}
	c.behind = nil
}
