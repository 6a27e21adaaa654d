package vrrp_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// address adds or removes an address of a node's eth0.
func (l *lab) address(node, ip string, add bool) {
	l.t.Helper()
	l.on(node, func(link netlink.Link) error {
		a, err := netlink.ParseAddr(ip)
		if err != nil {
			return err
		}
		if add {
			return netlink.AddrAdd(link, a)
		}
		return netlink.AddrDel(link, a)
	})
}

// TestPairSourceLost takes a node's own address away: it cannot send any more
// and is at fault until the address is back.
func TestPairSourceLost(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.3", 150, "", vip), conf(3, "0.3", 100, "", vip))
		mark := time.Now()
		l.address("a", "10.77.0.1/24", false)
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 2) && l.has("b", vip) && !l.has("a", vip) })
		if !a.said("Entering FAULT STATE") {
			t.Error("a is not at fault")
		}
		mark = time.Now()
		l.address("a", "10.77.0.1/24", true)
		l.until("return", 8*time.Second, func() bool { return l.ruled(mark, addrA, 2) && l.has("a", vip) && !l.has("b", vip) })
	})
}

// TestPairStaticBack: somebody removes a static address and a virtual one. The
// first is put back, the second costs the mastership.
func TestPairStaticBack(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		static := "static_ipaddress {\n 10.78.0.1/24 dev eth0\n}\n"
		a, _ := l.pair(p, static+conf(3, "0.3", 150, "", vip), conf(3, "0.3", 100, "", vip))
		l.until("the static address", 4*time.Second, func() bool { return l.has("a", "10.78.0.1") })
		l.address("a", "10.78.0.1/24", false)
		l.until("the static address again", 4*time.Second, func() bool { return l.has("a", "10.78.0.1") })
		if n := a.count("Entering BACKUP STATE"); n != 1 || !l.has("a", vip) {
			t.Errorf("a began %d times as a backup", n)
		}
		mark := time.Now()
		l.address("a", vip+"/32", false)
		l.until("giving up", 6*time.Second, func() bool {
			s := l.adverts(mark)
			return len(s) > 0 && (s[0].prio == 0 || len(s) > 1 && s[1].prio == 0)
		})
		l.until("coming back", 8*time.Second, func() bool { return l.ruled(mark, addrA, 3) && l.has("a", vip) })
		a.stop()
		if l.has("a", "10.78.0.1") || l.has("a", vip) {
			t.Error("an address is left behind")
		}
	})
}

