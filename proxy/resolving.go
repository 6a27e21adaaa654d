package proxy

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/certs"
	"tandem/proxy/config"
	"tandem/proxy/resolve"
	"tandem/proxy/server"
)

// resolving keeps servers where the names on their lines are, while the
// process runs (configuration manual 5.3).
type resolving struct {
	cfg *config.Config

	mu    sync.Mutex
	hosts map[*server.Server]*hostFollower
}

// startResolving begins to follow the names of all servers, and returns the
// function that ends it.
func (p *Proxy) startResolving() func() {
	p.names.follow()
	for _, r := range p.cfg.Resolvers {
		r.Start()
	}
	return func() {
		for _, r := range p.cfg.Resolvers {
			r.Stop()
		}
	}
}

// secureNameServers gives name servers with "ssl" on their line what TLS needs.
func secureNameServers(cfg *config.Config, store *certs.Store) error {
	for _, x := range cfg.Others.Resolvers {
		b, _ := x.(*config.Block)
		if b == nil || b.Resolver == nil {
			continue
		}
		for _, l := range b.Servers {
			if !l.Params.TLS.Enabled {
				continue
			}
			c, err := serverTLS(store, &cfg.Global, &l.Params.TLS)
			if err != nil {
				return err
			}
			for i := range b.Resolver.Section.NameServers {
				if ns := &b.Resolver.Section.NameServers[i]; ns.Name == l.Name {
					ns.TLS = c.Config("")
				}
			}
		}
	}
	return nil
}

// follow makes the followers of all servers with "resolvers".
func (n *resolving) follow() {
	for _, px := range n.cfg.Proxies {
		if px.Back == nil || px.Disabled {
			continue
		}
		records := map[string]*recordFollower{}
		for _, l := range px.Servers {
			r := keyword.Target[*resolve.Resolver](l.Params.Resolvers)
			if r == nil || l.Server == nil {
				continue
			}
			switch id, _ := l.Server.Identity(); {
			case id.Record != "":
				key := r.Section.Name + " " + strings.ToLower(id.Record)
				if records[key] == nil {
					records[key] = &recordFollower{n: n, r: r}
					defer r.Follow(resolve.Question{Name: id.Record, SRV: true}, records[key])
				}
				records[key].servers = append(records[key].servers, l.Server)
			case id.Host != "":
				n.followHost(l.Server, r, id.Host)
			}
		}
	}
}

// followHost has a server follow a host name in place of what it followed.
func (n *resolving) followHost(s *server.Server, r *resolve.Resolver, host string) {
	p := s.Params
	f := &hostFollower{s: s, r: r, q: resolve.Question{Name: host, IPv4: p.ResolvePrefer == "ipv4"}}
	f.choice = resolve.Choice{IPv4: f.q.IPv4, Nets: config.Prefixes(p.ResolveNet)}
	dup := false
	for _, o := range p.ResolveOpts {
		switch o {
		case "allow-dup-ip":
			dup = true
		case "prevent-dup-ip":
			dup = false
		}
	}
	if !dup {
		f.choice.Taken = s.Has
	}
	n.unfollow(s)
	n.mu.Lock()
	n.hosts[s] = f
	n.mu.Unlock()
	r.Follow(f.q, f)
	s.OnLost(func() { r.Hurry(f.q) })
}

// unfollow ends what followHost began.
func (n *resolving) unfollow(s *server.Server) {
	n.mu.Lock()
	f := n.hosts[s]
	delete(n.hosts, s)
	n.mu.Unlock()
	if f != nil {
		f.r.Unfollow(f.q, f)
	}
}

// rename is "set server … fqdn": it returns the answer.
func (n *resolving) rename(s *server.Server, host string) string {
	const by = "stats socket command"
	id, _ := s.Identity()
	switch {
	case strings.EqualFold(id.Host, host):
		return "no need to change the FDQN by '" + by + "'"
	case !resolve.ValidName(host):
		return "could not update " + s.Backend.Name + "/" + s.Name + " FQDN by '" + by + "'"
	}
	text := s.Rename(host, 0, by)
	n.followHost(s, keyword.Target[*resolve.Resolver](s.Params.Resolvers), host)
	return text
}

// hostFollower keeps one server at an address of a host name.
type hostFollower struct {
	s      *server.Server
	r      *resolve.Resolver
	q      resolve.Question
	choice resolve.Choice
}

// Found moves the server where its present address is none of the name's.
func (f *hostFollower) Found(set *resolve.Set, by string) bool {
	present := netip.Addr{}
	if e := f.s.Addr(); e != nil {
		present, _ = netip.ParseAddr(e.Host)
	}
	now := time.Now()
	ip := f.choice.Pick(set.Addrs(), present)
	if !ip.IsValid() {
		f.s.Unresolved("No IP for server ", now)
		return false
	}
	moved := f.s.Move(ip, 0, by)
	f.s.Resolved(now)
	return moved
}

// Lost takes the server out.
func (f *hostFollower) Lost(why resolve.Status) { f.s.Unresolved(why.String(), time.Now()) }

// recordFollower gives the targets of SRV records to the servers of a backend
// that wait for them.
type recordFollower struct {
	n       *resolving
	r       *resolve.Resolver
	servers []*server.Server
}

// Found hands out the targets.
func (f *recordFollower) Found(set *resolve.Set, _ string) (changed bool) {
	targets := set.Targets()
	slots := make([]resolve.Slot, len(f.servers))
	for i, s := range f.servers {
		id, port := s.Identity()
		slots[i] = resolve.Slot{Host: id.Host, Port: port}
	}
	plan := resolve.Plan(slots, targets)
	for i, s := range f.servers { // those that go first: what they leave may be had by others
		if plan[i] >= 0 && slots[i].Host != "" && !same(slots[i], &targets[plan[i]]) || plan[i] < 0 && slots[i].Host != "" {
			f.free(s, "entry removed from SRV record")
			changed = true
		}
	}
	for i, s := range f.servers {
		if plan[i] >= 0 {
			changed = f.give(s, &targets[plan[i]], same(slots[i], &targets[plan[i]])) || changed
		}
	}
	return changed
}

func same(s resolve.Slot, t *resolve.Target) bool {
	return strings.EqualFold(s.Host, t.Host) && s.Port == t.Port
}

// give makes a target the one of a server; known says that it was before.
func (f *recordFollower) give(s *server.Server, t *resolve.Target, known bool) (changed bool) {
	now := time.Now()
	if t.Addr.IsValid() {
		changed = s.Move(t.Addr, t.Port, "DNS additional record")
	}
	if !known {
		s.Rename(t.Host, t.Port, "SRV record")
		changed = true
	}
	if !server.Given(s.Params.ResolveOpts).Has("ignore-weight") {
		s.SetSRVWeight(resolve.Weight(t.Weight), now)
	}
	switch f.n.mu.Lock(); {
	case t.Addr.IsValid():
		f.n.mu.Unlock()
		f.n.unfollow(s)
		s.Resolved(now)
	case f.n.hosts[s] == nil:
		f.n.mu.Unlock()
		f.n.followHost(s, f.r, t.Host)
	default:
		f.n.mu.Unlock()
	}
	return changed
}

// free takes a server's target away.
func (f *recordFollower) free(s *server.Server, cause string) {
	f.n.unfollow(s)
	s.Unresolved(cause, time.Now())
	s.Rename("", 0, "")
}

// Lost takes all servers out.
func (f *recordFollower) Lost(why resolve.Status) {
	for _, s := range f.servers {
		if id, _ := s.Identity(); id.Host != "" {
			f.free(s, why.String())
		}
	}
}
