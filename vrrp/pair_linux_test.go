package vrrp_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// pairing says which of the two nodes is the original.
type pairing struct {
	name string
	a, b bool
}

var pairings = []pairing{
	{"ours-ours", false, false}, {"ours-C", false, true}, {"C-ours", true, false}, {"C-C", true, true},
}

// conf is a configuration with one instance.
func conf(version int, interval string, prio int, extra string, vips ...string) string {
	s := fmt.Sprintf("vrrp_instance VI_1 {\n version %d\n interface eth0\n virtual_router_id 51\n priority %d\n advert_int %s\n %s\n virtual_ipaddress {\n", version, prio, interval, extra)
	for _, v := range vips {
		s += " " + v + "\n"
	}
	return s + " }\n}\n"
}

var addrA, addrB = netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("10.77.0.2")

const vip = "10.77.0.100"

// eachPairing runs f for all pairings at the same time as other tests, the
// original's only when it is there.
func eachPairing(t *testing.T, f func(t *testing.T, l *lab, p pairing)) {
	t.Helper()
	t.Parallel()
	runPairings(t, true, f)
}

// eachPairingAlone is for what would disturb other tests, or be disturbed: the
// test must not be parallel; together says whether its pairings may be.
func eachPairingAlone(t *testing.T, together bool, f func(t *testing.T, l *lab, p pairing)) {
	t.Helper()
	runPairings(t, together, f)
}

func runPairings(t *testing.T, together bool, f func(t *testing.T, l *lab, p pairing)) {
	t.Helper()
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			if together {
				t.Parallel()
			}
			if (p.a || p.b) && reference() == "" {
				t.Skip("keepalived is not installed")
			}
			f(t, newLab(t), p)
		})
	}
}

// pair starts both nodes, of which a must be the better, and waits until a is
// master and b listens.
func (l *lab) pair(p pairing, confA, confB string) (a, b *proc) {
	l.t.Helper()
	a, b = l.startPair(p, confA, confB)
	l.until("a is master and b listens", 15*time.Second, func() bool {
		return l.ruled(time.Time{}, addrA, 2) && l.has("a", vip) && b.said("VRRP sockpool")
	})
	return a, b
}

// startPair starts a and then b. Who waits first is the first to take over, so
// b is started when a waits already.
func (l *lab) startPair(p pairing, confA, confB string) (a, b *proc) {
	l.t.Helper()
	a = l.start("a", p.a, confA)
	l.until("a listens", 10*time.Second, func() bool { return a.said("VRRP sockpool") })
	return a, l.start("b", p.b, confB)
}

// ruled says that the last n adverts came from addr alone.
func (l *lab) ruled(mark time.Time, addr netip.Addr, n int) bool {
	s := l.adverts(mark)
	if len(s) < n {
		return false
	}
	for _, x := range s[len(s)-n:] {
		if x.src != addr || x.prio == 0 {
			return false
		}
	}
	return true
}

// takeover is the time from the last advert of one node to the first of the
// other after mark.
func (l *lab) takeover(mark time.Time, to netip.Addr) (time.Duration, int) {
	s := l.adverts(time.Time{})
	for i := range s {
		if s[i].at.After(mark) && s[i].src == to && i > 0 {
			return s[i].at.Sub(s[i-1].at), s[i-1].prio
		}
	}
	return 0, -1
}

// near fails unless got is want or up to slack later. The slack is generous:
// the machine may be busy; the distribution is measured elsewhere.
func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want-time.Millisecond || got > want+3*time.Second {
		t.Errorf("%s took %v, want %v", what, got, want)
	}
}

