package lvs

import (
	"net/netip"
	"slices"
)

// service is the state of a virtual service.
type service struct {
	spec     *Service
	servers  []*server
	quorumUp bool
	reloaded bool // it stood in the configuration before
}

// server is the state of a server.
type server struct {
	svc    *service
	spec   *Server
	checks []*check
	alive  bool
	gone   bool // a reload has removed it
	// reloaded says that it stood in the configuration before, with lastWeight.
	reloaded   bool
	lastWeight int64
}

// inhibited is the word for a server that is down and stays in the pool.
func (r *server) inhibited() string {
	if r.spec.Inhibit && !r.alive {
		return "(inhibited) "
	}
	return ""
}

// weight is the configured one with what checks add; never negative.
func (r *server) weight() int64 {
	w := int64(r.spec.Dest.Weight)
	for _, c := range r.checks {
		w += c.weight
	}
	return max(w, 0)
}

// failing counts the checks that have failed.
func (r *server) failing() int {
	n := 0
	for _, c := range r.checks {
		if !c.up {
			n++
		}
	}
	return n
}

// alive is the weight of all servers that are.
func (s *service) alive() int64 {
	sum := int64(0)
	for _, r := range s.servers {
		if r.alive {
			sum += r.weight()
		}
	}
	return sum
}

func (s *service) suspended(present func(netip.Addr) bool) bool {
	return s.spec.Suspend.IsValid() && !present(s.spec.Suspend)
}

// sorry says that the sorry server serves.
func (s *service) sorry() bool { return s.spec.Sorry != nil && !s.quorumUp }

// build makes the state of a service; what old has, if it is not nil, is taken
// over.
func (d *Director) build(spec *Service, old *service) *service {
	s := &service{spec: spec}
	if old != nil {
		s.quorumUp, s.reloaded = old.quorumUp, true
	}
	for _, rs := range spec.Servers {
		r := &server{svc: s, spec: rs}
		var was *server
		if old != nil {
			if i := slices.IndexFunc(old.servers, func(o *server) bool { return o.spec.Dest.Key() == rs.Dest.Key() }); i >= 0 {
				was = old.servers[i]
			}
		}
		if was != nil {
			r.reloaded, r.lastWeight = true, was.weight()
		}
		for _, k := range rs.Checks {
			r.checks = append(r.checks, d.adopt(k, r, was))
		}
		r.alive = r.failing() == 0
		s.servers = append(s.servers, r)
	}
	return s
}

// adopt makes the state of a check, or takes over that of one that did the same.
func (d *Director) adopt(k *Check, r *server, was *server) *check {
	if was != nil {
		for i, c := range was.checks {
			if c.spec.Identity == k.Identity {
				was.checks = slices.Delete(was.checks, i, i+1)
				c.spec, c.rs = k, r
				return c
			}
		}
	}
	return &check{spec: k, rs: r, up: !k.Alpha, enabled: true, weight: k.Weight}
}

// wanted are the servers that the pool of a member must have.
func (s *service) wanted(m *Member) []Dest {
	var out []Dest
	add := func(spec *Server, weight int64) {
		t := spec.Dest
		t.Weight = uint32(min(weight, 1<<31-1))
		// Only NAT changes ports, and it need not. Marks have none.
		if t.Method.Forward != Masquerade || t.Port == 0 {
			t.Port = m.ID.Port
		}
		if !slices.ContainsFunc(out, func(o Dest) bool { return o.Key() == t.Key() }) {
			out = append(out, t)
		}
	}
	for _, r := range s.servers {
		switch {
		case r.alive && !s.sorry():
			add(r.spec, r.weight())
		case r.spec.Inhibit:
			add(r.spec, 0)
		}
	}
	switch y := s.spec.Sorry; {
	case s.sorry():
		out = slices.DeleteFunc(out, func(o Dest) bool { return o.Key() == y.Dest.Key() })
		add(y, int64(y.Dest.Weight))
	case y != nil && s.spec.SorryInhibit:
		add(y, 0)
	}
	return out
}

// sync makes the kernel's pools what they must be. What comes in is told
// before what goes, so that no pool is empty between the two.
func (d *Director) sync(s *service) {
	for i := range s.spec.Members {
		m := &s.spec.Members[i]
		e := d.have[m.ID]
		switch {
		case e == nil:
			d.do(Command{Op: AddService, Service: m.ID, Opt: s.spec.Opt})
		case e.Opt != s.spec.Opt:
			d.do(Command{Op: SetService, Service: m.ID, Opt: s.spec.Opt})
		}
		e = d.have[m.ID]
		want := s.wanted(m)
		for _, t := range want {
			switch k := e.find(t.Key()); {
			case k < 0:
				d.do(Command{Op: AddDest, Service: m.ID, Dest: t})
			case e.Dests[k] != t:
				d.do(Command{Op: SetDest, Service: m.ID, Dest: t})
			}
		}
		for _, t := range slices.Clone(e.Dests) {
			if !slices.ContainsFunc(want, func(w Dest) bool { return w.Key() == t.Key() }) {
				d.do(Command{Op: DelDest, Service: m.ID, Dest: t})
			}
		}
	}
}

