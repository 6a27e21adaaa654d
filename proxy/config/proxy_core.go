package config

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// flag makes the Def of a line without arguments that sets something.
func flag(s keyword.Spec, set func(*Proxy)) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(s, func(*keyword.Env, *keyword.None) (Setting[Proxy], error) {
		return func(p *Proxy) error { set(p); return nil }, nil
	})
}

// text makes the Def of a line with one word.
func text(s keyword.Spec, set func(*Proxy, string)) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(s, func(_ *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
		return func(p *Proxy) error { set(p, a.Name.Text); return nil }, nil
	})
}

// laxNumber is the number at the beginning of a word, 0 for none: the original
// does not look at what follows; here that gets a warning.
func laxNumber(e *keyword.Env, w expr.Word) int64 {
	n := laxInt(w.Text)
	if sizeRest(strings.TrimPrefix(w.Text, "-")) != "" {
		e.Warnf(diag.BadValue, w.Index, "'%s' is no number: it is read as %d.", w.Text, n).Ours = true
	}
	return n
}

// cNumber reads a number in decimal, octal (0…) or hexadecimal (0x…) with an
// optional sign and returns what follows it (strtol(3) with base 0).
func cNumber(s string) (n int64, rest string) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return 0, s
	}
	base, set := int64(10), "0123456789"
	if len(digits) > 1 && digits[0] == '0' {
		if base, set = 8, "01234567"; digits[1]|0x20 == 'x' {
			base, set, digits = 16, "0123456789abcdef", digits[2:]
		}
	}
	i := 0
	for ; i < len(digits); i++ {
		d := strings.IndexByte(set, lowByte(digits[i]))
		if d < 0 {
			break
		}
		n = min(n*base+int64(d), 1<<40)
	}
	if i == 0 {
		return 0, s
	}
	if s[0] == '-' {
		n = -n
	}
	return n, digits[i:]
}

// lowByte is an ASCII letter in lower case.
func lowByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// strictInt as Instead of a number's Spec asks for nothing behind the digits.
const strictInt = " "

// number makes the Def of a line with one integer between lo and hi.
func number(s keyword.Spec, lo, hi int64, set func(*Proxy, int)) *keyword.Def[Setting[Proxy]] {
	if s.Misuse == "" {
		s.Misuse = fmt.Sprintf("'%s' expects an integer argument.", s.Name)
	}
	return keyword.Define(s, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
		n, rest := cNumber(a.Name.Text)
		if s.Instead != strictInt {
			n = laxNumber(e, a.Name)
		} else if rest != "" {
			return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("'%s' : unexpected character '%c' in integer value '%s'", s.Name, rest[0], a.Name.Text)}
		}
		n = min(max(n, lo), hi)
		return func(p *Proxy) error { set(p, int(n)); return nil }, nil
	})
}

