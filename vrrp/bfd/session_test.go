package bfd

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// end is one side of a simulated pair.
type end struct {
	*Session
	states []string // "at state"
	logs   []string
	sent   []time.Duration
	inbox  []Packet
	last   Packet
}

// pair are two sessions that talk without delay, and the time.
type pair struct {
	t    *testing.T
	now  time.Duration
	ends [2]*end
	cut  bool // nothing arrives
}

func newPair(t *testing.T, a, b Config) *pair {
	p := &pair{t: t}
	for i, c := range []Config{a, b} {
		p.ends[i] = &end{Session: New(c, uint32(i+1), func(limit time.Duration) time.Duration { return limit / 2 })}
		p.do(i, p.ends[i].Start(0))
	}
	return p
}

func (p *pair) do(i int, effects []Effect) {
	e := p.ends[i]
	for _, x := range effects {
		switch {
		case x.Log != "":
			e.logs = append(e.logs, x.Log)
		case x.State:
			e.states = append(e.states, e.State().String())
		case x.Packet != nil:
			e.sent = append(e.sent, p.now)
			e.last = *x.Packet
			if !p.cut {
				p.ends[1-i].inbox = append(p.ends[1-i].inbox, *x.Packet)
			}
		}
	}
}

// deliver hands over what was sent; false: there was nothing.
func (p *pair) deliver() bool {
	for i, e := range p.ends {
		if len(e.inbox) > 0 {
			first := e.inbox[0]
			e.inbox = e.inbox[1:]
			p.do(i, e.Receive(first, p.now))
			return true
		}
	}
	return false
}

// run lets d pass.
func (p *pair) run(d time.Duration) {
	until := p.now + d
	for range 100000 {
		if p.deliver() {
			continue
		}
		who, next := -1, until
		for i, e := range p.ends {
			if at, on := e.Next(); on && at <= next {
				who, next = i, at
			}
		}
		if next < p.now {
			p.t.Fatalf("due at %v, but it is %v", next, p.now)
		}
		p.now = next
		if who < 0 {
			return
		}
		p.do(who, p.ends[who].Tick(p.now))
	}
	p.t.Fatal("time stands still")
}

func (p *pair) want(states ...State) {
	p.t.Helper()
	for i, s := range states {
		if got := p.ends[i].State(); got != s {
			p.t.Errorf("at %v side %d is %v, want %v", p.now, i, got, s)
		}
	}
}

func fast(name string) Config {
	return Config{Name: name, MinRx: 200 * ms, MinTx: 100 * ms, IdleTx: time.Second, Mult: 3}
}

func TestUpAndDown(t *testing.T) {
	t.Parallel()
	p := newPair(t, fast("A"), fast("B"))
	p.run(2 * time.Second)
	p.want(Up, Up)
	for i, e := range p.ends {
		if v := e.View(); v.Interval != 200*ms || v.Detect != 600*ms || v.Poll {
			t.Errorf("side %d: %+v, want packets every 200 ms, detection in 600 ms, and no poll", i, v)
		}
	}
	// Between 75 and 100 percent of the interval (RFC 5880 section 6.8.7).
	a := p.ends[0]
	a.sent = nil
	p.run(4 * time.Second)
	for i := 1; i < len(a.sent); i++ {
		if gap := a.sent[i] - a.sent[i-1]; gap < 150*ms || gap > 200*ms {
			t.Errorf("%v between two packets", gap)
		}
	}
	p.cut = true
	p.run(time.Second)
	p.want(Down, Down)
	if !slices.Equal(a.states, []string{"Up", "Down"}) {
		t.Errorf("told %v", a.states)
	}
	if v := a.View(); v.Diag != DiagExpired || v.Remote != 0 || a.last.Diag != DiagExpired || a.last.MinTx != 1000000 {
		t.Errorf("after a loss: %+v, last packet %+v", v, a.last)
	}
	p.cut = false
	p.run(3 * time.Second)
	p.want(Up, Up)
}

func TestOneSideStarts(t *testing.T) {
	t.Parallel()
	a := fast("A")
	a.Passive = true
	p := newPair(t, a, a)
	p.run(time.Minute)
	p.want(Down, Down)
	if len(p.ends[0].sent)+len(p.ends[1].sent) > 0 {
		t.Error("two passive sides talk")
	}
	p = newPair(t, a, fast("B"))
	p.run(2 * time.Second)
	p.want(Up, Up)
}

