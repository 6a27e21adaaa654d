package daemon

import (
	"testing"
	"time"

	"tandem/vrrp/config"
)

// quietInstance answers for no address.
func quietInstance(prio uint8, vips ...string) *config.Instance {
	in := instanceOf("VI_1", 51, prio, vips...)
	in.Accept = false
	return in
}

// TestQuiet has packets for the addresses of a quiet instance dropped as long
// as it holds them, and those of an owner never.
func TestQuiet(t *testing.T) {
	inBubble(t, func(r *rig) {
		cfg := configOf(quietInstance(150, "10.0.0.100/32"))
		a := r.boot("a", "10.0.0.1/24", cfg, nil)
		time.Sleep(5 * time.Second)
		a.wantKernel("nft drop keepalived 10.0.0.100", "ip addr add 10.0.0.100/32 dev eth0")
		if !a.has("use_vmac or no_accept/strict specified, but no firewall configured - using nftables") {
			t.Errorf("a says %q", a.said())
		}
		loud := configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32"))
		if err := a.d.Reload(loud); err != nil {
			t.Fatal(err)
		}
		a.wantKernel("nft accept keepalived 10.0.0.100")
		named := configOf(quietInstance(150, "10.0.0.100/32"))
		named.Global.NFTables = "lb"
		if err := a.d.Reload(named); err != nil {
			t.Fatal(err)
		}
		a.wantKernel("nft delete table keepalived", "nft drop lb 10.0.0.100")
		a.stop()
		a.wantKernel("ip addr del 10.0.0.100/32 dev eth0", "nft accept lb 10.0.0.100", "nft delete table lb")
		b := r.boot("b", "10.0.0.2/24", configOf(quietInstance(255, "10.0.0.100/32")), nil)
		time.Sleep(time.Second)
		b.wantKernel("ip addr add 10.0.0.100/32 dev eth0")
		b.stop()
	})
}
