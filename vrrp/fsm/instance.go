package fsm

import (
	"net/netip"
	"slices"
	"time"

	"tandem/vrrp/packet"
)

// owner is the priority of the address owner.
const owner = 255

// instance is one virtual router.
type instance struct {
	m     *Machine
	cfg   InstanceConfig
	group *group
	want  packet.Expect

	state      State
	wantMaster bool // this member of a group would be master if the others were
	effective  uint8
	total      int // before clamping: what dumps call total priority
	src        netip.Addr

	trackers []tracker
	reasons  []string // untracked reasons to be in Fault

	learned   time.Duration // the master's interval (version 3), or our own
	timer     time.Duration // advert or master-down timer; never when unused
	preemptAt time.Duration // zero: no preempt delay is running
	twoOwners bool          // another address owner was heard and told

	masterAddr netip.Addr
	masterPrio uint8
	logged     uint32 // classes of faults already logged

	bursts    []time.Duration // second bursts that are still due
	refreshAt time.Duration
	lowerAt   time.Duration
	rival     Rival
	rivalAt   time.Duration // when a silent rival is gone
	splits    uint64        // rivals so far
	heardAt   time.Duration // the last good advert of somebody else
	hasHeard  bool
	extraAt   time.Duration

	changed    time.Duration // last change of state
	lastAdvert time.Duration
	stats      Stats
}

func newInstance(m *Machine, cfg InstanceConfig) *instance {
	cfg.setDefaults()
	in := &instance{
		m: m, cfg: cfg, want: cfg.expect(), src: cfg.Src,
		wantMaster: cfg.WantMaster || cfg.Priority == owner,
		effective:  cfg.Priority, total: int(cfg.Priority),
		learned: cfg.Interval,
		timer:   never, refreshAt: never, lowerAt: never, extraAt: never, rivalAt: never,
	}
	in.reasons = append(in.reasons, cfg.Faults...)
	if !cfg.Src.IsValid() {
		in.reasons = append(in.reasons, in.noAddress())
	}
	return in
}

func (in *instance) key() key {
	return key{in.cfg.Link, in.cfg.Channel, in.cfg.IPv6, in.cfg.VRID}
}

// sameAs says that o was the same virtual router in another configuration.
func (in *instance) sameAs(o *instance) bool {
	return in.cfg.Link == o.cfg.Link && in.cfg.IPv6 == o.cfg.IPv6 && in.cfg.VRID == o.cfg.VRID
}

// noAddress is the reason of the fault of an instance without an address.
func (in *instance) noAddress() string {
	if in.cfg.IPv6 {
		return "no IPv6 address for interface"
	}
	return "no IPv4 address for interface"
}

// skew is the part of the master-down time that depends on the priority, so
// that the best backup is the first to give up waiting (RFC 3768 section 6.1,
// RFC 9568 section 6.1). Microseconds are truncated as in the original.
func (in *instance) skew() time.Duration {
	p := in.effective
	if in.cfg.Priority == owner {
		p = owner
	}
	return in.skewOf(p)
}

// skewOf is the skew of an instance with priority prio.
func (in *instance) skewOf(prio uint8) time.Duration {
	p := int64(prio)
	if in.cfg.Version == packet.V2 {
		return time.Duration((256-p)*1_000_000/256) * time.Microsecond
	}
	cs := int64(in.learned / (10 * time.Millisecond))
	return time.Duration((256-p)*cs*625/16) * time.Microsecond
}

// down is the master-down time: how long the master may be silent.
func (in *instance) down() time.Duration {
	return time.Duration(in.cfg.DownAdverts)*in.learned + in.skew()
}

func (in *instance) arm(d time.Duration) { in.timer = in.m.now + d }

// deadline is when the instance wants to be fired next.
func (in *instance) deadline() time.Duration {
	d := min(in.timer, in.refreshAt, in.lowerAt, in.extraAt, in.rivalAt)
	for _, b := range in.bursts {
		d = min(d, b)
	}
	return d
}

