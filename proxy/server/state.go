package server

import (
	"fmt"
	"time"
)

// Levels of syslog that changes of state are logged with.
const (
	levelEmerg  = 0
	levelAlert  = 1
	levelNotice = 5
	levelInfo   = 6
)

// State returns the server's operational and administrative state.
func (s *Server) State() (OpState, Admin) {
	unlock := s.Backend.lock()
	defer unlock()
	return s.op, s.admin
}

// kind is how messages begin.
func (s *Server) kind() string {
	if s.Params.Backup {
		return "Backup Server "
	}
	return "Server "
}

func (s *Server) full() string { return s.Backend.Name + "/" + s.Name }

// via is what messages of tracking servers add.
func (s *Server) via() string {
	if s.tracked == nil {
		return ""
	}
	return " via " + s.tracked.full()
}

// left are the ends of messages about servers that go: how many stay.
func (b *Backend) left(sessions int64, requeued int) string {
	f := b.Farm()
	return fmt.Sprintf(". %d active and %d backup servers left.%s %d sessions active, %d requeued, %d remaining in queue.",
		f.Active, f.Backups, runningOnBackup(f), sessions, requeued, b.waiting.Load())
}

// online are the ends of messages about servers that come.
func (b *Backend) online() string {
	f := b.Farm()
	return fmt.Sprintf(". %d active and %d backup servers online.%s %d sessions requeued, %d total in queue.",
		f.Active, f.Backups, runningOnBackup(f), 0, b.waiting.Load())
}

func runningOnBackup(f *Farm) string {
	if f.Active == 0 && f.Backups > 0 {
		return " Running on backup."
	}
	return ""
}

// settle recomputes the farm after a change of s, logs text (made once the
// farm is known), tells the trackers, and complains where nothing is left.
// The state lock is held.
func (s *Server) settle(level, mail int, text func() string, now time.Time) {
	b := s.Backend
	before, after := b.refarm()
	if text != nil {
		b.emit(Event{Server: s, Level: level, Mail: mail, Text: text()})
	}
	b.upDown(before, after, now)
	if after > 0 {
		for _, u := range b.Farm().Servers {
			u.dispatch()
		}
	}
}

// upDown keeps the backend's own up and down times; the state lock is held.
func (b *Backend) upDown(before, after int, now time.Time) {
	switch {
	case before > 0 && after == 0:
		b.lastChange = now
		if b.restoring {
			return
		}
		b.Stats.Downs.Add(1)
		b.emit(Event{Level: levelEmerg, Text: "backend " + b.Name + " has no server available!", Console: "backend '" + b.Name + "' has no server available!"})
	case before == 0 && after > 0:
		b.downTotal += now.Sub(b.lastChange)
		b.lastChange = now
	}
}

// goDown takes the server out; reason is ", reason: …", ", changed from CLI"
// or empty. The state lock is held.
func (s *Server) goDown(reason string, now time.Time) {
	if s.op == Stopped || s.admin&AnyMaint != 0 {
		s.op = Stopped
		return
	}
	s.op, s.lastChange = Stopped, now
	mail := levelAlert
	if s.admin&AnyDrain != 0 {
		mail = levelNotice
	}
	s.stopWarming()
	s.Stats.Downs.Add(1)
	requeued := int(s.waiting.Load())
	s.settle(levelAlert, mail, func() string {
		return s.kind() + s.full() + " is DOWN" + s.via() + reason + s.Backend.left(s.cur.Load(), requeued)
	}, now)
	s.requeue() // behind the change, so that they choose among those left
	if s.Params.OnMarkedDown == "shutdown-sessions" {
		go s.ShutdownSessions('D')
	}
	for _, t := range s.trackers {
		t.goDown("", now)
	}
}

// goUp brings the server back; the state lock is held.
func (s *Server) goUp(reason string, now time.Time) {
	if s.op == Running || s.op == Starting || s.admin&AnyMaint != 0 {
		return
	}
	if s.op == Stopped {
		s.downTime += now.Sub(s.lastChange)
	}
	wasStopped := s.op == Stopped
	s.op, s.lastChange = Running, now
	if wasStopped {
		s.startWarming(now)
	}
	s.settle(levelNotice, levelNotice, func() string {
		return s.kind() + s.full() + " is UP" + s.via() + reason + s.Backend.online()
	}, now)
	s.killBackups()
	for _, t := range s.trackers {
		t.goUp("", now)
	}
}

// killBackups ends sessions on backup servers where "on-marked-up" says so.
func (s *Server) killBackups() {
	if s.Params.OnMarkedUp != "shutdown-backup-sessions" || s.Params.Backup || s.ew.Load() == 0 {
		return
	}
	for _, x := range s.Backend.Servers() {
		if x.Params.Backup {
			go x.ShutdownSessions('U')
		}
	}
}

// goStopping makes the server take persistent traffic only (404 under
// disable-on-404); the state lock is held.
func (s *Server) goStopping(reason string, now time.Time) {
	if s.op == Stopping || s.admin&AnyMaint != 0 {
		return
	}
	s.op, s.lastChange = Stopping, now
	s.settle(levelNotice, 0, func() string {
		return s.kind() + s.full() + " is stopping" + s.via() + reason + s.Backend.online()
	}, now)
	for _, t := range s.trackers {
		t.goStopping("", now)
	}
}

// SetAdmin adds an administrative reason to keep the server out: ForcedMaint,
// ForcedDrain and the like ("set server … state", the agent, resolution).
func (s *Server) SetAdmin(a Admin, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	s.setAdmin(a, now)
}

