package server

import (
	"container/heap"
	"time"
)

// Place is one request's place in a queue. It may be used again and again by
// the same goroutine, and allocates only once.
type Place struct {
	Class  int           // priority class: lower goes first (set-priority-class)
	Offset time.Duration // added to the moment of arrival (set-priority-offset)

	key   int64 // arrival + offset, in nanoseconds
	seq   uint64
	index int // in its heap; -1: not queued
	list  *waitList
	ch    chan grant
}

// grant wakes a waiting request: the server whose slot it has, or nil where it
// must choose again because its server went away.
type grant struct{ s *Server }

// Outcome says how waiting ended.
type Outcome uint8

// Outcomes of Wait.
const (
	Granted  Outcome = iota // a slot of the returned server was taken: Leave gives it back
	Full                    // the queue is longer than maxqueue allows
	TimedOut                // the timeout passed
	Aborted                 // the caller's abort channel fired
	Requeued                // the server went down: choose again
)

// waitList is a queue in order of class, arrival and number.
type waitList struct {
	items []*Place
	seq   uint64
}

// Len, Less, Swap, Push and Pop are the heap's.
func (l *waitList) Len() int { return len(l.items) }

// Less orders by class, then by arrival with its offset, then by number.
func (l *waitList) Less(i, j int) bool { return l.items[i].before(l.items[j]) }

// Swap exchanges two places.
func (l *waitList) Swap(i, j int) {
	l.items[i], l.items[j] = l.items[j], l.items[i]
	l.items[i].index, l.items[j].index = i, j
}

// Push appends a *Place.
func (l *waitList) Push(x any) {
	p := x.(*Place)
	p.index = len(l.items)
	l.items = append(l.items, p)
}

// Pop removes the last one.
func (l *waitList) Pop() any {
	n := len(l.items) - 1
	p := l.items[n]
	l.items[n], l.items = nil, l.items[:n]
	p.index, p.list = -1, nil
	return p
}

func (p *Place) before(q *Place) bool {
	if p.Class != q.Class {
		return p.Class < q.Class
	}
	if p.key != q.key {
		return p.key < q.key
	}
	return p.seq < q.seq
}

// Limit returns how many requests the server may handle at once now: maxconn,
// or a value between minconn and maxconn that follows the backend's load, and
// a part of it during a slow start (configuration manual 5.2). 0: no limit.
func (s *Server) Limit() int64 {
	limit := s.maxConn.Load()
	if limit == 0 {
		return 0
	}
	if low := int64(s.Params.MinConn); low > 0 && low < limit {
		if full := int64(s.Backend.Settings().FullConn); full > 0 {
			if load := s.Backend.cur.Load(); load < full {
				limit = max(low, load*limit/full)
			}
		}
	}
	if pct := int64(s.starting.Load()); pct > 0 {
		limit = max(1, limit*pct/100)
	}
	return limit
}

// Room says whether a request could go to the server at once.
func (s *Server) Room() bool {
	if s.maxConn.Load() == 0 {
		return true
	}
	return s.waiting.Load() == 0 && s.cur.Load() < s.Limit()
}

// Enter takes a slot for one request, if there is one at once and nobody
// waits for it. Leave must follow.
func (s *Server) Enter() bool {
	if s.maxConn.Load() == 0 {
		s.cur.Add(1)
		s.Backend.cur.Add(1)
		return true
	}
	return s.waiting.Load() == 0 && s.take()
}

// EnterAnyway takes a slot whatever the limit: for traffic that must not wait.
func (s *Server) EnterAnyway() {
	s.cur.Add(1)
	s.Backend.cur.Add(1)
}

// take is Enter without regard to those who wait.
func (s *Server) take() bool {
	for {
		n := s.cur.Load()
		if limit := s.Limit(); limit > 0 && n >= limit {
			return false
		}
		if s.cur.CompareAndSwap(n, n+1) {
			s.Backend.cur.Add(1)
			return true
		}
	}
}

// Leave gives a slot back and lets the next waiting request have it.
func (s *Server) Leave() {
	s.cur.Add(-1)
	s.Backend.cur.Add(-1)
	if s.waiting.Load() != 0 || s.Backend.waiting.Load() != 0 {
		s.dispatch()
	}
}

