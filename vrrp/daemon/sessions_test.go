package daemon

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/wire"
)

// air carries datagrams between the connections that were opened on it.
type air struct {
	mu    sync.Mutex
	conns map[netip.AddrPort]*airConn
	port  uint16
	cut   bool
	hops  int
}

type airMsg struct {
	b    []byte
	from netip.AddrPort
	hops int
}

type airConn struct {
	air  *air
	me   netip.AddrPort
	hops int
	in   chan airMsg
	once sync.Once
	done chan struct{}
}

// side is the air as one machine, with one address, uses it.
type side struct {
	*air
	addr netip.Addr
}

// OpenUDP implements [wire.Datagrams].
func (s side) OpenUDP(spec wire.UDPSpec) (wire.UDPConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	me := netip.AddrPortFrom(s.addr, spec.Local.Port())
	if me.Port() == 0 {
		s.port++
		me = netip.AddrPortFrom(s.addr, 50000+s.port)
	}
	c := &airConn{air: s.air, me: me, hops: spec.Hops, in: make(chan airMsg, 64), done: make(chan struct{})}
	s.conns[me] = c
	return c, nil
}

func (c *airConn) Send(b []byte, to netip.AddrPort) error {
	c.air.mu.Lock()
	defer c.air.mu.Unlock()
	if peer := c.air.conns[to]; peer != nil && !c.air.cut {
		select {
		case peer.in <- airMsg{bytes.Clone(b), c.me, c.hops - c.air.hops}:
		default:
		}
	}
	return nil
}

func (c *airConn) Recv(b []byte) (int, netip.AddrPort, int, error) {
	select {
	case m := <-c.in:
		return copy(b, m.b), m.from, m.hops, nil
	case <-c.done:
		return 0, netip.AddrPort{}, -1, wire.ErrClosed
	}
}

func (c *airConn) Close() error {
	c.once.Do(func() { close(c.done) })
	return nil
}

// chat is a Feed in memory.
type chat struct {
	in, out chan []byte
	done    chan struct{}
}

func newChat() (a, b *chat) {
	x, y, done := make(chan []byte, 4), make(chan []byte, 4), make(chan struct{})
	return &chat{x, y, done}, &chat{y, x, done}
}

func (c *chat) Send(b []byte) error {
	select {
	case c.out <- bytes.Clone(b):
		return nil
	default:
		return fmt.Errorf("full")
	}
}

func (c *chat) Recv(b []byte) (int, error) {
	select {
	case m := <-c.in:
		return copy(b, m), nil
	case <-c.done:
		return 0, wire.ErrClosed
	}
}

// bfdConfig reads a configuration of sessions.
func bfdConfig(t *testing.T, text string) *config.Config {
	t.Helper()
	res := config.Load("test.conf", []byte(text), config.Options{HostName: "h", HasInterface: func(string) bool { return true }})
	if res.Fatal || len(res.Config.BFDs) == 0 {
		t.Fatalf("%+v", res.Diags.All)
	}
	return res.Config
}

const bfdText = `
bfd_instance B1 {
  neighbor_ip 10.0.0.%d
  min_rx 100
  min_tx 100
  multiplier 3
  %s
}
`

// runSessions runs one side until the test ends.
func runSessions(t *testing.T, a *air, addr string, cfg *config.Config, tell func(*config.BFD, bool), log func(string)) *Sessions {
	s := NewSessions(cfg, SessionsOptions{Network: side{a, netip.MustParseAddr(addr)}, Tell: tell, Log: log, Detail: true})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// told collects states.
type told struct {
	mu  sync.Mutex
	all []string
}

func (l *told) add(b *config.BFD, up bool) { l.line(fmt.Sprintf("%s %v", b.Name, up)) }

func (l *told) line(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, s)
}

func (l *told) want(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.all, want) {
		t.Errorf("told %q, want %q", l.all, want)
	}
	l.all = nil
}

func TestSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sky := &air{conns: map[netip.AddrPort]*airConn{}}
		var a, b told
		one := runSessions(t, sky, "10.0.0.1", bfdConfig(t, fmt.Sprintf(bfdText, 2, "")), a.add, nil)
		runSessions(t, sky, "10.0.0.2", bfdConfig(t, fmt.Sprintf(bfdText, 1, "")), b.add, nil)
		time.Sleep(3 * time.Second)
		a.want(t, "B1 false", "B1 true")
		b.want(t, "B1 false", "B1 true")

		var dump bytes.Buffer
		if err := one.WriteData(&dump); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{" BFD Instance = B1\n", "   local state = Up\n", "   local detection time = 300000 us\n"} {
			if !strings.Contains(dump.String(), line) {
				t.Errorf("the dump lacks %q:\n%s", line, dump.String())
			}
		}

		// A reload keeps the session and tells its state again.
		if err := one.Reload(bfdConfig(t, fmt.Sprintf(bfdText, 2, "weight 5"))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		a.want(t, "B1 true")
		b.want(t)

		sky.mu.Lock()
		sky.cut = true
		sky.mu.Unlock()
		time.Sleep(time.Second)
		a.want(t, "B1 false")
		b.want(t, "B1 false")
	})
}

func TestSessionsTooFar(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sky := &air{conns: map[netip.AddrPort]*airConn{}, hops: 2}
		var log, near, far told
		runSessions(t, sky, "10.0.0.1", bfdConfig(t, fmt.Sprintf(bfdText, 2, "max_hops 1")), near.add, log.line)
		runSessions(t, sky, "10.0.0.2", bfdConfig(t, fmt.Sprintf(bfdText, 1, "max_hops 2")), far.add, nil)
		time.Sleep(1500 * time.Millisecond)
		near.want(t, "B1 false")
		if log.mu.Lock(); !slices.Contains(log.all, "Packet ttl(253) < 254 - discarding") {
			t.Errorf("logged %q", log.all)
		}
		log.mu.Unlock()
	})
}

// TestFollower follows a session from the process that holds it to the machine
// of the process that needs it, also when the feed was full.
func TestFollower(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := newChat()
		defer close(near.done)
		cfg := bfdConfig(t, fmt.Sprintf(bfdText, 2, "")+strings.Replace(fmt.Sprintf(bfdText, 3, ""), "B1", "B2", 1))
		state := map[string]bool{"B1": true}
		var out *Outlet
		all := func() {
			for _, b := range cfg.BFDs {
				out.Tell(b.Name, state[b.Name])
			}
		}
		// Nobody reads yet: what is told is lost from the fifth on.
		out = &Outlet{feed: near, all: all}
		for range 6 {
			out.Tell("B1", false)
		}
		out = NewOutlet(near, all)

		var log, events told
		p := NewFollower(far, log.line, true)
		event := func(ev fsm.Event) {
			x := ev.(fsm.Track)
			events.line(fmt.Sprintf("%s %v", x.Name, x.Up))
		}
		for _, ev := range p.Begin(cfg, false, event) {
			event(ev)
		}
		events.want(t, "B1 false", "B2 false")
		time.Sleep(2 * again)
		synctest.Wait()
		if n := len(events.all); n < 6 || !slices.Contains(events.all, "B1 true") || !slices.Contains(events.all, "B2 false") {
			t.Errorf("the machine got %q", events.all)
		}
		events.all = nil
		out.Tell("B1", true) // no news
		out.Tell("B1", false)
		synctest.Wait()
		events.want(t, "B1 true", "B1 false")
		var words []string
		for _, l := range log.all {
			head, _, _ := strings.Cut(l, " (delivered")
			words = append(words, head)
		}
		if n := len(words); n < 3 || words[n-1] != "Received BFD event: instance B1 is in state Down" {
			t.Errorf("logged %q", words)
		}
		for i, w := range words {
			if i > 0 && w == words[i-1] {
				t.Errorf("%q was logged twice", w)
			}
		}
	})
}
