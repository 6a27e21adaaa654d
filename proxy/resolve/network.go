package resolve

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Transport is the way to one name server.
type Transport interface {
	// Send sends a question; whatever comes back is given to deliver, cut
	// where it was longer than may be, until deliver returns true.
	Send(packet []byte, deliver func(answer []byte, cut bool) bool) error
	// Close ends all waits.
	Close()
}

// Network returns the sockets to a name server.
func Network(ns NameServer, s *Section) Transport {
	if ns.TCP {
		t := &stream{ns: ns, life: patience(s)}
		t.ctx, t.cancel = context.WithCancel(context.Background())
		return t
	}
	return &datagrams{ns: ns, payload: s.Payload, life: patience(s), open: map[net.Conn]bool{}}
}

// patience is how long an answer is waited for: beyond the next try, so that
// late ones are counted.
func patience(s *Section) time.Duration { return max(2*s.Retry, 2*time.Second) }

// datagrams asks each question from a socket of its own: its port is as
// random as the question's number (RFC 5452), and only the name server's
// datagrams arrive there.
type datagrams struct {
	ns      NameServer
	payload int
	life    time.Duration

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
	wg     sync.WaitGroup
}

// Send sends one datagram.
func (d *datagrams) Send(packet []byte, deliver func([]byte, bool) bool) error {
	network := "udp"
	if strings.HasPrefix(d.ns.Addr, "/") || strings.HasPrefix(d.ns.Addr, "@") {
		network = "unixgram"
	}
	c, err := net.Dial(network, d.ns.Addr)
	if err != nil {
		return err
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return c.Close()
	}
	d.open[c] = true
	d.mu.Unlock()
	if _, err = c.Write(packet); err != nil {
		d.drop(c)
		return err
	}
	d.wg.Go(func() {
		defer d.drop(c)
		_ = c.SetReadDeadline(time.Now().Add(d.life))
		for {
			buf := make([]byte, d.payload+1)
			n, err := c.Read(buf)
			if err != nil || deliver(buf[:n], n > d.payload) {
				return
			}
		}
	})
	return nil
}

func (d *datagrams) drop(c net.Conn) {
	d.mu.Lock()
	delete(d.open, c)
	d.mu.Unlock()
	_ = c.Close()
}

// Close ends all waits.
func (d *datagrams) Close() {
	d.mu.Lock()
	d.closed = true
	for c := range d.open {
		_ = c.Close()
	}
	d.mu.Unlock()
	d.wg.Wait()
}

// stream asks over a connection that is kept as long as questions come.
type stream struct {
	ns     NameServer
	life   time.Duration
	ctx    context.Context // ends the wait for a connection
	cancel context.CancelFunc

	mu     sync.Mutex
	conn   *pipeline // nil: none is open or being opened
	closed bool
	wg     sync.WaitGroup
}

// pipeline is one connection with the questions that wait for answers on it.
type pipeline struct {
	out     chan []byte
	end     chan struct{} // closed when it is broken
	mu      sync.Mutex
	waiting map[uint16]func([]byte, bool) bool
	last    func([]byte, bool) bool // is told of answers that nobody waits for, to count them
}

// maxPipelined bounds the questions that wait for a connection.
const maxPipelined = 512

// Send queues a question for the connection, which it opens where there is
// none.
func (s *stream) Send(packet []byte, deliver func([]byte, bool) bool) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return net.ErrClosed
	}
	p := s.conn
	if p == nil {
		p = &pipeline{out: make(chan []byte, maxPipelined), end: make(chan struct{}), waiting: map[uint16]func([]byte, bool) bool{}}
		s.conn = p
		s.wg.Go(func() { s.run(p) })
	}
	s.mu.Unlock()
	p.mu.Lock()
	if len(p.waiting) >= 2*maxPipelined {
		clear(p.waiting) // the oldest are long given up
	}
	p.waiting[idOf(packet)], p.last = deliver, deliver
	p.mu.Unlock()
	framed := append(binary.BigEndian.AppendUint16(make([]byte, 0, len(packet)+2), uint16(len(packet))), packet...)
	select {
	case p.out <- framed:
		return nil
	default:
		return os.ErrDeadlineExceeded
	}
}

// run opens the connection and serves it until it breaks or idles.
func (s *stream) run(p *pipeline) {
	defer s.forget(p)
	d := net.Dialer{Timeout: s.life}
	network := "tcp"
	if strings.HasPrefix(s.ns.Addr, "/") || strings.HasPrefix(s.ns.Addr, "@") {
		network = "unix"
	}
	c, err := d.DialContext(s.ctx, network, s.ns.Addr)
	if err != nil {
		return
	}
	if s.ns.TLS != nil {
		c = tls.Client(c, s.ns.TLS)
	}
	read := make(chan struct{})
	s.wg.Go(func() {
		defer close(read)
		p.read(c)
	})
	defer func() {
		_ = c.Close()
		<-read
	}()
	idle := time.NewTimer(idleStream)
	defer idle.Stop()
	for {
		select {
		case b := <-p.out:
			_ = c.SetWriteDeadline(time.Now().Add(s.life))
			if _, err := c.Write(b); err != nil {
				return
			}
			idle.Reset(idleStream)
		case <-idle.C:
			return
		case <-read:
			return
		case <-p.end:
			return
		}
	}
}

// idleStream is how long a connection without questions is kept.
const idleStream = 5 * time.Second

// read takes answers off the connection.
func (p *pipeline) read(c net.Conn) {
	var head [2]byte
	for {
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(head[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		p.mu.Lock()
		if len(b) < 2 || p.last == nil {
			p.mu.Unlock()
			return
		}
		deliver := p.waiting[idOf(b)]
		if delete(p.waiting, idOf(b)); deliver == nil {
			deliver = p.last
		}
		p.mu.Unlock()
		deliver(b, false)
	}
}

// forget lets the next question open a new connection.
func (s *stream) forget(p *pipeline) {
	s.mu.Lock()
	if s.conn == p {
		s.conn = nil
	}
	s.mu.Unlock()
}

// Close ends the connection.
func (s *stream) Close() {
	s.mu.Lock()
	s.closed = true
	s.cancel()
	if s.conn != nil {
		close(s.conn.end)
		s.conn = nil
	}
	s.mu.Unlock()
	s.wg.Wait()
}
