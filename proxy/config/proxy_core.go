package config

import (
	"fmt"

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

// number makes the Def of a line with one integer between lo and hi.
func number(s keyword.Spec, lo, hi int64, set func(*Proxy, int)) *keyword.Def[Setting[Proxy]] {
	if s.Misuse == "" {
		s.Misuse = fmt.Sprintf("'%s' expects an integer argument.", s.Name)
	}
	return keyword.Define(s, func(_ *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
		n, err := a.Name.Int(lo, hi)
		if err != nil {
			return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("'%s' : %s.", s.Name, err)}
		}
		return func(p *Proxy) error { set(p, int(n)); return nil }, nil
	})
}

// proxyCore are the lines that say what kind of proxy it is.
var proxyCore = []*keyword.Def[Setting[Proxy]]{
	modeLine,
	text(keyword.Spec{Name: "description", In: keyword.Listen | keyword.NamedDefaults, Flags: keyword.Open, Doc: "Text shown on the stats page."}, func(p *Proxy, s string) { p.Description = s }),
	number(keyword.Spec{Name: "id", In: keyword.Listen, Doc: "Persistent number of the proxy.", Misuse: "'id' expects an integer argument."}, 1, 1<<31-1, func(p *Proxy, n int) { p.ID = n }),
	flag(keyword.Spec{Name: "disabled", In: keyword.AnyProxy, Doc: "Do not start this proxy."}, func(p *Proxy) { p.Disabled = true }),
	flag(keyword.Spec{Name: "enabled", In: keyword.AnyProxy, Doc: "Undo disabled."}, func(p *Proxy) { p.Disabled = false }),
	text(keyword.Spec{Name: "guid", In: keyword.Listen, Doc: "Globally unique name."}, func(p *Proxy, s string) { p.GUID = s }),
	number(keyword.Spec{Name: "maxconn", In: sideF, Doc: "Most connections at a time."}, 0, 1<<31-1, func(p *Proxy, n int) { p.MaxConn = n }),
	number(keyword.Spec{Name: "backlog", In: sideF, Doc: "Length of the listen queue."}, 0, 1<<31-1, func(p *Proxy, n int) { p.Backlog = n }),
	number(keyword.Spec{Name: "fullconn", In: sideB, Doc: "Backend load at which servers take their maxconn."}, 0, 1<<31-1, func(p *Proxy, n int) { p.FullConn = n }),
	number(keyword.Spec{Name: "rate-limit sessions", In: sideF, Doc: "Most new sessions per second."}, 0, 1<<31-1, func(p *Proxy, n int) { p.RateLimit = n }),
	number(keyword.Spec{Name: "retries", In: sideB, Doc: "How often a connection is tried again."}, 0, 1<<31-1, func(p *Proxy, n int) { p.Retries = n }),
	number(keyword.Spec{Name: "max-keep-alive-queue", In: sideB, Doc: "Queue length above which keep-alive servers are given up."}, -1, 1<<31-1, func(p *Proxy, n int) { p.MaxKeepAliveQueue = n }),
	number(keyword.Spec{Name: "max-session-srv-conns", In: sideF, Doc: "Most idle server connections of one session."}, 0, 1<<31-1, func(p *Proxy, n int) { p.MaxSessionSrvConns = n }),
	text(keyword.Spec{Name: "monitor-uri", In: sideF, Doc: "URI that is answered with 200 at once."}, func(p *Proxy, s string) { p.MonitorURI = s }),
	text(keyword.Spec{Name: "http-send-name-header", In: sideB, Doc: "Request header that carries the server's name."}, func(p *Proxy, s string) { p.SendName = s }),
	text(keyword.Spec{Name: "dynamic-cookie-key", In: sideB, Doc: "Key of dynamic cookies."}, func(p *Proxy, s string) { p.DynamicCookieKey = s }),
	reuseLine, retryOnLine,
}

var modeLine = keyword.Define(keyword.Spec{
	Name: "mode", In: keyword.AnyProxy, Doc: "Protocol of the proxy.",
	Misuse: "'mode' expects 'tcp', 'http', 'log', 'spop' or 'haterm'.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	switch m := a.Name.Text; m {
	case "tcp", "http", "log", "spop", "health":
		return func(p *Proxy) error { p.Mode = m; return nil }, nil
	}
	near := diag.Nearest(a.Name.Text, []string{"tcp", "http", "log"})
	return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: fmt.Sprintf("unknown proxy mode '%s'.", a.Name.Text), Hint: near}
})

var reuseLine = keyword.Define(keyword.Spec{
	Name: "http-reuse", In: sideB, Doc: "How connections to servers are shared.",
	Misuse: "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	switch m := a.Name.Text; m {
	case "never", "safe", "aggressive", "always":
		return func(p *Proxy) error { p.Reuse = m; return nil }, nil
	}
	return nil, &keyword.Error{Index: a.Name.Index, Code: diag.BadValue, Text: "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'."}
})

var retryOnLine = keyword.Define(keyword.Spec{
	Name: "retry-on", In: sideB, Doc: "What makes a request worth a second try.",
}, func(e *keyword.Env, a *wordsArgs) (Setting[Proxy], error) {
	var list []string
	for _, w := range a.Words {
		list = append(list, w.Text)
	}
	return func(p *Proxy) error { p.RetryOn = list; return nil }, nil
})

// wordsArgs is one word or more.
type wordsArgs struct {
	Words []expr.Word `parser:"@@+"`
}
