package resolve

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Follower is told what becomes of a question. Its methods are called from
// the resolver's goroutine, one at a time; they may call Follow and Unfollow.
type Follower interface {
	// Found is told the records after each sound answer; by is who answered,
	// for messages. It says whether that changed anything.
	Found(s *Set, by string) (changed bool)
	// Lost is told that nothing is known any more.
	Lost(why Status)
}

// Resolver follows names by the name servers of a section.
type Resolver struct {
	Section *Section
	// Families says which address families count; nil: both.
	Families func() Families
	// Open makes the way to a name server; nil: sockets.
	Open func(NameServer, *Section) Transport

	counters []Counters
	ways     []Transport

	mu     sync.Mutex
	queue  []func() // run by the resolver's goroutine
	closed bool
	signal chan struct{}
	cancel context.CancelFunc
	done   chan struct{}

	// Owned by the goroutine.
	names   map[Question]*watched
	order   []*watched // the same, in order of arrival
	waiting map[uint16]*query
}

// watched is a name with those who follow it.
type watched struct {
	name
	followers []Follower
}

// query is one question on its way to all name servers.
type query struct {
	w    *watched
	typ  uint16
	told []bool // by name server: it has answered
}

// New returns a resolver that does nothing before Start.
func New(s *Section) *Resolver {
	return &Resolver{Section: s, counters: make([]Counters, len(s.NameServers)), signal: make(chan struct{}, 1),
		names: map[Question]*watched{}, waiting: map[uint16]*query{}}
}

// Counters returns the counters of name server i of the section.
func (r *Resolver) Counters(i int) *Counters {
	if i >= len(r.counters) {
		return &Counters{}
	}
	return &r.counters[i]
}

// Seal fixes the list of name servers, once the section was read.
func (r *Resolver) Seal() { r.counters = make([]Counters, len(r.Section.NameServers)) }

// Start begins to ask. It is called once.
func (r *Resolver) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.ways = nil
	for _, ns := range r.Section.NameServers {
		open := r.Open
		if open == nil {
			open = Network
		}
		r.ways = append(r.ways, open(ns, r.Section))
	}
	r.mu.Lock()
	r.closed, r.cancel, r.done = false, cancel, make(chan struct{})
	done := r.done
	r.mu.Unlock()
	go func() {
		defer close(done)
		r.loop(ctx)
	}()
}

// Stop ends all resolutions and waits for the goroutine.
func (r *Resolver) Stop() {
	r.mu.Lock()
	r.closed, r.queue = true, nil
	cancel, done := r.cancel, r.done
	r.cancel = nil
	r.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	<-done
	for _, w := range r.ways {
		w.Close()
	}
}

// do has the goroutine call f; it returns false where there is none any more.
func (r *Resolver) do(f func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.queue = append(r.queue, f)
	select {
	case r.signal <- struct{}{}:
	default:
	}
	return true
}

// Follow has f told of a name from now on; what is known already comes with
// the next answer.
func (r *Resolver) Follow(q Question, f Follower) {
	r.do(func() {
		w := r.watch(q)
		w.followers = append(w.followers, f)
	})
}

// watch finds or makes a name.
func (r *Resolver) watch(q Question) *watched {
	q.Name = strings.ToLower(plain(q.Name))
	w := r.names[q]
	if w == nil {
		// What is known before the first answer counts as one of now.
		w = &watched{name: name{Question: q, section: r.Section, lastValid: time.Now()}}
		r.names[q] = w
		r.order = append(r.order, w)
	}
	return w
}

// Unfollow ends a Follow.
func (r *Resolver) Unfollow(q Question, f Follower) {
	r.do(func() {
		w := r.watch(q)
		for i, x := range w.followers {
			if x == f {
				w.followers = append(w.followers[:i:i], w.followers[i+1:]...)
				break
			}
		}
	})
}

// Hurry has a name asked for at once, unless that is being done.
func (r *Resolver) Hurry(q Question) {
	r.do(func() {
		if w := r.watch(q); !w.asking {
			w.due = time.Time{}
		}
	})
}

// once is the follower that a waiting Lookup is.
type once struct {
	got chan []netip.Addr
}

// Found implements Follower.
func (o *once) Found(s *Set, _ string) bool {
	select {
	case o.got <- s.Addrs():
	default:
	}
	return false
}

// Lost implements Follower.
func (o *once) Lost(Status) {
	select {
	case o.got <- nil:
	default:
	}
}

// Lookup returns the addresses of a host name, nil where there are none: those
// of the last answer during "hold valid", else those of a new one, which it
// waits for until ctx ends.
func (r *Resolver) Lookup(ctx context.Context, q Question) []netip.Addr {
	o := &once{got: make(chan []netip.Addr, 1)}
	if !ValidName(q.Name) {
		return nil
	}
	ok := r.do(func() {
		w, now := r.watch(q), time.Now()
		if w.fresh(now) {
			o.got <- w.set.Addrs()
			return
		}
		w.followers = append(w.followers, o)
		if !w.asking {
			w.due = now
		}
	})
	if !ok {
		return nil
	}
	select {
	case list := <-o.got:
		return list
	case <-ctx.Done():
		r.Unfollow(q, o)
		return nil
	}
}

