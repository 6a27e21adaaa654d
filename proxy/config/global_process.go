package config

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/listen"
)

// gflag makes the Def of a global word without arguments.
func gflag(name, doc string, set func(*Global)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc}, func(*keyword.Env, *keyword.None) (Setting[Global], error) {
		return func(g *Global) error { set(g); return nil }, nil
	})
}

// gtext makes the Def of a global word with one argument.
func gtext(name, doc string, set func(*Global, string)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc}, func(_ *keyword.Env, a *nameArgs) (Setting[Global], error) {
		return func(g *Global) error { set(g, a.Name.Text); return nil }, nil
	})
}

// gnumber makes the Def of a global word with one integer.
func gnumber(name, doc string, lo, hi int64, set func(*Global, int)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc,
		Misuse: fmt.Sprintf("'%s' expects an integer argument.", name)}, func(_ *keyword.Env, a *nameArgs) (Setting[Global], error) {
		n, err := a.Name.Int(lo, hi)
		if err != nil {
			return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("'%s' : %s.", name, err)}
		}
		return func(g *Global) error { set(g, int(n)); return nil }, nil
	})
}

// gtime makes the Def of a global word with one time in milliseconds.
func gtime(name, doc string, set func(*Global, time.Duration)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc}, func(_ *keyword.Env, a *timeArgs) (Setting[Global], error) {
		d, err := timeValue(a.Time, name, time.Millisecond)
		if err != nil {
			return nil, err
		}
		return func(g *Global) error { set(g, d); return nil }, nil
	})
}

const maxInt = 1<<31 - 1

// globalProcess are the words about the process (configuration manual 3.1, 3.2).
var globalProcess = []*keyword.Def[Setting[Global]]{
	gnumber("maxconn", "Most connections of the process.", 0, maxInt, func(g *Global, n int) { g.MaxConn = n }),
	gnumber("maxconnrate", "Most connections per second.", 0, maxInt, func(g *Global, n int) { g.MaxConnRate = n }),
	gnumber("maxsessrate", "Most sessions per second.", 0, maxInt, func(g *Global, n int) { g.MaxSessRate = n }),
	gnumber("maxsslconn", "Most TLS connections.", 0, maxInt, func(g *Global, n int) { g.MaxSSLConn = n }),
	gnumber("maxsslrate", "Most TLS handshakes per second.", 0, maxInt, func(g *Global, n int) { g.MaxSSLRate = n }),
	gnumber("maxpipes", "Most pipes for splicing.", 0, maxInt, func(g *Global, n int) { g.MaxPipes = n }),
	gnumber("ulimit-n", "Most open descriptors.", 0, maxInt, func(g *Global, n int) { g.ULimitN = n }),
	gnumber("nbthread", "Threads that run at the same time.", 1, 1024, func(g *Global, n int) { g.NbThread = n }),
	gnumber("spread-checks", "Randomise check intervals by so many percent.", 0, 50, func(g *Global, n int) { g.SpreadChecks = n }),
	gtime("max-spread-checks", "Upper bound of spread-checks.", func(g *Global, d time.Duration) { g.MaxSpreadChecks = d }),
	gtime("hard-stop-after", "Longest time of a soft stop.", func(g *Global, d time.Duration) { g.HardStopAfter = d }),
	gtime("grace", "How long to go on accepting once told to stop.", func(g *Global, d time.Duration) { g.Grace = d }),
	gtime("close-spread-time", "Spread the closing of idle connections.", func(g *Global, d time.Duration) { g.CloseSpread = d }),
	gflag("daemon", "Go to the background.", func(g *Global) { g.Daemon = true }),
	gflag("quiet", "No messages while starting.", func(g *Global) { g.Quiet = true }),
	gflag("zero-warning", "Refuse configurations with warnings.", func(g *Global) { g.ZeroWarning = true }),
	gflag("external-check", "Allow external checks.", func(g *Global) { g.ExternalCheck = true }),
	gflag("insecure-fork-wanted", "Allow rules to start processes.", func(g *Global) { g.InsecureFork = true }),
	gtext("chroot", "Change the root directory.", func(g *Global, s string) { g.Chroot = s }),
	gtext("pidfile", "Where the process writes its number.", func(g *Global, s string) { g.PidFile = s }),
	gtext("node", "Name of this node.", func(g *Global, s string) { g.Node = s }),
	gtext("ca-base", "Directory of CA files.", func(g *Global, s string) { g.CABase = s }),
	gtext("crt-base", "Directory of certificates.", func(g *Global, s string) { g.CRTBase = s }),
	gtext("key-base", "Directory of keys.", func(g *Global, s string) { g.KeyBase = s }),
	gtext("localpeer", "Name of the local peer.", func(g *Global, s string) { g.LocalPeer = s }),
	gtext("server-state-base", "Directory of server state files.", func(g *Global, s string) { g.ServerStateBase = s }),
	gtext("server-state-file", "File of the servers' states.", func(g *Global, s string) { g.ServerStateFile = s }),
	gtext("log-tag", "Tag of log lines.", func(g *Global, s string) { g.LogTag = s }),
	gtext("ssl-server-verify", "Default of verify on servers.", func(g *Global, s string) { g.SSLServerVerify = s }),
	globalLog, logSendHostname, globalUser, globalGroup, globalUID, globalGID, globalDescription, statsSocket, statsTimeout, statsMaxConn, exposeExperimental,
}

