package netif

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Fake is a kernel in memory. It keeps a log of what it was told, in the words
// of ip(8).
type Fake struct {
	mu    sync.Mutex
	links []Link
	addrs map[string]bool
	log   []string
	watch []func(Event)
	// Fail makes every operation whose line contains it fail.
	Fail string
}

// NewFake makes a kernel with the links.
func NewFake(links ...Link) *Fake {
	return &Fake{links: links, addrs: make(map[string]bool)}
}

func (f *Fake) do(format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	if f.Fail != "" && strings.Contains(line, f.Fail) {
		return fmt.Errorf("%s: refused", line)
	}
	f.log = append(f.log, line)
	return nil
}

// Take returns the log since the last Take.
func (f *Fake) Take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.log
	f.log = nil
	return out
}

// Has says whether the address is there, as "10.0.0.1/32%eth0".
func (f *Fake) Has(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addrs[id]
}

func fakeID(a Addr) string { return a.Prefix.String() + "%" + a.Link }

// AddAddr implements [Kernel].
func (f *Fake) AddAddr(a Addr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("ip addr add %s", a); err != nil {
		return err
	}
	f.addrs[fakeID(a)] = true
	return nil
}

// DelAddr implements [Kernel].
func (f *Fake) DelAddr(a Addr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.addrs[fakeID(a)] {
		return nil
	}
	delete(f.addrs, fakeID(a))
	return f.do("ip addr del %s dev %s", a.Prefix, a.Link)
}

// HasAddr implements [Kernel].
func (f *Fake) HasAddr(a Addr) (bool, error) { return f.Has(fakeID(a)), nil }

// AddRoute implements [Kernel].
func (f *Fake) AddRoute(r Route) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do("ip route add %s", r.Text)
}

// DelRoute implements [Kernel].
func (f *Fake) DelRoute(r Route) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do("ip route del %s", r.Text)
}

// AddRule implements [Kernel].
func (f *Fake) AddRule(r Rule) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do("ip rule add %s", r.Text)
}

// DelRule implements [Kernel].
func (f *Fake) DelRule(r Rule) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do("ip rule del %s", r.Text)
}

// AddVMAC implements [Kernel].
func (f *Fake) AddVMAC(v VMAC) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.links, func(l Link) bool { return l.Name == v.Parent })
	if i < 0 {
		return fmt.Errorf("%s: %w", v.Parent, ErrNoLink)
	}
	l := f.links[i]
	l.Name, l.MAC, l.Kind, l.Index, l.Addrs = v.Name, v.MAC, "macvlan", len(f.links)+100, nil
	f.links = append(f.links, l)
	return f.do("ip link add %s link %s address %s type macvlan mode private", v.Name, v.Parent, v.MAC)
}

// DelVMAC implements [Kernel].
func (f *Fake) DelVMAC(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.links = slices.DeleteFunc(f.links, func(l Link) bool { return l.Name == name })
	return f.do("ip link del %s", name)
}

// Links implements [Kernel].
func (f *Fake) Links() ([]Link, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.links), nil
}

// Watch implements [Kernel].
func (f *Fake) Watch(_ <-chan struct{}, fn func(Event)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watch = append(f.watch, fn)
	return nil
}

// Happen changes the system as somebody else would, and tells all watchers.
func (f *Fake) Happen(ev Event) {
	f.mu.Lock()
	if ev.Addr.IsValid() {
		id := ev.Addr.String() + "%" + ev.Link.Name
		if ev.Gone {
			delete(f.addrs, id)
		} else {
			f.addrs[id] = true
		}
	} else {
		for i := range f.links {
			if f.links[i].Name == ev.Link.Name {
				f.links[i].Up = ev.Link.Up
			}
		}
	}
	watch := slices.Clone(f.watch)
	f.mu.Unlock()
	for _, fn := range watch {
		fn(ev)
	}
}

// Promote implements [Kernel]; it was off before.
func (f *Fake) Promote(link string, on bool) (was bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !on, f.do("sysctl promote_secondaries %s %t", link, on)
}

// fakeFilter tells the fake kernel's log what it drops.
type fakeFilter struct {
	f     *Fake
	table string
}

// Filter implements [Kernel].
func (f *Fake) Filter(opt FilterOptions) (Filter, error) { return fakeFilter{f, opt.Table}, nil }

// Change implements [Filter].
func (n fakeFilter) Change(add, remove []Dropped) error {
	n.f.mu.Lock()
	defer n.f.mu.Unlock()
	for i, list := range [][]Dropped{remove, add} {
		for _, d := range list {
			if err := n.f.do("nft %s %s %s%s", [...]string{"accept", "drop"}[i], n.table, d.Addr, d.Link); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements [Filter].
func (n fakeFilter) Close() error {
	n.f.mu.Lock()
	defer n.f.mu.Unlock()
	return n.f.do("nft delete table %s", n.table)
}
