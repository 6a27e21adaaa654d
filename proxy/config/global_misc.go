package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
)

// globalMisc are the global words that fit no larger group.
var globalMisc = append([]*keyword.Def[Setting[Global]]{
	externalCheck, setDumpable, cpuMap, unixBind, httpCodes("http-err-codes", "errors", func(g *Global) *[600]bool { return &g.HTTPErrCodes }),
	httpCodes("http-fail-codes", "failures", func(g *Global) *[600]bool { return &g.HTTPFailCodes }),
	caseAdjust, caseAdjustFile, defaultPath, setEnv("setenv"), setEnv("presetenv"), unsetEnv, resetEnv, procVar, procVarFmt,
	luaLoad("lua-load", "'%s' expects a file name as parameter."), luaLoad("lua-load-per-thread", "'%s' expects a file as parameter."), luaPath,
	cpuSet, setCap, maxStreams,
}, knobs([]knob{
	{"acme.scheduler", oneOf("keyword '%s' in 'global' section requires either 'auto' or 'off' argument", "auto", "off"), "Renew certificates by themselves.", keyword.NotActed},
	{"anonkey", between(0, 1<<32-1, "a key is expected after '%s'.", "'%s' value must be within range 0-4294967295."), "Key that dumps are made anonymous with.", keyword.NotActed | keyword.Open},
	{"cluster-secret", needed("expects an ASCII string argument."), "Secret that several nodes share.", 0},
	{"cpu-affinity", oneOf("'%s' parsed an unknown directive '{}'. Known values are : per-core per-group per-thread per-ccx auto", "per-core", "per-group", "per-thread", "per-ccx", "auto"), "How threads are bound to CPUs.", tuning | keyword.Open},
	{"cpu-policy", oneOf("'%s' passed an unknown CPU policy '{}'. Supported values are: and 'none' (use all available CPUs), 'performance' (make one thread group per core cluster), 'efficiency', 'group-by-cluster', 'group-by-ccx', 'resource', 'first-usable-node'.",
		"none", "performance", "efficiency", "first-usable-node", "group-by-cluster", "group-by-2-clusters", "group-by-3-clusters", "group-by-4-clusters", "group-by-ccx", "group-by-2-ccx", "group-by-3-ccx", "group-by-4-ccx", "resource", "threads-per-core"), "Which CPUs are used.", tuning | keyword.Open},
	{"dns-accept-family", listOf("'%s' expects a comma-delimited list of 'ipv4' and 'ipv6' but got '{}'.", "ipv4", "ipv6", "auto"), "Families that names resolve to.", 0},
	{"fd-hard-limit", whole(wantsInt), "Most descriptors to ask for.", 0},
	{"force-cfg-parser-pause", timeKnob("'%s' expects a timer value between 0 and 65535 ms.", 0, 65535, "'%s' expects a timer value between 0 and 65535 ms."), "Pause after each section.", tuning | keyword.Experimental},
	{"harden.reject-privileged-ports.quic", onOff("'%s' expects either 'on' or 'off'."), "Refuse QUIC clients on privileged ports.", keyword.NotActed | keyword.Open},
	{"harden.reject-privileged-ports.tcp", onOff("'%s' expects either 'on' or 'off'."), "Refuse TCP clients on privileged ports.", keyword.Open},
	{"httpclient.resolvers.disabled", onOff(eitherText), "HTTP client without resolvers.", keyword.NotActed},
	{"httpclient.resolvers.id", anything, "Resolvers of the HTTP client.", keyword.NotActed},
	{"httpclient.resolvers.prefer", oneOf("'%s' expects 'ipv4' or 'ipv6' as argument.", "ipv4", "ipv6"), "Family that the HTTP client prefers.", keyword.NotActed},
	{"httpclient.retries", whole(wantsInt), "Retries of the HTTP client.", keyword.NotActed},
	{"httpclient.ssl.ca-file", anything, "CA file of the HTTP client.", keyword.NotActed},
	{"httpclient.ssl.verify", oneOf("'%s' expects 'none' or 'required' as argument.", "none", "required"), "Whether the HTTP client verifies servers.", keyword.NotActed},
	{"httpclient.timeout.connect", clientTimeout, "Connect timeout of the HTTP client.", keyword.NotActed},
	{"max-threads-per-group", exact(0, 64, "'%s' value must be an integer between 1 and 64,  got '{}'", "'%s' value must be an integer between 1 and 64,  got '{}'"), "Threads of a group.", tuning},
	{"maxcompcpuusage", onlyBetween(0, 100, "'%s' expects an integer argument between 0 and 100."), "CPU usage above which compression is turned down.", 0},
	{"maxcomprate", whole("'%s' expects an integer argument in kb/s."), "Most compressed data per second.", 0},
	{"maxzlibmem", whole(wantsInt), "Memory of zlib in MB.", tuning},
	{"mworker-max-reloads", between(0, maxInt, wantsInt, "'%s' expects a positive value or zero."), "Reloads that a worker may survive.", 0},
	{"profiling.tasks", listOf("'%s' expects a combination of either 'on', 'auto', 'off', 'lock', 'no-lock', 'memory', or 'no-memory'", "on", "auto", "off", "lock", "no-lock", "memory", "no-memory"), "Profile tasks.", tuning | keyword.Open},
	{"profiling.memory", onOff("'%s' expects either 'on' or 'off'."), "Profile memory.", tuning},
	{"debug.counters", onOff("'%s' expects either 'on' or 'off'."), "Count events.", tuning},
	{"shm-stats-file", needed("'%s' expect one argument: a file path."), "Shared file of counters.", keyword.NotActed | keyword.Open},
	{"shm-stats-file-max-objects", needed("'%s' expect one argument: max objects number."), "Objects in the shared file.", keyword.NotActed | keyword.Open},
	{"stats-file", needed("'%s' expect one argument: a file path."), "File of counters to begin with.", keyword.NotActed | keyword.Open},
	{"stress-level", exact(0, 9, "'%s' level must be between 0 and 9 inclusive.", "'%s' level must be between 0 and 9 inclusive."), "Stress the scheduler.", tuning},
	{"thread-group", exact(1, 32, "'%s' passed a missing or unparsable integer value in '{}'", "'%s' thread-group number must be between 1 and 32 (was {})"), "Threads of one group.", tuning | keyword.Open},
	{"thread-groups", exact(1, 32, "'%s' passed a missing or unparsable integer value in '{}'", "'%s' value must be between 1 and 32 (was {})"), "Number of thread groups.", tuning},
	{"thread-hard-limit", exact(1, maxInt, "'%s' passed a missing or unparsable integer value in '{}'", "'%s' value must be at least 1 (was {})"), "Most threads.", tuning},
	{"warn-blocked-traffic-after", timeKnob("'%s' expects <time> as argument between 1 and 1000 ms.", 1, 1000, "timer out of range in argument '{}' to '%s' (value must be between 1 and 1000 ms)"), "Warn of threads that do not answer.", tuning | keyword.Open},
})...)

