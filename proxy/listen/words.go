package listen

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

type def = *keyword.Def[Option]

type wordArgs struct {
	Value expr.Word `parser:"@@"`
}

// flag makes the Def of a word without argument.
func flag(name, doc string, set func(*Bind)) def {
	return flagWith(keyword.Spec{Name: name, Doc: doc}, set)
}

func flagWith(s keyword.Spec, set func(*Bind)) def {
	s.In = keyword.BindLine
	return keyword.Define(s, func(*keyword.Env, *keyword.None) (Option, error) {
		return func(b *Bind) error { set(b); return nil }, nil
	})
}

// value makes the Def of a word with one argument.
func value(name, doc string, set func(b *Bind, v string) error) def {
	return valueWith(keyword.Spec{Name: name, Doc: doc}, set)
}

// missing is what is said where the argument of a word is not there.
var missing = map[string]string{
	"alpn": "missing the comma-delimited ALPN protocol suite", "ca-ignore-err": "missing error IDs list", "crt": "missing certificate location",
	"crt-ignore-err": "missing error IDs list", "crt-list": "missing certificate location", "expose-fd": "missing fd type", "group": "missing group name", "guid-prefix": "expects an argument", "id": "expects an integer argument",
	"interface": "missing interface name", "label": "missing label", "level": "missing level", "mode": "missing or invalid mode '' (octal integer expected)",
	"mss": "missing MSS value", "name": "missing name", "severity-output": "missing severity format", "tcp-ss": saveSYN,
	"tcp-ut": "missing TCP User Timeout value", "user": "missing user name",
	"namespace": "missing namespace id", "tcp-md5sig": "missing TCP MD5 signature password", "idle-ping": "expects an argument.",
	"ca-file": "missing CAfile path", "ca-sign-file": "missing CAfile path", "ca-verify-file": "missing CAfile path",
	"default-crt": "missing certificate location",
	"ciphers":     "missing cipher suite", "ciphersuites": "missing cipher suite",
	"sigalgs": "missing signature algorithm list", "client-sigalgs": "missing signature algorithm list",
	"ssl-min-ver": "missing the ssl/tls version", "ssl-max-ver": "missing the ssl/tls version",
}

const saveSYN = "TCP Save SYN option expects an integer argument from 0 to 2"

func valueWith(s keyword.Spec, set func(b *Bind, v string) error) def {
	s.In = keyword.BindLine
	if s.Misuse == "" {
		text := "missing value"
		if m := missing[s.Name]; m != "" {
			text = m
		}
		s.Misuse = fmt.Sprintf("'%s' : %s", s.Name, text)
		if s.Name == "idle-ping" {
			s.Misuse = "'idle-ping' " + text
		}
	}
	return keyword.Define(s, func(_ *keyword.Env, a *wordArgs) (Option, error) {
		return func(b *Bind) error {
			if err := set(b, a.Value.Text); err != nil {
				text := err.Error()
				var whole wholeText
				if !errors.As(err, &whole) && !strings.HasPrefix(text, "'"+s.Name+"'") {
					text = fmt.Sprintf("'%s' : %s", s.Name, text)
				}
				return &keyword.Error{Index: a.Value.Index, Code: diag.BadValue, Text: text}
			}
			return nil
		}, nil
	})
}

// wholeText is what is wrong with an argument where the word is not named first.
type wholeText string

// Error returns the text.
func (t wholeText) Error() string { return string(t) }

// leading is the number at the beginning of a word, 0 for none, cut to 32 bits
// as the original's is.
func leading(v string) int {
	digits := len(v) - len(strings.TrimLeft(strings.TrimLeft(v, "+-"), "0123456789"))
	n, _ := strconv.ParseInt(v[:digits], 10, 64)
	return int(int32(n))
}

// text makes the Def of a word whose argument is kept as it is.
func text(name, doc string, field func(*Bind) *string) def {
	return value(name, doc, func(b *Bind, v string) error { *field(b) = v; return nil })
}

// number makes the Def of a word with one integer, read as the original does:
// digits at the front count, and a warning names what is no number. refusal is
// what is said of a value outside lo..hi; "%d" in it stands for the value.
func number(name, doc string, lo, hi int64, refusal string, set func(*Bind, int)) def {
	return numberWith(keyword.Spec{Name: name, Doc: doc}, lo, hi, refusal, set)
}

func numberWith(s keyword.Spec, lo, hi int64, refusal string, set func(*Bind, int)) def {
	name := s.Name
	s.In, s.Misuse = keyword.BindLine, fmt.Sprintf("'%s' : missing value", name)
	return keyword.Define(s, func(e *keyword.Env, a *wordArgs) (Option, error) {
		v := a.Value.Text
		digits := len(v) - len(strings.TrimLeft(strings.TrimLeft(v, "+-"), "0123456789"))
		n, err := strconv.ParseInt(v[:digits], 10, 64)
		if err != nil {
			n = 0
		}
		if err != nil || digits < len(v) {
			e.Warnf(diag.BadValue, a.Value.Index, "'%s' is no number: it is read as %d.", v, n).Ours = true
		}
		n = int64(int32(n))
		return func(b *Bind) error {
			if n < lo || n > hi {
				return &keyword.Error{Index: a.Value.Index, Code: diag.BadValue, Text: fmt.Sprintf("'%s' : %s", name, strings.ReplaceAll(refusal, "%d", strconv.FormatInt(n, 10)))}
			}
			set(b, int(n))
			return nil
		}, nil
	})
}