// TestNeighbourBeginsAgain is a neighbour that was restarted: it knows nothing
// and says Down.
func TestNeighbourBeginsAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t, fast("A"), fast("B"))
	p.run(2 * time.Second)
	p.ends[1] = &end{Session: New(fast("B"), 99, func(time.Duration) time.Duration { return 0 })}
	p.do(1, p.ends[1].Start(p.now))
	p.run(5 * time.Second)
	p.want(Up, Up)
	a := p.ends[0]
	if !slices.Equal(a.states, []string{"Up", "Down", "Up"}) || a.View().Remote != 99 {
		t.Errorf("told %v, neighbour %d", a.states, a.View().Remote)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	p := newPair(t, fast("A"), fast("B"))
	p.run(2 * time.Second)
	c := fast("A")
	c.MinTx, c.MinRx = time.Second, 50*ms
	p.do(0, p.ends[0].Reload(c, p.now))
	p.run(2 * time.Second)
	p.want(Up, Up)
	a, b := p.ends[0].View(), p.ends[1].View()
	if a.Interval != time.Second || a.Poll || a.Detect != 300*ms || b.Detect != 3*time.Second {
		t.Errorf("after a reload: %+v and %+v", a, b)
	}
	if !slices.Equal(p.ends[0].states, []string{"Up"}) {
		t.Errorf("told %v", p.ends[0].states)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	s := New(Config{Name: "B1", MinRx: 200 * ms, MinTx: 200 * ms, IdleTx: time.Second, Mult: 3}, 7, func(time.Duration) time.Duration { return 0 })
	var logs []string
	say := func(effects []Effect) {
		for _, e := range effects {
			if e.Log != "" {
				logs = append(logs, e.Log)
			}
		}
	}
	say(s.Start(0))
	say(s.Receive(Packet{State: Init, Mult: 3, My: 9, Your: 7, MinTx: 1000000, MinRx: 200000}, ms))
	say(s.Tick(4 * time.Second))
	want := []string{
		"(B1) ---------------< Session parameters >--------------",
		"              min_tx  min_rx  tx_intv  mult  detect_time",
		"     local   1000000  200000  1000000     3      3000000",
		"     remote  1000000  200000  1000000     3      3000000",
		"     Detection time is 3000000 us (was 0 us)",
		"(B1) Entering Up state",
		"(B1) Starting poll sequence",
		"(B1) Expired after 3000 ms (999000 usec overdue)",
		"(B1) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)",
	}
	if !slices.Equal(logs, want) {
		t.Errorf("said %q\nwant %q", logs, want)
	}
}

func TestReceive(t *testing.T) {
	t.Parallel()
	pkt := func(s State) Packet { return Packet{State: s, Mult: 3, My: 9, Your: 7, MinTx: 100000, MinRx: 100000} }
	// RFC 5880 section 6.8.6, the state machine.
	for _, c := range []struct {
		from, got, to State
	}{
		{Down, AdminDown, Down}, {Down, Down, Init}, {Down, Init, Up}, {Down, Up, Down},
		{Init, AdminDown, Down}, {Init, Down, Init}, {Init, Init, Up}, {Init, Up, Up},
		{Up, AdminDown, Down}, {Up, Down, Down}, {Up, Init, Up}, {Up, Up, Up},
	} {
		s := New(fast("A"), 7, func(time.Duration) time.Duration { return 0 })
		s.Start(0)
		s.state = c.from
		s.Receive(pkt(c.got), ms)
		if s.State() != c.to {
			t.Errorf("%v with %v became %v, want %v", c.from, c.got, s.State(), c.to)
		}
	}
	s := New(fast("A"), 7, func(time.Duration) time.Duration { return 0 })
	s.Start(0)
	s.Receive(pkt(Init), ms)
	silent := pkt(Up)
	silent.MinRx = 0
	s.Receive(silent, 2*ms)
	if s.sending {
		t.Error("sends although the neighbour wants nothing")
	}
	demand := pkt(Up)
	demand.Demand, demand.Final = true, true
	s.Receive(demand, 3*ms)
	if s.sending {
		t.Error("sends although the neighbour asked for silence")
	}
	poll := pkt(Up)
	poll.Poll, poll.Demand = true, true
	if e := s.Receive(poll, 4*ms); !slices.ContainsFunc(e, func(e Effect) bool { return e.Packet != nil && e.Packet.Final && !e.Packet.Poll }) {
		t.Errorf("a poll was answered by %+v", e)
	}
}

// FuzzSession plays any packets at any times: a session never wants to be woken
// in the past, so it cannot spin.
func FuzzSession(f *testing.F) {
	f.Add([]byte("\x10\x40\x03\x00\x00\x10\x00\x20\x80\x03\x01\x00"), uint8(3), false)
	f.Fuzz(func(t *testing.T, in []byte, mult uint8, passive bool) {
		c := fast("F")
		c.Mult, c.Passive = max(mult, 1), passive
		s := New(c, 7, func(limit time.Duration) time.Duration { return limit / 3 })
		now := time.Duration(0)
		s.Start(now)
		for len(in) >= 6 {
			until := now + time.Duration(in[0])*10*ms
			for range 10000 {
				at, on := s.Next()
				if !on || at > until {
					break
				}
				now = max(now, at)
				s.Tick(now)
				if next, on := s.Next(); on && next <= now {
					t.Fatalf("at %v it wants to be woken at %v", now, next)
				}
			}
			now = until
			s.Receive(Packet{
				State: State(in[1] >> 6), Poll: in[1]&bitPoll != 0, Final: in[1]&(bitPoll|bitFinal) == bitFinal, Demand: in[1]&bitDemand != 0,
				Diag: Diag(in[1] & 1), Mult: max(in[2], 1), My: 5, Your: 7,
				MinTx: uint32(in[3]) * 10000, MinRx: uint32(binary.BigEndian.Uint16(in[4:])) * 100,
			}, now)
			in = in[6:]
		}
	})
}