// TestPairReloads changes a master's configuration again and again. Nobody may
// hear of a priority 0 or see the address move, unless said so.
func TestPairReloads(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		one := func(name string, vrid string, extra string, vips ...string) string {
			return strings.NewReplacer("VI_1", name, "router_id 51", "router_id "+vrid).Replace(conf(3, "0.4", 150, extra, vips...))
		}
		first := one("VI_1", "51", "", vip)
		// Older originals drop adverts of other addresses than their own, and
		// take over in the end; b must not.
		a, _ := l.pair(p, first, conf(3, "0.4", 100, "skip_check_adv_addr", vip))
		calm := func(what string, mark time.Time) {
			t.Helper()
			for _, s := range l.adverts(mark) {
				if s.src != addrA || s.prio == 0 {
					t.Errorf("%s: an advert of %v with priority %d", what, s.src, s.prio)
				}
			}
			if !l.has("a", vip) {
				t.Errorf("%s: the address is gone", what)
			}
		}
		reload := func(what, text string, done func(mark time.Time) bool) time.Time {
			t.Helper()
			mark, over := time.Now(), a.count("Reload complete")
			a.configure(text)
			a.signal(syscall.SIGHUP)
			l.until(what, 10*time.Second, func() bool { return a.count("Reload complete") > over && done(mark) })
			return mark
		}
		adverts := func(n int) func(time.Time) bool {
			return func(mark time.Time) bool { return len(l.from(mark, addrA)) >= n }
		}
		// Nothing changed: one advert before the file is read, one after it.
		began := a.count("Entering")
		mark := reload("the same file", first, adverts(3))
		calm("the same file", mark)
		if n := a.count("Entering"); n != began {
			t.Errorf("a reload of the same file entered %d states", n-began)
		}
		// A second instance comes, takes its place, and goes with a priority 0.
		mark = reload("a second instance", first+one("VI_2", "52", "", "10.77.0.102"), func(mark time.Time) bool { return l.has("a", "10.77.0.102") })
		calm("a second instance", mark)
		mark = reload("its end", first, func(mark time.Time) bool { return !l.has("a", "10.77.0.102") })
		l.until("its last advert", 4*time.Second, func() bool {
			for _, s := range l.from(mark, addrA) {
				if s.prio == 0 && s.raw[14+20+1] == 52 {
					return true
				}
			}
			return false
		})
		// An address moves from one instance to another.
		mark = reload("two addresses", one("VI_1", "51", "", vip, "10.77.0.103")+one("VI_2", "52", "", "10.77.0.102"), func(mark time.Time) bool {
			return l.has("a", "10.77.0.102") && l.has("a", "10.77.0.103")
		})
		calm("two addresses", mark)
		moved := first + one("VI_2", "52", "", "10.77.0.102", "10.77.0.103")
		mark = reload("a moved address", moved, func(mark time.Time) bool { return a.count("Reload") > 0 && adverts(4)(mark) })
		// The original may need to be told twice.
		mark = reload("a moved address", moved, func(mark time.Time) bool { return adverts(4)(mark) && l.has("a", "10.77.0.103") })
		calm("a moved address", mark)
		// nopreempt, and the same file many times over.
		calmly := one("VI_1", "51", "state BACKUP\n nopreempt", vip)
		reload("nopreempt", calmly, func(mark time.Time) bool { return adverts(3)(mark) && !l.has("a", "10.77.0.103") })
		mark = time.Now()
		for range 5 {
			at, over := time.Now(), a.count("Reload complete")
			a.signal(syscall.SIGHUP)
			l.until("a reload", 10*time.Second, func() bool { return a.count("Reload complete") > over && adverts(1)(at) })
		}
		l.until("rest", 5*time.Second, func() bool { return adverts(8)(mark) })
		calm("repeated reloads", mark)
		// Another version: whoever changes it starts anew, but in order.
		v2 := strings.Replace(strings.Replace(calmly, "version 3", "version 2", 1), "advert_int 0.4", "advert_int 1", 1)
		reload("version 2", v2, func(mark time.Time) bool {
			s := l.from(mark, addrA)
			return len(s) > 0 && s[len(s)-1].raw[14+20]>>4 == 2
		})
		reload("version 3 again", first, func(mark time.Time) bool { return adverts(2)(mark) && l.ruled(mark, addrA, 2) })
		l.until("b gives way", 8*time.Second, func() bool { return !l.has("b", vip) })
		// A file that cannot be read as a configuration, but is checked first.
		checked := "global_defs {\n reload_check_config\n}\n" + first
		reload("a check at reloads", checked, adverts(3))
		a.configure(checked + "vrrp_instance VI_9 {\n interface nosuch0\n virtual_router_id\n")
		mark = time.Now()
		a.signal(syscall.SIGHUP)
		l.until("adverts after a broken file", 10*time.Second, func() bool { return adverts(3)(mark) })
		calm("a broken file", mark)
	})
}

// TestPairHangUps reloads as fast as signals go.
func TestPairHangUps(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.4", 150, "", vip), conf(3, "0.4", 100, "", vip))
		mark := time.Now()
		for range 100 {
			a.signal(syscall.SIGHUP)
		}
		l.until("adverts afterwards", 10*time.Second, func() bool {
			s := l.from(mark, addrA)
			return len(s) > 4 && time.Since(mark) > 2*time.Second
		})
		if len(l.from(mark, addrB)) > 0 || !l.has("a", vip) {
			t.Error("reloads moved the address")
		}
		a.stop()
		if l.has("a", vip) {
			t.Error("the address is left behind")
		}
		for _, f := range a.pids {
			if _, err := os.Stat(f); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left behind", f)
			}
		}
	})
}
