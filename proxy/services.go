package proxy

import (
	"tandem/proxy/engine"
	"tandem/proxy/listen"
)

// service answers requests for the stats page.
func (p *Proxy) service() engine.Service { return nil }

// serveCLI accepts connections of the command line interface.
func (p *Proxy) serveCLI(s *listen.Socket) {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		c.Close()
	}
}

// startChecks begins health checks and returns the function that ends them.
func (p *Proxy) startChecks() func() { return func() {} }