// proxyCore are the lines that say what kind of proxy it is.
var proxyCore = []*keyword.Def[Setting[Proxy]]{
	modeLine,
	text(keyword.Spec{Name: "description", In: keyword.Listen | keyword.NamedDefaults, Flags: keyword.Open, Misuse: "'description' expects a string argument.", Doc: "Text shown on the stats page."}, func(p *Proxy, s string) { p.Description = s }),
	idLine,
	flag(keyword.Spec{Name: "disabled", In: keyword.AnyProxy, Doc: "Do not start this proxy."}, func(p *Proxy) { p.Disabled = true }),
	flag(keyword.Spec{Name: "enabled", In: keyword.AnyProxy, Doc: "Undo disabled."}, func(p *Proxy) { p.Disabled = false }),
	guidLine,
	number(keyword.Spec{Name: "maxconn", In: sideF, Doc: "Most connections at a time."}, 0, 1<<31-1, func(p *Proxy, n int) { p.MaxConn = n }),
	number(keyword.Spec{Name: "backlog", In: sideF, Doc: "Length of the listen queue."}, 0, 1<<31-1, func(p *Proxy, n int) { p.Backlog = n }),
	number(keyword.Spec{Name: "fullconn", In: sideB, Doc: "Backend load at which servers take their maxconn."}, 0, 1<<31-1, func(p *Proxy, n int) { p.FullConn = n }),
	number(keyword.Spec{Name: "rate-limit sessions", In: sideF, Flags: keyword.Open, Instead: strictInt, Misuse: "'rate-limit sessions' expects expects an integer value (in sessions/second)", Doc: "Most new sessions per second."}, 0, 1<<31-1, func(p *Proxy, n int) { p.RateLimit = n }),
	number(keyword.Spec{Name: "retries", In: sideB, Misuse: "'retries' expects an integer argument (dispatch counts for one).", Doc: "How often a connection is tried again."}, 0, 1<<31-1, func(p *Proxy, n int) { p.Retries = n }),
	number(keyword.Spec{Name: "max-keep-alive-queue", In: sideB, Flags: keyword.Open, Instead: strictInt, Misuse: "'max-keep-alive-queue' expects expects an integer value (or -1 to disable)", Doc: "Queue length above which keep-alive servers are given up."}, -1, 1<<31-1, func(p *Proxy, n int) { p.MaxKeepAliveQueue = n }),
	number(keyword.Spec{Name: "max-session-srv-conns", In: sideF, Flags: keyword.Open, Misuse: "'max-session-srv-conns' expects a number. Got no argument", Doc: "Most idle server connections of one session."}, 0, 1<<31-1, func(p *Proxy, n int) { p.MaxSessionSrvConns = n }),
	text(keyword.Spec{Name: "monitor-uri", In: sideF, Misuse: "'monitor-uri' expects an URI.", Doc: "URI that is answered with 200 at once."}, func(p *Proxy, s string) { p.MonitorURI = s }),
	sendName,
	text(keyword.Spec{Name: "dynamic-cookie-key", In: sideB, Flags: keyword.Open, Misuse: "'dynamic-cookie-key' expects <secret_key> as argument.", Doc: "Key of dynamic cookies."}, func(p *Proxy, s string) { p.DynamicCookieKey = s }),
	reuseLine, retryOnLine,
}

var guidLine = keyword.Define(keyword.Spec{
	Name: "guid", In: keyword.Listen, Flags: keyword.Open, Doc: "Globally unique name.", Misuse: "'guid' : expects an argument",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	if bad := badNameByte(a.Name.Text); bad != 0 {
		return nil, e.Errorf(a.Name.Index, "'guid': invalid character '%s'", string([]byte{bad}))
	}
	return func(p *Proxy) error { p.GUID = a.Name.Text; return nil }, nil
})

var modeLine = keyword.Define(keyword.Spec{
	Name: "mode", In: keyword.AnyProxy, Doc: "Protocol of the proxy.",
	Misuse: "unknown proxy mode ''.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	switch m := a.Name.Text; m {
	case "health":
		keyword.Attached[*compiler](e).dropped(droppedHealth)
		e.Diags.Tolerate(diag.Diagnostic{
			Code: diag.RemovedWord, Span: e.Span(a.Name.Index), Hint: "mode http",
			Text: "'mode health' was dropped in HAProxy 2.3; it is accepted here and does what it did. Please write 'http-request return status 200' instead.",
		}, diag.Diagnostic{Text: "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead."})
		return func(p *Proxy) error { p.Mode = m; return nil }, nil
	case "log":
		if e.Section == "frontend" {
			return nil, e.Errorf(a.Name.Index, "mode syslog is only applicable on proxies with backend capability.")
		}
		return func(p *Proxy) error { p.Mode = m; return nil }, nil
	case "tcp", "http", "spop":
		return func(p *Proxy) error { p.Mode = m; return nil }, nil
	}
	if a.Name.Text == "haterm" {
		e.Warnf(diag.NotActedOn, a.Name.Index, "'mode haterm' is not acted on yet: the proxy answers like one without servers.").Ours = true
		return func(p *Proxy) error { p.Mode = "http"; return nil }, nil
	}
	near := diag.Nearest(a.Name.Text, []string{"tcp", "http", "log"})
	return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("unknown proxy mode '%s'.", a.Name.Text), Hint: near}
})

