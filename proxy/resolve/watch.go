package resolve

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Failure is how a resolution failed.
type Failure uint8

// Failures that "hold" knows.
const (
	None Failure = iota
	NX
	Refused
	Timeout
	Other
)

// String returns the word that messages use.
func (f Failure) String() string {
	return [...]string{"", "NX status", "refused status", "timeout status", "unspecified error"}[f]
}

// period returns for how long an older answer outweighs the failure.
func (h *Hold) period(f Failure) time.Duration {
	switch f {
	case NX:
		return h.NX
	case Refused:
		return h.Refused
	case Timeout:
		return h.Timeout
	}
	return h.Other
}

// Answer is what a resolution found.
type Answer struct {
	Addrs   []netip.Addr
	Failure Failure
	By      string // "resolvers/nameserver", for messages
}

// Exchange asks one name server one question; tests replace the network.
type Exchange func(ctx context.Context, ns NameServer, q *dns.Msg) (*dns.Msg, error)

// Network asks over UDP, and over TCP where the server is a stream one or the
// answer was cut.
func Network(ctx context.Context, ns NameServer, q *dns.Msg) (*dns.Msg, error) {
	c := dns.Client{}
	if ns.TCP {
		c.Net = "tcp"
	}
	m, _, err := c.ExchangeContext(ctx, q, ns.Addr)
	if err == nil && m.Truncated && !ns.TCP {
		c.Net = "tcp"
		m, _, err = c.ExchangeContext(ctx, q, ns.Addr)
	}
	return m, err
}

// Query resolves a name: all name servers are asked at once and the first
// valid answer counts; a family that has none gives way to the other one.
func (s *Section) Query(ctx context.Context, ask Exchange, name, prefer string) Answer {
	types := []uint16{dns.TypeAAAA, dns.TypeA}
	if prefer == "ipv4" {
		types = []uint16{dns.TypeA, dns.TypeAAAA}
	}
	last := Answer{Failure: Timeout, By: s.Name}
	for range max(1, s.Retries) {
		for _, t := range types {
			last = s.round(ctx, ask, name, t)
			if last.Failure == None {
				return last
			}
		}
		if last.Failure == NX || ctx.Err() != nil {
			break
		}
	}
	return last
}

// round asks all name servers for one type.
func (s *Section) round(ctx context.Context, ask Exchange, name string, typ uint16) Answer {
	ctx, cancel := context.WithTimeout(ctx, s.Retry)
	defer cancel()
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), typ)
	q.SetEdns0(uint16(s.Payload), false)
	answers := make(chan Answer, len(s.NameServers))
	for _, ns := range s.NameServers {
		go func() {
			m, err := ask(ctx, ns, q)
			a := read(m, err)
			a.By = s.Name + "/" + ns.Name
			answers <- a
		}()
	}
	last := Answer{Failure: Timeout, By: s.Name}
	for range s.NameServers {
		select {
		case a := <-answers:
			if a.Failure == None {
				return a
			}
			last = a
		case <-ctx.Done():
			return last
		}
	}
	return last
}

// read makes an Answer of a message.
func read(m *dns.Msg, err error) Answer {
	var ne net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return Answer{Failure: Timeout}
	case err != nil:
		return Answer{Failure: Other}
	case m.Rcode == dns.RcodeNameError:
		return Answer{Failure: NX}
	case m.Rcode == dns.RcodeRefused:
		return Answer{Failure: Refused}
	case m.Rcode != dns.RcodeSuccess:
		return Answer{Failure: Other}
	}
	var a Answer
	for _, rr := range m.Answer {
		var ip net.IP
		switch r := rr.(type) {
		case *dns.A:
			ip = r.A
		case *dns.AAAA:
			ip = r.AAAA
		default:
			continue
		}
		if x, ok := netip.AddrFromSlice(ip); ok {
			a.Addrs = append(a.Addrs, x.Unmap())
		}
	}
	if len(a.Addrs) == 0 {
		a.Failure = NX
	}
	return a
}

// Watch is one name that is followed while the process runs.
type Watch struct {
	Name   string
	Prefer string // ipv4 or ipv6
	Nets   []netip.Prefix
	// Update is told of a new address, and with an invalid one that the name
	// has none any more; by says which name server answered, why what failed.
	Update func(addr netip.Addr, by string, why Failure)

	lastValid time.Time
	present   netip.Addr
	lost      bool
}

// Step takes an answer and returns what changed: the address to use, or that
// there is none. It owns no clock.
func (w *Watch) Step(h *Hold, a Answer, now time.Time) (addr netip.Addr, changed bool) {
	if a.Failure == None {
		w.lastValid = now
		next := Choose(a.Addrs, w.Prefer, w.Nets, w.present)
		changed = next != w.present || w.lost
		w.present, w.lost = next, false
		return next, changed
	}
	if w.lost || now.Sub(w.lastValid) < h.period(a.Failure) {
		return w.present, false
	}
	w.lost = true
	return netip.Addr{}, true
}

// Runner follows names until it is stopped.
type Runner struct {
	Section *Section
	Ask     Exchange // nil: the network

	wg     sync.WaitGroup
	cancel context.CancelFunc
}

// Run starts to follow names; present is what each was at start.
func (r *Runner) Run(list []*Watch, present []netip.Addr) {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	ask := r.Ask
	if ask == nil {
		ask = Network
	}
	for i, w := range list {
		if i < len(present) {
			w.present = present[i]
		}
		w.lastValid = time.Now()
		r.wg.Go(func() { r.follow(ctx, ask, w) })
	}
}

// follow resolves one name again and again.
func (r *Runner) follow(ctx context.Context, ask Exchange, w *Watch) {
	s := r.Section
	for {
		a := s.Query(ctx, ask, w.Name, w.Prefer)
		if ctx.Err() != nil {
			return
		}
		if addr, changed := w.Step(&s.Hold, a, time.Now()); changed {
			w.Update(addr, a.By, a.Failure)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(s.Resolve, time.Millisecond)):
		}
	}
}

// Stop ends all resolutions and waits for them.
func (r *Runner) Stop() {
	if r.cancel != nil {
		r.cancel()
	}
	r.wg.Wait()
}
