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
type lineArgs struct{ line *ServerLine }

// Usage is what messages say of the line.
func (lineArgs) Usage() string { return "<name> <address>[:port] [param*]" }

// serverArgs, templateArgs and defaultServerArgs say which reader is meant.
type (
	serverArgs        struct{ lineArgs }
	templateArgs      struct{ line server.Line }
	defaultServerArgs struct{ params *server.Params }
)

// ParseArgs reads a "server" line.
func (a *serverArgs) ParseArgs(in *keyword.Args) error {
	l, err := server.ParseServer(in.Env, in.Words, keyword.Attached[*Proxy](in.Env).DefaultServer)
	if err == nil {
		a.line = keyword.Attached[*compiler](in.Env).newServer(in.Env, &l)
	}
	in.Rest()
	return err
}

// Usage is what messages say of the line.
func (templateArgs) Usage() string { return "<name> <address>[:port] [param*]" }

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
		p.addServer(e, a.line)
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
			s := keyword.Attached[*compiler](e).newServer(e, &a.line)
			s.Name = fmt.Sprintf("%s%d", a.line.Name, i)
			p.addServer(e, s)
		}
		return nil
	}, nil
})

// newServer makes the server of a line. They come out of blocks: a large
// configuration has tens of thousands.
func (c *compiler) newServer(e *keyword.Env, l *server.Line) *ServerLine {
	if len(c.servers) == 0 {
		c.servers = make([]ServerLine, serverBlock)
	}
	s := &c.servers[0]
	c.servers = c.servers[1:]
	s.Name, s.Params, s.Addr, s.Span = l.Name, l.Params, l.Addr, e.LineSpan()
	return s
}

// serverBlock is how many server lines are allocated at once.
const serverBlock = 16

// addServer adds a server under a name that the proxy does not have yet.
func (p *Proxy) addServer(e *keyword.Env, s *ServerLine) {
	name := s.Name
	if old := p.server(name); old != nil {
		text, subject := fmt.Sprintf("another server named '%s' was already defined at line %d", name, old.Span.Line()), "server "+p.Name+"/"+name
		e.Diags.Tolerate(diag.Diagnostic{
			Code: diag.RemovedWord, Layout: diag.Place, Span: e.LineSpan(), Subject: subject,
			Text: text + ": HAProxy 2.0 and later refuse that. It is accepted here under a name of its own.", Hint: "give each server a name of its own",
		}, diag.Diagnostic{Code: diag.Duplicate, Layout: diag.Place, Subject: subject, Text: text + ", please use a distinct name."})
		keyword.Attached[*compiler](e).dropped(droppedSameServer)
		for i := 2; ; i++ {
			if n := fmt.Sprintf("%s:%d", name, i); p.server(n) == nil {
				name = n
				break
			}
		}
	}
	s.Name = name
	p.Servers = append(p.Servers, s)
	switch n := len(p.Servers); {
	case n == fewServers:
		p.serverBy = make(map[string]*ServerLine, 2*n)
		for _, l := range p.Servers {
			p.serverBy[l.Name] = l
		}
	case n > fewServers:
		p.serverBy[name] = s
	}
}

// fewServers is the number of servers from which a proxy has an index of their
// names.
const fewServers = 16

// server returns the server line of that name.
func (p *Proxy) server(name string) *ServerLine {
	if p.serverBy != nil {
		return p.serverBy[name]
	}
	for _, l := range p.Servers {
		if l.Name == name {
			return l
		}
	}
	return nil
}
