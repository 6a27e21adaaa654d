package config

import (
	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/server"
)

// proxyServers are the lines that declare servers.
var proxyServers = []*keyword.Def[Setting[Proxy]]{serverLine, defaultServer}

var serverLine = keyword.Define(keyword.Spec{
	Name: "server", In: keyword.Backend,
	Doc:    "Declare a server.",
	Misuse: "'server' expects <name> and <addr>[:<port>] as arguments.",
}, func(e *keyword.Env, a *serverArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		if p.server(a.name) != nil {
			e.Diags.Alertf(diag.Duplicate, e.LineSpan(), "'server' : another server named '%s' was already defined in backend '%s', please use distinct names.", a.name, p.Name)
			return nil
		}
		p.Servers = append(p.Servers, &ServerLine{Name: a.name, Params: a.params, Span: e.LineSpan()})
		return nil
	}, nil
})

type serverArgs struct {
	name   string
	params *server.Params
}

// Usage is what messages say of the line.
func (serverArgs) Usage() string { return "<name> <address>[:port] [param*]" }

// ParseArgs reads name, address and words.
func (a *serverArgs) ParseArgs(in *keyword.Args) error {
	p := keyword.Attached[*Proxy](in.Env)
	name, i, _ := in.Next()
	addr, _, ok := in.Next()
	if !ok {
		return &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'server' expects <name> and <addr>[:<port>] as arguments."}
	}
	if bad := badNameByte(name); bad != 0 {
		return &keyword.Error{Index: i, Code: diag.BadValue, Text: "'server' : character '" + string(bad) + "' is not permitted in server name '" + name + "'."}
	}
	in.Env.Subject = "server " + p.Name + "/" + name
	params := *p.DefaultServer
	params.Addr = addr
	a.name, a.params = name, &params
	return serverWords(in, &params, keyword.ServerLine)
}

var defaultServer = keyword.Define(keyword.Spec{
	Name: "default-server", In: keyword.Defaults | keyword.Backend,
	Doc: "Change the words that the following servers begin with.",
}, func(e *keyword.Env, a *defaultServerArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		p.DefaultServer = a.params
		return nil
	}, nil
})

type defaultServerArgs struct{ params *server.Params }

// Usage is what messages say of the line.
func (defaultServerArgs) Usage() string { return "[param*]" }

// ParseArgs reads the words.
func (a *defaultServerArgs) ParseArgs(in *keyword.Args) error {
	p := keyword.Attached[*Proxy](in.Env)
	params := *p.DefaultServer
	a.params = &params
	in.Env.Subject = "default-server"
	return serverWords(in, &params, keyword.ServerLine)
}

// server returns the server line of that name.
func (p *Proxy) server(name string) *ServerLine {
	for _, s := range p.Servers {
		if s.Name == name {
			return s
		}
	}
	return nil
}
