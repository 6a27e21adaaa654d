package fsm

import (
	"time"

	"tandem/vrrp/packet"
)

// receive examines an advert for this instance and lets it take part in the
// election.
func (in *instance) receive(d *packet.Datagram) {
	if f := in.want.Check(d); f.Err() {
		in.complain(f, d)
		return
	}
	if in.cfg.Priority == owner && in.cfg.IgnoreOwner {
		return
	}
	in.stats.Received++
	if !in.cfg.SkipAddrs || d.Src != in.masterAddr {
		if f := in.want.CheckAddrs(d); f.Err() {
			in.complain(f, d)
		}
	}
	if f := in.want.CheckPeer(d); f.Err() {
		in.complain(f, d)
		return
	}
	if d.Priority() == 0 {
		in.stats.ZeroReceived++
	}
	in.heardAt, in.hasHeard = in.m.now, true
	fresh := in.state == Backup && d.Priority() != 0 && in.heard(d)
	if ours := in.cfg.wireInterval(); in.cfg.Version == packet.V3 && d.Interval() != ours {
		in.complain(packet.Fault{Kind: packet.IntervalV3, Got: int(d.Interval()), Want: int(ours)}, d)
	}
	if in.state == Master {
		in.masterReceives(d)
		return
	}
	in.backupReceives(d)
	if fresh {
		in.logged = 0
	}
}

// complain counts a fault and logs it, once a class until the state changes or
// a new master is heard.
func (in *instance) complain(f packet.Fault, d *packet.Datagram) {
	in.stats.count(f.Counter())
	if in.logged&f.Class() != 0 {
		return
	}
	in.logged |= f.Class()
	in.m.log("%s", f.Text(in.cfg.Name, d.Src))
}

// learn takes over the master's interval, which version 3 adverts carry.
func (in *instance) learn(d *packet.Datagram) {
	if in.cfg.Version != packet.V3 {
		return
	}
	iv := time.Duration(d.Interval()) * 10 * time.Millisecond
	if iv == 0 || iv == in.learned {
		return
	}
	in.m.log("(%s) advertisement interval updated from %dms to %dms by master",
		in.cfg.Name, in.learned.Milliseconds(), iv.Milliseconds())
	in.learned = iv
}

// heard remembers who the master is and says whether that is news.
func (in *instance) heard(d *packet.Datagram) bool {
	if d.Src == in.masterAddr {
		return false
	}
	if !in.masterAddr.IsValid() {
		in.m.log("(%s) master set to %s", in.cfg.Name, d.Src)
	} else {
		in.m.logD("(%s) master changed from %s to %s", in.cfg.Name, in.masterAddr, d.Src)
	}
	in.masterAddr = d.Src
	return true
}

// backupReceives is the rule of RFC 3768 section 6.4.2 with preemption: an
// advert of a lower priority does not stop the timer, and when that expires
// this node takes over.
func (in *instance) backupReceives(d *packet.Datagram) {
	p := d.Priority()
	if p == 0 {
		in.m.log("(%s) Backup received priority 0 advertisement", in.cfg.Name)
		in.arm(in.skew())
		return
	}
	in.masterPrio = p
	if p < in.effective && !in.cfg.NoPreempt {
		if in.cfg.PreemptDelay > 0 && in.preemptAt == 0 {
			in.preemptAt = in.m.now + in.cfg.PreemptDelay
			in.m.log("(%s) start preempt delay (%d.%06d)", in.cfg.Name,
				in.cfg.PreemptDelay/time.Second, in.cfg.PreemptDelay%time.Second/time.Microsecond)
		}
		if in.m.now >= in.preemptAt {
			in.m.log("(%s) received lower priority (%d) advert from %s - discarding",
				in.cfg.Name, p, d.Src)
			return
		}
	} else {
		in.preemptAt = 0
	}
	in.learn(d)
	in.wantMaster = in.cfg.Priority == owner
	in.arm(in.down())
}

// masterReceives decides which of two masters stays.
func (in *instance) masterReceives(d *packet.Datagram) {
	m, p, n := in.m, d.Priority(), in.cfg.Name
	ipLess := d.Src.Less(in.src)
	if p == owner && in.cfg.Priority == owner && !in.twoOwners {
		in.twoOwners = true
		m.log("(%s) CONFIGURATION ERROR: local instance and %s are both configured as address owner, please resolve", n, d.Src)
	}
	switch {
	case p == 0:
		// The other one gave up: tell the backups that there still is one.
		in.advertise()
		in.arm(in.cfg.Interval)
	case p < in.effective || p == in.effective && ipLess:
		note := ", forcing new election"
		if in.cfg.LowerNoAdvert {
			note = ""
		}
		m.log("(%s) Received advert from %s with lower priority %d, ours %d%s", n, d.Src, p, in.effective, note)
		if !in.cfg.LowerNoAdvert {
			in.advertise()
			in.arm(in.cfg.Interval)
		}
		in.rivalSeen(d.Src, p)
		in.lowerSeen()
		in.notify(MasterRxLowerPri)
	default:
		if p > in.effective {
			m.log("(%s) Master received advert from %s with higher priority %d, ours %d", n, d.Src, p, in.effective)
		} else {
			m.log("(%s) Master received advert from %s with same priority %d but higher IP address than ours", n, d.Src, p)
		}
		if in.cfg.HigherAdvert {
			in.advertise()
		}
		in.learn(d)
		in.masterAddr, in.masterPrio = d.Src, p
		in.enterBackup()
		if in.group != nil {
			in.group.sync(in, Backup)
		}
	}
}

// lowerSeen announces the addresses again, since the other node may have
// done so: of this instance and of all that move with it.
func (in *instance) lowerSeen() {
	members := []*instance{in}
	if in.group != nil {
		members = in.group.members
	}
	for _, o := range members {
		if o.state != Master || o.cfg.Garp.LowerRepeat <= 0 {
			continue
		}
		o.announce(o.cfg.Garp.LowerRepeat)
		if o.cfg.Garp.LowerDelay > 0 {
			o.lowerAt = o.m.now + o.cfg.Garp.LowerDelay
		}
	}
}
