package vrrp_test

import (
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var takeovers = flag.Int("takeovers", 0, "runs of each case of TestTakeoverTimes; 0: 15, or 5 at 1 s")

// TestTakeoverTimes measures from the last advert of a node that dies to the
// first of the one that takes over, by the kernel's clock, and prints how late
// that is beside the original.
func TestTakeoverTimes(t *testing.T) { // not parallel: other tests' load would be measured
	type key struct {
		interval, how, who string
	}
	var mu sync.Mutex
	late := make(map[key][]time.Duration)
	cases := []struct {
		name, interval string
		version, runs  int
		kill, stop     time.Duration // for priority 100
	}{
		{"v2 1 s", "1", 2, 5, 3609375 * time.Microsecond, 609375 * time.Microsecond},
		{"v3 100 ms", "0.1", 3, 15, 360937 * time.Microsecond, 60937 * time.Microsecond},
		{"v3 10 ms", "0.01", 3, 15, 36093 * time.Microsecond, 6093 * time.Microsecond},
	}
	t.Run("runs", func(t *testing.T) {
		for _, tc := range cases {
			if *takeovers > 0 {
				tc.runs = *takeovers
			}
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				eachPairingAlone(t, true, func(t *testing.T, l *lab, p pairing) {
					l.start("b", p.b, conf(tc.version, tc.interval, 100, "", vip))
					l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 1) })
					void := 0
					for i := range 2 * tc.runs {
						// An owner is master at once; what b waits for is its own.
						mark := time.Now()
						began := mark
						a := l.start("a", p.a, conf(tc.version, tc.interval, 255, "", vip))
						l.until("the owner", 10*time.Second, func() bool { return l.ruled(mark, addrA, 2) && !l.has("b", vip) })
						how, want := "kill -9", tc.kill
						mark = time.Now()
						if i%2 == 0 {
							a.kill()
						} else {
							how, want = "SIGTERM", tc.stop
							a.signal(syscall.SIGTERM)
						}
						l.until("takeover", 10*time.Second, func() bool { return l.ruled(mark, addrB, 1) })
						d, prio := l.takeover(mark, addrB)
						// Where the machine held a up until b took over while a
						// still lived, nothing can be learnt from the run.
						sent := gaps(l.from(began, addrA))
						held := slices.Max(sent) > tc.kill-time.Millisecond || how == "SIGTERM" && prio != 0 && d > tc.kill-time.Millisecond
						// Or b decided before the last advert came, which was late.
						held = held || d < want && sent[len(sent)-1]+d > tc.kill-time.Millisecond
						// Such runs have no end on a machine that is busy enough; only
						// the slow adverts must come through in any case.
						if held && (void < tc.runs/2 || tc.kill < time.Second) {
							void++
							t.Logf("%s: void, a was held up", how)
							a.ended()
							if void < tc.runs {
								continue
							}
							t.Logf("the machine is too busy for adverts every %s s", tc.interval)
							return
						}
						if (prio == 0) != (how == "SIGTERM") {
							t.Errorf("%s: the last advert has priority %d", how, prio)
						}
						if d < want-time.Millisecond {
							t.Errorf("%s: takeover after %v, before %v", how, d, want)
						}
						a.ended()
						mu.Lock()
						late[key{tc.name, how, p.name}] = append(late[key{tc.name, how, p.name}], d-want)
						mu.Unlock()
					}
				})
			})
		}
	})
	var out strings.Builder
	fmt.Fprintf(&out, "%-10s %-8s %-9s %4s %10s %10s %10s\n", "interval", "death", "pair", "N", "theory", "late p50", "late max")
	for _, tc := range cases {
		for _, how := range []string{"kill -9", "SIGTERM"} {
			want := tc.kill
			if how == "SIGTERM" {
				want = tc.stop
			}
			// The machine makes both wait; how long, the original tells.
			control := time.Duration(0)
			for _, p := range pairings {
				if d := late[key{tc.name, how, p.name}]; p.b && len(d) > 0 {
					control = max(control, slices.Max(d))
				}
			}
			for _, p := range pairings {
				d := late[key{tc.name, how, p.name}]
				if len(d) == 0 {
					continue
				}
				m := median(d)
				fmt.Fprintf(&out, "%-10s %-8s %-9s %4d %10v %10v %10v\n", tc.name, how, p.name, len(d), want, m, slices.Max(d))
				if !p.b && m > control+10*time.Millisecond {
					t.Errorf("%s, %s, %s: takeover is %v late in the middle, the original at most %v", tc.name, how, p.name, m, control)
				}
			}
		}
	}
	t.Logf("takeover, from the last advert to the first:\n%s", out.String())
}

// cpu is the time that a process has computed so far.
func cpu(pid int) (sum time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, f := range tasks {
		b, _ := os.ReadFile(f)
		var ns int64
		if _, err := fmt.Sscan(string(b), &ns); err == nil {
			sum += time.Duration(ns)
		}
	}
	return sum
}