var reuseLine = keyword.Define(keyword.Spec{
	Name: "http-reuse", In: sideB, Flags: keyword.Open, Doc: "How connections to servers are shared.",
	Misuse: "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	switch m := a.Name.Text; m {
	case "never", "safe", "aggressive", "always":
		if next := a.Name.Index + 1; next < len(e.Words) {
			return nil, e.Errorf(next, "'http-reuse %s' cannot handle unexpected argument '%s'.", m, e.Words[next].Text)
		}
		return func(p *Proxy) error { p.Reuse = m; return nil }, nil
	}
	return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'."}
})

var retryOnLine = keyword.Define(keyword.Spec{
	Name: "retry-on", In: sideB, Doc: "What makes a request worth a second try.",
}, func(e *keyword.Env, a *restArgs) (Setting[Proxy], error) {
	var list []string
	if len(a.Words) == 0 {
		return nil, e.Errorf(-1, "'retry-on' needs at least one keyword to specify when to retry")
	}
	for _, w := range a.Words {
		if w.Text == "none" && len(a.Words) > 1 {
			return nil, e.Errorf(w.Index, "'retry-on' 'none' keyword only usable alone")
		}
		if indexOf(retryWords, w.Text) < 0 {
			return nil, e.Errorf(w.Index, "'retry-on': unknown keyword '%s'", w.Text)
		}
		list = append(list, w.Text)
	}
	return func(p *Proxy) error { p.RetryOn = list; return nil }, nil
})

// retryWords are what "retry-on" takes.
var retryWords = []string{"none", "conn-failure", "empty-response", "response-timeout", "junk-response", "0rtt-rejected", "all-retryable-errors",
	"401", "403", "404", "408", "421", "425", "429", "500", "501", "502", "503", "504"}

var sendName = keyword.Define(keyword.Spec{
	Name: "http-send-name-header", In: sideB, Flags: keyword.Open, Doc: "Request header that carries the server's name.", Misuse: "'http-send-name-header' requires a header string.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	switch lower(a.Name.Text) {
	case "connection", "content-length", "host", "transfer-encoding":
		return nil, e.Errorf(a.Name.Index, "'%s' cannot be used as header name for 'http-send-name-header' directive.", a.Name.Text)
	}
	return func(p *Proxy) error { p.SendName = a.Name.Text; return nil }, nil
})

var idLine = keyword.Define(keyword.Spec{Name: "id", In: keyword.Listen, Doc: "Persistent number of the proxy."}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
	at := e.LineSpan()
	refuse := func(format string, args ...any) {
		e.Diags.Alertf(diag.BadValue, at, format, args...).Layout = diag.ParsingTight
	}
	n := laxInt(a.value)
	switch {
	case a.value == "":
		refuse("'id' expects an integer argument.")
	case int32(n) <= 0: // read as int
		refuse("custom id has to be > 0.")
	default:
		c := keyword.Attached[*compiler](e)
		return func(p *Proxy) error {
			for _, q := range c.cfg.Proxies {
				if q.ID == int(n) && q != p {
					refuse("%s %s reuses same custom id as %s %s (declared at %s).", kindWord(p.Kind), p.Name, kindWord(q.Kind), q.Name, q.Span)
					return nil
				}
			}
			p.ID = int(n)
			return nil
		}, nil
	}
	return nil, nil
})

// wordsArgs is one word or more.
type wordsArgs struct {
	Words []expr.Word `parser:"@@+"`
}
