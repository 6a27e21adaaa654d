package server

import "time"

// View is what the stats page and the stats socket show of a server, taken at
// one moment under the lock that guards states.
type View struct {
	Op         OpState
	Admin      Admin
	Check      CheckState
	Agent      CheckState
	CheckCount Health // rise, fall and value of the health checks
	AgentCount Health
	LastChange time.Duration // since the state changed
	Downtime   time.Duration // down all in all, the present time included
	Starting   int           // percent of a slow start; 0: none is running
	Weight     int           // of the configuration
	Tracked    *Server
}

// View returns the server's state at now.
func (s *Server) View(now time.Time) View {
	unlock := s.Backend.lock()
	defer unlock()
	v := View{
		Op: s.op, Admin: s.admin, Check: s.Check, Agent: s.Agent, CheckCount: s.check, AgentCount: s.agent,
		LastChange: now.Sub(s.lastChange), Downtime: s.downTime, Starting: int(s.starting.Load()),
		Weight: s.iweight, Tracked: s.tracked,
	}
	if s.op == Stopped {
		v.Downtime += v.LastChange
	}
	return v
}

// Times returns how long ago the backend lost or regained its last server,
// and how long it had none all in all.
func (b *Backend) Times(now time.Time) (sinceChange, down time.Duration) {
	unlock := b.lock()
	defer unlock()
	sinceChange, down = now.Sub(b.lastChange), b.downTotal
	if f := b.Farm(); f.Active+f.Backups == 0 {
		down += sinceChange
	}
	return sinceChange, down
}

// StatusNumber returns the number of a check status in "show servers state".
func StatusNumber(status string) int { return statuses[status].number }

// PauseCheck stops or resumes the server's health checks ("disable health").
func (s *Server) PauseCheck(paused bool) {
	unlock := s.Backend.lock()
	defer unlock()
	s.Check.Paused = paused
}

// PauseAgent stops or resumes the server's agent checks ("disable agent").
func (s *Server) PauseAgent(paused bool) {
	unlock := s.Backend.lock()
	defer unlock()
	s.Agent.Paused = paused
}

// ForceAgent is "set server … agent": up or down, as if the agent had said so.
func (s *Server) ForceAgent(up bool, now time.Time) {
	unlock := s.Backend.lock()
	defer unlock()
	if up {
		s.agent.Full()
		if !s.Check.Enabled || s.check.Good() {
			s.goUp(", changed from CLI", now)
		}
		return
	}
	s.agent.Value = 0
	s.goDown(", changed from CLI", now)
}

// Override changes the server's parameters while it runs: f gets a copy of
// those in force, which then replaces them ("set server … check-port").
func (s *Server) Override(f func(*Params)) {
	unlock := s.Backend.lock()
	defer unlock()
	p := *s.Params
	p.first = s.Params.First()
	f(&p)
	s.Params = &p
}