// TestManyInstances runs all virtual routers that one interface can have and
// prints what they cost and how far apart their takeovers are.
func TestManyInstances(t *testing.T) { // not parallel: it takes all of the machine
	many := func(prio int) string {
		var b strings.Builder
		for i := 1; i <= 255; i++ {
			fmt.Fprintf(&b, "vrrp_instance VI_%d {\n version 3\n interface eth0\n virtual_router_id %d\n priority %d\n advert_int 1\n garp_master_delay 0\n garp_master_repeat 1\n virtual_ipaddress {\n 10.78.0.%d\n }\n}\n", i, i, prio, i)
		}
		return b.String()
	}
	original := time.Duration(0) // how far apart the original's takeovers are
	for _, p := range []pairing{{"C-C", true, true}, {"ours-ours", false, false}} {
		t.Run(p.name, func(t *testing.T) {
			if p.a && reference() == "" {
				t.Skip("keepalived is not installed")
			}
			l := newLab(t)
			// heard are the first adverts of each virtual router from a node.
			heard := func(mark time.Time, src netip.Addr) map[byte]time.Time {
				m := make(map[byte]time.Time)
				for _, s := range l.from(mark, src) {
					if _, ok := m[s.raw[14+20+1]]; !ok && s.prio > 0 {
						m[s.raw[14+20+1]] = s.at
					}
				}
				return m
			}
			a := l.start("a", p.a, many(150))
			b := l.start("b", p.b, many(100))
			l.until("a is master of all", 30*time.Second, func() bool { return len(heard(time.Time{}, addrA)) == 255 })
			l.until("b listens", 30*time.Second, func() bool { return b.said("VRRP sockpool") })
			mark, ca, cb := time.Now(), cpu(a.child()), cpu(b.child())
			l.until("four seconds", 10*time.Second, func() bool { return time.Since(mark) > 4*time.Second })
			d := time.Since(mark)
			ca, cb = cpu(a.child())-ca, cpu(b.child())-cb
			mark = time.Now()
			a.kill()
			l.until("b is master of all", 15*time.Second, func() bool { return len(heard(mark, addrB)) == 255 })
			var at []time.Time
			for _, x := range heard(mark, addrB) {
				at = append(at, x)
			}
			slices.SortFunc(at, time.Time.Compare)
			spread := at[254].Sub(at[0])
			t.Logf("255 instances: master %.2f %% of a core, backup %.2f %%; takeover %v after the kill, spread %v",
				100*ca.Seconds()/d.Seconds(), 100*cb.Seconds()/d.Seconds(), at[0].Sub(mark).Round(time.Millisecond), spread.Round(100*time.Microsecond))
			if p.a {
				original = spread
			} else if spread > max(2*time.Second, 2*original) {
				t.Errorf("the takeovers are %v apart", spread)
			}
		})
	}
}

// TestFlood sends 100,000 adverts a second of virtual routers that nobody has,
// and of one's own with a wrong password: our own adverts stay on time.
func TestFlood(t *testing.T) { // not parallel: it takes all of the machine
	eachPairingAlone(t, false, func(t *testing.T, l *lab, p pairing) {
		l.pair(p, conf(2, "1", 150, auth("PASS", "secret"), vip), conf(2, "1", 100, auth("PASS", "secret"), vip))
		mark := time.Now()
		sent := l.flood(3*time.Second, 100_000, 200)
		l.flood(time.Second, 10_000, 51)
		l.until("adverts afterwards", 8*time.Second, func() bool {
			return len(l.from(time.Now().Add(-1500*time.Millisecond), addrA)) > 0 && time.Since(mark) > 5*time.Second
		})
		s := l.from(mark, addrA)
		if n := len(l.from(mark, addrB)); n > 0 && !p.a {
			t.Errorf("b sent %d adverts under %d foreign ones", n, sent)
		}
		if len(s) < 3 {
			t.Fatalf("%d adverts in %v", len(s), time.Since(mark))
		}
		d := median(gaps(s))
		t.Logf("%d foreign adverts in 3 s; an advert of a's each %v, at most %v", sent, d, slices.Max(gaps(s)))
		// On a busy machine the original itself falls behind; ours must not.
		if !p.a && d > 1500*time.Millisecond {
			t.Errorf("an advert each %v under %d foreign ones", d, sent)
		}
	})
}

// flood sends adverts of a VRID for a while at a rate, or as fast as goes.
func (l *lab) flood(d time.Duration, rate int, vrid uint8) (sent int) {
	l.t.Helper()
	f := stranger(2, time.Second, 250, vip)
	f.VRID = vrid
	h := [20]byte{0: 0x45, 1: 0xc0, 3: byte(20 + f.Len()), 5: 1, 8: 255, 9: 112}
	copy(h[12:], net.IPv4(10, 77, 0, 9).To4())
	copy(h[16:], net.IPv4(224, 0, 0, 18).To4())
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(h[i])<<8 | uint32(h[i+1])
	}
	sum = sum&0xffff + sum>>16
	h[10], h[11] = byte(^sum>>8), byte(^sum)
	frame := append([]byte{0x01, 0, 0x5e, 0, 0, 0x12, 0x02, 0, 0, 0, 0, 0x09, 8, 0}, f.Append(h[:], f.src, f.dst)...)
	const slice = 10 * time.Millisecond
	tick := time.NewTicker(slice)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		for range rate / int(time.Second/slice) {
			if _, err := unix.Write(l.sniff, frame); err == nil {
				sent++
			}
		}
	}
	return sent
}
