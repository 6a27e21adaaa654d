package config

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
)

// gflag makes the Def of a global word without arguments.
func gflag(name, doc string, set func(*Global)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc}, func(*keyword.Env, *keyword.None) (Setting[Global], error) {
		return func(g *Global) error { set(g); return nil }, nil
	})
}

// openTexts are the flags of words of which something is to be said: what
// follows their value is not looked at, or nothing acts on them yet.
var openTexts = map[string]keyword.Flags{"server-state-base": keyword.Open, "server-state-file": keyword.Open}

// gtext makes the Def of a global word with one argument; missing is the
// refusal where it is missing.
func gtext(name, missing, doc string, set func(*Global, string)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc, Misuse: strings.ReplaceAll(missing, "%s", name), Flags: openTexts[name]}, func(_ *keyword.Env, a *nameArgs) (Setting[Global], error) {
		return func(g *Global) error { set(g, a.Name.Text); return nil }, nil
	})
}

// gtime makes the Def of a global word with one time in milliseconds.
func gtime(name, doc string, set func(*Global, time.Duration)) *keyword.Def[Setting[Global]] {
	return knob{name, timeKnob("'%s' expects <time> as argument.", 0, maxInt, ""), doc, keyword.Open}.into(func(g *Global, ms int64) { set(g, time.Duration(ms)*time.Millisecond) })
}

// infinite lets a time be unlimited, which is kept as a negative number.
func infinite(check knobCheck) knobCheck {
	return func(v string) (int64, string) {
		if v == "infinite" {
			return -1, ""
		}
		return check(v)
	}
}

const maxInt = 1<<31 - 1

// globalProcess are the words about the process (configuration manual 3.1, 3.2).
var globalProcess = []*keyword.Def[Setting[Global]]{
	field("maxconn", maxConnValue, "Most connections of the process.", func(g *Global, n int64) { g.MaxConn = int(n) }),
	field("maxconnrate", whole(wantsInt), "Most connections per second.", func(g *Global, n int64) { g.MaxConnRate = int(n) }),
	field("maxsessrate", whole(wantsInt), "Most sessions per second.", func(g *Global, n int64) { g.MaxSessRate = int(n) }),
	field("maxsslconn", between(0, maxInt, wantsInt, positiveText), "Most TLS connections.", func(g *Global, n int64) { g.MaxSSLConn = int(n) }),
	field("maxsslrate", whole(wantsInt), "Most TLS handshakes per second.", func(g *Global, n int64) { g.MaxSSLRate = int(n) }),
	field("maxpipes", whole(wantsInt), "Most pipes for splicing.", func(g *Global, n int64) { g.MaxPipes = int(n) }),
	field("ulimit-n", whole(wantsInt), "Most open descriptors.", func(g *Global, n int64) { g.ULimitN = int(n) }),
	field("nbthread", exact(1, 1024, "'%s' passed a missing or unparsable integer value in '{}'", "'%s' value must be between 1 and 1024 (was {})"), "Threads that run at the same time.", func(g *Global, n int64) { g.NbThread = int(n) }),
	field("spread-checks", between(0, 50, "'%s' expects an integer argument (0..50).", "'%s' needs a positive value in range 0..50."), "Randomise check intervals by so many percent.", func(g *Global, n int64) { g.SpreadChecks = int(n) }),
	knob{"max-spread-checks", maxSpread, "Upper bound of spread-checks.", 0}.into(func(g *Global, ms int64) { g.MaxSpreadChecks = time.Duration(ms) * time.Millisecond }),
	gtime("hard-stop-after", "Longest time of a soft stop.", func(g *Global, d time.Duration) { g.HardStopAfter = d }),
	gtime("grace", "How long to go on accepting once told to stop.", func(g *Global, d time.Duration) { g.Grace = d }),
	knob{"close-spread-time", infinite(timeKnob("'%s' expects <time> as argument.", 0, maxInt, "")), "Spread the closing of idle connections.", keyword.Open}.into(func(g *Global, ms int64) { g.CloseSpread = time.Duration(ms) * time.Millisecond }),
	gflag("daemon", "Go to the background.", func(g *Global) { g.Daemon = true }),
	gflag("quiet", "No messages while starting.", func(g *Global) { g.Quiet = true }),
	gflag("zero-warning", "Refuse configurations with warnings.", func(g *Global) { g.ZeroWarning = true }),
	gprefixed("insecure-fork-wanted", "Allow rules to start processes.", 0, func(g *Global, on bool) { g.InsecureFork = on }),
	gprefixed("strict-limits", "Refuse to start where limits cannot be raised.", 0, func(g *Global, on bool) { g.StrictLimits = on }),
	gprefixed("busy-polling", "Poll without waiting.", tuning, func(*Global, bool) {}),
	gprefixed("numa-cpu-mapping", "Use one NUMA node.", tuning|keyword.Open, func(*Global, bool) {}),
	gtext("chroot", "'%s' expects a directory as an argument.", "Change the root directory.", func(g *Global, s string) { g.Chroot = s }),
	gtext("pidfile", "'%s' expects a file name as an argument.", "Where the process writes its number.", func(g *Global, s string) { g.PidFile = s }),
	gtext("node", "'%s' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_).", "Name of this node.", func(g *Global, s string) { g.Node = s }),
	gtext("ca-base", "global statement '%s' expects a directory path as an argument.", "Directory of CA files.", func(g *Global, s string) { g.CABase = s }),
	gtext("crt-base", "global statement '%s' expects a directory path as an argument.", "Directory of certificates.", func(g *Global, s string) { g.CRTBase = s }),
	gtext("key-base", "global statement '%s' expects a directory path as an argument.", "Directory of keys.", func(g *Global, s string) { g.KeyBase = s }),
	gtext("localpeer", "'%s' expects a name as an argument.", "Name of the local peer.", func(g *Global, s string) { g.LocalPeer = s }),
	gtext("server-state-base", "'%s' expects one argument: a directory path.", "Directory of server state files.", func(g *Global, s string) { g.ServerStateBase = s }),
	gtext("server-state-file", "'%s' expect one argument: a file path.", "File of the servers' states.", func(g *Global, s string) { g.ServerStateFile = s }),
	gtext("log-tag", "'%s' expects a tag for use in syslog.", "Tag of log lines.", func(g *Global, s string) { g.LogTag = s }),
	globalLog, logSendHostname, globalUser, globalGroup, globalUID, globalGID, globalDescription, statsSocket, statsTimeout, statsMaxConn, exposeExperimental,
}