var globalLog = keyword.Define(keyword.Spec{
	Name: "log", In: keyword.Global, Flags: keyword.No, Doc: "Where log lines go.",
	Misuse: "'log' expects either <address[:port]> and <facility> or 'global' as arguments.",
}, func(e *keyword.Env, a *logArgs) (Setting[Global], error) {
	if a.target.Global {
		return nil, e.Errorf(-1, "'global' is not supported for a global syslog server.")
	}
	if e.Prefix == "no" {
		return func(g *Global) error { g.Logs = nil; return nil }, nil
	}
	return func(g *Global) error { g.Logs = append(g.Logs, a.target); return nil }, nil
})

var logSendHostname = keyword.Define(keyword.Spec{
	Name: "log-send-hostname", In: keyword.Global, Doc: "Put the host name into syslog headers.",
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
}, func(_ *keyword.Env, a *restArgs) (Setting[Global], error) {
	return func(g *Global) error { g.Description = a.join(); return nil }, nil
})

// identity makes the Defs of user and group: a name that must exist.
func identity(name, doc string, find func(string) (string, error), set func(*Global, int)) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: doc}, func(e *keyword.Env, a *nameArgs) (Setting[Global], error) {
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
	globalUID = gnumber("uid", "Number of the user to run as.", 0, maxInt, func(g *Global, n int) { g.UID = n })
	globalGID = gnumber("gid", "Number of the group to run as.", 0, maxInt, func(g *Global, n int) { g.GID = n })
)

// statsSocketArgs is an address and the words of a bind line.
type statsSocketArgs struct{ bind *listen.Bind }

// Usage is what messages say of the line.
func (statsSocketArgs) Usage() string { return "<address> [param*]" }

// ParseArgs reads address and words.
func (a *statsSocketArgs) ParseArgs(in *keyword.Args) error {
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
	Name: "stats timeout", In: keyword.Global, Doc: "Longest silence on a stats socket.",
}, func(_ *keyword.Env, a *timeArgs) (Setting[Global], error) {
	d, err := timeValue(a.Time, "stats timeout", time.Millisecond)
	if err != nil {
		return nil, err
	}
	return func(g *Global) error { g.StatsTimeout = d; return nil }, nil
})

var statsMaxConn = gnumber("stats maxconn", "Most connections on stats sockets.", 1, maxInt, func(g *Global, n int) { g.StatsMaxConn = n })

var exposeExperimental = keyword.Define(keyword.Spec{
	Name: "expose-experimental-directives", In: keyword.Global, Doc: "Allow experimental words.",
}, func(e *keyword.Env, _ *keyword.None) (Setting[Global], error) {
	return func(g *Global) error { e.Experimental, g.Experimental = true, true; return nil }, nil
})

// tuneWord is a tune.* word as its table entry has it.
type tuneWord struct {
	name   string
	lo, hi int64
	size   bool
	doc    string
}

// tunes makes the Defs of numeric tune.* words.
func tunes(list []tuneWord) []*keyword.Def[Setting[Global]] {
	var out []*keyword.Def[Setting[Global]]
	for _, t := range list {
		key := strings.TrimPrefix(t.name, "tune.")
		out = append(out, keyword.Define(keyword.Spec{Name: t.name, In: keyword.Global, Doc: t.doc,
			Misuse: fmt.Sprintf("'%s' expects an integer argument.", t.name)}, func(_ *keyword.Env, a *nameArgs) (Setting[Global], error) {
			n, err := tuneValue(a.Name, t)
			if err != nil {
				return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("'%s' : %s.", t.name, err)}
			}
			return func(g *Global) error { g.Tune[key] = n; return nil }, nil
		}))
	}
	return out
}

func tuneValue(w expr.Word, t tuneWord) (int64, error) {
	if !t.size {
		return w.Int(t.lo, t.hi)
	}
	n, err := w.Size()
	if err == nil && (n < t.lo || n > t.hi) {
		err = fmt.Errorf("'%s' is out of range: it must be between %d and %d", w.Text, t.lo, t.hi)
	}
	return n, err
}

// globalTunes are the sizes that the engine acts on.
var globalTunes = tunes([]tuneWord{
	{"tune.bufsize", 512, 1 << 30, true, "Size of buffers in bytes."},
	{"tune.maxrewrite", 0, 1 << 30, true, "Room kept for header rewriting in bytes."},
	{"tune.http.maxhdr", 1, 32767, false, "Most headers in a message."},
	{"tune.http.logurilen", 0, maxInt, false, "Longest logged URI in bytes."},
	{"tune.http.cookielen", 0, maxInt, false, "Longest captured cookie in bytes."},
	{"tune.maxaccept", -1, maxInt, false, "Connections accepted in a row."},
	{"tune.idletimer", 0, 65535, false, "Silence after which a stream counts as idle, in ms."},
})
