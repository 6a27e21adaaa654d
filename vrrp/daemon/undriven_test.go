package daemon

import (
	"strings"
	"testing"
	"time"

	"tandem/vrrp/config"
)

func TestUndriven(t *testing.T) {
	t.Parallel()
	plain := configOf(instanceOf("VI_1", 51, 100, "10.0.0.100/32"))
	if w := undriven(plain); len(w) != 0 {
		t.Errorf("warnings about nothing: %q", w)
	}
	in := instanceOf("VI_1", 51, 100, "10.0.0.100/32")
	in.VRF = "blue"
	in.VMAC = &config.VMAC{IPVLAN: true}
	in.Garp.ExtraInterval = time.Second
	in.VirtualRoutes = []*config.Route{{Text: "r", Encap: []string{"mpls"}, Pref: "low"}}
	in.VirtualRules = []*config.Rule{{Text: "u", L3MDev: true}}
	cfg := configOf(in)
	cfg.Global.DisableLocalIGMP, cfg.Global.Ipsets = true, []string{"keepalived"}
	got := strings.Join(undriven(cfg), "\n")
	for _, want := range []string{"use_ipvlan", "vrf",
		"garp_extra_if", "route r: encap", "route r: from, pref", "rule u: l3mdev", "disable_local_igmp", "vrrp_ipsets"} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning about %s in\n%s", want, got)
		}
	}
}
