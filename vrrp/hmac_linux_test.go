package vrrp_test

import (
	"strings"
	"testing"
	"time"
)

// hmacConf is an instance with auth_hmac; id is the number of its key.
func hmacConf(prio int, id, mode string) string {
	return conf(3, "0.4", prio, "auth_hmac {\n key "+id+" hex:"+strings.Repeat("a1", 32)+"\n active_key "+id+"\n mode "+mode+"\n }", vip)
}

// TestPairHMAC has two nodes authenticate their adverts; one that has another
// key hears nobody.
func TestPairHMAC(t *testing.T) {
	t.Parallel()
	for _, p := range pairings {
		if (p.a || p.b) && !recent() {
			continue // no such words before 2.4
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			_, b := l.pair(p, hmacConf(150, "1", "enforce"), hmacConf(100, "1", "enforce"))
			l.until("b hears a", 10*time.Second, func() bool { return b.said("(VI_1) master set to 10.77.0.1") })
			b.stop()
			b = l.start("b", p.b, hmacConf(100, "2", "enforce"))
			l.until("b hears nobody", 20*time.Second, func() bool {
				return b.said("(VI_1) unknown authentication key id 1 from 10.77.0.1") && b.said("(VI_1) Entering MASTER STATE")
			})
			b.stop()
			mark := time.Now()
			b = l.start("b", p.b, conf(3, "0.4", 200, "", vip))
			l.until("b is not believed", 20*time.Second, func() bool {
				return len(l.from(mark, addrB)) > 1 && l.has("a", vip) && l.has("b", vip)
			})
		})
	}
}
