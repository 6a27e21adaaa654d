package daemon

import (
	"fmt"
	"os"
	"time"

	"tandem/vrrp/config"
)

// warn tells what the configuration asks for and nobody does, so that nothing
// is ignored silently.
func (d *Daemon) warn() {
	for _, w := range undriven(d.cfg) {
		d.logf("WARNING - %s", w)
	}
}

// undriven lists what is read and checked, but has no effect here.
func undriven(cfg *config.Config) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, in := range cfg.Instances {
		undrivenInstance(in, say)
	}
	for _, s := range cfg.Scripts {
		// Honouring it would run notify_fault at every start of a pair that the
		// original starts quietly.
		if s.InitFail && s.Used {
			say("vrrp_script %s: init_fail has no effect, as in the original: an instance waits for the first result, and a weight counts from then on", s.Name)
		}
	}
	g := &cfg.Global
	for _, x := range []struct {
		on   bool
		text string
	}{
		{g.DisableLocalIGMP, "disable_local_igmp has no effect: the kernel's IGMP reports are not touched"},
		{len(g.Ipsets) > 0, "vrrp_ipsets has no effect: nftables has sets of its own"},
		{g.RxBufsPolicy != "", "vrrp_rx_bufs_policy has no effect: receive buffers are the kernel's unless kernel_rx_buf_size is set"},
		{len(g.NetlinkBuffers) > 0, "netlink buffer sizes are chosen here: the configured ones have no effect"},
		{len(cfg.LinkbeatInterfaces) > 0 || cfg.Process.LinkbeatUsePolling, "links are not polled: linkbeat words have no effect, netlink reports decide"},
	} {
		if x.on {
			say("%s", x.text)
		}
	}
	undrivenRoutes(cfg.StaticRoutes, cfg.StaticRules, say)
	return out
}

func undrivenInstance(in *config.Instance, say func(string, ...any)) {
	for _, x := range []struct {
		on   bool
		text string
	}{
		{in.VMAC != nil && in.VMAC.IPVLAN, "use_ipvlan is not driven: the addresses go on the interface itself"},
		{in.VMAC != nil && in.VMAC.AddrOnly, "use_vmac_addr is not driven: addresses on other interfaces get no VMAC"},
		{in.VRF != "", "vrf is not driven"},
		{in.Garp.ExtraInterval > 0 && !in.Garp.ExtraAll, "garp_extra_if without 'all' has no effect: it is about VMACs of addresses on other interfaces"},
	} {
		if x.on {
			say("(%s) %s", in.Name, x.text)
		}
	}
	undrivenRoutes(in.VirtualRoutes, in.VirtualRules, say)
}

func undrivenRoutes(routes []*config.Route, rules []*config.Rule, say func(string, ...any)) {
	for _, r := range routes {
		encap := len(r.Encap) > 0
		for _, h := range r.NextHops {
			encap = encap || len(h.Encap) > 0
		}
		if encap {
			say("route %s: encap has no effect", r.Text)
		}
		if r.Src.IsValid() || r.Pref != "" || r.TTLProp != nil || r.Expires != 0 {
			say("route %s: from, pref, ttl-propagate and expires have no effect", r.Text)
		}
	}
	for _, r := range rules {
		if r.L3MDev {
			say("rule %s: l3mdev has no effect", r.Text)
		}
	}
}

// uptime is how long the system has been up; zero if it does not tell.
func uptime() time.Duration {
	b, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0
	}
	var s float64
	if _, err := fmt.Sscan(string(b), &s); err != nil {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
