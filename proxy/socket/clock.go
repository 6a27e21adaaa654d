package socket

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// clockwork knows the connections with deadlines, the earliest first. A
// connection has one entry, which is moved only when its moment came too
// early or a wait ends before it.
type clockwork struct {
	start time.Time
	mu    sync.Mutex
	heap  []*Conn
	timer *time.Timer
	next  int64 // moment for which timer is set, 0: none
}

var clock = clockwork{start: time.Now()}

// ns is a moment in nanoseconds since the program began.
func (k *clockwork) ns(t time.Time) int64 { return int64(t.Sub(k.start)) }

func (k *clockwork) now() int64 { return int64(time.Since(k.start)) }

func (k *clockwork) time(ns int64) time.Time { return k.start.Add(time.Duration(ns)) }

// set makes at the moment when c is looked at, unless that is earlier already.
func (k *clockwork) set(c *Conn, at int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.state.Load()&1 != 0 {
		return
	}
	old := c.until.Load()
	if old != 0 && old <= at {
		return
	}
	c.until.Store(at)
	if old == 0 {
		c.pos = len(k.heap)
		k.heap = append(k.heap, c)
	}
	k.up(c.pos)
	if k.heap[0] == c {
		k.arm()
	}
}

// arm sets the timer where it would come too late.
func (k *clockwork) arm() {
	if len(k.heap) == 0 {
		return
	}
	at := k.heap[0].until.Load()
	if k.next != 0 && k.next <= at {
		return
	}
	k.next = at
	d := time.Duration(at-k.now()) + 1
	if k.timer == nil {
		k.timer = time.AfterFunc(d, k.fire)
		return
	}
	k.timer.Reset(d)
}

// fire looks at all connections whose moment has come.
func (k *clockwork) fire() {
	now := k.now()
	var due []*Conn
	k.mu.Lock()
	k.next = 0
	for len(k.heap) > 0 && k.heap[0].until.Load() <= now {
		c := k.heap[0]
		k.delete(c)
		due = append(due, c)
	}
	k.arm()
	k.mu.Unlock()
	for _, c := range due {
		c.expire(now)
	}
}

// errExpired is the end of a wait whose deadline came, and nothing else.
var errExpired = fmt.Errorf("%w: it came", os.ErrDeadlineExceeded)

// expire wakes those whose wait is over and enters c anew for the others.
func (c *Conn) expire(now int64) {
	var wake [2]waiter
	c.mu.Lock()
	next := int64(0)
	for i, s := range [2]*side{&c.in, &c.out} {
		switch {
		case s.waiter == nil || s.until == 0:
		case s.until <= now:
			wake[i], s.waiter = s.waiter, nil
		case next == 0 || s.until < next:
			next = s.until
		}
	}
	if next != 0 {
		clock.set(c, next)
	}
	c.mu.Unlock()
	for _, w := range wake {
		if w != nil {
			w.wake(errExpired)
		}
	}
}

// remove takes c out, which closes.
func (k *clockwork) remove(c *Conn) {
	k.mu.Lock()
	if c.until.Load() != 0 {
		k.delete(c)
	}
	k.mu.Unlock()
}

func (k *clockwork) delete(c *Conn) {
	i, n := c.pos, len(k.heap)-1
	c.until.Store(0)
	c.pos = -1
	last := k.heap[n]
	k.heap[n] = nil
	k.heap = k.heap[:n]
	if last == c {
		return
	}
	k.heap[i] = last
	last.pos = i
	if !k.up(i) {
		k.down(i)
	}
}

func (k *clockwork) less(i, j int) bool { return k.heap[i].until.Load() < k.heap[j].until.Load() }

func (k *clockwork) swap(i, j int) {
	k.heap[i], k.heap[j] = k.heap[j], k.heap[i]
	k.heap[i].pos, k.heap[j].pos = i, j
}

func (k *clockwork) up(i int) (moved bool) {
	for i > 0 {
		p := (i - 1) / 4
		if !k.less(i, p) {
			break
		}
		k.swap(i, p)
		i, moved = p, true
	}
	return moved
}

func (k *clockwork) down(i int) {
	for {
		best := i
		for j := 4*i + 1; j <= 4*i+4 && j < len(k.heap); j++ {
			if k.less(j, best) {
				best = j
			}
		}
		if best == i {
			return
		}
		k.swap(i, best)
		i = best
	}
}