var globalLog = keyword.Define(keyword.Spec{
	Name: "log", In: keyword.Global, Flags: keyword.No, Doc: "Where log lines go.",
	Misuse: "'log' expects either <address[:port]> and <facility> or 'global' as arguments.",
}, func(e *keyword.Env, a *logArgs) (Setting[Global], error) {
	switch no := e.Prefix == "no"; {
	case no && a.given:
		return nil, e.Errorf(-1, noLogWords)
	case !no && !a.given:
		return nil, e.Errorf(-1, "%s", logUse(e))
	}
	if a.target.Global {
		return nil, e.Errorf(-1, "log : 'global' is not supported for a global syslog server")
	}
	if e.Prefix == "no" {
		return func(g *Global) error { g.Logs = nil; return nil }, nil
	}
	return func(g *Global) error { g.Logs = append(g.Logs, a.target); return nil }, nil
})

var logSendHostname = keyword.Define(keyword.Spec{
	Name: "log-send-hostname", In: keyword.Global, Flags: keyword.Open, Doc: "Put the host name into syslog headers.",
}, func(_ *keyword.Env, a *optionalArgs) (Setting[Global], error) {
	return func(g *Global) error {
		g.LogSendHostnameSet = true
		if a.Word != nil {
			g.LogSendHostname = a.Word.Text
		}
		return nil
	}, nil
})

var globalDescription = keyword.Define(keyword.Spec{
	Name: "description", In: keyword.Global, Doc: "Description of this node.",
}, func(e *keyword.Env, a *restArgs) (Setting[Global], error) {
	if len(a.Words) == 0 {
		e.Diags.Alertf(diag.BadArguments, e.LineSpan(), "'description' expects a string argument.").Layout = diag.ParsingTight
		return nil, nil
	}
	return func(g *Global) error { g.Description = a.join(); return nil }, nil
})

