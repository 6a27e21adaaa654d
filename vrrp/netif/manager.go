package netif

import (
	"errors"
	"fmt"
	"net/netip"
)

// State is what one owner wants to hold.
type State struct {
	Addrs  []Addr
	Routes []Route
	Rules  []Rule
}

// held is one thing that the manager has told the kernel to hold.
type held struct {
	owners int
	lost   bool // somebody else removed it
}

// Manager knows what every owner holds and tells the kernel the differences.
// A thing that two owners want is added once and removed with the last. It is
// not safe for concurrent use.
type Manager struct {
	k      Kernel
	owners map[string]State
	held   map[string]*held // by kind and identity
	addrs  map[where]int    // how many owners want an address
}

// where is an address on an interface.
type where struct {
	p    netip.Prefix
	link string
}

// count adds n to the wants of the addresses of s.
func (m *Manager) count(s State, n int) {
	for _, a := range s.Addrs {
		w := where{a.Prefix, a.Link}
		if m.addrs[w] += n; m.addrs[w] == 0 {
			delete(m.addrs, w)
		}
	}
}

// New makes a manager that holds nothing yet.
func New(k Kernel) *Manager {
	return &Manager{k: k, owners: make(map[string]State), held: make(map[string]*held), addrs: make(map[where]int)}
}

// op is one operation with its inverse's identity.
type op struct {
	id  string
	add func() error
	del func() error
}

// ops lists the operations of a state in the order of adding.
func (m *Manager) ops(s State) []op {
	var out []op
	for _, a := range s.Addrs {
		out = append(out, op{"a" + a.id(), func() error { return m.k.AddAddr(a) }, func() error { return m.k.DelAddr(a) }})
	}
	for _, r := range s.Routes {
		out = append(out, op{"r" + routeID(r), func() error { return m.k.AddRoute(r) }, func() error { return m.k.DelRoute(r) }})
	}
	for _, r := range s.Rules {
		out = append(out, op{"u" + ruleID(r), func() error { return m.k.AddRule(r) }, func() error { return m.k.DelRule(r) }})
	}
	return out
}

func routeID(r Route) string {
	r.Text = ""
	return fmt.Sprintf("%+v", r)
}

func ruleID(r Rule) string {
	r.Text = ""
	return fmt.Sprintf("%+v", r)
}

// Set makes owner hold exactly s: first what is missing is added in the order
// addresses, routes, rules, then what is no longer wanted is removed in the
// opposite order. It returns the addresses that were not there before. What
// fails is told together; it is tried again when an owner asks for it anew
// after all have given it up.
func (m *Manager) Set(owner string, s State) (added []Addr, err error) {
	old := m.owners[owner]
	had := make(map[string]bool)
	for _, o := range m.ops(old) {
		had[o.id] = true
	}
	var errs []error
	want := make(map[string]bool)
	ops := m.ops(s)
	for i, o := range ops {
		if want[o.id] {
			continue
		}
		want[o.id] = true
		h := m.held[o.id]
		if h == nil {
			h = &held{lost: true}
			m.held[o.id] = h
		}
		if !had[o.id] {
			h.owners++
		}
		if !h.lost {
			continue
		}
		h.lost = false
		if e := o.add(); e != nil {
			errs = append(errs, e)
			continue
		}
		if i < len(s.Addrs) {
			added = append(added, s.Addrs[i])
		}
	}
	gone := m.ops(old)
	for i := len(gone) - 1; i >= 0; i-- {
		o := gone[i]
		if want[o.id] || !had[o.id] {
			continue
		}
		had[o.id] = false
		if e := m.drop(o); e != nil {
			errs = append(errs, e)
		}
	}
	m.count(old, -1)
	m.count(s, 1)
	m.owners[owner] = s
	if len(s.Addrs)+len(s.Routes)+len(s.Rules) == 0 {
		delete(m.owners, owner)
	}
	return added, errors.Join(errs...)
}

// drop removes one owner's share in a thing, and the thing with the last.
func (m *Manager) drop(o op) error {
	h := m.held[o.id]
	if h == nil {
		return nil
	}
	if h.owners--; h.owners > 0 {
		return nil
	}
	delete(m.held, o.id)
	if h.lost {
		return nil
	}
	return o.del()
}

// Clear removes everything of s that nobody holds, whoever left it behind: an
// earlier process that was killed.
func (m *Manager) Clear(s State) error {
	var errs []error
	ops := m.ops(s)
	for i := len(ops) - 1; i >= 0; i-- {
		if m.held[ops[i].id] != nil {
			continue
		}
		if err := ops[i].del(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Holds is the state that owner holds.
func (m *Manager) Holds(owner string) State { return m.owners[owner] }

// Lost finds the owners of an address that the kernel reported as removed. An
// address that is there again, because the report is about an older time, has
// not been lost.
func (m *Manager) Lost(ev Event) (owners []string) {
	if !ev.Gone || !ev.Addr.IsValid() || m.addrs[where{ev.Addr, ev.Link.Name}] == 0 {
		return nil
	}
	for name, s := range m.owners {
		for _, a := range s.Addrs {
			if a.Link != ev.Link.Name || a.Prefix != ev.Addr {
				continue
			}
			h := m.held["a"+a.id()]
			if h == nil || h.lost {
				continue
			}
			if there, err := m.k.HasAddr(a); err != nil || there {
				continue
			}
			h.lost = true
			if !a.NoTrack {
				owners = append(owners, name)
			}
			break
		}
	}
	return owners
}

// LinkDown forgets the addresses of an interface that disappeared: the kernel
// removed them with it.
func (m *Manager) LinkDown(link string) {
	for _, s := range m.owners {
		for _, a := range s.Addrs {
			if h := m.held["a"+a.id()]; a.Link == link && h != nil {
				h.lost = true
			}
		}
	}
}
