package netif_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"tandem/vrrp/netif"
)

// namespace gives the test a network namespace of its own with a veth pair, or
// skips it. The thread is never given back, so that nothing else runs there.
func namespace(t *testing.T) *netif.Netlink {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	t.Cleanup(func() { ns.Close() })
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "peer"}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Skipf("no veth: %v", err)
	}
	for _, n := range []string{"eth0", "peer", "lo"} {
		l, err := netlink.LinkByName(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(l); err != nil {
			t.Fatal(err)
		}
	}
	k, err := netif.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func ip(t *testing.T, args ...string) string {
	t.Helper()
	b, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		t.Skipf("ip %v: %v %s", args, err, b)
	}
	return string(b)
}

func TestNetlinkAddresses(t *testing.T) {
	k := namespace(t)
	for _, s := range []string{"10.77.0.100/32%eth0", "10.77.0.101/24%eth0", "fd00::56/64%eth0"} {
		a := addr(s)
		for range 2 { // what is there may be added
			if err := k.AddAddr(a); err != nil {
				t.Fatal(err)
			}
		}
		if has, err := k.HasAddr(a); !has || err != nil {
			t.Errorf("%v: has %v, %v", a, has, err)
		}
		for range 2 { // what is not there may be removed
			if err := k.DelAddr(a); err != nil {
				t.Fatal(err)
			}
		}
		if has, _ := k.HasAddr(a); has {
			t.Errorf("%v is still there", a)
		}
	}
	a := netif.Addr{Prefix: netip.MustParsePrefix("10.77.0.100/24"), Link: "eth0", Label: "eth0:vip", Broadcast: netip.MustParseAddr("10.77.0.255")}
	if err := k.AddAddr(a); err != nil {
		t.Fatal(err)
	}
	if got := ip(t, "-4", "-o", "addr", "show", "eth0"); !strings.Contains(got, "10.77.0.100/24 brd 10.77.0.255") || !strings.Contains(got, "eth0:vip") {
		t.Errorf("ip addr says %s", got)
	}
	if err := k.AddAddr(addr("10.0.0.1/32%nosuch0")); err == nil {
		t.Error("address added to an interface that does not exist")
	}
	if err := k.DelAddr(addr("10.0.0.1/32%nosuch0")); err != nil {
		t.Errorf("delete from an interface that does not exist: %v", err)
	}
}

func TestNetlinkRoutesAndRules(t *testing.T) {
	k := namespace(t)
	if err := k.AddAddr(addr("10.77.0.1/24%eth0")); err != nil {
		t.Fatal(err)
	}
	metric := uint32(7)
	r := netif.Route{Text: "r", Dst: netip.MustParsePrefix("10.9.0.0/16"), Table: 100, Metric: &metric,
		Hops: []netif.NextHop{{Via: netip.MustParseAddr("10.77.0.2"), Link: "eth0"}}, Metrics: map[string]uint32{"mtu": 1400}}
	for range 2 {
		if err := k.AddRoute(r); err != nil {
			t.Fatal(err)
		}
	}
	if got := ip(t, "route", "show", "table", "100"); !strings.Contains(got, "10.9.0.0/16 via 10.77.0.2 dev eth0 proto keepalived metric 7 mtu 1400") &&
		!strings.Contains(got, "10.9.0.0/16 via 10.77.0.2 dev eth0 proto 18 metric 7 mtu 1400") {
		t.Errorf("ip route says %s", got)
	}
	bh := netif.Route{Text: "bh", Type: "blackhole", Dst: netip.MustParsePrefix("10.10.0.0/16")}
	if err := k.AddRoute(bh); err != nil {
		t.Error(err)
	}
	for _, x := range []netif.Route{r, r, bh} {
		if err := k.DelRoute(x); err != nil {
			t.Error(err)
		}
	}
	if err := k.AddRoute(netif.Route{Text: "x", Type: "nat"}); err == nil {
		t.Error("a route of an unknown type was added")
	}
	u := netif.Rule{Text: "u", From: netip.MustParsePrefix("10.77.0.100/32"), Table: 100, Priority: 500}
	for range 2 {
		if err := k.AddRule(u); err != nil {
			t.Fatal(err)
		}
	}
	if got := ip(t, "rule", "show"); !strings.Contains(got, "500:\tfrom 10.77.0.100 lookup 100") {
		t.Errorf("ip rule says %s", got)
	}
	for range 2 {
		if err := k.DelRule(u); err != nil {
			t.Error(err)
		}
	}
}

