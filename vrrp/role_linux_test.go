package vrrp_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// auth is an authentication block.
func auth(kind, pass string) string {
	return "authentication {\n auth_type " + kind + "\n auth_pass " + pass + "\n }"
}

// TestPairElect has two nodes of version 2 find their master, with each kind
// of authentication.
func TestPairElect(t *testing.T) {
	t.Parallel()
	for name, extra := range map[string]string{"none": "", "PASS": auth("PASS", "secret"), "AH": auth("AH", "secret")} {
		t.Run(name, func(t *testing.T) {
			eachPairing(t, func(t *testing.T, l *lab, p pairing) {
				l.startPair(p, conf(2, "1", 150, extra, vip), conf(2, "1", 100, extra, vip))
				l.until("a is master", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 4) && l.has("a", vip) })
				if l.has("b", vip) || len(l.from(time.Time{}, addrB)) > 0 {
					t.Error("b is master too")
				}
				if d := median(gaps(l.from(time.Time{}, addrA))); d < 998*time.Millisecond || d > 1500*time.Millisecond {
					t.Errorf("an advert each %v, want 1s", d)
				}
			})
		})
	}
}

// TestPairTie has two masters of the same priority meet: the higher address
// stays.
func TestPairTie(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a := l.start("a", p.a, conf(3, "0.2", 100, "", vip))
		l.until("a alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 2) && l.has("a", vip) })
		l.plug("b", false)
		l.start("b", p.b, conf(3, "0.2", 100, "", vip))
		l.until("b alone in its part", 10*time.Second, func() bool { return l.has("b", vip) })
		mark := time.Now()
		l.plug("b", true)
		l.until("b stays", 8*time.Second, func() bool { return l.ruled(mark, addrB, 4) && !l.has("a", vip) && l.has("b", vip) })
		if !a.said("(VI_1) Master received advert from 10.77.0.2 with same priority 100 but higher IP address than ours") {
			t.Error("a does not say why it gave way")
		}
	})
}

// TestPairStateMaster: `state MASTER` alone waits for the whole master-down
// time, unlike an owner.
func TestPairStateMaster(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		l.start("b", p.b, conf(3, "0.4", 100, "", vip))
		l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 2) })
		mark := time.Now()
		l.start("a", p.a, conf(3, "0.4", 150, "state MASTER", vip))
		l.until("a preempts", 10*time.Second, func() bool { return l.ruled(mark, addrA, 2) && !l.has("b", vip) })
		// 3 intervals and the skew of priority 150.
		down := 1200*time.Millisecond + 165625*time.Microsecond
		if d := l.from(mark, addrA)[0].at.Sub(mark); d < down || d > down+2*time.Second {
			t.Errorf("took over %v after its start, want %v and what a start takes", d, down)
		}
	})
}

// TestPairLower has a master hear a stranger of a lower priority: it speaks up
// at once and announces its addresses again, now and once more later.
func TestPairLower(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		t.Run(fmt.Sprintf("no_advert=%t", quiet), func(t *testing.T) {
			eachPairing(t, func(t *testing.T, l *lab, p pairing) {
				playLower(t, l, p, quiet)
			})
		})
	}
}

