package vrrp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestPairUnicast(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		peer := func(ip string) string {
			return "unicast_src_ip " + map[string]string{"10.77.0.2": "10.77.0.1", "10.77.0.1": "10.77.0.2"}[ip] +
				"\n check_unicast_src\n unicast_peer {\n " + ip + " min_ttl 255\n 10.77.0.9\n }"
		}
		a := l.start("a", p.a, conf(3, "0.1", 150, peer("10.77.0.2"), vip))
		l.start("b", p.b, conf(3, "0.1", 100, peer("10.77.0.1"), vip))
		l.until("a is master", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 5) && l.has("a", vip) })
		mark := time.Now()
		a.kill()
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 1) })
		d, _ := l.takeover(mark, addrB)
		near(t, "takeover after a crash", d, 360937*time.Microsecond)
	})
}

func TestPairVMAC(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		b := l.start("b", p.b, conf(3, "0.1", 100, "use_vmac", vip))
		l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 3) && l.has("b", vip) })
		a := l.start("a", p.a, conf(3, "0.1", 150, "use_vmac", vip))
		l.until("a preempts", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 3) && l.has("a", vip) && !l.has("b", vip) })
		for _, s := range l.adverts(time.Time{}) {
			if s.raw[11] != 51 || s.raw[8] != 0x5e {
				t.Fatalf("an advert left from %x, not from the virtual MAC", s.raw[6:12])
			}
		}
		a.stop()
		l.until("takeover", 8*time.Second, func() bool { return l.has("b", vip) })
		b.stop()
		for _, n := range []string{"a", "b"} {
			if err := inNS(l.ns[n], func() error {
				if _, err := netlink.LinkByName("vrrp.51"); err == nil {
					return errors.New("vrrp.51 is left behind")
				}
				return nil
			}); err != nil {
				t.Errorf("%s: %v", n, err)
			}
		}
	})
}

func TestPairPreempt(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		l.start("b", p.b, conf(3, "0.4", 100, "", vip))
		l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 3) })
		mark := time.Now()
		a := l.start("a", p.a, conf(3, "0.4", 150, "nopreempt", vip))
		l.until("10 adverts", 8*time.Second, func() bool { return len(l.adverts(mark)) >= 10 })
		for _, s := range l.adverts(mark) {
			if s.src != addrB {
				t.Fatal("a preempted in spite of nopreempt")
			}
		}
		a.stop()
		mark = time.Now()
		l.start("a", p.a, conf(3, "0.4", 150, "preempt_delay 1", vip))
		l.until("preemption", 8*time.Second, func() bool { return l.ruled(mark, addrA, 2) })
		for _, s := range l.adverts(mark) {
			if s.src == addrA {
				// 1 s from the first advert heard, then a whole master-down time
				// from the last one before its end; the program must start, too.
				if d := s.at.Sub(mark); d < 1900*time.Millisecond || d > 8*time.Second {
					t.Errorf("preempted after %v", d)
				}
				break
			}
		}
	})
}

func TestPairOwner(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		l.start("b", p.b, conf(3, "0.3", 254, "", vip))
		l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 3) })
		mark := time.Now()
		l.start("a", p.a, conf(3, "0.3", 255, "", vip))
		l.until("the owner", 8*time.Second, func() bool { return l.ruled(mark, addrA, 2) && !l.has("b", vip) })
		for _, s := range l.adverts(mark) {
			if s.src == addrA && s.prio != 255 {
				t.Errorf("an owner's priority is %d", s.prio)
			}
			if s.src == addrB && s.prio == 0 {
				t.Error("a master that gives way said priority 0")
			}
		}
	})
}

func TestPairPasswordDiffers(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		pass := func(s string) string { return "authentication {\n auth_type PASS\n auth_pass " + s + "\n }" }
		l.start("a", p.a, conf(2, "1", 254, pass("secret"), vip))
		l.start("b", p.b, conf(2, "1", 253, pass("wrong"), vip))
		both := func() bool {
			a, b := false, false
			for _, s := range l.adverts(time.Time{}) {
				a, b = a || s.src == addrA, b || s.src == addrB
			}
			return a && b
		}
		l.until("two masters", 10*time.Second, both)
		l.until("both hold the address", 5*time.Second, func() bool { return l.has("a", vip) && l.has("b", vip) })
	})
}

// groupConf has two instances in a sync group; the second tracks eth1.
func groupConf(prio int) string {
	one := conf(3, "0.1", prio, "", vip)
	two := strings.NewReplacer("VI_1", "VI_2", "router_id 51", "router_id 52", "priority "+fmt.Sprint(prio), fmt.Sprintf("priority %d\n track_interface {\n eth1\n }", prio)).
		Replace(conf(3, "0.1", prio, "", "10.77.0.101"))
	return "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n" + one + two
}

func TestPairGroup(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		for _, n := range []string{"a", "b"} {
			if err := inNS(l.ns[n], func() error {
				v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth1"}, PeerName: "eth1peer"}
				if err := netlink.LinkAdd(v); err != nil {
					return err
				}
				return errors.Join(upDown("eth1", true), upDown("eth1peer", true))
			}); err != nil {
				t.Fatal(err)
			}
		}
		l.start("a", p.a, groupConf(150))
		l.start("b", p.b, groupConf(100))
		both := func(node string) bool { return l.has(node, vip) && l.has(node, "10.77.0.101") }
		none := func(node string) bool { return !l.has(node, vip) && !l.has(node, "10.77.0.101") }
		l.until("a has both", 10*time.Second, func() bool { return both("a") && none("b") })
		if err := inNS(l.ns["a"], func() error { return upDown("eth1peer", false) }); err != nil {
			t.Fatal(err)
		}
		l.until("both move", 8*time.Second, func() bool { return both("b") && none("a") })
		if err := inNS(l.ns["a"], func() error { return upDown("eth1peer", true) }); err != nil {
			t.Fatal(err)
		}
		l.until("both move back", 8*time.Second, func() bool { return both("a") && none("b") })
	})
}

// upDown changes a link in the namespace of the thread.
func upDown(name string, up bool) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if up {
		return netlink.LinkSetUp(link)
	}
	return netlink.LinkSetDown(link)
}
