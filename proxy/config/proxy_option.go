package config

import (
	"net/netip"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// option makes the Def of a yes/no "option".
func option(name string, in keyword.Scope, doc string) *keyword.Def[Setting[Proxy]] {
	return optionAs(keyword.Spec{Name: "option " + name, In: in, Flags: keyword.No | idleOptions[name], Doc: doc}, func(p *Proxy, on bool) {})
}

// idleOptions are the options that nothing acts on yet, and those that only
// choose how the original uses its sockets.
var idleOptions = map[string]keyword.Flags{
	"contstats":             keyword.NotActed,
	"http-use-proxy-header": keyword.NotActed,
	"tcp-smart-accept":      keyword.Tuning, "tcp-smart-connect": keyword.Tuning, "use-small-buffers": keyword.Tuning,
}

// optionAs makes the Def of an option that also changes something else.
func optionAs(s keyword.Spec, also func(p *Proxy, on bool)) *keyword.Def[Setting[Proxy]] {
	name := s.Name[len("option "):]
	return keyword.Define(s, func(e *keyword.Env, _ *keyword.None) (Setting[Proxy], error) {
		prefix := e.Prefix
		return func(p *Proxy) error {
			if prefix == "default" {
				delete(p.Options, name)
				also(p, false)
				return nil
			}
			p.Options[name] = prefix != "no"
			also(p, prefix != "no")
			return nil
		}, nil
	})
}

// connMode makes the Def of an option that sets the connection mode.
func connMode(name string, m ConnMode, doc string) *keyword.Def[Setting[Proxy]] {
	return optionAs(keyword.Spec{Name: "option " + name, In: keyword.AnyProxy, Flags: keyword.No, Doc: doc}, func(p *Proxy, on bool) {
		switch {
		case on:
			p.ConnMode, p.ConnModeSet = m, true
		case p.ConnMode == m:
			p.ConnMode, p.ConnModeSet = KeepAlive, false
		}
	})
}

// proxyOptions are the options without arguments (configuration manual 4.2).
var proxyOptions = []*keyword.Def[Setting[Proxy]]{
	connMode("http-keep-alive", KeepAlive, "Keep connections on both sides."),
	connMode("http-server-close", ServerClose, "Close the server side after each response."),
	connMode("httpclose", Close, "Close both sides after each response."),
	option("abortonclose", keyword.AnyProxy, "Drop queued requests whose client left."),
	option("allbackups", sideB, "Use all backup servers at once."),
	option("checkcache", sideB, "Refuse cacheable responses that set cookies."),
	option("clitcpka", sideF, "TCP keep-alive towards clients."),
	option("contstats", sideF, "Count bytes while transfers run."),
	option("disable-h2-upgrade", sideF, "No HTTP/2 upgrade by preface."),
	option("dontlog-normal", sideF, "Log only what went wrong."),
	option("dontlognull", sideF, "Do not log connections without data."),
	option("http-buffer-request", keyword.AnyProxy, "Wait for the request body before going on."),
	option("http-drop-request-trailers", keyword.Defaults|keyword.Backend, "Drop trailers of requests."),
	option("http-drop-response-trailers", keyword.Defaults|keyword.Frontend, "Drop trailers of responses."),
	option("http-ignore-probes", sideF, "No log and no answer for empty connections."),
	option("http-no-delay", keyword.AnyProxy, "Never delay HTTP data."),
	option("http-pretend-keepalive", sideB, "Close server connections without telling the server."),
	option("http-use-proxy-header", sideF, "Use Proxy-Connection instead of Connection."),
	option("idle-close-on-response", sideF, "Close idle connections late while stopping."),
	option("independent-streams", keyword.AnyProxy, "Keep the two directions' timeouts apart."),
	option("log-health-checks", sideB, "Log every change of a check's result."),
	option("log-separate-errors", sideF, "Log errors at level err."),
	option("logasap", sideF, "Log before the transfer ends."),
	option("nolinger", keyword.AnyProxy, "Close connections with a reset."),
	option("persist", sideB, "Follow the cookie even to a server that is down."),
	option("prefer-last-server", sideB, "Keep the session's last server."),
	option("socket-stats", sideF, "Count per listening address."),
	option("splice-auto", keyword.AnyProxy, "Splice when it pays."),
	option("splice-request", keyword.AnyProxy, "Splice request data."),
	option("splice-response", keyword.AnyProxy, "Splice response data."),
	option("srvtcpka", sideB, "TCP keep-alive towards servers."),
	option("tcp-smart-accept", sideF, "Save the first ACK."),
	option("tcp-smart-connect", sideB, "Save the ACK of connections to servers."),
	option("tcpka", keyword.AnyProxy, "TCP keep-alive on both sides."),
	option("accept-unsafe-violations-in-http-request", sideF, "Relax the request parser."),
	option("accept-unsafe-violations-in-http-response", sideB, "Relax the response parser."),
	option("h1-case-adjust-bogus-client", sideF, "Use h1-case-adjust names towards clients."),
	option("h1-case-adjust-bogus-server", sideB, "Use h1-case-adjust names towards servers."),
	logChoice("tcplog", "Log TCP sessions with timers and states."),
	logChoice("httpslog", "httplog with TLS details."), logChoice("httplog", "Log HTTP requests with timers, states and captures."),
	option("use-small-buffers", sideB, "Small buffers for queued requests."),
	forwardForOption, originalToOption, redispatchOption,
}

// logChoice makes the Def of an option that chooses a log format.
func logChoice(name, doc string) *keyword.Def[Setting[Proxy]] {
	flags := keyword.Open
	if name != "httplog" {
		flags |= keyword.NotDumped
	}
	return keyword.Define(keyword.Spec{Name: "option " + name, In: sideF, Flags: flags, Doc: doc}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
		if a.value != "" && (a.value != "clf" || name == "httpslog") && name != "httpslog" {
			return nil, e.Errorf(a.index, "keyword '%s' only supports option 'clf'.", name)
		}
		if next := a.index + 1; name != "httpslog" && a.value != "" && next < len(e.Words) {
			return nil, e.Errorf(next, "'option %s' cannot handle unexpected argument '%s'.", name, e.Words[next].Text)
		}
		clf, at := a.value == "clf", e.LineSpan()
		return func(p *Proxy) error {
			p.overrides(e, "option "+name+map[bool]string{true: " clf"}[clf])
			for _, o := range []string{"tcplog", "tcplog clf", "httplog", "httplog clf", "httpslog"} {
				delete(p.Options, o)
			}
			p.Options[name], p.Options[name+" clf"] = true, clf
			p.LogFormat, p.LogOption, p.LogOptionAt, p.LogFormatSet = nil, name, at, true
			return nil
		}, nil
	})
}

