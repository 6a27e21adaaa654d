package logs

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"tandem/stats"
)

// Sinks is everything that messages of a configuration can go to. One socket
// is shared by all targets of the same address.
type Sinks struct {
	// Lost counts the messages that no target took (DroppedLogs of "show
	// info"). Set it before the first Logger.
	Lost *stats.Counter
	// Groups are the log backends, by name; Rings the declared rings, in
	// order. Set both before the first Logger.
	Groups map[string]*Group
	Rings  []*Ring

	mu      sync.Mutex
	m       map[string]*Output
	made    []*Ring // for targets that are reached over a stream
	feeders []*Feeder
	running context.Context // nil until Run
	wg      sync.WaitGroup
}

// implicitSize is the size of a ring that no section declares, bytes.
const implicitSize = 16 << 10

// Feed makes f send from its ring, now or once Run is called.
func (s *Sinks) Feed(f *Feeder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed(f)
}

func (s *Sinks) feed(f *Feeder) {
	if ctx := s.running; ctx != nil {
		s.wg.Go(func() { f.Run(ctx) })
		return
	}
	s.feeders = append(s.feeders, f)
}

// Run lets all feeders send until ctx ends and they have emptied their rings.
func (s *Sinks) Run(ctx context.Context) {
	s.mu.Lock()
	s.running = ctx
	for _, f := range s.feeders {
		s.feed(f)
	}
	s.feeders = nil
	s.mu.Unlock()
	<-ctx.Done()
	s.wg.Wait()
}

// Stream returns an output that reaches its server over a stream; about says
// where it comes from.
func (s *Sinks) Stream(about string, f *Feeder) *Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream(about, f)
}

func (s *Sinks) stream(about string, f *Feeder) *Output {
	r := NewRing(fmt.Sprintf("ring#%d", len(s.made)+1), implicitSize)
	r.Description = about
	s.made = append(s.made, r)
	f.Ring = r
	s.feed(f)
	return &Output{ring: r}
}

// Datagrams returns an output that sends datagrams.
func (s *Sinks) Datagrams(network, address string) *Output {
	return &Output{sink: &Sink{network: network, address: address, lost: s.Lost}}
}

// Ring returns the ring of that name, nil for none.
func (s *Sinks) Ring(name string) *Ring {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range [2][]*Ring{s.Rings, s.made} {
		for _, r := range list {
			if r.Name == name {
				return r
			}
		}
	}
	return nil
}

// EachRing calls f for all rings, the declared ones first.
func (s *Sinks) EachRing(f func(*Ring)) {
	s.mu.Lock()
	list := append(append([]*Ring(nil), s.Rings...), s.made...)
	s.mu.Unlock()
	for _, r := range list {
		f(r)
	}
}

// output returns where a target's messages go, and changes the target to what
// that place makes of them.
func (s *Sinks) output(t *Target) (*Output, error) {
	if name, ok := strings.CutPrefix(t.Address, "ring@"); ok {
		r := s.Ring(name)
		if r == nil {
			return nil, fmt.Errorf("unable to find ring '%s'", name)
		}
		t.Auto, t.Format = false, r.Format // the ring's format goes before the target's
		if t.Format == "" {
			t.Format = "raw"
		}
		return &Output{ring: r}, nil
	}
	if name, ok := strings.CutPrefix(t.Address, "backend@"); ok {
		g := s.Groups[name]
		if g == nil {
			return nil, fmt.Errorf("unable to find backend '%s'", name)
		}
		return &Output{group: g}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.m[t.Address]; x != nil {
		return x, nil
	}
	x, err := newSink(t.Address)
	if err != nil {
		return nil, err
	}
	x.lost = s.Lost
	o := &Output{sink: x}
	if x.network == "tcp" || x.network == "unix" {
		network, address := x.network, x.address
		about := fmt.Sprintf("created from log directive declared into '%s' at line %d", t.File, t.Line)
		o = s.stream(about, &Feeder{Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		}})
	}
	if s.m == nil {
		s.m = map[string]*Output{}
	}
	s.m[t.Address] = o
	return o, nil
}
