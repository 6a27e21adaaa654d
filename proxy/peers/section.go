package peers

import (
	"context"
	"net"
	"sync"
	"time"

	"tandem/proxy/stick"
)

// Section is a peers section at run time (configuration manual 11.2).
type Section struct {
	Name     string
	Local    string // name of this process
	Disabled bool
	Peers    []*Peer // in the order of the lines, the local one too
	Tables   []*Shared
	PID      int

	changes *stick.Changes

	mu      sync.Mutex
	learn   learner
	stopped bool
	closing context.CancelFunc
	wg      sync.WaitGroup
	calls   uint64 // turns of the section's goroutine, for "show peers"
	handing bool   // everything is taught to the process that follows
	taught  bool   // which has confirmed it
}

// Peer is one peer of a section.
type Peer struct {
	Name  string
	Addr  string // as "show peers" prints it
	Local bool
	Shard int // "shard": the part of the entries that it gets; 0: all
	// Dial connects to the peer.
	Dial func(ctx context.Context) (net.Conn, error)

	// Guarded by the section's lock.
	session     *session
	status      string // of the last attempt to connect
	handshake   time.Time
	reconnect   time.Time
	cursors     map[*Shared]*cursor
	freed       chan struct{} // written to when a session is over
	sentBeats   uint64
	heardBeats  uint64
	missedBeats uint64
	newConns    uint64
	protoErrors uint64
	collisions  uint64
}

// cursor is what a peer knows of a table, and what is known of its own.
type cursor struct {
	pushed, acked uint32 // of our numbers
	origin        uint32 // up to where it was taught
	got           uint32 // of its numbers
	sentAck       uint32
	ackIt         bool
	remote        *Definition
	defined       bool // in this connection: it was told what the table is
}

func (p *Peer) cursor(t *Shared) *cursor {
	if p.cursors == nil {
		p.cursors = map[*Shared]*cursor{}
	}
	c := p.cursors[t]
	if c == nil {
		c = &cursor{}
		p.cursors[t] = c
	}
	return c
}

// nowMS is the clock of stick tables.
func nowMS() int64 { return time.Now().UnixMilli() }

// Start begins to connect to all peers; replaces says that this process takes
// over from another one.
func (s *Section) Start(replaces bool) {
	ctx, cancel := context.WithCancel(context.Background())
	s.changes = stick.NewChanges()
	for i, t := range s.Tables {
		t.ID = uint64(i) + 1
		t.Table.Log(s.changes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = cancel
	s.learn.start(replaces, time.Now())
	for _, t := range s.Tables {
		for _, e := range t.Table.Entries(nowMS()) {
			t.touch(e, true)
		}
	}
	for _, p := range s.Peers {
		p.status, p.freed = "NONE", make(chan struct{}, 1)
		if !p.Local && p.Dial != nil {
			s.wg.Go(func() { s.keep(ctx, p) })
		}
	}
	s.wg.Go(func() { s.loop(ctx) })
}

// Stop ends all connections. Nothing is taught any more.
func (s *Section) Stop() {
	s.mu.Lock()
	s.stopped = true
	cancel := s.closing
	for _, p := range s.Peers {
		if p.session != nil {
			p.session.close()
		}
	}
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	s.wg.Wait()
	for _, t := range s.Tables {
		t.Table.Log(nil)
	}
}

// idleTurn is how often the section looks after itself without a reason.
const idleTurn = 3 * time.Second

// loop notes changes and moves the first synchronisation on.
func (s *Section) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.changes.Wake():
			if d := time.Since(last); d < gather {
				timer.Reset(gather - d)
				continue
			}
		}
		last = time.Now()
		timer.Reset(s.turn(last))
	}
}

// gather is how long changes that follow one another wait for each other: an
// entry that changes with each request is told of once in this time.
const gather = 5 * time.Millisecond

// turn does what is to be done now, and returns how long nothing will be.
func (s *Section) turn(now time.Time) time.Duration {
	list := s.changes.Take()
	used := make([]int, len(s.Tables))
	for i, t := range s.Tables {
		used[i] = t.Table.Used(now.UnixMilli())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, e := range list {
		for _, t := range s.Tables {
			if e.In(t.Table) {
				t.touch(e, true)
			}
		}
	}
	for i, t := range s.Tables {
		t.sweep(used[i])
	}
	s.learn.tick(now)
	s.ask()
	for _, p := range s.Peers {
		if p.session != nil && len(list) > 0 {
			p.session.poke()
		}
	}
	next := idleTurn
	if at := s.learn.wake(); !at.IsZero() {
		next = min(next, max(at.Sub(now), time.Millisecond))
	}
	return next
}

// ask asks a peer for everything it knows, where that is wanted. The lock is
// held.
func (s *Section) ask() {
	var connected []*Peer
	for _, p := range s.Peers {
		if p.session != nil && !p.Local {
			connected = append(connected, p)
		}
	}
	if p := s.learn.choose(connected); p != nil {
		p.session.control(resyncRequest)
	}
}

// byName returns the peer of that name, nil if there is none.
func (s *Section) byName(name string) *Peer {
	for _, p := range s.Peers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// table finds the table that a peer tells of.
func (s *Section) table(name string) *Shared {
	for _, t := range s.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// byID finds the table that we call id.
func (s *Section) byID(id uint64) *Shared {
	if id == 0 || id > uint64(len(s.Tables)) {
		return nil
	}
	return s.Tables[id-1]
}