func (s *Server) setAdmin(a Admin, now time.Time) {
	was := s.admin
	if was&a == a {
		return
	}
	if a&AnyMaint != 0 {
		s.enterMaint(a, "", now)
		return
	}
	s.admin |= a
	if was&(AnyMaint|AnyDrain) == 0 {
		if s.op != Stopped {
			s.lastChange = now
		}
		s.settle(levelNotice, levelNotice, func() string {
			return s.kind() + s.full() + " enters drain state" + s.via() + s.Backend.online()
		}, now)
	}
	for _, t := range s.trackers {
		t.setAdmin(InheritedDrain, now)
	}
}

// enterMaint adds a reason for maintenance, with a cause that messages tell
// unless it is ""; the state lock is held.
func (s *Server) enterMaint(a Admin, cause string, now time.Time) {
	if cause != "" {
		cause = " (" + cause + ")"
	}
	was, op := s.admin, s.op
	s.admin |= a
	if was&AnyMaint == 0 {
		wasUsable := op != Stopped && op != Stopping && was&AnyDrain == 0
		s.op = Stopped
		s.stopWarming()
		requeued := int(s.waiting.Load())
		level := levelNotice
		if wasUsable {
			level = levelAlert
		}
		if op != Stopped {
			s.lastChange = now
		}
		s.settle(level, 0, func() string {
			if op == Stopped {
				return s.kind() + s.full() + " was DOWN and now enters maintenance" + cause + s.via() + "."
			}
			return s.kind() + s.full() + " is going DOWN for maintenance" + cause + s.via() + s.Backend.left(s.cur.Load(), requeued)
		}, now)
		s.requeue()
		if s.Params.OnMarkedDown == "shutdown-sessions" {
			go s.ShutdownSessions('D')
		}
	}
	for _, t := range s.trackers {
		t.setAdmin(InheritedMaint, now)
	}
}

// ClearAdmin removes administrative reasons; the server comes back where none
// is left.
func (s *Server) ClearAdmin(a Admin, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	s.clearAdmin(a, now)
}

func (s *Server) clearAdmin(a Admin, now time.Time) {
	was := s.admin
	if was&a == 0 {
		return
	}
	s.admin &^= a
	switch {
	case was&AnyMaint != 0 && s.admin&AnyMaint == 0:
		s.leaveMaint(was, now)
		if s.op != Stopped {
			s.killBackups()
		}
	case was&AnyMaint == 0 && was&AnyDrain != 0 && s.admin&AnyDrain == 0:
		s.lastChange = now
		s.settle(levelNotice, 0, func() string {
			return s.kind() + s.full() + " is " + s.upOrDown() + " (leaving " + forced(was&ForcedDrain != 0) + "drain)" + s.via() + "."
		}, now)
	}
	var gone Admin
	if s.admin&AnyMaint == 0 {
		gone |= InheritedMaint
	}
	if s.admin&AnyDrain == 0 {
		gone |= InheritedDrain
	}
	for _, t := range s.trackers {
		t.clearAdmin(gone, now)
	}
}

func forced(is bool) string {
	if is {
		return "forced "
	}
	return ""
}

func (s *Server) upOrDown() string {
	if s.op == Stopped {
		return "DOWN"
	}
	return "UP"
}

// leaveMaint brings the server back after its last reason for maintenance
// went; checks then have the last word. The state lock is held.
func (s *Server) leaveMaint(was Admin, now time.Time) {
	s.op = Running
	s.check.Value = s.check.Rise
	s.agent.Value = s.agent.Rise
	s.enterInitState()
	if t := s.tracked; t != nil {
		s.op = t.op
	}
	s.downTime += now.Sub(s.lastChange)
	s.lastChange = now
	if s.op == Running {
		s.startWarming(now)
	}
	state := "UP"
	if s.op == Stopped {
		state = "DOWN"
	}
	mode := "READY"
	if s.admin&AnyDrain != 0 {
		mode = "DRAIN"
	}
	s.settle(levelNotice, 0, func() string {
		if was&ResolveMaint != 0 && s.id.Host != "" {
			return s.kind() + s.full() + " ('" + s.id.Host + "') is " + state + "/" + mode + " (resolves again)."
		}
		return s.kind() + s.full() + " is " + state + "/" + mode + " (leaving " + forced(was&ForcedMaint != 0) + "maintenance)."
	}, now)
}

// ForceHealth is "set server … health": up, stopping or down. It returns
// false for a server that follows another.
func (s *Server) ForceHealth(to OpState, now time.Time) bool {
	unlock := s.Backend.lock()
	defer unlock()
	if s.tracked != nil {
		return false
	}
	switch to {
	case Stopped:
		s.check.Value = 0
		s.goDown(", changed from CLI", now)
	case Stopping:
		s.check.Full()
		s.goStopping(", changed from CLI", now)
	default:
		s.check.Full()
		s.goUp(", changed from CLI", now)
	}
	return true
}

// SetWeight changes the user weight, 0 to 256.
func (s *Server) SetWeight(w int, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	s.uw.Store(int32(w))
	s.reweigh(now)
}

// InitialWeight returns the weight of the configuration.
func (s *Server) InitialWeight() int {
	unlock := s.Backend.lock()
	defer unlock()
	return s.iweight
}

// reweigh derives the effective weight from the user weight and a running
// slow start; the state lock is held.
func (s *Server) reweigh(now time.Time) {
	w := int(s.uw.Load()) * WeightScale
	pct := s.starting.Load()
	if s.op == Starting && pct > 0 && w > 0 {
		w = max(1, w*int(pct)/100)
	}
	if int(s.ew.Swap(int32(w))) != w {
		s.settle(levelNotice, 0, nil, now)
	}
}
