package server

import (
	"time"
)

// Interval returns how long to wait before the next health check, which
// depends on the state (configuration manual 5.2, inter).
func (s *Server) Interval() time.Duration {
	unlock := s.Backend.lock()
	defer unlock()
	p := &s.Params.Check
	switch {
	case s.Check.Status == "" || s.check.Changing():
		return orElse(p.FastInter, p.Inter)
	case !s.check.Good():
		return orElse(p.DownInter, p.Inter)
	}
	return p.Inter
}

func orElse(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// BeginCheck notes that a check starts and says whether it may: not while it
// is paused; health checks, not agents, stop while the server is in maintenance.
func (s *Server) BeginCheck(agent bool, now time.Time) bool {
	unlock := s.Backend.lock()
	defer unlock()
	c := &s.Check
	if agent {
		c = &s.Agent
	}
	if !c.Enabled || c.Paused || !agent && s.admin&AnyMaint != 0 || s.addr.Load() == nil {
		return false
	}
	c.Running, c.Start = true, now
	return true
}
