package daemon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"tandem/vrrp/bfd"
	"tandem/vrrp/config"
	"tandem/vrrp/wire"
)

// SessionsOptions are what Sessions stand on.
type SessionsOptions struct {
	// Log writes one line without a line end.
	Log    func(line string)
	Detail bool
	// Network is that of UDP; nil: the system's.
	Network wire.Datagrams
	// Tell takes every change of a state, and all states when somebody asks
	// and after a reload. It is called by the loop.
	Tell func(b *config.BFD, up bool)
}

// Sessions holds the BFD sessions of one configuration after another. Like
// [Daemon] it is one loop, which never waits for anything but its next event.
type Sessions struct {
	opt    SessionsOptions
	cfg    *config.Config
	start  time.Time
	list   []*session
	socks  map[netip.AddrPort]wire.UDPConn // that receive
	posted chan func()
	stop   chan struct{}
	buf    []byte
}

// session is a session with what it sends by.
type session struct {
	*bfd.Session
	cfg  *config.BFD
	conn wire.UDPConn
	bad  bool // the last packet could not be sent
}

// NewSessions prepares for cfg. Nothing is touched yet.
func NewSessions(cfg *config.Config, opt SessionsOptions) *Sessions {
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	if opt.Network == nil {
		opt.Network = wire.Kernel{}
	}
	if opt.Tell == nil {
		opt.Tell = func(*config.BFD, bool) {}
	}
	return &Sessions{
		opt: opt, cfg: cfg, start: time.Now(), socks: map[netip.AddrPort]wire.UDPConn{},
		posted: make(chan func(), 64), stop: make(chan struct{}),
	}
}

func (s *Sessions) now() time.Duration { return time.Since(s.start) }

func (s *Sessions) logf(format string, args ...any) { s.opt.Log(fmt.Sprintf(format, args...)) }

func (s *Sessions) detailf(format string, args ...any) {
	if s.opt.Detail {
		s.logf(format, args...)
	}
}

// post runs f in the loop some time.
func (s *Sessions) post(f func()) {
	select {
	case s.posted <- f:
	case <-s.stop:
	}
}

// Do runs f in the loop and waits until it has run; false says that the loop
// has ended.
func (s *Sessions) Do(f func()) bool {
	done := make(chan struct{})
	s.post(func() { f(); close(done) })
	select {
	case <-done:
		return true
	case <-s.stop:
		return false
	}
}

// Run holds the sessions until ctx ends. The neighbours are not told of the
// end: they notice, as they would with the original.
func (s *Sessions) Run(ctx context.Context) error {
	defer close(s.stop)
	defer s.close()
	s.configure(s.cfg)
	s.Announce()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.arm(timer)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			for _, x := range s.list {
				if at, on := x.Next(); on && at <= s.now() {
					s.perform(x, x.Tick(s.now()))
				}
			}
		case f := <-s.posted:
			f()
		}
	}
}

// arm sets the timer to the earliest deadline.
func (s *Sessions) arm(timer *time.Timer) {
	first, any := time.Duration(0), false
	for _, x := range s.list {
		if at, on := x.Next(); on && (!any || at < first) {
			first, any = at, true
		}
	}
	if any {
		timer.Reset(max(first-s.now(), 0))
	} else {
		timer.Stop()
	}
}

// Reload replaces the configuration; sessions that stay keep their state.
func (s *Sessions) Reload(cfg *config.Config) error {
	if !s.Do(func() {
		s.configure(cfg)
		s.announce()
	}) {
		return context.Canceled
	}
	return nil
}

// Announce tells all states, from any goroutine.
func (s *Sessions) Announce() { go s.post(s.announce) }

func (s *Sessions) announce() {
	for _, x := range s.list {
		s.opt.Tell(x.cfg, x.State() == bfd.Up)
	}
}

// timing is what package bfd needs to know of an instance.
func timing(b *config.BFD) bfd.Config {
	return bfd.Config{Name: b.Name, MinRx: b.MinRx, MinTx: b.MinTx, IdleTx: b.IdleTx, Mult: uint8(b.Multiplier), Passive: b.Passive}
}

// configure brings up what cfg says and takes down the rest.
func (s *Sessions) configure(cfg *config.Config) {
	s.cfg = cfg
	old := map[string]*session{}
	for _, x := range s.list {
		old[x.cfg.Name] = x
	}
	s.list = nil
	for _, b := range cfg.BFDs {
		x := old[b.Name]
		if x == nil || x.cfg.Neighbour != b.Neighbour || x.cfg.Source != b.Source || x.cfg.TTL != b.TTL || x.cfg.Multihop != b.Multihop {
			s.begin(b)
			continue
		}
		delete(old, b.Name)
		x.cfg = b
		s.list = append(s.list, x)
		s.perform(x, x.Session.Reload(timing(b), s.now()))
	}
	for _, x := range old {
		x.conn.Close()
	}
	s.listen()
}

// begin starts a new session.
func (s *Sessions) begin(b *config.BFD) {
	local := b.Source
	if !local.IsValid() {
		local = unspecified(b.Neighbour.Is6())
	}
	conn, err := s.opt.Network.OpenUDP(wire.UDPSpec{Local: netip.AddrPortFrom(local, 0), Hops: b.TTL})
	if err != nil {
		s.logf("(%s) %v", b.Name, err)
		s.logf("(%s) Unable to open output socket, disabling instance", b.Name)
		return
	}
	x := &session{cfg: b, conn: conn, Session: bfd.New(timing(b), s.discriminator(), func(limit time.Duration) time.Duration { return rand.N(limit + 1) })}
	s.list = append(s.list, x)
	s.perform(x, x.Start(s.now()))
}

