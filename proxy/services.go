package proxy

import (
	"time"

	"tandem/proxy/cli"
	"tandem/proxy/engine"
	"tandem/proxy/listen"
	"tandem/proxy/server"
)

// service answers requests for the stats page.
func (p *Proxy) service() engine.Service { return &cli.Pages{Env: p.ops.env} }

// serveCLI accepts connections of the command line interface.
func (p *Proxy) serveCLI(s *listen.Socket) { p.ops.cli.Serve(s, s.Endpoint.Bind) }

// startChecks begins health checks and returns the function that ends them.
func (p *Proxy) startChecks() func() {
	prober := newProber(p.cfg, p.tls)
	prober.Set(targets(p.cfg))
	p.marked.Store(prober)
	return prober.Stop
}

// observed is told by the engine how a server answered; a failure may ask for
// the next check to come soon.
func (p *Proxy) observed(s *server.Server, ok, layer7 bool) {
	if s.Observed(ok, layer7, time.Now()) {
		if prober := p.marked.Load(); prober != nil {
			prober.Hurry(s)
		}
	}
}
