package peers

import "time"

// stage says from whom a section still wants to learn everything.
type stage uint8

const (
	fromLocal  stage = iota // the process before this one, which connects by itself
	fromRemote              // any peer
	learned                 // nobody: what there is was told, or nobody told it in time
)

// learnTime is how long each stage waits for somebody to learn from.
const learnTime = 5 * time.Second

// learner is the state of a section's first synchronisation (the protocol's
// "initial full resync"). It owns no clock and no connection.
type learner struct {
	stage    stage
	complete bool // what was learned was all
	deadline time.Time
	from     *Peer // who was asked
	refused  map[*Peer]bool
}

// start begins: a process that replaces another waits for that one first.
func (l *learner) start(replaces bool, now time.Time) {
	*l = learner{stage: fromRemote, deadline: now.Add(learnTime), refused: map[*Peer]bool{}}
	if replaces {
		l.stage = fromLocal
	}
}

// choose returns the peer to ask now, nil for none; connected are the remote
// peers with a connection, in the order to try.
func (l *learner) choose(connected []*Peer) *Peer {
	if l.stage != fromRemote || l.from != nil {
		return nil
	}
	for _, p := range connected {
		if !l.refused[p] {
			l.from = p
			return p
		}
	}
	return nil
}

// finished is told that p told all it knows: everything, or only a part.
func (l *learner) finished(p *Peer, everything bool, now time.Time) {
	switch {
	case everything && (p == l.from || p.Local):
		l.stage, l.from, l.complete = learned, nil, true
	case p == l.from:
		l.refused[p], l.from, l.deadline = true, nil, now.Add(learnTime)
	case p.Local && l.stage == fromLocal:
		l.deadline = now.Add(learnTime)
	}
}

// gone is told that the connection to p is over.
func (l *learner) gone(p *Peer, now time.Time) {
	if p == l.from {
		l.from, l.deadline = nil, now.Add(learnTime)
	}
}

// tick moves on where nobody was found in time.
func (l *learner) tick(now time.Time) {
	if l.stage == learned || l.from != nil || now.Before(l.deadline) {
		return
	}
	l.stage++
	l.deadline = now.Add(learnTime)
	if l.stage == learned {
		l.complete = true
	}
}

// wake is when to call tick; zero: never.
func (l *learner) wake() time.Time {
	if l.stage == learned || l.from != nil {
		return time.Time{}
	}
	return l.deadline
}
