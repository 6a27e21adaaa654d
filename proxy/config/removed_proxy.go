package config

import (
	"fmt"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// old makes the Spec of a word that a release dropped.
func old(name string, in keyword.Scope, until keyword.Version, instead, doc string) keyword.Spec {
	return refusedAs(keyword.Spec{Name: name, In: in, Flags: keyword.NotDumped, Until: until, Instead: instead, Doc: doc})
}

// proxyRemoved are the lines of older releases (the req* and rsp* words are in
// removed_lines.go, old timeouts in proxy_timeout.go).
var proxyRemoved = append(append(removedLines(), removedOptions()...),
	blockLine, dispatchLine, monitorNet, appSession,
	ignored(old("grace", keyword.AnyProxy, keyword.V(2, 5), "grace <time> @in the global section", "How long to go on accepting once told to stop.")),
	ignored(old("bind-process", keyword.AnyProxy, keyword.V(2, 7), "", "Processes that serve the proxy.")),
	ignored(old("timeout appsession", keyword.AnyProxy, keyword.V(1, 6), "stick-table type string len <n> size <n> expire <time>", "Life of application sessions.")),
	redispatchWord("redispatch"), redispatchWord("redisp"),
	flag(old("transparent", sideB, keyword.V(3, 5), "server transparent 0.0.0.0", "Connect to where the client meant to."), func(p *Proxy) { p.Text = with(p.Text, "transparent", "on") }),
	flag(old("keepalive", keyword.AnyProxy, keyword.V(1, 4), "option tcpka", "TCP keep-alive."), func(p *Proxy) { p.Options["tcpka"] = true }),
)

func with(m map[string]string, k, v string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[k] = v
	return m
}

// ignored makes the Def of a word whose effect is nothing here.
func ignored(s keyword.Spec) *keyword.Def[Setting[Proxy]] {
	s.Flags |= keyword.NotActed
	return keyword.Define(s, func(*keyword.Env, *restArgs) (Setting[Proxy], error) { return nil, nil })
}

func redispatchWord(name string) *keyword.Def[Setting[Proxy]] {
	return flag(old(name, sideB, keyword.V(2, 1), "option redispatch", "Retry on another server."), func(p *Proxy) { p.Redispatch = -1 })
}

// removedOptions are the options of older releases.
func removedOptions() []*keyword.Def[Setting[Proxy]] {
	opt := func(name string, until keyword.Version, instead, doc string, set func(*Proxy, bool)) *keyword.Def[Setting[Proxy]] {
		s := old("option "+name, keyword.AnyProxy, until, instead, doc)
		s.Flags |= keyword.No
		return optionAs(s, set)
	}
	idle := func(name string, until keyword.Version, instead, doc string) *keyword.Def[Setting[Proxy]] {
		s := old("option "+name, keyword.AnyProxy, until, instead, doc)
		s.Flags |= keyword.No | keyword.NotActed
		return optionAs(s, func(*Proxy, bool) {})
	}
	closing := func(p *Proxy, on bool) {
		if on {
			p.ConnMode, p.ConnModeSet = Close, true
		}
	}
	return []*keyword.Def[Setting[Proxy]]{
		opt("forceclose", keyword.V(2, 5), "option httpclose", "Close both sides after each response.", closing),
		idle("http-tunnel", keyword.V(2, 5), "", "Nothing is looked at behind the first request and response."),
		idle("http-use-htx", keyword.V(2, 5), "", "Internal form of messages."),
		opt("independant-streams", keyword.V(2, 1), "option independent-streams", "Keep the two directions' timeouts apart.", func(p *Proxy, on bool) { p.Options["independent-streams"] = on }),
		opt("tcpsplice", keyword.V(1, 4), "option splice-auto", "Splice in the kernel.", func(p *Proxy, on bool) { p.Options["splice-auto"] = on }),
		opt("keepalive", keyword.V(1, 4), "option tcpka", "TCP keep-alive.", func(p *Proxy, on bool) { p.Options["tcpka"] = on }),
		opt("http_proxy", keyword.V(2, 5), "http-request set-dst url_ip", "Forward to the address in the request.", func(p *Proxy, on bool) { p.Text = with(p.Text, "http_proxy", fmt.Sprint(on)) }),
		opt("transparent", keyword.V(3, 5), "server transparent 0.0.0.0", "Connect to where the client meant to.", func(p *Proxy, on bool) { p.Text = with(p.Text, "transparent", fmt.Sprint(on)) }),
		idle("lb-agent-chk", keyword.V(1, 5), "server <name> <addr> agent-check agent-port <port>", "Agent checks."),
		deprecatedOption("accept-invalid-http-request", "accept-unsafe-violations-in-http-request", sideF),
		deprecatedOption("accept-invalid-http-response", "accept-unsafe-violations-in-http-response", sideB),
	}
}

// deprecatedOption is one that 3.5 still takes with a warning of its own.
func deprecatedOption(name, now string, in keyword.Scope) *keyword.Def[Setting[Proxy]] {
	s := keyword.Spec{Name: "option " + name, In: in, Flags: keyword.No | keyword.NotDumped | keyword.Deprecated, Instead: "option " + now, Doc: "Old spelling of option " + now + "."}
	return keyword.Define(s, func(e *keyword.Env, _ *keyword.None) (Setting[Proxy], error) {
		if e.Prefix != "" {
			keyword.Attached[*compiler](e).dropped(keyword.V(3, 1))
			e.Diags.Tolerate(diag.Diagnostic{
				Code: diag.RemovedWord, Span: e.Span(0),
				Text: fmt.Sprintf("'%s option %s': HAProxy 3.1 and later refuse that. It is accepted here. Please write '%s option %s' instead.", e.Prefix, name, e.Prefix, now),
			}, diag.Diagnostic{Layout: diag.ParsingTight, Text: "negation/default is not supported for option '" + name + "'."})
			return func(p *Proxy) error { p.Options[now] = false; return nil }, nil
		}
		e.Warnf(diag.Deprecated, 0, "option '%s' is deprecated. please use 'option %s' if absolutely needed.", name, now).Layout = diag.ParsingTight
		return func(p *Proxy) error { p.Options[now] = true; return nil }, nil
	})
}

var blockLine = keyword.Define(old("block", keyword.Listen, keyword.V(2, 1), "http-request deny if <condition>", "Refuse requests."), func(e *keyword.Env, a *condArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { return p.block(e, a.cond) }, nil
})

// block adds a rule that is evaluated before all others.
func (p *Proxy) block(e *keyword.Env, c *pattern.Cond) error {
	act, err := plainAction(e, "deny", false)
	if err == nil {
		p.Blocks = append(p.Blocks, action.Rule{Action: act, Cond: c, Name: "block", At: ruleAt(e)})
	}
	return err
}

var dispatchLine = keyword.Define(func() keyword.Spec {
	s := old("dispatch", keyword.Backend, keyword.V(3, 5), "server dispatch <addr>", "The only server.")
	s.Misuse = "'dispatch' expects <ip>:<port>."
	return s
}(), func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	if _, err := expr.ParseAddr(a.Name.Text, expr.NeedPort|expr.NonZeroPort|expr.AllowNames); err != nil {
		return nil, e.Errorf(a.Name.Index, "'dispatch' : %s", err)
	}
	return func(p *Proxy) error {
		return p.addOldServer(e, "dispatch", a.Name.Text)
	}, nil
})

