package proxy

import (
	"crypto/tls"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/check"
	"tandem/proxy/config"
	"tandem/proxy/server"
)

// newProber prepares the health checks of a configuration.
func newProber(cfg *config.Config, side *tlsSide) *check.Prober {
	g := &cfg.Global
	apps := map[*server.Backend]*config.FCGIApp{}
	for _, p := range cfg.Proxies {
		if app := config.AppOf(p); app != nil && p.Back != nil {
			apps[p.Back] = app
		}
	}
	net := &check.NetDialer{TLS: func(s *server.Server, name string) *tls.Config {
		if c := side.of(s.Params); c != nil {
			return c.Config(name)
		}
		return nil
	}}
	return &check.Prober{
		Spread: g.SpreadChecks, MaxSpread: g.MaxSpreadChecks, Node: g.Node,
		Dialer: &fcgiDialer{net, apps},
	}
}

// targets lists the servers that are checked, each with its backend's method.
func targets(cfg *config.Config) []check.Target {
	var list []check.Target
	for _, p := range cfg.Proxies {
		if p.Back == nil || p.Disabled {
			continue
		}
		setup, _ := p.CheckSetup.(*check.Setup)
		method := setup.Method()
		for _, l := range p.Servers {
			list = append(list, target(p, l, method))
		}
	}
	return list
}

// target is one server, checked by the method of its own or its backend's.
func target(p *config.Proxy, l *config.ServerLine, method check.Method) check.Target {
	if h := keyword.Target[*config.Block](l.Server.Params.Check.Healthcheck); h != nil {
		method = h.Check.Method()
	}
	return check.Target{Server: l.Server, Method: method, Connect: p.Timeouts.Connect, Check: p.Timeouts.Check, UniqueID: p.UniqueID}
}

// addServer is "add server": the line is read, its TLS files are loaded, and
// the server is one of its backend's, in maintenance.
func (p *Proxy) addServer(px *config.Proxy, name string, words []string) error {
	l, err := p.cfg.ReadServer(px, name, words)
	if err != nil {
		return err
	}
	if px.SpeaksTLS(l) {
		c, err := serverTLS(p.tls.store, &p.cfg.Global, &l.Params.TLS)
		if err != nil {
			return err
		}
		p.tls.add(l.Params, c)
	}
	if b := p.logs.groups[px]; b != nil {
		b.added.Store(l.Server, l)
	}
	l.Add(px, time.Now())
	if prober := p.marked.Load(); prober != nil {
		setup, _ := px.CheckSetup.(*check.Setup)
		prober.Add(target(px, l, setup.Method()))
	}
	p.cfg.Lua.Happened("SERVER_ADD", l.Server)
	return nil
}

// removeServer is "del server" once nothing bars it.
func (p *Proxy) removeServer(px *config.Proxy, s *server.Server) {
	if prober := p.marked.Load(); prober != nil {
		prober.Remove(s)
	}
	px.Back.Remove(s)
	p.eng.Forget(s)
	p.cfg.Lua.Happened("SERVER_DEL", s)
}
