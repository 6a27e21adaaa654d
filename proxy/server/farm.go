package server

// Farm is the set of servers that balancing may use at a moment; immutable.
// Policies keep what they derived from one and compare pointers.
type Farm struct {
	Servers []*Server // in order of the configuration
	Weights []int     // effective, × WeightScale, at the moment of the change
	Total   int       // sum of Weights
	Backup  bool      // no active server is left
	Active  int       // usable active servers
	Backups int       // usable backup servers
	Longest []*Server // Servers, those first that have been among them for longest; where Settings say Ranked
}

var noFarm = &Farm{}

// Farm returns the set of servers to choose from.
func (b *Backend) Farm() *Farm {
	if f := b.farm.Load(); f != nil {
		return f
	}
	return noFarm
}

// usable says whether balancing may choose s; the state lock is held.
func (s *Server) usable() bool {
	return s.op != Stopped && s.op != Stopping && s.admin&(AnyMaint|AnyDrain) == 0 && s.ew.Load() > 0
}

// refarm computes the set of usable servers anew; the state lock is held.
// It returns the counts before and after.
func (b *Backend) refarm() (before, after int) {
	old := b.Farm()
	f := &Farm{}
	var active, backup []*Server
	for _, s := range b.Servers() {
		s.willing.Store(s.op != Stopped && s.admin&AnyMaint == 0)
		switch {
		case !s.usable():
		case s.Params.Backup:
			backup = append(backup, s)
		default:
			active = append(active, s)
		}
	}
	f.Active, f.Backups = len(active), len(backup)
	f.Servers = active
	if len(active) == 0 && len(backup) > 0 {
		f.Backup = true
		f.Servers = backup
		if !b.Settings().AllBackups {
			f.Servers = backup[:1]
		}
	}
	f.Weights = make([]int, len(f.Servers))
	for i, s := range f.Servers {
		f.Weights[i] = s.EffectiveWeight()
		f.Total += f.Weights[i]
	}
	if b.Settings().Ranked {
		f.Longest = follow(old.Longest, f.Servers)
	}
	b.farm.Store(f)
	next := 0 // both lists are in the same order
	for _, s := range b.Servers() {
		in := next < len(f.Servers) && f.Servers[next] == s
		if in {
			next++
		}
		s.chosen.Store(in)
	}
	return old.Active + old.Backups, f.Active + f.Backups
}

// follow returns those of order that are in list, then the others of list.
func follow(order, list []*Server) []*Server {
	in := make(map[*Server]bool, len(list))
	for _, s := range list {
		in[s] = true
	}
	out := make([]*Server, 0, len(list))
	for _, s := range order {
		if in[s] {
			out = append(out, s)
			delete(in, s)
		}
	}
	for _, s := range list {
		if in[s] {
			out = append(out, s)
		}
	}
	return out
}
