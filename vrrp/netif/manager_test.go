package netif_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/netif"
)

func addr(s string) netif.Addr {
	ip, link, _ := strings.Cut(s, "%")
	return netif.Addr{Prefix: netip.MustParsePrefix(ip), Link: link}
}

func addrs(list ...string) netif.State {
	var s netif.State
	for _, a := range list {
		s.Addrs = append(s.Addrs, addr(a))
	}
	return s
}

// TestSet walks one manager through states; every step names what the kernel
// is told and how many addresses are new.
func TestSet(t *testing.T) {
	t.Parallel()
	full := addrs("10.0.0.1/32%eth0")
	full.Routes = []netif.Route{{Text: "10.9.0.0/16 via 10.0.0.254", Dst: netip.MustParsePrefix("10.9.0.0/16")}}
	full.Rules = []netif.Rule{{Text: "from 10.0.0.1 lookup 7", Table: 7}}
	f := netif.NewFake(netif.Link{Name: "eth0"})
	m := netif.New(f)
	steps := []struct {
		name, owner string
		state       netif.State
		added       int
		want        []string
	}{
		{"first", "A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth0"), 2,
			[]string{"ip addr add 10.0.0.1/32 dev eth0", "ip addr add 10.0.0.2/32 dev eth0"}},
		{"again", "A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth0"), 0, nil},
		{"one goes, one comes", "A", addrs("10.0.0.2/32%eth0", "10.0.0.3/32%eth0"), 1,
			[]string{"ip addr add 10.0.0.3/32 dev eth0", "ip addr del 10.0.0.1/32 dev eth0"}},
		{"two owners", "B", addrs("10.0.0.3/32%eth0"), 0, nil},
		{"the first leaves it to the second", "A", netif.State{}, 0,
			[]string{"ip addr del 10.0.0.2/32 dev eth0"}},
		{"the last removes it", "B", netif.State{}, 0, []string{"ip addr del 10.0.0.3/32 dev eth0"}},
		{"a duplicate", "A", addrs("10.0.0.1/32%eth0", "10.0.0.1/32%eth0"), 1, []string{"ip addr add 10.0.0.1/32 dev eth0"}},
		{"its removal", "A", netif.State{}, 0, []string{"ip addr del 10.0.0.1/32 dev eth0"}},
		{"order of adding", "A", full, 1,
			[]string{"ip addr add 10.0.0.1/32 dev eth0", "ip route add 10.9.0.0/16 via 10.0.0.254", "ip rule add from 10.0.0.1 lookup 7"}},
		{"order of removing", "A", netif.State{}, 0,
			[]string{"ip rule del from 10.0.0.1 lookup 7", "ip route del 10.9.0.0/16 via 10.0.0.254", "ip addr del 10.0.0.1/32 dev eth0"}},
	}
	for _, s := range steps {
		added, err := m.Set(s.owner, s.state)
		if err != nil || len(added) != s.added {
			t.Errorf("%s: %d added, %v; want %d", s.name, len(added), err, s.added)
		}
		if diff := cmp.Diff(s.want, f.Take()); diff != "" {
			t.Errorf("%s: kernel (-want +got):\n%s", s.name, diff)
		}
	}
}

func TestSetTriesAgain(t *testing.T) {
	t.Parallel()
	f := netif.NewFake()
	f.Fail = "10.0.0.2"
	m := netif.New(f)
	if _, err := m.Set("A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth0")); err == nil || !strings.Contains(err.Error(), "10.0.0.2") {
		t.Errorf("error = %v, want one about 10.0.0.2", err)
	}
	f.Fail = ""
	if added, err := m.Set("A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth0")); err != nil || len(added) != 0 {
		t.Errorf("while it is held: %v, %v; want no second try", added, err)
	}
	m.Set("A", netif.State{})
	added, err := m.Set("A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth0"))
	if err != nil || len(added) != 2 {
		t.Errorf("anew: %v, %v", added, err)
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	f := netif.NewFake()
	m := netif.New(f)
	f.AddAddr(addr("10.0.0.9/32%eth0")) // left behind by an earlier process
	m.Set("A", addrs("10.0.0.1/32%eth0"))
	f.Take()
	if err := m.Clear(addrs("10.0.0.9/32%eth0", "10.0.0.1/32%eth0", "10.0.0.8/32%eth0")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ip addr del 10.0.0.9/32 dev eth0"}, f.Take()); diff != "" {
		t.Errorf("kernel (-want +got):\n%s", diff)
	}
}

func TestLost(t *testing.T) {
	t.Parallel()
	f := netif.NewFake()
	m := netif.New(f)
	s := addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth0")
	s.Addrs[1].NoTrack = true
	m.Set("A", s)
	gone := func(ip string) netif.Event {
		return netif.Event{Gone: true, Link: netif.Link{Name: "eth0"}, Addr: netip.MustParsePrefix(ip)}
	}
	if got := m.Lost(gone("10.0.0.1/32")); got != nil {
		t.Errorf("an address that is there counts as lost by %v", got)
	}
	f.Happen(gone("10.0.0.1/32"))
	f.Happen(gone("10.0.0.2/32"))
	if diff := cmp.Diff([]string{"A"}, m.Lost(gone("10.0.0.1/32"))); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if got := m.Lost(gone("10.0.0.1/32")); got != nil {
		t.Errorf("lost twice by %v", got)
	}
	if got := m.Lost(gone("10.0.0.2/32")); got != nil {
		t.Errorf("no_track address lost by %v", got)
	}
	f.Take()
	m.Set("A", s)
	if got := f.Take(); len(got) != 2 {
		t.Errorf("after the loss the kernel is told %v, want both addresses", got)
	}
}

func TestLinkDown(t *testing.T) {
	t.Parallel()
	f := netif.NewFake()
	m := netif.New(f)
	m.Set("A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth1"))
	f.Take()
	m.LinkDown("eth0")
	m.Set("A", addrs("10.0.0.1/32%eth0", "10.0.0.2/32%eth1"))
	if diff := cmp.Diff([]string{"ip addr add 10.0.0.1/32 dev eth0"}, f.Take()); diff != "" {
		t.Errorf("kernel (-want +got):\n%s", diff)
	}
}

func TestAddrString(t *testing.T) {
	t.Parallel()
	a := netif.Addr{Prefix: netip.MustParsePrefix("10.0.0.1/24"), Link: "eth0", Label: "eth0:1", Scope: 253,
		Broadcast: netip.MustParseAddr("10.0.0.255"), Peer: netip.MustParsePrefix("10.0.1.1/32"), Lifetimes: true}
	if got, want := a.String(), "10.0.0.1/24 peer 10.0.1.1/32 brd 10.0.0.255 dev eth0 scope 253 label eth0:1 preferred_lft 0"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}