// addrHeaderArgs is "[except <net>] [header <name>] [if-none]" in any order.
type addrHeaderArgs struct{ AddrHeader }

// Usage is what messages say of the line.
func (addrHeaderArgs) Usage() string { return "[except <network>] [header <name>] [if-none]" }

// ParseArgs reads the words; "originalto" has no if-none.
func (a *addrHeaderArgs) ParseArgs(in *keyword.Args) error {
	name := in.Words[in.Pos-1].Text
	for in.More() {
		w, i, _ := in.Next()
		switch {
		case w == "if-none" && name == "forwardfor":
			a.IfNone = true
			continue
		case w != "except" && w != "header":
			text := "'option originalto' only supports optional values: 'except' and 'header'."
			if name == "forwardfor" {
				text = "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'."
			}
			return in.Env.Errorf(i, "%s", text)
		}
		v, vi, ok := in.Next()
		switch {
		case !ok && w == "except":
			return in.Env.Errorf(-1, "'option %s %s' expects <address>[/mask] as argument.", name, w)
		case !ok:
			return in.Env.Errorf(-1, "'option %s %s' expects <header_name> as argument.", name, w)
		case w == "header":
			a.Header = v
			continue
		}
		if _, err := netip.ParseAddr(v); err != nil {
			if _, err := netip.ParsePrefix(v); err != nil {
				if !isMasked(v) {
					return in.Env.Errorf(vi, "'option %s except' expects <address>[/mask] as argument.", name)
				}
			}
		}
		a.Except = append(a.Except, v)
	}
	return nil
}

// isMasked says whether v is an address with a mask in dotted form.
func isMasked(v string) bool {
	addr, mask, ok := strings.Cut(v, "/")
	_, err1 := netip.ParseAddr(addr)
	_, err2 := netip.ParseAddr(mask)
	return ok && err1 == nil && err2 == nil
}

var forwardForOption = keyword.Define(keyword.Spec{
	Name: "option forwardfor", In: keyword.AnyProxy, Doc: "Tell servers the client's address.",
	Misuse: "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.",
}, func(e *keyword.Env, a *addrHeaderArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.ForwardFor = &a.AddrHeader; return nil }, nil
})

var originalToOption = keyword.Define(keyword.Spec{
	Name: "option originalto", In: keyword.AnyProxy, Doc: "Tell servers the address that the client called.",
	Misuse: "'option originalto' only supports optional values: 'except' and 'header'.",
}, func(e *keyword.Env, a *addrHeaderArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.OriginalTo = &a.AddrHeader; return nil }, nil
})

type optionalArgs struct {
	Word *expr.Word `parser:"@@?"`
}

var redispatchOption = keyword.Define(keyword.Spec{
	Name: "option redispatch", In: sideB, Flags: keyword.No | keyword.Open, Doc: "Retry on another server.",
}, func(e *keyword.Env, a *optionalArgs) (Setting[Proxy], error) {
	n := int64(-1)
	if a.Word != nil {
		n = min(max(laxNumber(e, *a.Word), -1<<31), 1<<31-1)
	}
	if e.Prefix != "" {
		n = 0
	}
	return func(p *Proxy) error { p.Redispatch = int(n); return nil }, nil
})