// dispatch lets waiting requests in while there is room.
func (s *Server) dispatch() {
	b := s.Backend
	if s.waiting.Load() == 0 && b.waiting.Load() == 0 {
		return
	}
	if limit := s.Limit(); limit > 0 && s.cur.Load() >= limit {
		return
	}
	usable := s.chosen.Load()
	b.qmu.Lock()
	defer b.qmu.Unlock()
	for {
		from := &s.queue
		if usable && b.queue.Len() > 0 && (from.Len() == 0 || b.queue.items[0].before(from.items[0])) {
			from = &b.queue
		}
		if from.Len() == 0 || !s.take() {
			return
		}
		p := heap.Pop(from).(*Place)
		s.counted(from, -1)
		p.ch <- grant{s}
	}
}

// counted keeps the counters of a queue; the queue lock is held.
func (s *Server) counted(l *waitList, d int64) {
	if l == &s.queue {
		s.waiting.Add(d)
		s.Stats.Queue.Add(d)
		return
	}
	s.Backend.waiting.Add(d)
	s.Backend.Stats.Queue.Add(d)
}

// Wait puts a request in the queue of s, or in that of the backend where s is
// nil and every server is full, and waits for its turn. abort may be nil.
// timeout is "timeout queue"; 0: none. now is the moment of arrival.
func (b *Backend) Wait(p *Place, s *Server, timeout time.Duration, abort <-chan struct{}, now time.Time) (*Server, Outcome) {
	if p.ch == nil {
		p.ch = make(chan grant, 1)
	}
	if s != nil {
		if limit := int64(s.Params.MaxQueue); limit > 0 && s.waiting.Load() >= limit {
			return nil, Full
		}
	}
	b.enqueue(p, s, now)
	// A slot may have become free between the caller's look and the queue.
	if s != nil {
		s.dispatch()
	} else {
		for _, x := range b.Farm().Servers {
			x.dispatch()
		}
	}
	var timer <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		timer = t.C
	}
	select {
	case g := <-p.ch:
		return granted(g)
	case <-timer:
		return b.withdraw(p, s, TimedOut)
	case <-abort:
		return b.withdraw(p, s, Aborted)
	}
}

func granted(g grant) (*Server, Outcome) {
	if g.s == nil {
		return nil, Requeued
	}
	return g.s, Granted
}

// enqueue puts p in its queue.
func (b *Backend) enqueue(p *Place, s *Server, now time.Time) {
	b.qmu.Lock()
	defer b.qmu.Unlock()
	l := &b.queue
	if s != nil {
		l = &s.queue
	}
	l.seq++
	p.seq, p.key, p.list = l.seq, now.Add(p.Offset).UnixNano(), l
	heap.Push(l, p)
	b.count(l, s, 1)
}

func (b *Backend) count(l *waitList, s *Server, d int64) {
	if l == &b.queue {
		b.waiting.Add(d)
		b.Stats.Queue.Add(d)
		return
	}
	s.counted(l, d)
}

// withdraw takes p out of its queue. Where it was granted a slot in the same
// moment, the slot is kept: the caller has it.
func (b *Backend) withdraw(p *Place, s *Server, why Outcome) (*Server, Outcome) {
	b.qmu.Lock()
	l := p.list
	if l == nil {
		b.qmu.Unlock()
		g := <-p.ch
		if why == Aborted && g.s != nil {
			g.s.Leave()
			return nil, Aborted
		}
		return granted(g)
	}
	heap.Remove(l, p.index)
	b.count(l, s, -1)
	b.qmu.Unlock()
	return nil, why
}

// requeue sends all requests that wait for s to choose again, and returns how
// many they were.
func (s *Server) requeue() int {
	b := s.Backend
	b.qmu.Lock()
	defer b.qmu.Unlock()
	n := 0
	for s.queue.Len() > 0 {
		p := heap.Pop(&s.queue).(*Place)
		s.counted(&s.queue, -1)
		p.ch <- grant{}
		n++
	}
	return n
}
