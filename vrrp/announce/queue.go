package announce

import (
	"net/netip"
	"time"
)

// Item is one announcement that is due.
type Item struct {
	Inst  string // the instance that it is for
	Link  string
	Addr  netip.Addr
	First bool // the first of a burst for this address
}

// Queue holds announcements back so that two on one interface are at least an
// interval apart (garp_interval and gna_interval). It owns no clock.
type Queue struct {
	waiting []Item
	next    map[lane]time.Duration
}

// lane is what an interval is counted for.
type lane struct {
	group string
	v6    bool
}

// Gap says how far apart announcements are on a link, and under which name
// several links share one interval (garp_group).
type Gap struct {
	Group    string
	ARP, NA  time.Duration
	Disabled bool // the link has no ARP: nothing is announced
}

// gap is the interval for an address.
func (g Gap) gap(v6 bool) time.Duration {
	if v6 {
		return g.NA
	}
	return g.ARP
}

// Add puts it at the end of the queue.
func (q *Queue) Add(it Item) { q.waiting = append(q.waiting, it) }

// Drop forgets what waits for instance inst, which has given its addresses up.
func (q *Queue) Drop(inst string) {
	kept := q.waiting[:0]
	for _, it := range q.waiting {
		if it.Inst != inst {
			kept = append(kept, it)
		}
	}
	q.waiting = kept
}

// Take removes what may be sent now, calling send for each in order, and says
// when it wants to be asked again; ok is false when nothing waits.
func (q *Queue) Take(now time.Duration, gaps func(link string) Gap, send func(Item)) (at time.Duration, ok bool) {
	if q.next == nil {
		q.next = make(map[lane]time.Duration)
	}
	kept := q.waiting[:0]
	for _, it := range q.waiting {
		g := gaps(it.Link)
		if g.Disabled {
			continue
		}
		v6 := it.Addr.Is6()
		l := lane{g.Group, v6}
		if g.Group == "" {
			l.group = it.Link
		}
		if t := q.next[l]; now < t {
			if !ok || t < at {
				at, ok = t, true
			}
			kept = append(kept, it)
			continue
		}
		if d := g.gap(v6); d > 0 {
			q.next[l] = now + d
		}
		send(it)
	}
	q.waiting = kept
	return at, ok
}
