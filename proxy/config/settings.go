package config

import (
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/server"
)

// FrontendTimeout returns a timeout of a frontend; see sample.ProxySettings.
func (n proxyNames) FrontendTimeout(f *listen.Frontend, which string) time.Duration {
	return n.c.proxy(f.Name, keyword.Frontend).timeout(which)
}

// BackendTimeout returns a timeout of a backend; see sample.ProxySettings.
func (n proxyNames) BackendTimeout(b *server.Backend, which string) time.Duration {
	return n.c.proxy(b.Name, keyword.Backend).timeout(which)
}

// BackendRetries returns "retries" of a backend; see sample.ProxySettings.
func (n proxyNames) BackendRetries(b *server.Backend) int {
	if p := n.c.proxy(b.Name, keyword.Backend); p != nil {
		return p.Retries
	}
	return 0
}

// DefaultBackendName returns the name of a frontend's default backend; see
// sample.ProxySettings.
func (n proxyNames) DefaultBackendName(f *listen.Frontend) string {
	if p := n.c.proxy(f.Name, keyword.Frontend); p != nil && p.DefaultBackend != nil {
		return p.DefaultBackend.Name
	}
	return ""
}

// timeout returns a timeout by the word behind "timeout", 0 for none.
func (p *Proxy) timeout(which string) time.Duration {
	if p == nil {
		return 0
	}
	switch which {
	case "client":
		return p.Timeouts.Client
	case "server":
		return p.Timeouts.Server
	case "connect":
		return p.Timeouts.Connect
	case "queue":
		return p.Timeouts.Queue
	case "tarpit":
		return p.Timeouts.Tarpit
	case "tunnel":
		return p.Timeouts.Tunnel
	}
	return 0
}
