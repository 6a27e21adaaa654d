package fsm

// Reload replaces the configuration. An instance keeps its state when one of
// the same name, link, family and VRID was there before: a master stays
// master and says so at once, nobody hears of a priority 0. What is gone is
// given up; what is new begins as at start.
type Reload struct{ Config Config }

func (Reload) event() {}

func (m *Machine) reload(cfg Config) {
	old, oldGroups := m.insts, m.groups
	m.insts, m.groups = nil, nil
	m.byName = make(map[string]*instance)
	m.byKey = make(map[key]*instance)
	clear(m.unknown)
	m.build(cfg)
	kept := make(map[*instance]*instance) // new: old
	for _, o := range old {
		if in := m.byName[o.cfg.Name]; in != nil && in.sameAs(o) {
			kept[in] = o
			continue
		}
		o.remove()
	}
	for _, g := range m.groups {
		for _, o := range oldGroups {
			if o.cfg.Name == g.cfg.Name {
				g.state = o.state
			}
		}
	}
	for _, in := range m.insts {
		if o := kept[in]; o != nil {
			in.adopt(o)
		}
	}
	for _, in := range m.insts {
		if kept[in] == nil {
			in.arrive()
		}
	}
	for _, g := range m.groups {
		g.settle()
	}
}

// remove ends an instance that the new configuration does not have.
func (in *instance) remove() {
	first := len(in.m.out)
	defer func() {
		for i := first; i < len(in.m.out); i++ {
			in.m.out[i].Old = true
		}
	}()
	in.release()
	if in.cfg.Deleted {
		in.notify(Deleted)
	} else {
		in.notify(Fault)
	}
}

// adopt continues what o was doing under the configuration of in. Announcements
// that were still due are not made, as in the original.
func (in *instance) adopt(o *instance) {
	in.stats, in.changed, in.lastAdvert = o.stats, o.changed, o.lastAdvert
	in.masterAddr, in.masterPrio = o.masterAddr, o.masterPrio
	in.wantMaster = o.wantMaster || in.cfg.Priority == owner
	in.preemptAt, in.logged = o.preemptAt, o.logged
	if in.want.Replay != nil && o.want.Replay != nil {
		in.want.Replay = o.want.Replay
	}
	in.heardAt, in.hasHeard = o.heardAt, o.hasHeard
	in.rival, in.splits = o.rival, o.splits
	if in.cfg.WatchRivals && in.rival.Split() {
		in.rivalAt = in.m.now + in.down()
	}
	in.state = o.state
	if in.state != Init {
		// A script that has not run yet is taken for well: a reload alone must
		// not move an instance.
		for i := range in.trackers {
			in.trackers[i].pending = false
		}
	}
	if !in.cfg.Src.IsValid() && o.src.IsValid() {
		in.src = o.src
		in.setFaultQuietly(in.noAddress(), false)
	}
	switch in.state {
	case Master:
		if in.faults() > 0 {
			in.faultsChanged()
			return
		}
		in.addAll()
		if in.cfg.Garp.Repeat > 0 {
			in.m.emit(Effect{Do: AnnounceNew, Inst: in.cfg.Name, Repeat: in.cfg.Garp.Repeat})
		}
		if in.cfg.Garp.Refresh > 0 {
			in.refreshAt = in.m.now + in.cfg.Garp.Refresh
		}
		in.armExtra()
		in.advertise()
		in.arm(in.cfg.Interval)
	case Backup:
		if in.cfg.Version == o.cfg.Version {
			in.learned = o.learned
		}
		in.arm(in.down())
		if in.faults() > 0 {
			in.faultsChanged()
		}
	case Fault, Init:
		in.faultsChanged()
	}
}

// setFaultQuietly changes a reason without acting on it.
func (in *instance) setFaultQuietly(why string, set bool) {
	started := in.m.started
	in.m.started = false
	in.setFault(why, set)
	in.m.started = started
}

// arrive begins an instance that is new in a running machine.
func (in *instance) arrive() {
	in.logStartFaults()
	if in.faults() > 0 {
		in.startFaulty()
	}
	in.begin()
}

// settle makes the members of a group that a reload has put together agree:
// a fault of one is a fault of all, and nobody is master alone.
func (g *group) settle() {
	masters := 0
	for _, o := range g.members {
		if o.faults() > 0 {
			if g.state != Fault {
				g.sync(o, Fault)
			}
			return
		}
		if o.state == Master {
			masters++
		}
	}
	if masters == 0 || masters == len(g.members) {
		return
	}
	for _, o := range g.members {
		if o.state == Backup {
			g.sync(o, Backup)
			return
		}
	}
}
