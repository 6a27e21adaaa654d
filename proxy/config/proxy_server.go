package config

import (
	"fmt"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/server"
)

// proxyServers are the lines that declare servers.
var proxyServers = []*keyword.Def[Setting[Proxy]]{serverLine, defaultServer, serverTemplate}

// lineArgs takes the whole line: the server room reads it by itself.
type lineArgs struct{ line server.Line }

// Usage is what messages say of the line.
func (lineArgs) Usage() string { return "<name> <address>[:port] [param*]" }

// serverArgs, templateArgs and defaultServerArgs say which reader is meant.
type (
	serverArgs        struct{ lineArgs }
	templateArgs      struct{ lineArgs }
	defaultServerArgs struct{ params *server.Params }
)

// ParseArgs reads a "server" line.
func (a *serverArgs) ParseArgs(in *keyword.Args) error {
	l, err := server.ParseServer(in.Env, in.Words, keyword.Attached[*Proxy](in.Env).DefaultServer)
	a.line = l
	in.Rest()
	return err
}

// ParseArgs reads a "server-template" line.
func (a *templateArgs) ParseArgs(in *keyword.Args) error {
	l, err := server.ParseTemplate(in.Env, in.Words, keyword.Attached[*Proxy](in.Env).DefaultServer)
	a.line = l
	in.Rest()
	return err
}

// ParseArgs reads a "default-server" line on top of what stood before.
func (a *defaultServerArgs) ParseArgs(in *keyword.Args) error {
	params := *keyword.Attached[*Proxy](in.Env).DefaultServer
	a.params = &params
	err := server.ParseDefault(in.Env, in.Words, a.params)
	in.Rest()
	return err
}

// Usage is what messages say of the line.
func (defaultServerArgs) Usage() string { return "[param*]" }

var serverLine = keyword.Define(keyword.Spec{
	Name: "server", In: keyword.Backend, Doc: "Declare a server.",
}, func(e *keyword.Env, a *serverArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		p.addServer(e, a.line.Name, a.line)
		return nil
	}, nil
})

var defaultServer = keyword.Define(keyword.Spec{
	Name: "default-server", In: sideB, Doc: "Change the words that the following servers begin with.",
}, func(e *keyword.Env, a *defaultServerArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.DefaultServer = a.params; return nil }, nil
})

var serverTemplate = keyword.Define(keyword.Spec{
	Name: "server-template", In: keyword.Backend, Doc: "Declare many servers with numbered names.",
}, func(e *keyword.Env, a *templateArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		for i := a.line.Low; i <= a.line.High; i++ {
			p.addServer(e, fmt.Sprintf("%s%d", a.line.Name, i), a.line)
		}
		return nil
	}, nil
})

// addServer adds a server under a name that the proxy does not have yet.
func (p *Proxy) addServer(e *keyword.Env, name string, l server.Line) {
	if old := p.server(name); old != nil {
		d := e.Diags.Warnf(diag.RemovedWord, e.LineSpan(), "another server named '%s' was already defined at line %d: HAProxy 2.0 and later refuse that. It is accepted here under a name of its own.", name, old.Span.Line())
		d.Layout, d.Subject, d.Ours = diag.Place, "server "+p.Name+"/"+name, true
		keyword.Attached[*compiler](e).dropped(droppedSameServer)
		d.Hint = "give each server a name of its own"
		for i := 2; ; i++ {
			if n := fmt.Sprintf("%s:%d", name, i); p.server(n) == nil {
				name = n
				break
			}
		}
	}
	s := &ServerLine{Name: name, Params: l.Params, Addr: l.Addr, Span: e.LineSpan()}
	p.Servers = append(p.Servers, s)
	if p.serverBy == nil {
		p.serverBy = map[string]*ServerLine{}
	}
	p.serverBy[name] = s
}

// server returns the server line of that name.
func (p *Proxy) server(name string) *ServerLine { return p.serverBy[name] }
