package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/pattern"
	"tandem/proxy/server"
)

// needsCond makes the Def of a line that is one condition.
func needsCond(s keyword.Spec, set func(*Proxy, *pattern.Cond)) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(s, func(_ *keyword.Env, a *condArgs) (Setting[Proxy], error) {
		return func(p *Proxy) error { set(p, a.cond); return nil }, nil
	})
}

// proxyPersist are the lines about persistence, switching and redirection.
var proxyPersist = []*keyword.Def[Setting[Proxy]]{
	needsCond(keyword.Spec{Name: "force-persist", In: keyword.Backend, Doc: "Follow the cookie to servers that are down."}, func(p *Proxy, c *pattern.Cond) { p.ForcePersist = append(p.ForcePersist, c) }),
	needsCond(keyword.Spec{Name: "ignore-persist", In: keyword.Backend, Doc: "Do not follow the cookie."}, func(p *Proxy, c *pattern.Cond) { p.IgnorePersist = append(p.IgnorePersist, c) }),
	needsCond(keyword.Spec{Name: "force-be-switch", In: keyword.Frontend, Doc: "Use backends that are unpublished or disabled."}, func(p *Proxy, c *pattern.Cond) { p.ForceSwitch = append(p.ForceSwitch, c) }),
	keyword.Define(keyword.Spec{Name: "be-unpublished", In: keyword.Backend, Flags: keyword.Open, Doc: "The backend takes no traffic until it is published."}, func(*keyword.Env, *keyword.None) (Setting[Proxy], error) {
		return func(p *Proxy) error { p.Unpublished = true; return nil }, nil
	}),
	redirectLine, rdpPersist, sourceLine,
}

// redirectArgs is a redirection and its condition.
type redirectArgs struct{ rule action.Rule }

// Usage is what messages say of the line.
func (redirectArgs) Usage() string {
	return "{location|prefix|scheme} <to> [option]* [{if|unless} <condition>]"
}

// ParseArgs reads both.
func (a *redirectArgs) ParseArgs(in *keyword.Args) error {
	e := in.Env
	saved := e.Scope
	e.Scope = keyword.HTTPRequest
	defer func() { e.Scope = saved }()
	act, err := action.ReadRedirect(in)
	if err != nil {
		err = prefixError(err, "error detected in "+kindWord(e.Section)+" '"+e.Owner+"' while parsing redirect rule : ")
		if at, ok := err.(*keyword.Error); ok && !strings.HasSuffix(at.Text, ".") {
			at.Text += "."
		}
		return err
	}
	cond, err := condition(in, "redirect")
	a.rule = action.Rule{Action: act, Cond: cond, Name: "redirect", At: ruleAt(e)}
	return err
}

var redirectLine = keyword.Define(keyword.Spec{
	Name: "redirect", In: keyword.Listen, Doc: "Send the client elsewhere.",
}, func(e *keyword.Env, a *redirectArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		p.inOrder(e, orderRedirect)
		p.Redirects = append(p.Redirects, a.rule)
		return nil
	}, nil
})

type persistArgs struct{ name string }

// Usage is what messages say of the line.
func (persistArgs) Usage() string { return "rdp-cookie[(<name>)]" }

// ParseArgs reads the method.
func (a *persistArgs) ParseArgs(in *keyword.Args) error {
	w, i, _ := in.Next()
	switch {
	case w == "":
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "missing persist method."}
	case w == "rdp-cookie":
		a.name = "msts"
	case strings.HasPrefix(w, "rdp-cookie("):
		closed := false
		if a.name, _, closed = strings.Cut(w[len("rdp-cookie("):], ")"); !closed || a.name == "" {
			return &keyword.Error{Index: i, Code: diag.BadArguments, Text: "persist rdp-cookie(name)' requires an rdp cookie name."}
		}
	default:
		return &keyword.Error{Index: i, Code: diag.BadArguments, Text: "unknown persist method."}
	}
	return nil
}

var rdpPersist = keyword.Define(keyword.Spec{
	Name: "persist", In: sideB, Flags: keyword.Open, Doc: "Persistence by RDP cookie.",
}, func(_ *keyword.Env, a *persistArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.PersistRDP = a.name; return nil }, nil
})

// sourceArgs is the argument of "source" on a line of a backend: the server
// room reads it.
type sourceArgs struct{ server.SourceArgs }

// ParseArgs reads address and words to the end of the line.
func (a *sourceArgs) ParseArgs(in *keyword.Args) error {
	if !in.More() {
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>."}
	}
	if addr, err := expr.ParseAddr(in.Peek(), expr.AllowRange|expr.AllowNames); err == nil && addr.PortHigh != addr.Port {
		return in.Env.Errorf(in.Pos, "'source %s' : port range not permitted here in '%s'", in.Peek(), in.Peek())
	}
	err := a.SourceArgs.ParseArgs(in)
	if at, ok := err.(*keyword.Error); ok {
		at.Place = false
		at.Text = strings.Replace(at.Text, "'server' : missing interface", "'source' : missing interface", 1)
		at.Text = strings.Replace(at.Text, "'client', 'clientip', or 'hdr_ip(name,#)' as", "'client', or 'clientip' as", 1)
		at.Text = strings.TrimSuffix(at.Text, ".")
	}
	if err == nil && in.More() {
		return &keyword.Error{Index: in.Pos, Code: diag.BadArguments, Text: "'source' only supports optional keywords 'interface' and 'usesrc'."}
	}
	return err
}

var sourceLine = keyword.Define(keyword.Spec{
	Name: "source", In: sideB, Doc: "Address that connections to servers come from.",
}, func(_ *keyword.Env, a *sourceArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.Source = &a.Source; return nil }, nil
})