// globalFlags are the global words without arguments that size or choose
// internals, or whose effect is nothing here.
var globalFlags = slices.Concat(bare(0, map[string]string{
	"h2-workaround-bogus-websocket-clients":         "No RFC 8441 towards clients.",
	"h1-accept-payload-with-any-method":             "Accept bodies of GET, HEAD and DELETE in HTTP/1.0.",
	"h1-do-not-close-on-insecure-transfer-encoding": "Keep connections with both lengths.",
	"noreuseport": "Bind without SO_REUSEPORT.",
}), bare(tuning, map[string]string{
	"expose-deprecated-directives": "Accept deprecated words without a warning.",
	"no-memory-trimming":           "Keep freed memory.", "noepoll": "Do not use epoll.", "noevports": "Do not use event ports.",
	"nogetaddrinfo": "Resolve with gethostbyname.", "nokqueue": "Do not use kqueue.", "noktls": "No kernel TLS.", "nopoll": "Do not use poll.",
	"nosplice": "Never splice.", "prealloc-fd": "Allocate the descriptor table at start.",
	"tune.disable-fast-forward": "No fast forwarding.", "tune.disable-zero-copy-forwarding": "No forwarding without copies.",
	"tune.ssl.force-private-cache": "A session cache for each process.",
}), bare(keyword.NotActed, map[string]string{
	"limited-quic":           "QUIC with the TLS library's own interface.",
	"insecure-setuid-wanted": "Keep the right to gain privileges.",
	"pp2-never-send-local":   "Send PROXY v2 commands as PROXY always.",
}))