func TestPairTakeover(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		// At 0.4 s, so that a node may be held up for a second.
		b := l.start("b", p.b, conf(3, "0.4", 100, "", vip))
		l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 3) })
		a := l.start("a", p.a, conf(3, "0.4", 150, "", vip))
		l.until("a preempts", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 3) })
		if !l.has("a", vip) || l.has("b", vip) {
			t.Error("the address is not on a alone")
		}
		// Crash: the master-down time after the last advert.
		mark := time.Now()
		a.kill()
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 1) })
		d, prio := l.takeover(mark, addrB)
		near(t, "takeover after a crash", d, 1443750*time.Microsecond)
		if prio == 0 {
			t.Error("a killed master said priority 0")
		}
		// It comes back, finds its own address still there, and stops in order.
		a = l.start("a", p.a, conf(3, "0.4", 150, "", vip))
		l.until("return", 10*time.Second, func() bool { return l.ruled(mark, addrA, 5) })
		mark = time.Now()
		a.stop()
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 1) })
		d, prio = l.takeover(mark, addrB)
		near(t, "takeover after a stop", d, 243750*time.Microsecond)
		if prio != 0 {
			t.Errorf("last advert of a stopped master has priority %d", prio)
		}
		zero := 0
		for _, s := range l.adverts(mark) {
			if s.prio == 0 {
				zero++
			}
		}
		if zero != 1 {
			t.Errorf("%d adverts of priority 0, want 1", zero)
		}
		l.until("b holds the address", time.Second, func() bool { return l.has("b", vip) })
		if l.has("a", vip) {
			t.Error("the address is left behind on a")
		}
		b.stop()
	})
}

func TestPairIPv6(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		vips := []string{"fe80::5:1/64", "fd00::100/64"}
		a := l.start("a", p.a, conf(3, "0.1", 150, "native_ipv6", vips...))
		l.until("a is master", 8*time.Second, func() bool { return len(l.adverts(time.Time{})) > 2 })
		srcA := l.adverts(time.Time{})[0].src
		l.start("b", p.b, conf(3, "0.1", 100, "native_ipv6", vips...))
		time.Sleep(600 * time.Millisecond)
		for _, s := range l.adverts(time.Time{}) {
			if s.src != srcA {
				t.Fatalf("an advert of %v beside those of %v", s.src, srcA)
			}
		}
		if n := len(l.announcements(time.Time{})); n != 10 {
			t.Errorf("%d neighbour advertisements, want 5 for each of 2 addresses", n)
		}
		mark := time.Now()
		a.kill()
		l.until("takeover", 8*time.Second, func() bool {
			s := l.adverts(mark)
			return len(s) > 0 && s[len(s)-1].src != srcA
		})
		s := l.adverts(mark)
		d, _ := l.takeover(mark, s[len(s)-1].src)
		near(t, "takeover after a crash", d, 360937*time.Microsecond)
		l.until("b holds the address", time.Second, func() bool { return l.has("b", "fd00::100") })
	})
}

func TestPairSplitBrain(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		l.pair(p, conf(3, "0.1", 150, "", vip), conf(3, "0.1", 100, "", vip))
		l.plug("b", false)
		l.until("b alone in its part", 8*time.Second, func() bool { return l.has("b", vip) })
		if !l.has("a", vip) {
			t.Fatal("behind a cut both nodes must be master")
		}
		mark := time.Now()
		l.plug("b", true)
		l.until("one master", 8*time.Second, func() bool { return l.ruled(mark, addrA, 4) && !l.has("b", vip) })
	})
}

func TestPairLinkAndAddress(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		l.pair(p, conf(3, "0.1", 150, "", vip), conf(3, "0.1", 100, "", vip))
		// Somebody removes the virtual address: the node gives up, b is faster.
		mark := time.Now()
		l.on("a", func(link netlink.Link) error {
			a, _ := netlink.ParseAddr(vip + "/32")
			return netlink.AddrDel(link, a)
		})
		l.until("giving up", 6*time.Second, func() bool {
			// An ordinary advert may come before.
			return slices.ContainsFunc(l.adverts(mark), func(s sight) bool { return s.prio == 0 })
		})
		l.until("coming back", 8*time.Second, func() bool { return l.ruled(mark, addrA, 3) && l.has("a", vip) })
		// The link goes: b takes over, and gives it back.
		mark = time.Now()
		l.on("a", netlink.LinkSetDown)
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 2) })
		mark = time.Now()
		l.on("a", netlink.LinkSetUp)
		l.until("return", 8*time.Second, func() bool { return l.ruled(mark, addrA, 3) && l.has("a", vip) })
	})
}

