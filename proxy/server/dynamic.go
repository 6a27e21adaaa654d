package server

import "time"

// Add makes d one of the backend's servers while it runs. It begins in
// maintenance, with its checks paused (management manual, add server).
func (b *Backend) Add(d Declared, now time.Time) {
	unlock := b.lock()
	defer unlock()
	old := b.Servers()
	used := map[int]bool{}
	for _, s := range old {
		used[s.ID] = true
	}
	if d.ID == 0 {
		for d.ID = 1; used[d.ID]; d.ID++ {
		}
	}
	s := d.Server
	s.dynamic = true
	s.declare(&d, false, now)
	s.admin |= ForcedMaint
	s.admin &^= ConfigMaint | ResolveMaint | InheritedMaint
	s.op = Stopped
	s.Check.Paused, s.Agent.Paused = true, true
	b.have(append(append(make([]*Server, 0, len(old)+1), old...), s))
	s.bake()
}

// Remove takes a server out of the backend for good. The caller has made sure
// that nobody uses it.
func (b *Backend) Remove(s *Server) {
	unlock := b.lock()
	defer unlock()
	var left []*Server
	for _, x := range b.Servers() {
		if x != s {
			left = append(left, x)
		}
	}
	b.have(left)
	s.retire()
}

// have makes list the backend's servers; the state lock is held.
func (b *Backend) have(list []*Server) {
	byName := make(map[string]*Server, len(list))
	for _, s := range list {
		byName[s.Name] = s
	}
	b.servers.Store(&list)
	b.byName.Store(&byName)
	b.refarm()
}

// Dynamic says whether the server was added while the process runs.
func (s *Server) Dynamic() bool { return s.dynamic }

// Named says that other parts of the configuration name the server, so that
// it must stay.
func (s *Server) Named() bool {
	unlock := s.Backend.lock()
	defer unlock()
	return s.named || len(s.trackers) > 0
}

// NameIt notes that the configuration names the server elsewhere than on its
// line.
func (s *Server) NameIt() { s.named = true }
