package lvs

// ServiceView is the state of a service.
type ServiceView struct {
	Spec     *Service
	QuorumUp bool
	// SorrySet says that the sorry server is in the pool.
	SorrySet bool
	Reloaded bool
	Servers  []ServerView
}

// ServerView is the state of a server.
type ServerView struct {
	Spec    *Server
	Alive   bool
	Set     bool // in the pool
	Weight  int64
	Failing int
	// Reloaded says that it stood in an earlier configuration, and what its
	// weight was there.
	Reloaded   bool
	LastWeight int64
	Checks     []CheckView
}

// CheckView is the state of a check.
type CheckView struct {
	Spec    *Check
	Up      bool
	Ran     bool
	Enabled bool
	Tries   uint32
	Step    int
	Failed  bool // at Step
	Weight  int64
}

// View returns the state of everything, in the order of the configuration.
func (d *Director) View() []ServiceView {
	var out []ServiceView
	for _, s := range d.services {
		v := ServiceView{Spec: s.spec, QuorumUp: s.quorumUp, Reloaded: s.reloaded, SorrySet: s.sorry() || s.spec.Sorry != nil && s.spec.SorryInhibit}
		for _, r := range s.servers {
			x := ServerView{Spec: r.spec, Reloaded: r.reloaded, LastWeight: r.lastWeight, Alive: r.alive, Weight: r.weight(), Failing: r.failing(), Set: r.alive && !s.sorry() || r.spec.Inhibit}
			for _, c := range r.checks {
				x.Checks = append(x.Checks, CheckView{
					Spec: c.spec, Up: c.up, Ran: c.ran, Enabled: c.enabled, Tries: c.tries, Step: c.step, Failed: c.failed, Weight: c.weight,
				})
			}
			v.Servers = append(v.Servers, x)
		}
		out = append(out, v)
	}
	return out
}