// drop takes a service out of the kernel, its servers first if each is told.
func (d *Director) drop(s *service, each bool) {
	for i := range s.spec.Members {
		d.dropMember(s.spec.Members[i].ID, each)
	}
}

func (d *Director) dropMember(id ServiceID, each bool) {
	e := d.have[id]
	if e == nil {
		return
	}
	if each {
		for _, t := range slices.Clone(e.Dests) {
			d.do(Command{Op: DelDest, Service: id, Dest: t})
		}
	}
	d.do(Command{Op: DelService, Service: id})
}

// begin brings a new service up.
func (d *Director) begin(s *service) {
	sum, need := s.alive(), s.spec.Quorum+s.spec.Hysteresis
	s.quorumUp = sum >= need
	d.sync(s)
	if d.cfg.InitNotifies {
		for _, r := range s.servers {
			if r.alive {
				d.tellServer(r, true, "")
			}
		}
	}
	if s.quorumUp {
		d.logf("Gained quorum %d+%d=%d <= %d for VS %s", s.spec.Quorum, s.spec.Hysteresis, need, sum, s.spec.Name)
		d.tellQuorum(s, "Starting with quorum up", need, sum)
		return
	}
	if s.spec.Sorry != nil { // without one, nothing happens that could be told
		d.startDown(s)
	}
}

// startDown says that a service begins without its quorum.
func (d *Director) startDown(s *service) {
	sum, need := s.alive(), s.spec.Quorum+s.spec.Hysteresis
	d.logf("Starting with quorum down %d-%d=%d > %d for VS %s", s.spec.Quorum, s.spec.Hysteresis, need, sum, s.spec.Name)
	d.tellQuorum(s, "Starting with quorum down", need, sum)
	d.logSorry(s, true)
}

// logSorry says that the sorry server takes over or steps back.
func (d *Director) logSorry(s *service, serves bool) {
	y := s.spec.Sorry
	if y == nil {
		return
	}
	word, preposition, pool := "Adding", "to", "Removing alive servers from"
	if s.spec.SorryInhibit {
		word = "Enabling"
	}
	if !serves {
		word, preposition, pool = "Removing", "from", "Adding alive servers to"
		if s.spec.SorryInhibit {
			word = "Disabling"
		}
	}
	d.logf("%s sorry server %s %s VS %s", word, y.Name, preposition, s.spec.Name)
	d.logf("%s the pool for VS %s", pool, s.spec.Name)
}

// recount compares the quorum with what is alive.
func (d *Director) recount(s *service) {
	sum, q, h := s.alive(), s.spec.Quorum, s.spec.Hysteresis
	switch {
	case !s.quorumUp && sum >= q+h:
		s.quorumUp = true
		d.logf("Gained quorum %d+%d=%d <= %d for VS %s", q, h, q+h, sum, s.spec.Name)
		d.logSorry(s, false)
		d.sync(s)
		d.tellQuorum(s, "Gained quorum", q+h, sum)
	case s.quorumUp && (sum == 0 || sum < q-h):
		s.quorumUp = false
		d.logf("Lost quorum %d-%d=%d > %d for VS %s", q, h, q-h, sum, s.spec.Name)
		d.logSorry(s, true)
		d.sync(s)
		d.tellQuorum(s, "Lost quorum", q-h, sum)
	}
}

// checkUp takes that a check of a server is well again.
func (d *Director) checkUp(r *server, mail string) {
	if r.alive || r.failing() > 0 {
		d.mailCheck(r, mail)
		return
	}
	r.alive = true
	word, preposition := "Adding", "to"
	if r.spec.Inhibit {
		word, preposition = "Enabling", "of"
	}
	d.logf("%s service %s %s VS %s", word, r.spec.Name, preposition, r.svc.spec.Name)
	d.sync(r.svc)
	d.tellServer(r, true, mail)
	d.recount(r.svc)
}

// checkDown takes that a check of a server has failed. was says that the check
// had been well; if not, the server is down already and this only tells it.
func (d *Director) checkDown(r *server, mail string, was bool) {
	if !was {
		d.tellServer(r, false, mail)
		return
	}
	if !r.alive {
		d.mailCheck(r, mail)
		return
	}
	r.alive = false
	word, preposition := "Removing", "from"
	if r.spec.Inhibit {
		word, preposition = "Disabling", "of"
	}
	d.logf("%s service %s %s VS %s", word, r.spec.Name, preposition, r.svc.spec.Name)
	d.sync(r.svc)
	d.tellServer(r, false, mail)
	d.recount(r.svc)
}

// weigh sets what a check adds to the weight of its server.
func (d *Director) weigh(c *check, weight int64) {
	if c.weight == weight {
		return
	}
	r := c.rs
	from := r.weight()
	c.weight = weight
	to := r.weight()
	if from == to {
		return
	}
	d.logWeight(r, from, to)
	if r.alive {
		d.sync(r.svc)
		d.recount(r.svc)
	}
}

func (d *Director) logWeight(r *server, from, to int64) {
	state := ""
	if !r.alive {
		state = "in"
	}
	d.logf("Changing weight from %d to %d for %sactive service %s of VS %s", from, to, state, r.spec.Name, r.svc.spec.Name)
}
