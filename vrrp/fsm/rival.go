package fsm

import (
	"net/netip"
	"time"
)

// Rival is another node that is master of the same virtual router while this
// one is, and does not give way: both hold the addresses.
type Rival struct {
	Addr     netip.Addr // invalid: there is none
	Priority uint8
	Since    time.Duration
	Last     time.Duration
	Adverts  uint64
}

// enoughRival is the advert that makes a master a rival. A single one is
// common: it crosses ours on the wire when one of two has just taken over.
const enoughRival = 2

// Split says that the rival is one.
func (r *Rival) Split() bool { return r.Adverts >= enoughRival }

// rivalSeen takes an advert of another master, to which this one does not give
// way.
func (in *instance) rivalSeen(src netip.Addr, prio uint8) {
	r, now := &in.rival, in.m.now
	if r.Addr != src || now-r.Last > in.down() {
		*r = Rival{Addr: src, Since: now}
	}
	r.Priority, r.Last = prio, now
	r.Adverts++
	if r.Adverts == enoughRival {
		in.splits++
		if in.cfg.WatchRivals {
			in.m.log("(%s) SPLIT BRAIN: %s with priority %d is master too", in.cfg.Name, src, prio)
		}
	}
	if r.Split() && in.cfg.WatchRivals {
		in.rivalAt = now + in.down()
	}
}

// rivalGone ends a split brain: who has learnt the other's MAC address learns
// ours again.
func (in *instance) rivalGone() {
	in.rivalAt = never
	if !in.rival.Split() {
		return
	}
	in.m.log("(%s) split brain with %s is over after %.3f s", in.cfg.Name, in.rival.Addr, (in.rival.Last - in.rival.Since).Seconds())
	in.rival = Rival{}
	if in.state == Master {
		in.announce(in.cfg.Garp.Repeat)
	}
}

// rivalNow is the rival of this moment.
func (in *instance) rivalNow() Rival {
	if in.state != Master || !in.rival.Split() || in.m.now-in.rival.Last > in.down() {
		return Rival{}
	}
	return in.rival
}
