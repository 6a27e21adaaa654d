package cli

import (
	"net"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/server"
)

// proxyOf finds a proxy with the given side by name, or by "#" and its id.
func (e *Env) proxyOf(name string, side keyword.Scope) *config.Proxy {
	id, byID := numberOf(name)
	for _, p := range e.Config().Proxies {
		if p.Caps&side != 0 && (p.Name == name && !byID || byID && p.ID == id) {
			return p
		}
	}
	return nil
}

// backendOf finds a backend by name or "#id", nil if there is none.
func (e *Env) backendOf(name string) *config.Proxy {
	if p := e.proxyOf(name, keyword.Backend); p != nil && p.Back != nil {
		return p
	}
	return nil
}

// serverOf finds a server of p by name or "#id", nil if there is none.
func serverOf(p *config.Proxy, name string) *server.Server {
	id, byID := numberOf(name)
	for _, s := range p.Back.Servers() {
		if s.Name == name && !byID || byID && s.ID == id {
			return s
		}
	}
	return nil
}

// numberOf reads "#12".
func numberOf(name string) (id int, ok bool) {
	if !strings.HasPrefix(name, "#") {
		return 0, false
	}
	id, err := strconv.Atoi(name[1:])
	return id, err == nil
}

// target finds the server that the first argument names, "backend/server".
// If there is none, that is the answer.
func (c *Call) target() (*config.Proxy, *server.Server) {
	be, srv, ok := strings.Cut(c.arg(0), "/")
	if !ok || srv == "" {
		c.fail("Require 'backend/server'.")
		return nil, nil
	}
	p := c.backendOf(be)
	if p == nil {
		c.fail("No such backend.")
		return nil, nil
	}
	s := serverOf(p, srv)
	if s == nil {
		c.fail("No such server.")
	}
	return p, s
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
