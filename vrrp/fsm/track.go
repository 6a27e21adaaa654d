package fsm

import (
	"fmt"
	"slices"
)

// tracker is one tracked thing as an instance sees it.
type tracker struct {
	Tracking
	pending bool // no result yet
	failed  bool // a fault
	add     int  // what it adds to the priority at the moment
	why     string
}

// cause is the reason in the words of the start lines.
func (t *tracker) cause() string {
	if t.why != "" {
		return t.why
	}
	switch t.Kind {
	case TrackInterface:
		return fmt.Sprintf("interface %s down", t.Name)
	case TrackFile:
		return fmt.Sprintf("tracked file %s", t.Name)
	case TrackProcess:
		return fmt.Sprintf("tracked process %s", t.Name)
	case TrackBFD:
		return fmt.Sprintf("BFD instance %s", t.Name)
	}
	return t.Name
}

// buildTrackers collects the instance's own trackers and its group's. A member
// does not track what it gives a weight, unless the group says so or it is an
// interface; what the group itself tracks counts for all members, and
// before what they say of it.
func (in *instance) buildTrackers() {
	in.trackers = in.trackers[:0]
	add := func(list []Tracking, own bool) {
		for _, t := range list {
			if own && in.group != nil && !in.group.cfg.Weights && t.Weight != 0 && t.Kind != TrackInterface {
				continue
			}
			if slices.ContainsFunc(in.trackers, func(o tracker) bool { return o.TrackID == t.TrackID }) {
				continue
			}
			nt := tracker{Tracking: t, pending: t.Pending}
			if r, ok := in.m.tracked[t.TrackID]; ok {
				nt.apply(r)
			}
			in.trackers = append(in.trackers, nt)
		}
	}
	if in.group != nil {
		add(in.group.cfg.Trackers, false)
	}
	add(in.cfg.Trackers, true)
	in.sumPriority()
}

// apply takes a result of the tracked thing.
func (t *tracker) apply(r Track) {
	t.pending = false
	t.why = r.Cause
	if t.Kind == TrackFile {
		t.applyValue(r.Value)
		return
	}
	t.add, t.failed = 0, false
	switch {
	case t.Weight == 0:
		t.failed = r.Up == t.Reverse
	case t.Weight > 0 == r.Up:
		// reverse turns the direction of the change, not what brings it about.
		if t.add = t.Weight; t.Reverse {
			t.add = -t.add
		}
	}
}

// applyValue is the rule for files: the value times the weight; without a
// weight, and at -254 or below, a fault.
func (t *tracker) applyValue(v int) {
	t.failed = false
	if t.Weight == 0 {
		t.failed = (v != 0) != t.Reverse
		return
	}
	w := t.Weight
	if t.Reverse {
		w = -w
	}
	switch p := v * w; {
	case p <= -254:
		t.failed = true // the priority stays what it was
	case p > 253:
		t.add = 253
	default:
		t.add = p
	}
}

func upDown(up bool) string {
	if up {
		return "UP"
	}
	return "DOWN"
}

// faults is the number of reasons to be in Fault.
func (in *instance) faults() int {
	n := len(in.reasons)
	for i := range in.trackers {
		if in.trackers[i].failed {
			n++
		}
	}
	return n
}

// pending is the number of trackers without a first result.
func (in *instance) pending() int {
	n := 0
	for i := range in.trackers {
		if in.trackers[i].pending {
			n++
		}
	}
	return n
}

// sumPriority computes the effective priority and says whether it changed. An
// owner's never does.
func (in *instance) sumPriority() (old uint8, changed bool) {
	old = in.effective
	total := int(in.cfg.Priority)
	for i := range in.trackers {
		total += in.trackers[i].add
	}
	if in.cfg.Priority == owner {
		total = owner
	}
	in.total = total
	if in.cfg.Priority != owner {
		in.effective = uint8(min(max(total, 1), 254))
	}
	return old, old != in.effective
}

// track hands a result to everybody who tracks the thing.
func (m *Machine) track(r Track) {
	changed := m.tracked[r.TrackID].Up != r.Up
	m.tracked[r.TrackID] = r
	for _, in := range m.insts {
		for i := range in.trackers {
			t := &in.trackers[i]
			if t.TrackID != r.TrackID {
				continue
			}
			wasFailed, wasPending := t.failed, in.pending()
			if t.Kind == TrackBFD && changed && m.started {
				m.log("VRRP_Instance(%s) Tracked BFD instance %s is %s", in.cfg.Name, t.Name, upDown(r.Up))
			}
			t.apply(r)
			if wasFailed && !t.failed && t.Kind == TrackFile {
				in.sumPriority() // the original does not tell
			} else {
				in.priorityChanged()
			}
			switch {
			case !m.started:
			case t.failed != wasFailed:
				t.logFile(in)
				in.faultsChanged()
			case wasPending > 0 && in.pending() == 0:
				in.faultsChanged()
			}
		}
	}
}

// logFile tells of a file that decides about a fault; other things have told
// it themselves.
func (t *tracker) logFile(in *instance) {
	if t.Kind != TrackFile {
		return
	}
	if t.failed {
		in.m.log("(%s): tracked file %s now FAULT state", in.cfg.Name, t.Name)
	} else {
		in.m.log("(%s): tracked file %s leaving FAULT state", in.cfg.Name, t.Name)
	}
}

// priorityChanged tells of a new effective priority. It goes out with the next
// advert; a backup's timer that is running is not touched.
func (in *instance) priorityChanged() {
	old, changed := in.sumPriority()
	if !changed || !in.m.started {
		return
	}
	in.m.log("(%s) Changing effective priority from %d to %d", in.cfg.Name, old, in.effective)
	if !in.cfg.NotifyPrio {
		return
	}
	switch in.state {
	case Master:
		in.notify(MasterPriority)
	case Backup:
		in.notify(BackupPriority)
	}
}

// setFault sets or clears an untracked reason.
func (in *instance) setFault(why string, set bool) {
	i := slices.Index(in.reasons, why)
	if set == (i >= 0) {
		return
	}
	if set {
		in.reasons = append(in.reasons, why)
	} else {
		in.reasons = slices.Delete(in.reasons, i, i+1)
	}
	if in.m.started {
		in.faultsChanged()
	}
}

// faultsChanged moves an instance, and its group, into or out of Fault when
// the first reason came or the last one went.
func (in *instance) faultsChanged() {
	g := in.group
	switch {
	case in.faults() > 0:
		if in.state == Fault {
			return
		}
		in.enterFault(true)
		if g != nil {
			g.sync(in, Fault)
		}
	case in.pending() > 0:
	case in.state != Fault && in.state != Init:
	case g == nil:
		in.enterBackup()
	case g.sound():
		in.enterBackup()
		g.sync(in, Backup)
	}
}

// sourceAddr takes the news of the address that an instance sends from.
func (m *Machine) sourceAddr(ev SourceAddr) {
	in := m.byName[ev.Name]
	if in == nil {
		return
	}
	in.src = ev.Addr
	in.setFault(in.noAddress(), !ev.Addr.IsValid())
}