const maxInt = 1<<31 - 1

// socketWords are the words about the socket (configuration manual 5.1).
var socketWords = []def{
	flag("accept-proxy", "Expect a PROXY protocol header.", func(b *Bind) { b.AcceptProxy = true }),
	value("accept-netscaler-cip", "Expect a NetScaler client IP header with this magic number.", func(b *Bind, v string) error {
		if b.AcceptCIP = uint32(leading(v)); b.AcceptCIP == 0 {
			return errors.New("invalid value 0, must be >= 0")
		}
		return nil
	}),
	number("backlog", "Length of the accept queue.", 0, maxInt, "invalid value %d, must be > 0", func(b *Bind, n int) { b.Backlog = n }),
	valueWith(keyword.Spec{Name: "cc", Misuse: "'cc' : missing TCP congestion control algorithm", Doc: "TCP congestion control algorithm."}, func(b *Bind, v string) error { b.CongestionControl = v; return nil }),
	flag("defer-accept", "Accept only once data came.", func(b *Bind) { b.DeferAccept = true }),
	exposeFD,
	number("gid", "Group number of a unix socket.", -1<<31, maxInt, "invalid value %d", func(b *Bind, n int) { b.GID = n }),
	value("group", "Group of a unix socket.", func(b *Bind, v string) error {
		g, err := user.LookupGroup(v)
		if err != nil {
			return fmt.Errorf("unknown group name '%s'", v)
		}
		b.Group = v
		b.GID, err = strconv.Atoi(g.Gid)
		return err
	}),
	number("uid", "User number of a unix socket.", -1<<31, maxInt, "invalid value %d", func(b *Bind, n int) { b.UID = n }),
	value("user", "User of a unix socket.", func(b *Bind, v string) error {
		u, err := user.Lookup(v)
		if err != nil {
			return fmt.Errorf("unknown user name '%s'", v)
		}
		b.User = v
		b.UID, err = strconv.Atoi(u.Uid)
		return err
	}),
	value("mode", "Permissions of a unix socket, octal.", func(b *Bind, v string) error {
		n, err := strconv.ParseUint(v, 8, 32)
		if err != nil {
			return fmt.Errorf("missing or invalid mode '%s' (octal integer expected)", v)
		}
		b.Mode = uint32(n)
		return nil
	}),
	valueWith(keyword.Spec{Name: "guid-prefix", Doc: "Prefix of the sockets' globally unique names.", Flags: keyword.NotActed}, func(b *Bind, v string) error { b.GUID = v; return nil }),
	value("id", "Number of the socket.", func(b *Bind, v string) (err error) {
		if b.ForcedID, err = strconv.Atoi(v); err != nil {
			return fmt.Errorf("expects an integer argument, found '%s'", v)
		}
		if b.ForcedID < 1 {
			return errors.New("custom id has to be > 0")
		}
		return nil
	}),
	durationWith(keyword.Spec{Name: "idle-ping", Doc: "HTTP/2 pings on idle connections.", Flags: keyword.NotActed}, func(b *Bind, d time.Duration) { b.IdlePing = d }),
	text("interface", "Network interface to bind to.", func(b *Bind) *string { return &b.Interface }),
	valueWith(keyword.Spec{Name: "label", Doc: "Label of the socket for metrics.", Flags: keyword.NotActed}, func(b *Bind, v string) error { b.Label = v; return nil }),
	level,
	number("maxconn", "Most connections of the socket.", 0, maxInt, "invalid value %d, must be >= 0", func(b *Bind, n int) { b.MaxConn = n }),
	value("mss", "Largest TCP segment announced.", func(b *Bind, v string) error {
		if b.MSS = leading(v); b.MSS == 0 || b.MSS < -65535 || b.MSS > 65535 {
			return errors.New("expects an MSS with and absolute value between 1 and 65535")
		}
		return nil
	}),
	text("name", "Name of the socket.", func(b *Bind) *string { return &b.Name }),
	namespace,
	valueWith(keyword.Spec{Name: "nbconn", Doc: "Reverse HTTP connections to keep.", Flags: keyword.NotActed | keyword.Experimental}, func(b *Bind, v string) error { return nil }),
	numberWith(keyword.Spec{Name: "nice", Doc: "Scheduling priority.", Flags: keyword.Tuning}, -1024, 1024, "invalid value %d, allowed range is -1024..1024", func(b *Bind, n int) { b.Nice = n }),
	valueWith(keyword.Spec{Name: "process", Doc: "Processes that listen; there is one.", Until: keyword.V(2, 7), Instead: "thread <threads>", Flags: keyword.NotActed,
		Refusal: "'process $1' on 'bind' lines is not supported anymore, please use 'thread' instead."}, func(b *Bind, v string) error { b.Process = v; return nil }),
	value("proto", "Protocol of the connections.", func(b *Bind, v string) error {
		switch v {
		case "h1", "h2", "none":
			b.Proto = v
			return nil
		}
		return fmt.Errorf(" unknown MUX protocol '%s'", v)
	}),
	value("severity-output", "Severity in CLI answers.", func(b *Bind, v string) error {
		switch v {
		case "none", "number", "string":
			b.SeverityOutput = v
			return nil
		}
		return fmt.Errorf("'severity-output' only supports 'none', 'number', and 'string' (got '%s')", v)
	}),
	valueWith(keyword.Spec{Name: "shards", Doc: "Sockets for one address.", Flags: keyword.Tuning}, func(b *Bind, v string) error {
		if n := leading(v); v != "by-thread" && v != "by-group" && (n < 1 || n > 1024) {
			return fmt.Errorf("invalid value %d, allowed range is 1..1024 or 'by-thread'", n)
		}
		b.Shards = v
		return nil
	}),
	valueWith(keyword.Spec{Name: "tcp-md5sig", Doc: "TCP MD5 signature password.", Flags: keyword.Refused}, func(b *Bind, v string) error { b.TCPMD5 = v; return nil }),
	valueWith(keyword.Spec{Name: "tcp-ss", Doc: "Saved SYN headers.", Flags: keyword.NotActed}, func(b *Bind, v string) error {
		if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 2 {
			return errors.New(saveSYN)
		}
		return nil
	}),
	duration("tcp-ut", "TCP user timeout.", func(b *Bind, d time.Duration) { b.TCPUserTimeout = d }),
	flag("tfo", "TCP fast open.", func(b *Bind) { b.TFO = true }),
	valueWith(keyword.Spec{Name: "thread", Doc: "Threads that accept.", Flags: keyword.Tuning}, func(b *Bind, v string) error { b.Thread = v; return nil }),
	flag("transparent", "Accept connections to foreign addresses.", func(b *Bind) { b.Transparent = true }),
	flag("v4v6", "IPv4 on an IPv6 socket too.", func(b *Bind) { b.V4V6 = true }),
	flag("v6only", "IPv6 alone.", func(b *Bind) { b.V6Only = true }),
}