func TestNetlinkVMAC(t *testing.T) {
	k := namespace(t)
	v := netif.VMAC{Name: "vrrp.51", Parent: "eth0", MAC: net.HardwareAddr{0, 0, 0x5e, 0, 1, 51}}
	for range 2 {
		if err := k.AddVMAC(v); err != nil {
			t.Skipf("no macvlan: %v", err)
		}
	}
	links, err := k.Links()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, l := range links {
		if l.Name == v.Name && l.MAC.String() == v.MAC.String() && l.Kind == "macvlan" {
			found = true
		}
	}
	if !found {
		t.Errorf("links: %+v", links)
	}
	if err := k.DelVMAC(v.Name); err != nil {
		t.Error(err)
	}
	if err := k.DelVMAC("peer"); err == nil {
		t.Error("an interface that is no VMAC was deleted")
	}
}

func TestNetlinkWatch(t *testing.T) {
	k := namespace(t)
	events := make(chan netif.Event, 100)
	stop := make(chan struct{})
	defer close(stop)
	if err := k.Watch(stop, func(ev netif.Event) { events <- ev }); err != nil {
		t.Fatal(err)
	}
	wait := func(what string, match func(netif.Event) bool) {
		t.Helper()
		deadline := time.After(5 * time.Second)
		for {
			select {
			case ev := <-events:
				if match(ev) {
					return
				}
			case <-deadline:
				t.Fatalf("no event: %s", what)
			}
		}
	}
	a := addr("10.77.0.100/32%eth0")
	k.AddAddr(a)
	wait("address added", func(ev netif.Event) bool { return ev.Addr == a.Prefix && !ev.Gone && ev.Link.Name == "eth0" })
	k.DelAddr(a)
	wait("address removed", func(ev netif.Event) bool { return ev.Addr == a.Prefix && ev.Gone })
	l, _ := netlink.LinkByName("peer")
	netlink.LinkSetDown(l)
	wait("carrier lost", func(ev netif.Event) bool { return ev.Link.Name == "eth0" && !ev.Addr.IsValid() && !ev.Link.Up })
}

// TestFilter has packets from addresses refused, and let go again.
func TestFilter(t *testing.T) {
	k := namespace(t)
	for _, opt := range []netif.FilterOptions{{Table: "keepalived", Priority: -1}, {Table: "other", Counters: true, Indexes: true}} {
		for _, c := range []struct{ addr, link, to string }{
			{"10.77.0.100/24", "", "10.77.0.1"}, {"fd00::100/64", "", "fd00::1"}, {"fe80::100/64", "eth0", "fe80::1%eth0"},
		} {
			p := netip.MustParsePrefix(c.addr)
			if err := k.AddAddr(netif.Addr{Prefix: p, Link: "eth0", Flags: unix.IFA_F_NODAD}); err != nil {
				t.Fatal(err)
			}
			s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.Addr().WithZone(c.link), 0)))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			send := func() error {
				_, err := s.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(netip.MustParseAddr(c.to), 9))
				return err
			}
			f, err := k.Filter(opt)
			if err != nil {
				t.Fatal(err)
			}
			if err := send(); err != nil {
				t.Fatalf("%s, nothing dropped: %v", c.addr, err)
			}
			d := []netif.Dropped{{Addr: p.Addr(), Link: c.link}}
			if err := f.Change(d, nil); err != nil {
				t.Skipf("no nftables: %v", err)
			}
			if err := send(); !errors.Is(err, unix.EPERM) {
				t.Errorf("%s, dropped: %v", c.addr, err)
			}
			if err := f.Change(nil, d); err != nil {
				t.Error(err)
			}
			if err := send(); err != nil {
				t.Errorf("%s, let go: %v", c.addr, err)
			}
			if err := f.Change(d, nil); err != nil {
				t.Error(err)
			}
			// What a process that died left behind does not add up.
			again, _ := k.Filter(opt)
			if err := errors.Join(again.Change(d, nil), again.Close()); err != nil {
				t.Error(err)
			}
			if err := send(); err != nil {
				t.Errorf("%s, closed: %v", c.addr, err)
			}
		}
	}
}

func TestPromote(t *testing.T) {
	k := namespace(t)
	for _, on := range []bool{true, true, false, false} {
		before, err := k.Promote("eth0", on)
		if err != nil {
			t.Skipf("no sysctl: %v", err)
		}
		if after, err := k.Promote("eth0", on); err != nil || after != on {
			t.Errorf("set to %t: was %t, is %t %v", on, before, after, err)
		}
	}
	if _, err := k.Promote("nothing", true); err == nil {
		t.Error("an interface that does not exist was changed")
	}
}
