package vrrp_test

import (
	"bytes"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// neighbour is the Ethernet address that the observer believes ip to have.
func (l *lab) neighbour(ip string) (mac net.HardwareAddr) {
	l.t.Helper()
	l.on("o", func(link netlink.Link) error {
		list, err := netlink.NeighList(link.Attrs().Index, netlink.FAMILY_V4)
		for _, n := range list {
			if n.IP.String() == ip {
				mac = n.HardwareAddr
			}
		}
		return err
	})
	return mac
}

// TestPairAnnounced has a third host's table of neighbours follow the address
// from one node to the other, without a packet of its own.
func TestPairAnnounced(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a, _ := l.pair(p, conf(3, "0.3", 150, "", vip), conf(3, "0.3", 100, "", vip))
		if err := inNS(l.ns["o"], func() error {
			c, err := net.Dial("udp4", vip+":9")
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write([]byte("who is it?"))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		macA, macB := l.mac("a"), l.mac("b")
		l.until("the address is a's", 5*time.Second, func() bool { return bytes.Equal(l.neighbour(vip), macA) })
		a.kill()
		l.until("the address is b's", 8*time.Second, func() bool { return bytes.Equal(l.neighbour(vip), macB) })
	})
}

// bursts splits announcements where more than gap lies between them.
func bursts(s []sight, gap time.Duration) (sizes []int) {
	for i := range s {
		if i == 0 || s[i].at.Sub(s[i-1].at) > gap {
			sizes = append(sizes, 0)
		}
		sizes[len(sizes)-1]++
	}
	return sizes
}

// TestAnnouncements holds the schedules of gratuitous ARP, of both programs.
func TestAnnouncements(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, extra, global string
		total               int   // announcements to wait for
		bursts              []int // 300 ms of silence between them
		between             time.Duration
	}{
		// Two addresses: each counts for itself.
		{"default", "", "", 20, []int{10, 10}, 5 * time.Second},
		{"delay and repeat", "garp_master_delay 1\n garp_master_repeat 3", "", 12, []int{6, 6}, time.Second},
		{"no second burst", "garp_master_delay 0\n garp_master_repeat 2\n garp_master_refresh 1\n garp_master_refresh_repeat 2", "", 12, []int{4, 4, 4}, time.Second},
		{"min_garp", "garp_master_refresh 1", "vrrp_min_garp true\n", 2, []int{2}, time.Second},
		{"refresh", "garp_master_delay 0\n garp_master_refresh 1\n", "", 14, []int{10, 2, 2}, time.Second},
		{"interval", "garp_master_delay 0\n garp_master_repeat 2\n", "vrrp_garp_interval 0.5\n", 4, []int{1, 1, 1, 1}, 500 * time.Millisecond},
	}
	for _, tc := range tests {
		for _, who := range []string{"ours", "C"} {
			t.Run(tc.name+" "+who, func(t *testing.T) {
				t.Parallel()
				if who == "C" && reference() == "" {
					t.Skip("keepalived is not installed")
				}
				if who == "C" && tc.name == "interval" && !recent() {
					return // those wait for longer
				}
				l := newLab(t)
				l.start("a", who == "C", "global_defs {\n "+tc.global+"}\n"+conf(3, "0.3", 150, tc.extra, vip, "10.77.0.101"))
				l.until("announcements", 15*time.Second, func() bool { return len(l.announcements(time.Time{})) >= tc.total })
				if tc.name == "min_garp" {
					// Two seconds of adverts later there still is no refresh.
					l.until("adverts", 10*time.Second, func() bool { return len(l.from(time.Time{}, addrA)) > 8 })
					if n := len(l.announcements(time.Time{})); n != tc.total {
						t.Errorf("%d announcements, want %d", n, tc.total)
					}
				}
				s := l.announcements(time.Time{})[:tc.total]
				got := bursts(s, 300*time.Millisecond)
				if len(got) != len(tc.bursts) {
					t.Fatalf("bursts %v, want %v", got, tc.bursts)
				}
				at := 0
				for i, n := range tc.bursts {
					if got[i] != n {
						t.Errorf("bursts %v, want %v", got, tc.bursts)
						break
					}
					if at += n; i+1 < len(tc.bursts) {
						d := s[at].at.Sub(s[at-n].at)
						if d < tc.between-200*time.Millisecond || d > tc.between+3*time.Second {
							t.Errorf("burst %d came %v after the one before it, want %v", i+2, d, tc.between)
						}
					}
				}
			})
		}
	}
}

// TestPairOwners has two nodes that both believe to own the address.
func TestPairOwners(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		a := l.start("a", p.a, conf(3, "0.4", 255, "", vip))
		l.until("a alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 1) && l.has("a", vip) })
		mark := time.Now()
		l.start("b", p.b, conf(3, "0.4", 255, "", vip))
		// The one with the higher address stays.
		l.until("one of two owners", 10*time.Second, func() bool {
			return l.ruled(mark, addrB, 4) && l.has("b", vip) && !l.has("a", vip)
		})
		if !a.said("both configured as address owner") {
			t.Error("a does not complain of a second owner")
		}
		a.signal(syscall.SIGTERM)
		a.ended()
	})
}
