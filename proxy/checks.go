package proxy

import (
	"crypto/tls"
	"errors"

	"tandem/parser/keyword"
	"tandem/proxy/check"
	"tandem/proxy/config"
	"tandem/proxy/server"
)

// newProber prepares the health checks of a configuration.
func newProber(cfg *config.Config, side *tlsSide) *check.Prober {
	g := &cfg.Global
	return &check.Prober{
		Spread: g.SpreadChecks, MaxSpread: g.MaxSpreadChecks, Node: g.Node,
		Dialer: &check.NetDialer{TLS: func(s *server.Server) (*tls.Config, error) {
			c := side.servers[s.Params]
			if c == nil {
				return nil, errors.New("no TLS configuration")
			}
			return c.Config(s.Params.Check.SNI), nil
		}},
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
			method := method
			if h := keyword.Target[*config.Block](l.Server.Params.Check.Healthcheck); h != nil {
				method = h.Check.Method()
			}
			list = append(list, check.Target{Server: l.Server, Method: method, Connect: p.Timeouts.Connect, Check: p.Timeouts.Check, UniqueID: p.UniqueID})
		}
	}
	return list
}