func unspecified(six bool) netip.Addr {
	if six {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// discriminator is a number that no session has.
func (s *Sessions) discriminator() uint32 {
	for {
		d := rand.Uint32()
		if d != 0 && s.byDiscriminator(d) == nil {
			return d
		}
	}
}

func (s *Sessions) byDiscriminator(d uint32) *session {
	for _, x := range s.list {
		if x.Local() == d {
			return x
		}
	}
	return nil
}

// at is where an instance's packets arrive.
func at(b *config.BFD) netip.AddrPort {
	port := uint16(bfd.Port)
	if b.Multihop {
		port = bfd.PortMultihop
	}
	return netip.AddrPortFrom(unspecified(b.Neighbour.Is6()), port)
}

// listen opens the sockets that the sessions receive by and closes others.
func (s *Sessions) listen() {
	wanted := map[netip.AddrPort]bool{}
	for _, x := range s.list {
		wanted[at(x.cfg)] = true
	}
	for a, c := range s.socks {
		if !wanted[a] {
			c.Close()
			delete(s.socks, a)
		}
	}
	for _, x := range s.list {
		a := at(x.cfg)
		if s.socks[a] != nil {
			continue
		}
		c, err := s.opt.Network.OpenUDP(wire.UDPSpec{Local: a})
		if err != nil {
			s.logf("%v", err)
			s.logf("Unable to open %slistening socket", enabled(x.cfg.Multihop, "multihop ", ""))
			continue
		}
		s.socks[a] = c
		go s.receive(a, c)
	}
}

// receive reads packets until the connection is closed.
func (s *Sessions) receive(local netip.AddrPort, c wire.UDPConn) {
	for {
		buf := make([]byte, 512)
		n, from, hops, err := c.Recv(buf)
		switch {
		case errors.Is(err, wire.ErrClosed):
			return
		case err != nil:
			s.post(func() { s.logf("%v", err) })
			return
		}
		at := s.now()
		s.post(func() { s.packet(local, buf[:n], from, hops, at) })
	}
}

// packet finds whom a packet is for (RFC 5880 section 6.8.6).
func (s *Sessions) packet(local netip.AddrPort, b []byte, from netip.AddrPort, hops int, now time.Duration) {
	who := fmt.Sprintf("[%s]:%d", from.Addr(), from.Port())
	p, err := bfd.Parse(b)
	if err != nil {
		s.detailf("%v", err)
		s.detailf("Discarding bogus packet from %s", who)
		return
	}
	x := s.find(local, from.Addr(), p.Your)
	switch {
	case x == nil:
		s.detailf("Discarding packet from %s (session is not found - your discriminator field is 0x%08x)", who, p.Your)
		return
	case p.Auth:
		s.detailf("Discarding packet from %s (auth bit is set, but no authentication  is in use)", who)
		return
	case hops < x.least():
		s.detailf("Packet %s(%d) < %d - discarding", enabled(from.Addr().Is6(), "hop_limit", "ttl"), hops, x.least())
		return
	}
	s.perform(x, x.Receive(p, now))
}

// find is the session of a discriminator or, before the neighbour knows it, of
// an address.
func (s *Sessions) find(local netip.AddrPort, from netip.Addr, your uint32) *session {
	for _, x := range s.list {
		switch {
		case at(x.cfg) != local || x.cfg.Neighbour.WithZone("") != from.WithZone(""):
		case your == 0 || your == x.Local():
			return x
		}
	}
	return nil
}

// least is the smallest hop limit that a packet may arrive with: neighbours are
// expected to send with ours (RFC 5881 section 5).
func (x *session) least() int {
	if x.cfg.MaxHops < 0 || x.cfg.MaxHops >= 255 {
		return -1
	}
	return x.cfg.TTL - x.cfg.MaxHops
}

// perform does what a session asks for, in order.
func (s *Sessions) perform(x *session, effects []bfd.Effect) {
	for i := range effects {
		switch e := &effects[i]; {
		case e.Log != "":
			if !e.Detail || s.opt.Detail {
				s.opt.Log(e.Log)
			}
		case e.Packet != nil:
			s.send(x, e.Packet)
		case e.State:
			s.opt.Tell(x.cfg, x.State() == bfd.Up)
		}
	}
}

// send sends a packet; a failure is logged once until one succeeds.
func (s *Sessions) send(x *session, p *bfd.Packet) {
	s.buf = p.Append(s.buf[:0])
	err := x.conn.Send(s.buf, netip.AddrPortFrom(x.cfg.Neighbour, at(x.cfg).Port()))
	if err != nil && !x.bad {
		s.detailf("sendto() error (%v)", err)
		s.logf("(%s) Error sending packet", x.cfg.Name)
	}
	x.bad = err != nil
}

// close closes what is open.
func (s *Sessions) close() {
	for _, x := range s.list {
		x.conn.Close()
	}
	for _, c := range s.socks {
		c.Close()
	}
}
