package fsm

import "time"

// logStartFaults tells why an instance begins in Fault, one line a reason.
func (in *instance) logStartFaults() {
	for _, r := range in.reasons {
		in.m.log("(%s) entering FAULT state (%s)", in.cfg.Name, r)
	}
	for i := range in.trackers {
		t := &in.trackers[i]
		if !t.failed {
			continue
		}
		if t.Kind == TrackScript {
			in.m.log("(%s): entering FAULT state due to script %s", in.cfg.Name, t.Name)
		} else {
			in.m.log("(%s): entering FAULT state (%s)", in.cfg.Name, t.cause())
		}
	}
}

// tellPriority tells of a priority that what is tracked has changed before the
// start.
func (in *instance) tellPriority() {
	if in.effective == in.cfg.Priority {
		return
	}
	in.m.log("(%s) Changing effective priority from %d to %d", in.cfg.Name, in.cfg.Priority, in.effective)
	if in.cfg.NotifyPrio {
		in.notify(BackupPriority)
	}
}

// startFaulty puts an instance straight from Init into Fault.
func (in *instance) startFaulty() {
	in.m.log("(%s) entering FAULT state", in.cfg.Name)
	in.become(Fault)
	in.wantMaster = in.cfg.Priority == owner
	in.notify(Fault)
}

// start brings the instances out of Init, in order: reasons of faults first,
// all of them before the first state line. Then everything that an earlier
// process may have left behind is removed.
func (m *Machine) start() {
	if m.started {
		return
	}
	m.started = true
	for _, in := range m.insts {
		in.tellPriority()
	}
	for _, in := range m.insts {
		in.logStartFaults()
	}
	for _, g := range m.groups {
		if g.faulty() {
			g.state = Fault
			m.log("VRRP_Group(%s): Syncing %s to FAULT state", g.cfg.Name, g.members[0].cfg.Name)
		}
	}
	for _, in := range m.insts {
		if in.faults() > 0 || in.group != nil && in.group.faulty() {
			in.startFaulty()
		}
	}
	for _, g := range m.groups {
		if g.state == Fault {
			g.notify(Fault)
		}
	}
	for _, in := range m.insts {
		in.removeAll()
	}
	m.delayed = m.cfg.StartupDelay > 0
	m.delayEnd = m.now + m.cfg.StartupDelay
	for _, g := range m.groups {
		if g.state == Init && g.sound() && len(g.members) > 0 {
			g.state = Backup
			g.notify(Backup)
		}
	}
	for _, in := range m.insts {
		in.begin()
	}
}

// begin brings an instance out of Init, unless it is in Fault already or must
// wait for a first result. Its addresses are removed once more, except an
// owner's, who is master a moment later.
func (in *instance) begin() {
	if in.state != Init || in.pending() > 0 || in.group != nil && !in.group.sound() {
		in.removeAll()
		return
	}
	delay := in.m.cfg.StartupDelay
	if in.cfg.Priority == owner {
		in.become(Backup)
		in.arm(delay + time.Microsecond)
	} else {
		in.removeAll()
		in.become(Backup)
		in.m.log("(%s) Entering BACKUP STATE (init)", in.cfg.Name)
		in.arm(delay + in.down())
	}
	if g := in.group; g != nil && g.state == Init {
		g.state = Backup
		g.notify(Backup)
	}
	if in.cfg.Priority != owner {
		in.notify(Backup)
	}
}