// bare makes the Defs of words without arguments.
func bare(f keyword.Flags, words map[string]string) []*keyword.Def[Setting[Global]] {
	var out []*keyword.Def[Setting[Global]]
	for name, doc := range words {
		out = append(out, keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Flags: f, Doc: doc}, func(*keyword.Env, *keyword.None) (Setting[Global], error) {
			return func(g *Global) error { g.Tune[name] = 1; return nil }, nil
		}))
	}
	return out
}

// gprefixed makes the Def of a global word that takes "no" and "default".
func gprefixed(name, doc string, f keyword.Flags, set func(*Global, bool)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Flags: f | keyword.No, Doc: doc}, func(e *keyword.Env, _ *keyword.None) (Setting[Global], error) {
		on := e.Prefix != "no"
		return func(g *Global) error { set(g, on); return nil }, nil
	})
}

// maxConnValue is a number with nothing behind it.
func maxConnValue(v string) (int64, string) {
	digits := strings.TrimLeft(v, "+-")
	switch {
	case v == "":
		return 0, wantsInt
	case digits == "" || len(v)-len(digits) > 1 || sizeRest(digits) != "":
		return 0, "cannot parse '%s' value '" + v + "', an integer is expected."
	}
	return max(laxInt(v), 0), ""
}

func maxSpread(v string) (int64, string) {
	d, err := expr.ParseTime(v, time.Millisecond)
	switch {
	case v == "":
		return 0, "'%s' expects an integer argument (0..50)."
	case err != nil:
		return 0, fmt.Sprintf("unsupported character '%c' in '%%s' (wants an integer delay).", oddTimeByte(v))
	}
	return d.Milliseconds(), ""
}

func clientTimeout(v string) (int64, string) {
	d, err := expr.ParseTime(v, time.Millisecond)
	switch {
	case v == "":
		return 0, wantsInt
	case err != nil:
		return 0, fmt.Sprintf("unexpected character '%c' in '%%s'", oddTimeByte(v))
	}
	return d.Milliseconds(), ""
}

// idNumber makes the Def of uid and gid; what is no number counts as 0, with
// the original's warning.
func idNumber(name, instead, doc string, set func(*Global, int)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc, Misuse: "'" + name + "' expects an integer argument."}, func(e *keyword.Env, a *nameArgs) (Setting[Global], error) {
		if sizeRest(strings.TrimPrefix(a.Name.Text, "-")) != "" {
			e.Warnf(diag.BadValue, a.Name.Index, " %s: string '%s' is not a number.\n   | You might want to use the '%s' parameter to use a system %s name.", name, a.Name.Text, instead, instead)
		}
		return func(g *Global) error { set(g, int(laxInt(a.Name.Text))); return nil }, nil
	})
}

var externalCheck = keyword.Define(keyword.Spec{
	Name: "external-check", In: keyword.Global, Doc: "Allow external checks.",
}, func(e *keyword.Env, a *optionalArgs) (Setting[Global], error) {
	if a.Word != nil && a.Word.Text != "preserve-env" {
		return nil, e.Errorf(a.Word.Index, "'external-check' only supports 'preserve-env' as an argument, found '%s'.", a.Word.Text)
	}
	return func(g *Global) error { g.ExternalCheck = true; return nil }, nil
})

