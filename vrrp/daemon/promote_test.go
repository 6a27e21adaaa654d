package daemon

import (
	"testing"
	"time"
)

// TestPromote has an interface's setting changed and put back.
func TestPromote(t *testing.T) {
	inBubble(t, func(r *rig) {
		in := instanceOf("VI_1", 51, 150, "10.0.0.100/32")
		in.PromoteSecondaries = true
		a := r.boot("a", "10.0.0.1/24", configOf(in), nil)
		time.Sleep(5 * time.Second)
		a.wantKernel("sysctl promote_secondaries eth0 true", "ip addr add 10.0.0.100/32 dev eth0")
		if err := a.d.Reload(configOf(in)); err != nil {
			t.Fatal(err)
		}
		a.wantKernel()
		a.stop()
		a.wantKernel("ip addr del 10.0.0.100/32 dev eth0", "sysctl promote_secondaries eth0 false")
	})
}