// namespace is refused: without its namespace a socket would listen elsewhere.
var namespace = keyword.Define(keyword.Spec{Name: "namespace", In: keyword.BindLine, Doc: "Network namespace.", Misuse: "'namespace' : missing namespace id"},
	func(e *keyword.Env, a *wordArgs) (Option, error) {
		text := "'namespace' is known but not supported by this program; it is refused because ignoring it would be unsafe."
		if _, err := os.Stat("/var/run/netns/" + a.Value.Text); err != nil {
			e.Diags.Alertf(diag.Unreadable, e.Span(a.Value.Index), "Cannot open namespace '%s'.", a.Value.Text).Layout = diag.Bare
			text = "error encountered while processing 'namespace'."
		}
		return nil, &keyword.Error{Index: a.Value.Index, Code: diag.NotActedOn, Text: text}
	})

var exposeFD = value("expose-fd", "Hand listening sockets to a new process.", func(b *Bind, v string) error {
	if v != "listeners" {
		return fmt.Errorf("'expose-fd' only supports 'listeners' (got '%s')", v)
	}
	b.ExposeFD = true
	return nil
})

var level = value("level", "Rights on a stats socket.", func(b *Bind, v string) error {
	switch v {
	case "user", "operator", "admin":
		b.Level = v
		return nil
	}
	return fmt.Errorf("'level' only supports 'user', 'operator', and 'admin' (got '%s')", v)
})

// duration makes the Def of a word with a time in milliseconds.
func duration(name, doc string, set func(*Bind, time.Duration)) def {
	return durationWith(keyword.Spec{Name: name, Doc: doc}, set)
}

func durationWith(s keyword.Spec, set func(*Bind, time.Duration)) def {
	name := s.Name
	return valueWith(s, func(b *Bind, v string) error {
		d, err := expr.LaxTime(v, time.Millisecond, func(string, byte) {})
		switch {
		case err == expr.TimeOverflow && name == "idle-ping":
			return wholeText("timer overflow in argument <" + v + "> to <idle-ping> on bind line, maximum value is 2147483647 ms (~24.8 days).")
		case err == expr.TimeOverflow:
			return wholeText("timer overflow in argument '" + v + "' to '" + name + "' (maximum value is 2147483647 ms or ~24.8 days)")
		case err != nil && name == "idle-ping":
			rest := strings.TrimLeft(v, "0123456789") + " "
			return wholeText("unexpected character '" + rest[:1] + "' in 'idle-ping' argument on bind line.")
		case err != nil:
			return errors.New("expects a positive delay in milliseconds")
		}
		set(b, d)
		return nil
	})
}

func list(v string) []string { return strings.Split(v, ",") }
