package vrrp_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bfdConf is a node that holds a session with the other and, with track,
// depends on it. The times leave a busy machine its pauses.
func bfdConf(own, other, vrid int, track string) string {
	return fmt.Sprintf(`bfd_instance B1 {
 neighbor_ip 10.77.0.%[2]d
 source_ip 10.77.0.%[1]d
 min_rx 200
 min_tx 200
 multiplier 15
}
vrrp_instance VI_%[3]d {
 interface eth0
 state BACKUP
 version 3
 advert_int 0.2
 virtual_router_id %[3]d
 priority 100
 %[4]s
 virtual_ipaddress {
 10.77.0.%[3]d
 }
}
`, own, other, vrid, track)
}

// TestPairBFD plays a router that depends on its neighbour: it serves while the
// session is up, and gives up when the neighbour is gone.
func TestPairBFD(t *testing.T) {
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		if (p.a || p.b) && !hasBFD() {
			t.Skip("the original was built without BFD")
		}
		a := l.start("a", p.a, bfdConf(1, 2, 101, "track_bfd {\n B1\n }"))
		l.until("the start of a", 20*time.Second, func() bool { return strings.Contains(a.log.String(), "VRRP sockpool") })
		if l.has("a", "10.77.0.101") {
			t.Error("a serves without a session")
		}
		b := l.start("b", p.b, bfdConf(2, 1, 102, ""))
		l.until("a session and an election", 30*time.Second, func() bool { return l.has("a", "10.77.0.101") })
		l.until("the agreed times", 20*time.Second, func() bool { return strings.Contains(a.log.String(), "Detection time is 3000000 us") })
		b.signal(syscall.SIGTERM)
		l.until("the end of a's service", 30*time.Second, func() bool { return !l.has("a", "10.77.0.101") })
		l.until("the words for it", 10*time.Second, func() bool {
			return hasAll(a.log.String(), "Starting BFD child process, pid=", "(B1) Entering Up state", "VRRP_Instance(VI_101) Tracked BFD instance B1 is UP",
				"(B1) Expired after 3", "(B1) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)",
				"VRRP_Instance(VI_101) Tracked BFD instance B1 is DOWN", "(VI_101) Entering FAULT STATE")
		})
	})
}

func hasAll(s string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(s, p) })
}