func playLower(t *testing.T, l *lab, p pairing, quiet bool) {
	extra := "garp_master_delay 0\n garp_lower_prio_repeat 3\n garp_lower_prio_delay 1\n garp_master_repeat 2\n"
	said := "(VI_1) Received advert from 10.77.0.9 with lower priority 50, ours 150, forcing new election"
	if quiet {
		extra += "lower_prio_no_advert true\n"
		said = said[:len(said)-len(", forcing new election")]
	}
	f := l.record(filepath.Join(l.dir, "fifo"))
	a, b := l.pair(p, "global_defs {\n vrrp_notify_fifo "+l.dir+"/fifo\n}\n"+conf(3, "2", 150, extra, vip), conf(3, "2", 100, "", vip))
	l.until("its announcements", 4*time.Second, func() bool { return len(l.announcements(time.Time{})) >= 2 })
	mark := l.forge(stranger(3, 2*time.Second, 50, vip))
	l.until("both bursts", 8*time.Second, func() bool { return len(l.announcements(mark)) >= 6 && l.ruled(mark, addrA, 2) })
	s := l.from(mark, addrA)
	first := s[0].at.Sub(mark)
	if now := first < time.Second; now == quiet {
		t.Errorf("the next advert came after %v", first)
	}
	if d := s[1].at.Sub(s[0].at); d < 1990*time.Millisecond || d > 2500*time.Millisecond {
		t.Errorf("the one after it %v later, want 2s", d)
	}
	g := l.announcements(mark)
	if d := g[3].at.Sub(g[2].at); len(g) != 6 || d < 900*time.Millisecond || d > 1600*time.Millisecond {
		t.Errorf("%d announcements, the second burst %v after the first; want 3 and 3, 1s apart", len(g), d)
	}
	l.until("words of it", 2*time.Second, func() bool {
		return a.said(said) && b.said("(VI_1) received lower priority (50) advert from 10.77.0.9 - discarding")
	})
	if got := f.about("VI_1"); got[len(got)-1] != `INSTANCE "VI_1" MASTER_RX_LOWER_PRI 150` {
		t.Errorf("notices %q", got)
	}
	if n := len(l.from(time.Time{}, addrB)); n != 0 {
		t.Errorf("b sent %d adverts", n)
	}
}

// TestPairHigher has a master hear a stranger of a higher priority, which it
// answers once when it is told to, and which then falls silent.
func TestPairHigher(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.5", 150, "higher_prio_send_advert true", vip), conf(3, "0.5", 100, "", vip))
		mark := l.forge(stranger(3, 500*time.Millisecond, 200, vip))
		l.until("a gives way", 4*time.Second, func() bool { return !l.has("a", vip) })
		l.until("a comes back", 8*time.Second, func() bool { return l.ruled(mark, addrA, 3) && l.has("a", vip) })
		s := l.adverts(mark)
		if s[0].src != addrA || s[0].prio != 150 || s[0].at.Sub(mark) > 490*time.Millisecond {
			t.Errorf("the stranger was answered by %v with %d after %v", s[0].src, s[0].prio, s[0].at.Sub(mark))
		}
		// The stranger's last advert, not ours, starts the master-down time.
		near(t, "coming back", s[1].at.Sub(mark), 1500*time.Millisecond+207031*time.Microsecond)
		if !a.said("(VI_1) Master received advert from 10.77.0.9 with higher priority 200, ours 150") {
			t.Error("a does not say why it gave way")
		}
	})
}

// TestPairChildKilled kills only the process that runs the virtual routers:
// its parent starts it again, what was left behind goes, and it begins as a
// backup.
func TestPairChildKilled(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.3", 150, "", vip), conf(3, "0.3", 100, "", vip))
		pid := a.child()
		mark := time.Now()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		l.until("another child", 4*time.Second, func() bool { n := a.child(); return n != 0 && n != pid })
		l.until("a is master again", 8*time.Second, func() bool { return l.ruled(mark, addrA, 3) && l.has("a", vip) && !l.has("b", vip) })
		if n := a.count("(VI_1) Entering BACKUP STATE (init)"); n != 2 {
			t.Errorf("it began %d times as a backup, want 2", n)
		}
		for _, s := range l.adverts(mark) {
			if s.prio == 0 {
				t.Error("priority 0 from a crash")
			}
		}
		a.stop()
		if l.has("a", vip) {
			t.Error("the address is left behind")
		}
	})
}

// TestPairParentKilled kills only the parent: the child follows it in order.
func TestPairParentKilled(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.3", 150, "", vip), conf(3, "0.3", 100, "", vip))
		mark := time.Now()
		a.signal(syscall.SIGKILL)
		l.until("takeover", 8*time.Second, func() bool { return l.ruled(mark, addrB, 1) && l.has("b", vip) && !l.has("a", vip) })
		d, prio := l.takeover(mark, addrB)
		if prio != 0 {
			t.Errorf("the last advert has priority %d", prio)
		}
		near(t, "takeover", d, 182812*time.Microsecond)
	})
}
