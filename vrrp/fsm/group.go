package fsm

// group is a vrrp_sync_group: its members change state together.
type group struct {
	m       *Machine
	cfg     GroupConfig
	members []*instance
	state   State
}

func (g *group) notify(s State) {
	g.m.emit(Effect{Do: Notify, Group: g.cfg.Name, State: s})
}

// agree says whether all members but in would be master too.
func (g *group) agree(in *instance) bool {
	for _, o := range g.members {
		if o != in && o.state != Master && !(o.state == Backup && o.wantMaster) {
			return false
		}
	}
	return true
}

// faulty says that a member has a fault.
func (g *group) faulty() bool {
	for _, o := range g.members {
		if o.faults() > 0 {
			return true
		}
	}
	return false
}

// sound says that no member has a fault or waits for a first result.
func (g *group) sound() bool {
	for _, o := range g.members {
		if o.faults() > 0 || o.pending() > 0 {
			return false
		}
	}
	return true
}

// sync makes every member but in follow it into state s, and tells the group's
// notify programs last.
func (g *group) sync(in *instance, s State) {
	g.m.log("VRRP_Group(%s) Syncing instances to %s state", g.cfg.Name, s)
	for _, o := range g.members {
		if o == in || o.state == s {
			continue
		}
		switch s {
		case Master:
			o.enterMaster()
		case Backup:
			o.enterBackup()
		case Fault:
			o.enterFault(false)
		}
	}
	g.state = s
	g.notify(s)
}

func (g *group) syncMaster(in *instance) { g.sync(in, Master) }
