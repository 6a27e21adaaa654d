package server

import (
	"slices"
	"time"

	"tandem/parser/expr"
)

// Literal says whether an address needs no look-up: EndpointOf says all of it.
func Literal(a *expr.Addr) bool {
	switch a.Kind {
	case expr.Unix, expr.Abstract, expr.AbstractZ:
		return true
	case expr.Inet:
		return !a.IsName()
	}
	return false
}

// EndpointOf turns a written address into an endpoint; ok is false for a
// name, which must be resolved first.
func EndpointOf(a *expr.Addr) (e *Endpoint, ok bool) {
	e = &Endpoint{Port: a.Port}
	if a.Offset {
		e.Mapped, e.MapPort, e.Port = true, a.Port, 0
		if a.Negative {
			e.MapPort = -a.Port
		}
	} else if !a.HasPort {
		e.Mapped = true
	}
	switch a.Kind {
	case expr.Unix:
		e.Network, e.Host = "unix", a.Host
	case expr.Abstract, expr.AbstractZ:
		e.Network, e.Host = "unix", a.AbstractName()
	case expr.Inet:
		if a.IsName() {
			e.Name = a.Host
			return e, false
		}
		e.Network, e.Host = "tcp4", a.IP.String()
		if a.IP.Is6() {
			e.Network = "tcp6"
		}
	default:
		return e, false
	}
	return e, true
}

// Prepare returns the backend's server of that name, so that a new
// configuration adopts what is known of it, or a new one that belongs to no
// farm yet. Nothing changes before Commit.
func (b *Backend) Prepare(name string, p *Params) *Server {
	if s := b.Server(name); s != nil {
		return s
	}
	return &Server{Backend: b, Name: name, Params: p}
}

// Declared is one server of a new configuration.
type Declared struct {
	Server *Server
	Params *Params
	ID     int       // 0: the next free one
	Addr   *Endpoint // nil: no address yet
	Line   Endpoint  // what the line says, where Addr does not
	Track  *Server
}

// Commit makes list the servers of the backend. Servers that it had before
// keep health, state, weights that an operator changed, and counters; those
// that are gone lose their waiting requests to the others.
func (b *Backend) Commit(list []Declared, settings Settings, now time.Time) {
	unlock := b.lock()
	defer unlock()
	known := map[*Server]bool{}
	for _, s := range b.Servers() {
		known[s] = true
	}
	used := map[int]bool{}
	for _, d := range list {
		used[d.ID] = true
	}
	servers := make([]*Server, len(list))
	next := 0 // an explicit id takes the place of the number that it has not got
	for i, d := range list {
		next++
		if d.ID == 0 {
			for used[next] {
				next++
			}
			d.ID, used[next] = next, true
		}
		d.Server.declare(&d, known[d.Server], now)
		delete(known, d.Server)
		servers[i] = d.Server
	}
	byName := make(map[string]*Server, len(servers))
	for _, s := range servers {
		byName[s.Name] = s
	}
	b.servers.Store(&servers)
	b.byName.Store(&byName)
	b.settings.Store(&settings)
	for _, s := range servers {
		s.bake()
	}
	b.refarm()
	for s := range known {
		s.retire()
	}
}

// declare applies a line to its server; the state lock is held.
func (s *Server) declare(d *Declared, known bool, now time.Time) {
	p := d.Params
	oldWeight := s.iweight
	s.identify(d, known)
	s.Params, s.ID, s.iweight = p, d.ID, p.Weight
	s.maxConn.Store(int64(max(p.MaxConn, p.MinConn)))
	s.check.Rise, s.check.Fall = p.Rise, p.Fall
	s.agent.Rise, s.agent.Fall = 1, 1
	s.Check.Enabled, s.Agent.Enabled = p.Check.Enabled, p.Agent.Enabled
	if s.tracked != d.Track {
		s.untrack()
		if s.tracked = d.Track; d.Track != nil {
			d.Track.trackers = slices.Insert(d.Track.trackers, 0, s) // the last one is told first
		}
	}
	switch old := s.addr.Load(); {
	case !known || old == nil || d.Addr != nil && *old != *d.Addr:
		s.addr.Store(d.Addr)
	}
	if known && oldWeight == p.Weight {
		if s.Check.Enabled {
			s.check.Value = min(s.check.Value, p.Rise+p.Fall-1)
		}
		return
	}
	s.uw.Store(int32(p.Weight))
	s.ew.Store(int32(p.Weight * WeightScale))
	if known {
		return
	}
	s.lastChange, s.op = now, Running
	s.agent.Value = 1
	if p.Disabled {
		s.admin |= ConfigMaint
		s.op = Stopped
	}
	if d.Addr == nil {
		s.admin |= ResolveMaint
		s.op = Stopped
	}
	s.enterInitState()
	s.inheritState()
}

// enterInitState applies "init-state" where the server is about to be checked.
func (s *Server) enterInitState() {
	switch s.Params.InitState {
	case "fully-up":
		s.check.Full()
	case "up":
		s.check.Value = s.check.Rise
	case "down":
		s.check.Value = s.check.Rise - 1
		s.op = Stopped
	case "fully-down":
		s.check.Value = 0
		s.op = Stopped
	}
}

// inheritState gives a tracking server the state of the one it follows.
func (s *Server) inheritState() {
	t := s.tracked
	if t == nil {
		return
	}
	s.op = t.op
	if t.lastChange.IsZero() { // declared later, in another backend
		s.op = Running
		if t.Params.Disabled {
			s.op, s.admin = Stopped, s.admin|InheritedMaint
		}
	}
	if t.admin&AnyMaint != 0 {
		s.admin |= InheritedMaint
	}
	if t.admin&AnyDrain != 0 {
		s.admin |= InheritedDrain
	}
}

// untrack removes s from the server that it follows.
func (s *Server) untrack() {
	if s.tracked == nil {
		return
	}
	list := s.tracked.trackers
	for i, x := range list {
		if x == s {
			s.tracked.trackers = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	s.tracked = nil
}

// retire ends a server that the configuration no longer has.
func (s *Server) retire() {
	s.untrack()
	s.op = Stopped
	s.willing.Store(false)
	s.chosen.Store(false)
	s.requeue()
	if s.warming != nil {
		s.warming.Stop()
	}
}