var setDumpable = keyword.Define(keyword.Spec{
	Name: "set-dumpable", In: keyword.Global, Flags: keyword.No | keyword.NotActed, Doc: "Allow core dumps after privileges were dropped.",
}, func(e *keyword.Env, a *optionalArgs) (Setting[Global], error) {
	if a.Word != nil && a.Word.Text != "on" && a.Word.Text != "off" && a.Word.Text != "libs" {
		return nil, e.Errorf(a.Word.Index, "'set-dumpable' only supports 'on' and 'off' as an argument, found '%s'.", a.Word.Text)
	}
	return nil, nil
})

var unixBind = keyword.Define(keyword.Spec{
	Name: "unix-bind", In: keyword.Global, Doc: "Defaults of unix sockets.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	var sets []listen.Option
	prefix := ""
	words := e.Words
	for i := e.Start; i < len(words); {
		name := words[i].Text
		if name == "prefix" && i+1 < len(words) {
			prefix, i = words[i+1].Text, i+2
			continue
		}
		d, next := listen.Words.Match(words, i)
		if d == nil || indexOf([]string{"mode", "uid", "gid", "user", "group"}, name) < 0 {
			return nil, e.Errorf(i, "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.")
		}
		set, n, err := d.Read(e, words, next)
		if err != nil {
			return nil, err
		}
		sets, i = append(sets, set), max(n, i+1)
	}
	return func(g *Global) error {
		g.UnixPrefix, g.UnixBind = prefix, listen.NewBind(nil)
		for _, set := range sets {
			if err := set(g.UnixBind); err != nil {
				return err
			}
		}
		return nil
	}, nil
})

type pairArgs struct {
	First  expr.Word `parser:"@@"`
	Second expr.Word `parser:"@@"`
}

var caseAdjust = keyword.Define(keyword.Spec{
	Name: "h1-case-adjust", In: keyword.Global, Doc: "How a header's name is written in HTTP/1.", Misuse: "'h1-case-adjust' expects <from> and <to> as argument.",
}, func(e *keyword.Env, a *pairArgs) (Setting[Global], error) {
	return func(g *Global) error { return g.adjust(a.First.Text, a.Second.Text) }, nil
})

// adjust notes a name's spelling.
func (g *Global) adjust(from, to string) error {
	if !strings.EqualFold(from, to) {
		return fmt.Errorf("'%s' and '%s' are not the same, they may only differ in case.", from, to)
	}
	g.H1CaseAdjust[lower(from)] = to
	return nil
}

var caseAdjustFile = keyword.Define(keyword.Spec{
	Name: "h1-case-adjust-file", In: keyword.Global, Doc: "File of names and how they are written in HTTP/1.", Misuse: "'h1-case-adjust-file' expects <file> as argument.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Global], error) {
	at := e.Span(a.Name.Index)
	return func(g *Global) error {
		data, err := e.ReadFile(a.Name.Text)
		if err != nil {
			e.Diags.Alertf(diag.Unreadable, at, "h1-headers-case-adjust-file '%s': failed to open file.", a.Name.Text).Layout = diag.Told
			return nil
		}
		for _, l := range strings.Split(string(data), "\n") {
			f := strings.Fields(l)
			if len(f) < 2 || f[0][0] == '#' {
				continue
			}
			if err := g.adjust(f[0], f[1]); err != nil {
				return err
			}
		}
		return nil
	}, nil
})

var defaultPath = keyword.Define(keyword.Spec{
	Name: "default-path", In: keyword.Global, Flags: keyword.NotActed, Doc: "What relative paths are relative to.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	const modes = "supported modes include 'current', 'config', 'parent', and 'origin'."
	mode := ""
	if len(a.Words) > 0 {
		mode = a.Words[0].Text
	}
	switch mode {
	case "current", "config", "parent":
	case "origin":
		if len(a.Words) < 2 {
			return nil, e.Errorf(-1, "'default-path %s' expects a directory as an argument.", mode)
		}
		mode = a.Words[1].Text
	case "":
		return nil, e.Errorf(-1, "missing default-path mode '' for 'default-path', %s", modes)
	default:
		return nil, e.Errorf(a.Words[0].Index, "unsupported default-path mode '%s' for 'default-path', %s", mode, modes)
	}
	return func(g *Global) error { g.DefaultPath = mode; return nil }, nil
})

