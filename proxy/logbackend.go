package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/logs"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// logBackend is a backend of "mode log" seen from those who log.
type logBackend struct {
	side *logSide
	px   *config.Proxy

	tx tx.Tx // of the message that is being placed; the group's lock guards it

	mu    sync.Mutex
	outs  map[*server.Server]*logServer
	added sync.Map // *server.Server -> *config.ServerLine: added at run time
}

// logServer is what a server's messages go through.
type logServer struct {
	out *logs.Output
	to  *server.Endpoint // of datagrams: where they go
}

func newLogBackend(side *logSide, px *config.Proxy) *logBackend {
	return &logBackend{side: side, px: px, outs: map[*server.Server]*logServer{}}
}

// pick chooses a server for a message by the backend's algorithm.
func (l *logBackend) pick(msg []byte) *logs.Output {
	if l.px.Policy == nil {
		return nil
	}
	l.tx.Scratch.Reset()
	l.tx.Message, l.tx.Now = msg, time.Now()
	s := l.px.Policy.Pick(&l.tx, nil)
	if s == nil {
		return nil
	}
	return l.output(s)
}

// output returns where the messages of a server go, made on first use and
// anew when the address of datagrams changes.
func (l *logBackend) output(s *server.Server) *logs.Output {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, to := l.outs[s], s.Addr()
	if to == nil {
		return nil
	}
	if x != nil && (x.to == nil || x.to == to) {
		return x.out
	}
	line := l.line(s)
	if line == nil {
		return nil
	}
	if x = new(logServer); line.Addr.Datagram {
		network := "udp"
		if to.Network == "unix" {
			network = "unixgram"
		}
		_, address := dialTarget(to)
		x.to, x.out = to, l.side.sinks.Datagrams(network, address)
	} else {
		x.out = l.side.sinks.Stream("created from server '"+s.Name+"' of backend '"+l.px.Name+"'", l.side.feeder(s.Params, s.Addr, l.px.Timeouts.Connect, l.px.Timeouts.Server))
	}
	l.outs[s] = x
	return x.out
}

func (l *logBackend) line(s *server.Server) *config.ServerLine {
	for _, line := range l.px.Servers {
		if line.Server == s {
			return line
		}
	}
	if line, ok := l.added.Load(s); ok {
		return line.(*config.ServerLine)
	}
	return nil
}

// feeder makes what sends to a server over a stream; where is asked at each
// connect.
func (l *logSide) feeder(p *server.Params, where func() *server.Endpoint, connect, write time.Duration) *logs.Feeder {
	dial := func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		network, address := dialTarget(where())
		if ip := p.Source.IP; ip.IsValid() && network == "tcp" {
			d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, 0))
		}
		c, err := d.DialContext(ctx, network, address)
		if err != nil || !p.TLS.Enabled {
			return c, err
		}
		t := tls.Client(c, l.tls.of(p).Config(""))
		if err := t.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, err
		}
		return t, nil
	}
	return &logs.Feeder{Dial: dial, Octets: p.LogProto == "octet-count", Connect: connect, Server: write}
}

// dialTarget returns an endpoint as net.Dial takes it.
func dialTarget(e *server.Endpoint) (network, address string) {
	if e.Network == "unix" {
		return "unix", e.Host
	}
	host := e.Host
	if host == "" {
		host = e.Name
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(e.Port))
}

// firstRing is the size of buf0, the ring that is always there, bytes.
const firstRing = 1 << 20

// declareRings makes the rings of the configuration and what sends from them.
func (l *logSide) declareRings(cfg *config.Config) {
	first := logs.NewRing("buf0", firstRing)
	first.Description = "in-memory ring buffer"
	l.sinks.Rings = append(l.sinks.Rings, first)
	for _, b := range cfg.Others.InOrder(cfg.Others.Rings) {
		r := logs.NewRing(b.Name, b.Ring.Room())
		r.Description, r.Format, r.MaxLen = b.Ring.Description, b.Ring.Format, b.Ring.MaxLen
		l.sinks.Rings = append(l.sinks.Rings, r)
		for _, s := range b.Ring.Servers {
			e, _ := server.EndpointOf(&s.Addr)
			f := l.feeder(s.Params, func() *server.Endpoint { return e }, b.Ring.Connect, b.Ring.Server)
			f.Ring = r
			l.sinks.Feed(f)
		}
	}
}