// identity makes the Defs of user and group: a name that must exist.
func identity(name, doc string, find func(string) (string, error), set func(*Global, int)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc, Misuse: "cannot find " + name + " id for '' (0:Success)"}, func(e *keyword.Env, a *nameArgs) (Setting[Global], error) {
		id, err := find(a.Name.Text)
		n, nerr := strconv.Atoi(id)
		if err != nil || nerr != nil {
			return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("cannot find %s id for '%s' (0:Success)", name, a.Name.Text)}
		}
		return func(g *Global) error { set(g, n); return nil }, nil
	})
}

var globalUser = identity("user", "User to run as.", func(s string) (string, error) {
	u, err := user.Lookup(s)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}, func(g *Global, n int) { g.UID = n })

var globalGroup = identity("group", "Group to run as.", func(s string) (string, error) {
	u, err := user.LookupGroup(s)
	if err != nil {
		return "", err
	}
	return u.Gid, nil
}, func(g *Global, n int) { g.GID = n })

var (
	globalUID = idNumber("uid", "user", "Number of the user to run as.", func(g *Global, n int) { g.UID = n })
	globalGID = idNumber("gid", "group", "Number of the group to run as.", func(g *Global, n int) { g.GID = n })
)

// statsSocketArgs is an address and the words of a bind line.
type statsSocketArgs struct{ bind *listen.Bind }

// Usage is what messages say of the line.
func (statsSocketArgs) Usage() string { return "<address> [param*]" }

// ParseArgs reads address and words.
func (a *statsSocketArgs) ParseArgs(in *keyword.Args) error {
	if in.Peek() == "" {
		return in.Env.Errorf(-1, "'stats socket' in global section expects an address or a path to a UNIX socket")
	}
	b, err := readBind(in, "stats socket")
	a.bind = b
	return err
}

var statsSocket = keyword.Define(keyword.Spec{
	Name: "stats socket", In: keyword.Global, Doc: "Where the command line interface listens.",
	Misuse: "'stats socket' in global section expects an address or a path to a UNIX socket.",
}, func(_ *keyword.Env, a *statsSocketArgs) (Setting[Global], error) {
	return func(g *Global) error { g.StatsSockets = append(g.StatsSockets, a.bind); return nil }, nil
})

var statsTimeout = keyword.Define(keyword.Spec{
	Name: "stats timeout", In: keyword.Global, Flags: keyword.Open, Doc: "Longest silence on a stats socket.",
	Misuse: "'stats timeout' : unexpected character '", // that of the end of the line, a NUL
}, func(e *keyword.Env, a *timeArgs) (Setting[Global], error) {
	d, err := timeValue(e, a.Time, "stats timeout", time.Millisecond)
	var at *keyword.Error
	if errors.As(err, &at) && strings.HasPrefix(at.Text, "unexpected character") {
		at.Text = "'stats timeout' : " + strings.TrimSuffix(at.Text, " in 'stats timeout'")
	}
	if err != nil {
		return nil, err
	}
	if d == 0 {
		return nil, e.Errorf(a.Time.Index, "'stats timeout' expects a positive value")
	}
	return func(g *Global) error { g.StatsTimeout = d; return nil }, nil
})

var statsMaxConn = field("stats maxconn", positive, "Most connections on stats sockets.", func(g *Global, n int64) { g.StatsMaxConn = int(n) })

// positive takes a number above 0.
func positive(v string) (int64, string) {
	if n := laxInt(v); n > 0 {
		return n, ""
	}
	return 0, "'%s' expects a positive value"
}

var exposeExperimental = keyword.Define(keyword.Spec{
	Name: "expose-experimental-directives", In: keyword.Global, Doc: "Allow experimental words.",
}, func(e *keyword.Env, _ *keyword.None) (Setting[Global], error) {
	return func(g *Global) error { e.Experimental, g.Experimental = true, true; return nil }, nil
})