// setEnv makes the Def of setenv and presetenv. The parser has performed them
// already, since they change how the lines below read.
func setEnv(name string) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: "Set an environment variable."}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
		switch len(a.Words) {
		case 0:
			return nil, e.Errorf(-1, "'%s' expects environment variable name.\n.", name)
		case 1:
			return nil, e.Errorf(-1, "'%s' expects environment variable value for '%s'.\n.", name, a.Words[0].Text)
		case 2:
			v := [2]string{a.Words[0].Text, a.Words[1].Text}
			return func(g *Global) error {
				if name == "setenv" {
					g.SetEnv = append(g.SetEnv, v)
				} else {
					g.PreSetEnv = append(g.PreSetEnv, v)
				}
				return nil
			}, nil
		}
		return nil, e.Errorf(a.Words[2].Index, "'%s' cannot handle unexpected argument '%s'.", name, a.Words[2].Text)
	})
}

var unsetEnv = keyword.Define(keyword.Spec{
	Name: "unsetenv", In: keyword.Global, Doc: "Remove environment variables.", Misuse: "'unsetenv' expects at least one variable name.",
}, func(*keyword.Env, *wordsArgs) (Setting[Global], error) { return nil, nil })

var resetEnv = keyword.Define(keyword.Spec{
	Name: "resetenv", In: keyword.Global, Doc: "Remove all environment variables but those named.",
}, func(*keyword.Env, *restArgs) (Setting[Global], error) { return nil, nil })

// procVarArgs is "<proc.name> <expr or format>".
type procVarArgs struct {
	name, value string
	index       int
	rest        []string
}

// Usage is what messages say of the arguments.
func (procVarArgs) Usage() string { return "<proc.name> <value>" }

// ParseArgs takes the words.
func (a *procVarArgs) ParseArgs(in *keyword.Args) error {
	a.name, _, _ = in.Next()
	a.value, a.index, _ = in.Next()
	a.rest = texts(in.Rest())
	return nil
}

// check refuses other scopes.
func (a *procVarArgs) check(e *keyword.Env, word, what string) error {
	switch scope, name, ok := strings.Cut(a.name, "."); {
	case a.name == "" || a.value == "":
		return e.Errorf(-1, "'%s' requires a process-wide variable name ('proc.<name>') and a %s.", word, what)
	case !ok:
		return e.Errorf(1, "invalid variable name '%s'. A variable name must start with its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'.", a.name)
	case scope != "proc" || name == "":
		return e.Errorf(1, "'%s': variable name must be a process-wide variable name ('proc.<name>').", word)
	}
	return nil
}

var procVar = keyword.Define(keyword.Spec{Name: "set-var", In: keyword.Global, Doc: "Set a process variable."}, func(e *keyword.Env, a *procVarArgs) (Setting[Global], error) {
	if err := a.check(e, "set-var", "sample expression"); err != nil {
		return nil, err
	}
	s, err := expr.ParseSample(strings.Join(append([]string{a.value}, a.rest...), ","))
	if err != nil {
		return nil, prefixError(err, "")
	}
	s.Index = a.index
	x, err := sample.Compile(e, s)
	if err != nil {
		return nil, err
	}
	return func(g *Global) error {
		g.ProcVars = append(g.ProcVars, ProcVar{Name: a.name, Expr: x})
		return nil
	}, nil
})

var procVarFmt = keyword.Define(keyword.Spec{Name: "set-var-fmt", In: keyword.Global, Doc: "Set a process variable by format."}, func(e *keyword.Env, a *procVarArgs) (Setting[Global], error) {
	if err := a.check(e, "set-var-fmt", "format string"); err != nil {
		return nil, err
	}
	f, err := expr.ParseFmt(a.value)
	if err != nil {
		return nil, prefixError(err, "")
	}
	f.Index = a.index
	out, err := logformat.Compile(e, f)
	if err != nil {
		return nil, err
	}
	return func(g *Global) error {
		g.ProcVars = append(g.ProcVars, ProcVar{Name: a.name, Format: out})
		return nil
	}, nil
})
