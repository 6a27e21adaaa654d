package resolve

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func TestPick(t *testing.T) {
	t.Parallel()
	all := addrs("10.1.0.1", "10.2.0.1", "2001:db8::1")
	nets := []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16")}
	for _, c := range []struct {
		what    string
		choice  Choice
		present string
		want    string
	}{
		{"family 6", Choice{}, "", "2001:db8::1"},
		{"family 4, the first", Choice{IPv4: true}, "", "10.1.0.1"},
		{"the present one stays", Choice{IPv4: true}, "10.2.0.1", "10.2.0.1"},
		{"but not against the family", Choice{}, "10.2.0.1", "2001:db8::1"},
		{"networks come first", Choice{Nets: nets}, "10.1.0.1", "10.2.0.1"},
		{"one is taken", Choice{IPv4: true, Taken: func(a netip.Addr) bool { return a == all[0] }}, "10.1.0.1", "10.2.0.1"},
		{"all are taken", Choice{Taken: func(netip.Addr) bool { return true }}, "", ""},
	} {
		present, _ := netip.ParseAddr(c.present)
		want, _ := netip.ParseAddr(c.want)
		if got := c.choice.Pick(all, present); got != want {
			t.Errorf("%s: %v, want %v", c.what, got, want)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	a, b, c := Target{Host: "a.ex", Port: 1}, Target{Host: "B.ex", Port: 2}, Target{Host: "b.ex", Port: 3}
	for _, x := range []struct {
		what    string
		slots   []Slot
		targets []Target
		want    []int
	}{
		{"all are free", make([]Slot, 3), []Target{a, b}, []int{0, 1, -1}},
		{"known ones stay", []Slot{{"b.ex", 2}, {}, {"a.ex", 1}}, []Target{a, b, c}, []int{1, 2, 0}},
		{"one is gone", []Slot{{"a.ex", 1}, {"b.ex", 2}}, []Target{b}, []int{-1, 0}},
		{"one took its place", []Slot{{"a.ex", 1}, {"b.ex", 2}}, []Target{b, c}, []int{1, 0}},
		{"too many", []Slot{{}}, []Target{a, b}, []int{0}},
		{"the same twice", make([]Slot, 2), []Target{a, a}, []int{0, 1}},
	} {
		if d := cmp.Diff(x.want, Plan(x.slots, x.targets)); d != "" {
			t.Errorf("%s: %s", x.what, d)
		}
	}
}

// The weights are those that haproxy 3.5 showed.
func TestWeight(t *testing.T) {
	t.Parallel()
	for srv, want := range map[int]int{0: 0, 1: 1, 100: 1, 256: 1, 257: 2, 65535: 256} {
		if got := Weight(srv); got != want {
			t.Errorf("%d: %d, want %d", srv, got, want)
		}
	}
}

func TestSetKeepsWhatIsObsolete(t *testing.T) {
	t.Parallel()
	var s Set
	now := time.Unix(100, 0)
	s.add(&Reply{Addrs: addrs("192.0.2.1", "192.0.2.2")}, 2*time.Second, now)
	s.add(&Reply{Addrs: addrs("192.0.2.2", "192.0.2.3")}, 2*time.Second, now.Add(2*time.Second))
	if got := len(s.Addrs()); got != 3 {
		t.Errorf("%d addresses within the time", got)
	}
	s.add(&Reply{Addrs: addrs("192.0.2.2")}, 2*time.Second, now.Add(3*time.Second))
	if d := cmp.Diff([]string{"192.0.2.2", "192.0.2.3"}, texts(s.Addrs())); d != "" {
		t.Error(d)
	}
	s.add(&Reply{Targets: []Target{{Host: "a", Port: 1, Weight: 5}}}, 0, now)
	s.add(&Reply{Targets: []Target{{Host: "A", Port: 1, Weight: 7}}}, 0, now.Add(time.Second))
	if got := s.Targets(); len(got) != 1 || got[0].Weight != 7 {
		t.Error(got)
	}
}

func texts(list []netip.Addr) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return out
}