// addOldServer adds the server that an older word stands for.
func (p *Proxy) addOldServer(e *keyword.Env, name, addr string) error {
	at := e.Words[0].Span
	words := []source.Word{{Text: "server", Span: at}, {Text: name, Span: at}, {Text: addr, Span: at}}
	saved := e.Words
	l, err := server.ParseServer(e, words, p.DefaultServer)
	e.Words = saved
	if err != nil {
		return err
	}
	p.addServer(e, keyword.Attached[*compiler](e).newServer(e, &l))
	return nil
}

// lowerOld puts what removed words made where it was evaluated: "block" before
// the http-request rules, req* behind them, redirects last.
func (c *compiler) lowerOld(p *Proxy) {
	if p.Mode == "health" || p.monitorNet != nil {
		p.Raw = []RawAnswer{p.healthAnswer()}
	}
	if len(p.Blocks) > 0 {
		p.HTTPRequest = append(p.Blocks, p.HTTPRequest...)
	}
	p.OldRequest = append(append(p.OldRequest, p.oldRequestAdd...), p.Redirects...)
	if p.Text["http_proxy"] == "true" {
		r, err := forwardRule(c.env, tx.Rule{})
		if err != nil {
			c.refuse(err)
			return
		}
		p.OldRequest = append(p.OldRequest, r)
	}
	p.OldResponse = append(p.OldResponse, p.oldResponseAdd...)
	if len(p.oldUseBackend) > 0 {
		p.UseBackend = append(p.oldUseBackend, p.UseBackend...)
	}
	if p.Text["transparent"] == "on" || p.Text["transparent"] == "true" || p.Text["http_proxy"] == "true" {
		c.env.Words = []source.Word{{Text: "transparent", Span: p.Span}}
		if err := p.addOldServer(c.env, "transparent", "0.0.0.0"); err != nil {
			c.refuse(err)
		}
	}
}

// conditionOn is "if <acl>".
func conditionOn(e *keyword.Env, acl string) (*pattern.Cond, error) {
	c, err := expr.ParseCond([]string{"if", acl}, 0)
	if err != nil {
		return nil, err
	}
	return pattern.CompileCond(e, c)
}
