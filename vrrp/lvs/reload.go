package lvs

import (
	"net/netip"
	"slices"
	"time"
)

// Reload goes over to cfg. Checks that do the same as before keep their state,
// and the kernel is told only what differs.
func (d *Director) Reload(cfg *Config, now time.Duration) []Effect {
	was := d.cfg
	d.cfg = cfg
	d.settings(was)
	before := map[string]*service{}
	for _, s := range d.services {
		before[s.spec.Name] = s
	}
	adopted := map[*check]bool{}
	moved := d.carry(before, adopted)
	for _, s := range d.services {
		if before[s.spec.Name] == s {
			d.logf("Removing Virtual Server %s", s.spec.Name)
			d.removeServers(s, s.servers)
			d.drop(s, true)
			d.retire(s, adopted)
		}
	}
	d.services = nil
	for _, m := range moved {
		d.services = append(d.services, m.now)
		if m.was == nil {
			d.begin(m.now)
		} else {
			d.merge(m.was, m.now)
			d.retire(m.was, adopted)
		}
	}
	for _, s := range d.services {
		d.activate(s, adopted, now)
	}
	d.activateSessions()
	return d.take()
}

// pair is a service with what it was before.
type pair struct {
	was, now *service
}

// carry builds the new services, and takes those that go on out of before.
func (d *Director) carry(before map[string]*service, adopted map[*check]bool) []pair {
	var out []pair
	for _, spec := range d.cfg.Services {
		o := before[spec.Name]
		p := pair{was: o}
		if o != nil {
			delete(before, spec.Name)
		}
		p.now = d.build(spec, o)
		for _, r := range p.now.servers {
			for _, c := range r.checks {
				if c.rs == r && (c.running || c.ran || c.index > 0) {
					adopted[c] = true
				}
			}
		}
		out = append(out, p)
	}
	return out
}

// retire ends the checks that nobody has taken over.
func (d *Director) retire(s *service, adopted map[*check]bool) {
	for _, r := range s.servers {
		r.gone = true
		for _, c := range r.checks {
			if !adopted[c] {
				d.queue.remove(c)
			}
		}
	}
}

// removeServers says that servers go, and tells it of those that were alive.
func (d *Director) removeServers(s *service, servers []*server) {
	for _, r := range servers {
		pooled := r.alive && !s.sorry() || r.spec.Inhibit
		if pooled {
			d.logf("Removing %sservice %s from VS %s", r.inhibited(), r.spec.Name, s.spec.Name)
		}
		if r.alive {
			d.tellServer(r, false, "=> Removing <=")
		}
	}
}

// merge brings a service that goes on to its new form.
func (d *Director) merge(was, now *service) {
	oldSorry, newSorry := was.spec.Sorry, now.spec.Sorry
	changed := oldSorry != nil && (newSorry == nil || newSorry.Dest.Key() != oldSorry.Dest.Key())
	if changed && (was.sorry() || was.spec.SorryInhibit) {
		d.logf("Removing sorry server %s from VS %s", oldSorry.Name, was.spec.Name)
	}
	d.members(was.spec, now.spec)
	for _, r := range was.servers {
		n := now.find(r.spec.Dest.Key())
		if n == nil {
			d.logf("service %s no longer exist", r.spec.Name)
			d.removeServers(was, []*server{r})
			continue
		}
		if w := n.weight(); w != n.lastWeight {
			d.logWeight(n, n.lastWeight, w)
		}
	}
	up := now.quorumUp
	d.sync(now)
	d.recount(now)
	if !now.quorumUp && !up && newSorry != nil && (changed || oldSorry == nil) {
		d.startDown(now)
	}
}

// find returns the server with an address and port.
func (s *service) find(k netip.AddrPort) *server {
	for _, r := range s.servers {
		if r.spec.Dest.Key() == k {
			return r
		}
	}
	return nil
}

// members says which lines of a group come and go, and takes out of the kernel
// what they no longer name.
func (d *Director) members(was, now *Service) {
	has := func(list []Member, text string) bool {
		return slices.ContainsFunc(list, func(m Member) bool { return m.Text == text })
	}
	said := ""
	for _, m := range was.Members {
		if m.Text != said && m.Text != "" && !has(now.Members, m.Text) {
			said = m.Text
			d.logf("VS [%s] in group %s no longer exists", m.Text, m.Group)
		}
	}
	for _, m := range was.Members {
		if !slices.ContainsFunc(now.Members, func(n Member) bool { return n.ID == m.ID }) {
			d.dropMember(m.ID, true)
		}
	}
	for _, m := range now.Members {
		if m.Text != said && m.Text != "" && !has(was.Members, m.Text) {
			said = m.Text
			d.logf("VS [%s] added into group %s", m.Text, m.Group)
		}
	}
}
