package daemon

import (
	"net/netip"
	"slices"
	"testing"

	"tandem/vrrp/config"
)

// TestExtraLinks has one address announced on each other interface.
func TestExtraLinks(t *testing.T) {
	t.Parallel()
	addr := func(s, link string) *config.Address {
		return &config.Address{Prefix: netip.MustParsePrefix(s), Interface: link, DevGiven: link != ""}
	}
	in := &instance{link: "eth0", cfg: &config.Instance{Garp: config.Garp{ExtraAll: true}}}
	in.vips = addrsOf([]*config.Address{addr("10.0.0.1/32", ""), addr("10.1.0.1/32", "eth1"), addr("10.1.0.2/32", "eth1")}, in)
	in.excluded = addrsOf([]*config.Address{addr("10.1.0.3/32", "eth1"), addr("fd00::2/64", "eth2")}, in)
	var got []string
	for _, a := range in.extra() {
		got = append(got, a.Prefix.String()+"%"+a.Link)
	}
	if want := []string{"10.1.0.1/32%eth1", "fd00::2/64%eth2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if in.cfg.Garp.ExtraAll = false; len(in.extra()) > 0 {
		t.Error("announced without 'all'")
	}
}
