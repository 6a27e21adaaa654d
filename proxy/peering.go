package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/peers"
)

// peering is one peers section with its sockets.
type peering struct {
	section *config.PeerSection
	side    *tlsSide
	sockets []*listen.Socket

	mu    sync.Mutex
	conns map[net.Conn]bool // made by peers
	over  bool
	wg    sync.WaitGroup
}

// loadPeers loads what the TLS words of a peers section name.
func (side *tlsSide) loadPeers(cfg *config.Config, s *config.PeerSection, refuse func(at, what string, err error)) {
	for _, b := range s.Binds {
		if !b.TLS.Enabled {
			continue
		}
		c, err := side.bind(&cfg.Global, b, &config.Proxy{Kind: "peers", Name: s.Name, Mode: "tcp"})
		if err != nil {
			refuse(b.Span, "'bind "+b.Addrs[0]+"' in section 'peers'", err)
			continue
		}
		side.binds[b] = c
	}
	for p, params := range s.Params {
		if !params.TLS.Enabled {
			continue
		}
		c, err := serverTLS(side.store, &cfg.Global, &params.TLS)
		if err != nil {
			refuse("peers "+s.Name, "'server "+p.Name+"'", err)
			continue
		}
		side.servers[params] = c
	}
}

// start connects to the peers and takes connections of theirs.
func (x *peering) start() {
	x.conns = map[net.Conn]bool{}
	for _, p := range x.section.Section.Peers {
		if to, ok := x.section.Dials[p]; ok {
			p.Dial = x.dialer(p, to)
		}
	}
	x.section.Start(false)
	for _, s := range x.sockets {
		x.wg.Go(func() { x.accept(s) })
	}
}

// dialer makes the function that connects to a peer. The local one is reached
// as the bind line says: its own "server" line has no words of TLS.
func (x *peering) dialer(p *peers.Peer, to [2]string) func(context.Context) (net.Conn, error) {
	var c *tls.Config
	if params := x.section.Params[p]; params != nil && x.side.servers[params] != nil {
		c = x.side.servers[params].Config("")
	}
	if p.Local && c == nil {
		for _, b := range x.section.Binds {
			if x.side.binds[b] != nil {
				c = &tls.Config{InsecureSkipVerify: true} // it is this machine's own certificate
			}
		}
	}
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, to[0], to[1])
		if err != nil || c == nil {
			return conn, err
		}
		secure := tls.Client(conn, c)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// accept takes connections until the socket is closed.
func (x *peering) accept(s *listen.Socket) {
	for {
		c, err := s.Accept()
		if err != nil {
			x.mu.Lock()
			over := x.over
			x.mu.Unlock()
			if over {
				return
			}
			time.Sleep(100 * time.Millisecond) // descriptors ran out; others will end
			continue
		}
		if t := x.side.binds[s.Endpoint.Bind]; t != nil {
			c = tls.Server(c, t)
		}
		x.mu.Lock()
		x.conns[c] = true
		over := x.over
		x.mu.Unlock()
		if over {
			_ = c.Close()
		}
		x.wg.Go(func() {
			x.section.Accept(c)
			x.mu.Lock()
			delete(x.conns, c)
			x.mu.Unlock()
		})
	}
}

// handTime is how long the process that follows is looked for and taught.
const handTime = 30 * time.Second

// hand hands all that is known to the process that follows this one, if there
// is one, and ends.
func (x *peering) hand(hard context.Context) {
	x.mu.Lock()
	x.over = true
	for c := range x.conns {
		_ = c.Close()
	}
	x.mu.Unlock()
	for _, s := range x.sockets {
		_ = s.Close()
	}
	ctx, cancel := context.WithTimeout(hard, handTime)
	defer cancel()
	x.section.Teach(ctx)
	x.section.Stop()
	x.wg.Wait()
}