func TestPairReload(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		// Older originals drop adverts of other addresses than their own, and
		// take over in the end; b must not.
		a, _ := l.pair(p, conf(3, "0.4", 150, "", vip, "10.77.0.101"), conf(3, "0.4", 100, "skip_check_adv_addr", vip, "10.77.0.101"))
		mark := time.Now()
		a.configure(conf(3, "0.4", 160, "", vip, "10.77.0.102"))
		a.signal(syscall.SIGHUP)
		l.until("the new priority", 8*time.Second, func() bool {
			s := l.adverts(mark)
			return len(s) > 0 && s[len(s)-1].prio == 160
		})
		l.until("the new address", 6*time.Second, func() bool { return l.has("a", "10.77.0.102") && !l.has("a", "10.77.0.101") })
		for _, s := range l.adverts(mark) {
			if s.prio == 0 || s.src != addrA {
				t.Errorf("during the reload: advert of %v with priority %d", s.src, s.prio)
			}
		}
		if n := len(l.announcements(mark)); n != 10 {
			t.Errorf("%d announcements after an address was added, want 5 for each of 2", n)
		}
	})
}

// TestSameBytes runs the same configuration on both programs and compares what
// they put on the wire, from the IP header on.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	if reference() == "" {
		t.Skip("keepalived is not installed")
	}
	pass := "authentication {\n auth_type PASS\n auth_pass secret\n }"
	tests := []struct{ name, conf string }{
		{"v2", conf(2, "1", 254, "", vip, "10.77.0.101")},
		{"v2 password", conf(2, "1", 254, pass, vip)},
		{"v2 AH", conf(2, "1", 254, "authentication {\n auth_type AH\n auth_pass secret\n }", vip)},
		{"v3", conf(3, "0.1", 200, "", vip, "10.77.0.101")},
		{"owner", conf(3, "0.5", 255, "", vip)},
		{"unicast", conf(3, "0.1", 200, "unicast_peer {\n 10.77.0.9\n }", vip)},
		{"unicast v2 ttl", conf(2, "1", 254, "unicast_ttl 64\nunicast_peer {\n 10.77.0.9\n }", vip)},
		{"vmac", conf(3, "0.1", 200, "use_vmac", vip)},
		{"vmac xmit base", conf(3, "0.1", 200, "use_vmac\n vmac_xmit_base", vip)},
		{"ipv6", conf(3, "0.1", 200, "native_ipv6", "fe80::5:1/64", "fd00::100/64")},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			run := func(ref bool) (adverts, frames [][]byte) {
				mark := time.Now()
				p := l.start("a", ref, tc.conf)
				l.until("two adverts", 8*time.Second, func() bool { return len(l.adverts(mark)) >= 2 && len(l.announcements(mark)) >= 5 })
				p.stop()
				s := l.adverts(mark)
				for _, x := range []sight{s[0], s[1], s[len(s)-1]} {
					adverts = append(adverts, normal(x.raw))
				}
				for _, x := range l.announcements(mark)[:5] {
					frames = append(frames, x.raw)
				}
				return adverts, frames
			}
			c, cf := run(true)
			o, of := run(false)
			for i := range c {
				if i < 2 && !bytes.Equal(c[i], o[i]) {
					t.Errorf("advert %d differs:\n C    %x\n ours %x", i, c[i], o[i])
				}
			}
			// The last one, of priority 0, has another IP id.
			if cl, ol := c[2], o[2]; !bytes.Equal(cl[34:], ol[34:]) {
				t.Errorf("last advert differs:\n C    %x\n ours %x", cl, ol)
			}
			for i := range cf {
				if !bytes.Equal(cf[i], of[i]) {
					t.Errorf("announcement %d differs:\n C    %x\n ours %x", i, cf[i], of[i])
				}
			}
		})
	}
}

// normal masks what the kernel chooses by itself: the flow label of IPv6.
func normal(b []byte) []byte {
	b = bytes.Clone(b)
	if b[12] == 0x86 {
		b[15] &= 0xf0
		b[16], b[17] = 0, 0
	}
	return b
}