// fire does what was due at the moment at. Late timers are armed again from
// now, not from when they were due, as in the original.
func (in *instance) fire(at time.Duration) {
	m := in.m
	if in.timer <= at {
		switch in.state {
		case Master:
			if in.heldUp() {
				in.m.log("VRRP thread timer expired %d.%06d seconds ago", (m.now-at)/time.Second, (m.now-at)%time.Second/time.Microsecond)
				in.enterBackup()
				if in.group != nil {
					in.group.sync(in, Backup)
				}
				return
			}
			in.advertise()
			in.arm(in.cfg.Interval)
		case Backup:
			in.expired()
		default:
			in.timer = never
		}
		return
	}
	if in.refreshAt <= at {
		in.refreshAt = m.now + in.cfg.Garp.Refresh
		in.announce(in.cfg.Garp.RefreshRepeat)
		return
	}
	if in.extraAt <= at {
		in.extraAt = m.now + in.cfg.Garp.Extra
		m.emit(Effect{Do: AnnounceExtra, Inst: in.cfg.Name})
		return
	}
	if in.rivalAt <= at {
		in.rivalGone()
		return
	}
	if in.lowerAt <= at {
		in.lowerAt = never
		if in.state == Master {
			in.announce(in.cfg.Garp.LowerRepeat)
		}
		return
	}
	in.bursts = slices.DeleteFunc(in.bursts, func(b time.Duration) bool { return b <= at })
	if in.state == Master {
		in.announce(in.cfg.Garp.Repeat)
	}
}

// heldUp says that this master has been silent for so long, since it did not
// get to run, that a backup of LatePrio must have taken over.
func (in *instance) heldUp() bool {
	if in.cfg.LatePrio == 0 || !in.cfg.NoPreempt {
		return false
	}
	return in.m.now-in.lastAdvert > time.Duration(in.cfg.DownAdverts)*in.cfg.Interval+in.skewOf(in.cfg.LatePrio)
}

// expired is the master-down timer of a backup. In a sync group the others
// must have lost their master too; until then the timer starts again.
func (in *instance) expired() {
	in.m.logD("(%s) Receive advertisement timeout", in.cfg.Name)
	in.wantMaster = true
	in.preemptAt = 0
	if in.group != nil && !in.group.agree(in) {
		in.arm(in.down())
		return
	}
	in.enterMaster()
	if in.group != nil {
		in.group.syncMaster(in)
	}
}

// send emits an advert and counts it.
func (in *instance) send(prio uint8) {
	in.stats.Sent++
	in.lastAdvert = in.m.now
	in.m.emit(Effect{Do: SendAdvert, Inst: in.cfg.Name, Priority: prio})
}

func (in *instance) advertise() {
	in.send(in.effective)
}

// giveUp sends the counted and logged advert of priority 0.
func (in *instance) giveUp() {
	in.send(0)
	in.stats.ZeroSent++
	in.m.logD("(%s) sent 0 priority", in.cfg.Name)
}

func (in *instance) notify(s State) {
	in.m.emit(Effect{Do: Notify, Inst: in.cfg.Name, State: s, Priority: in.effective})
}

func (in *instance) announce(n int) {
	if n > 0 && (in.cfg.HasVIPs || in.cfg.HasExcluded) {
		in.m.emit(Effect{Do: Announce, Inst: in.cfg.Name, Repeat: n})
	}
}

// become changes the state and forgets what belongs to the old one.
func (in *instance) become(s State) {
	in.state = s
	in.changed = in.m.now
	in.logged = 0
	in.twoOwners = false
	if s != Master {
		in.refreshAt, in.lowerAt, in.extraAt = never, never, never
		if in.rivalAt != never {
			in.rivalGone()
		}
		in.rival = Rival{}
	}
}

// addAll puts addresses, routes and rules in place.
func (in *instance) addAll() {
	m, n := in.m, in.cfg.Name
	if in.cfg.HasVIPs {
		m.logD("(%s) setting VIPs.", n)
		m.emit(Effect{Do: AddAddresses, Inst: n})
	}
	if in.cfg.HasExcluded {
		m.logD("(%s) setting E-VIPs.", n)
		m.emit(Effect{Do: AddExcluded, Inst: n})
	}
	if in.cfg.HasRoutes {
		m.logD("(%s) setting Virtual Routes", n)
		m.emit(Effect{Do: AddRoutes, Inst: n})
	}
	if in.cfg.HasRules {
		m.logD("(%s) setting Virtual Rules", n)
		m.emit(Effect{Do: AddRules, Inst: n})
	}
}

