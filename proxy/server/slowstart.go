package server

import "time"

// startWarming begins a slow start, if the server has one; the state lock is
// held (configuration manual 5.2, slowstart).
func (s *Server) startWarming(now time.Time) {
	d := s.Params.SlowStart
	if d <= 0 {
		return
	}
	s.op = Starting
	s.starting.Store(1)
	s.reweighQuiet()
	s.stopTimer()
	s.warming = time.AfterFunc(warmStep(d), s.warm)
}

// warmStep is how often the weight grows: twenty steps, a second at least.
func warmStep(d time.Duration) time.Duration { return max(d/20, min(time.Second, d)) }

// warm is one step of a slow start.
func (s *Server) warm() {
	unlock := s.Backend.lock()
	defer unlock()
	now := time.Now()
	if s.op != Starting {
		return
	}
	pct := warmPercent(now.Sub(s.lastChange), s.Params.SlowStart)
	if pct >= 100 {
		s.op = Running
		s.starting.Store(0)
	} else {
		s.starting.Store(int32(pct))
		s.warming = time.AfterFunc(warmStep(s.Params.SlowStart), s.warm)
	}
	s.reweigh(now)
}

// warmPercent is how much of its weight a server has after elapsed of a slow
// start of length d: 1 to 100.
func warmPercent(elapsed, d time.Duration) int {
	if elapsed >= d {
		return 100
	}
	return max(1, int(100*elapsed/d))
}

// reweighQuiet sets the effective weight; the caller settles.
func (s *Server) reweighQuiet() {
	w := int(s.uw.Load()) * WeightScale
	if pct := int(s.starting.Load()); pct > 0 && w > 0 {
		w = max(1, w*pct/100)
	}
	s.ew.Store(int32(w))
}

// stopWarming ends a slow start; the state lock is held.
func (s *Server) stopWarming() {
	s.stopTimer()
	s.starting.Store(0)
	s.reweighQuiet()
}

func (s *Server) stopTimer() {
	if s.warming != nil {
		s.warming.Stop()
		s.warming = nil
	}
}