// ResolveNow is Lookup for the rule actions: family 4 or 6 is preferred, 0
// means none is.
func (r *Resolver) ResolveNow(host string, family int, timeout time.Duration) (netip.Addr, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c := Choice{IPv4: family == 4}
	a := c.Pick(r.Lookup(ctx, Question{Name: host, IPv4: family == 4}), netip.Addr{})
	return a, a.IsValid()
}

func (r *Resolver) families() Families {
	if r.Families == nil {
		return Families{IPv4: true, IPv6: true}
	}
	return r.Families()
}

// loop is the resolver's goroutine.
func (r *Resolver) loop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(r.turn())
		select {
		case <-ctx.Done():
			return
		case <-r.signal:
		case <-timer.C:
		}
	}
}

// turn does all that is to be done now, and returns how long nothing will be.
func (r *Resolver) turn() time.Duration {
	for {
		r.mu.Lock()
		list := r.queue
		r.queue = nil
		r.mu.Unlock()
		if len(list) == 0 {
			break
		}
		for _, f := range list {
			f()
		}
	}
	now, next := time.Now(), time.Hour
	r.order = slices.DeleteFunc(r.order, func(w *watched) bool {
		idle := len(w.followers) == 0 && !w.asking && !w.fresh(now)
		if idle {
			delete(r.names, w.Question)
		}
		return idle
	})
	for _, w := range r.order {
		if len(w.followers) == 0 && !w.asking {
			continue
		}
		if at := w.wake(); !now.Before(at) {
			f := r.families()
			if w.asking {
				r.after(w, w.tick(f, now), "", -1, now)
			} else {
				w.begin(f, now)
				r.after(w, send, "", -1, now)
			}
		}
		next = min(next, max(w.wake().Sub(now), time.Millisecond))
	}
	return next
}

// after does what a step asks for; by is the name server ns that led to it.
func (r *Resolver) after(w *watched, s step, by string, ns int, now time.Time) {
	switch s {
	case send:
		r.send(w)
	case over:
		r.forget(w)
		r.tell(w, by, ns, now)
	}
}

// tell tells the followers how a resolution ended.
func (r *Resolver) tell(w *watched, by string, ns int, now time.Time) {
	lost := w.last != Found && w.lost(now)
	if w.last != Found && !lost {
		r.release(w)
		return
	}
	for i, f := range w.followers {
		switch {
		case lost:
			f.Lost(w.last)
		case f.Found(&w.set, by) && i == 0 && ns >= 0:
			r.counters[ns].add(Updates)
		}
		by = "DNS cache"
	}
	r.release(w)
}

// release lets go those who wanted one answer only. A failure that older
// answers outweigh is one to them.
func (r *Resolver) release(w *watched) {
	left := w.followers[:0:0]
	for _, f := range w.followers {
		if o, ok := f.(*once); ok {
			o.Lost(w.last)
			continue
		}
		left = append(left, f)
	}
	w.followers = left
}

// forget ends the wait for answers to a name's questions.
func (r *Resolver) forget(w *watched) {
	for id, q := range r.waiting {
		if q.w == w {
			delete(r.waiting, id)
		}
	}
}

// send puts a name's question to all name servers under a new random number.
func (r *Resolver) send(w *watched) {
	r.forget(w)
	id := uint16(rand.Uint32())
	for r.waiting[id] != nil {
		id++
	}
	q := &query{w: w, typ: w.typ, told: make([]bool, len(r.ways))}
	r.waiting[id] = q
	packet, err := question(w.Name, w.typ, id, r.Section.Payload)
	if err != nil {
		return // it will time out
	}
	for i, way := range r.ways {
		r.counters[i].add(Sent)
		err := way.Send(packet, func(answer []byte, cut bool) bool {
			return r.do(func() { r.answer(i, id, answer, cut) }) && len(answer) >= 2 && idOf(answer) == id
		})
		if err != nil {
			r.counters[i].add(SendError)
		}
	}
}

func idOf(packet []byte) uint16 { return uint16(packet[0])<<8 | uint16(packet[1]) }

// answer takes a datagram of name server i that came where an answer to the
// question id was waited for.
func (r *Resolver) answer(i int, id uint16, packet []byte, cut bool) {
	switch c := &r.counters[i]; {
	case cut:
		c.add(TooBig)
		return
	case len(packet) < 12:
		c.add(Invalid)
		return
	case idOf(packet) != id || r.waiting[id] == nil || r.waiting[id].told[i]:
		c.add(Outdated)
		return
	}
	q, now := r.waiting[id], time.Now()
	reply := readReply(packet, q.w.Name, q.typ)
	r.counters[i].add(reply.Count)
	q.told[i] = true
	ns := &r.Section.NameServers[i]
	r.after(q.w, q.w.reply(&reply, r.families(), len(r.ways), now), r.Section.Name+"/"+ns.Name, i, now)
}