// removeAll takes rules, routes and addresses away.
func (in *instance) removeAll() {
	m, n := in.m, in.cfg.Name
	if in.cfg.HasRules {
		m.logD("(%s) removing Virtual Rules", n)
		m.emit(Effect{Do: RemoveRules, Inst: n})
	}
	if in.cfg.HasRoutes {
		m.logD("(%s) removing Virtual Routes", n)
		m.emit(Effect{Do: RemoveRoutes, Inst: n})
	}
	if in.cfg.HasVIPs {
		m.logD("(%s) removing VIPs.", n)
		m.emit(Effect{Do: RemoveAddresses, Inst: n})
	}
	if in.cfg.HasExcluded {
		m.logD("(%s) removing E-VIPs.", n)
		m.emit(Effect{Do: RemoveExcluded, Inst: n})
	}
}

// enterMaster takes over: the advert first, so that other backups hear of it
// as early as can be, then the addresses, then their announcement.
func (in *instance) enterMaster() {
	m := in.m
	learned := in.learned
	in.learned = in.cfg.Interval
	in.stats.BecameMaster++
	in.send(in.effective)
	in.become(Master)
	in.wantMaster = true
	in.masterAddr, in.masterPrio = netip.Addr{}, 0
	m.log("(%s) Entering MASTER STATE", in.cfg.Name)
	if learned != in.learned {
		m.logD("(%s) changing advert interval from %dms to locally configured %dms",
			in.cfg.Name, learned.Milliseconds(), in.learned.Milliseconds())
	}
	in.addAll()
	in.announce(in.cfg.Garp.Repeat)
	if in.cfg.Garp.Delay > 0 && in.cfg.Garp.Repeat > 0 {
		in.bursts = append(in.bursts, m.now+in.cfg.Garp.Delay)
	}
	if in.cfg.Garp.Refresh > 0 {
		in.refreshAt = m.now + in.cfg.Garp.Refresh
	}
	in.armExtra()
	in.arm(in.cfg.Interval)
	in.notify(Master)
}

// armExtra begins the announcements on other interfaces.
func (in *instance) armExtra() {
	if in.cfg.Garp.Extra > 0 {
		in.extraAt = in.m.now + in.cfg.Garp.Extra
	}
}

// enterBackup makes a backup that waits for a whole master-down time. A
// master's addresses are removed; no advert of priority 0 is sent, since there
// is another master.
func (in *instance) enterBackup() {
	was := in.state
	in.become(Backup)
	in.wantMaster = in.cfg.Priority == owner
	in.m.log("(%s) Entering BACKUP STATE", in.cfg.Name)
	if was == Master {
		in.stats.ReleasedMaster++
		in.removeAll()
	}
	in.arm(in.down())
	if was == Fault && in.cfg.Unicast {
		in.m.emit(Effect{Do: AnnounceSelf, Inst: in.cfg.Name})
	}
	in.notify(Backup)
}

// enterFault stops taking part. The instance that the fault belongs to tells
// so twice when it was master, members that follow it once and uncounted.
func (in *instance) enterFault(first bool) {
	was := in.state
	if was == Master {
		in.m.emit(Effect{Do: SendAdvert, Inst: in.cfg.Name})
	}
	if was != Init {
		in.m.log("(%s) Entering FAULT STATE", in.cfg.Name)
	}
	if was == Master {
		if first {
			in.giveUp()
		}
		in.stats.ReleasedMaster++
		in.removeAll()
	}
	in.become(Fault)
	in.wantMaster = in.cfg.Priority == owner
	in.timer, in.preemptAt = never, 0
	in.notify(Fault)
}

// release gives up what a master holds, because the process or the instance
// ends.
func (in *instance) release() {
	if in.state == Master {
		in.giveUp()
		in.stats.ReleasedMaster++
		in.removeAll()
	}
	in.become(Init)
	in.timer = never
	in.bursts = nil
}

// addressRemoved answers the removal of a virtual address by somebody else:
// the whole group gives up at once and comes back after its skew time, which
// lets another node with a sound set of addresses be faster.
func (in *instance) addressRemoved() {
	if in.state != Master {
		return
	}
	members := []*instance{in}
	if in.group != nil {
		members = in.group.members
	}
	for _, mb := range members {
		if mb.state != Master {
			continue
		}
		mb.become(Backup)
		mb.wantMaster = mb.cfg.Priority == owner
		mb.m.log("(%s) Entering BACKUP STATE", mb.cfg.Name)
		mb.giveUp()
		mb.stats.ReleasedMaster++
		mb.removeAll()
		mb.arm(mb.skew())
		mb.notify(Backup)
	}
}
