package resolve

import (
	"time"

	"github.com/miekg/dns"
)

// Question says what is asked again and again.
type Question struct {
	Name string // lower case, without the final dot
	SRV  bool
	IPv4 bool // A is asked before AAAA
}

// Families are the address families that are asked for and taken.
type Families struct{ IPv4, IPv6 bool }

// name is one question and where its resolution stands. It owns neither clock
// nor socket: it is told what happens and when, and says what to ask.
type name struct {
	Question
	section *Section

	asking    bool
	typ       uint16
	second    bool // the question for the other family
	tries     int  // left, the one that runs included
	answered  int  // name servers that failed to answer it
	status    Status
	retryAt   time.Time
	due       time.Time // of the next resolution while none runs
	lastValid time.Time // of the last sound answer, or of the beginning
	ended     time.Time
	last      Status // of the last resolution
	set       Set
}

// types returns the types of record to ask for, in order.
func (n *name) types(f Families) (first, second uint16) {
	switch {
	case n.SRV:
		return dns.TypeSRV, 0
	case !f.IPv6:
		return dns.TypeA, 0
	case !f.IPv4:
		return dns.TypeAAAA, 0
	case n.IPv4:
		return dns.TypeA, dns.TypeAAAA
	}
	return dns.TypeAAAA, dns.TypeA
}

// begin starts a resolution.
func (n *name) begin(f Families, now time.Time) {
	n.asking, n.tries, n.status = true, max(n.section.Retries, 1), Pending
	n.ask(f, false)
	n.retryAt = now.Add(n.section.Retry)
}

// ask is the question to put next.
func (n *name) ask(f Families, second bool) {
	first, other := n.types(f)
	n.typ, n.second, n.answered = first, second, 0
	if second {
		n.typ = other
	}
}

// step is what a name wants after it was told something.
type step uint8

const (
	wait step = iota
	send      // put the question n.typ
	over      // the resolution has ended with n.last
)

// reply takes an answer of one name server to the question that runs; servers
// is how many were asked.
func (n *name) reply(r *Reply, f Families, servers int, now time.Time) step {
	if !n.asking {
		return wait
	}
	if r.Status == Found {
		n.set.add(r, n.section.Hold.Obsolete, now)
		return n.end(Found, now)
	}
	n.status = r.Status
	if n.answered++; n.answered < servers {
		return wait // another one may know better
	}
	if _, other := n.types(f); !n.second && other != 0 {
		n.ask(f, true)
		return send
	}
	if n.tries <= 1 {
		return n.end(n.status, now)
	}
	return wait
}

// tick is called at retryAt and later while a resolution runs.
func (n *name) tick(f Families, now time.Time) step {
	if !n.asking || now.Before(n.retryAt) {
		return wait
	}
	n.retryAt = now.Add(n.section.Retry)
	if _, other := n.types(f); n.status != Pending && !n.second && other != 0 {
		n.ask(f, true)
		return send
	}
	if n.tries--; n.tries <= 0 {
		if n.status == Pending {
			n.status = Timeout
		}
		return n.end(n.status, now)
	}
	n.status = Pending
	n.ask(f, false)
	return send
}

func (n *name) end(s Status, now time.Time) step {
	n.asking, n.last, n.ended = false, s, now
	n.due = now.Add(max(n.section.Resolve, time.Millisecond))
	if s == Found {
		n.lastValid = now
	}
	return over
}

// lost says whether the failure that ended the last resolution outweighs the
// last answer; then nothing is known any more.
func (n *name) lost(now time.Time) bool {
	if n.last == Found || now.Sub(n.lastValid) < n.section.Hold.after(n.last) {
		return false
	}
	n.set.clear()
	return true
}

// fresh says whether do-resolve may use the last answer.
func (n *name) fresh(now time.Time) bool {
	return n.last == Found && now.Sub(n.lastValid) < n.section.Hold.Valid
}

// wake is when tick or begin is to be called; idle names have none.
func (n *name) wake() time.Time {
	if n.asking {
		return n.retryAt
	}
	return n.due
}
