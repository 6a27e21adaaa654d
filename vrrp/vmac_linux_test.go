package vrrp_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// settings are what a VMAC changes: its own attributes and the kernel's
// settings of it and its parent.
func (l *lab) settings(node, name string) map[string]string {
	l.t.Helper()
	out := make(map[string]string)
	if err := inNS(l.ns[node], func() error {
		for _, n := range []string{name, "eth0", "all"} {
			for _, f := range []string{"ipv4/conf/%s/arp_ignore", "ipv4/conf/%s/arp_filter", "ipv4/conf/%s/accept_local",
				"ipv4/conf/%s/rp_filter", "ipv4/conf/%s/promote_secondaries", "ipv6/conf/%s/disable_ipv6"} {
				path := fmt.Sprintf("/proc/sys/net/"+f, n)
				if b, err := os.ReadFile(path); err == nil {
					out[path] = string(b)
				}
			}
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return nil // gone
		}
		out["MAC"] = link.Attrs().HardwareAddr.String()
		out["parent"] = fmt.Sprint(link.Attrs().ParentIndex)
		out["type"] = link.Type()
		if m, ok := link.(*netlink.Macvlan); ok {
			out["mode"] = fmt.Sprint(m.Mode)
		}
		return nil
	}); err != nil {
		l.t.Fatal(err)
	}
	return out
}

// TestSameVMAC compares the interfaces that both programs make, and what they
// leave behind.
func TestSameVMAC(t *testing.T) {
	t.Parallel()
	if reference() == "" {
		t.Skip("keepalived is not installed")
	}
	for _, tc := range []struct{ words, name, extra, vip string }{
		{"use_vmac", "vrrp.51", "", vip},
		{"use_vmac vr0", "vr0", "", vip},
		{"use_vmac\n vmac_xmit_base", "vrrp.51", "", vip},
		{"use_vmac", "vrrp.51", "native_ipv6", "fe80::5:1/64"},
	} {
		t.Run(tc.words+tc.extra, func(t *testing.T) {
			t.Parallel()
			run := func(ref bool) (during, after map[string]string) {
				l := newLab(t)
				p := l.start("a", ref, conf(3, "0.3", 150, tc.words+"\n "+tc.extra, tc.vip))
				l.until("mastership", 12*time.Second, func() bool { return len(l.adverts(time.Time{})) > 1 && p.said("setting VIPs") })
				during = l.settings("a", tc.name)
				p.stop()
				return during, l.settings("a", tc.name)
			}
			od, oa := run(false)
			if tc.extra != "" && !recent() {
				if od["MAC"] != "00:00:5e:00:02:33" {
					t.Errorf("the MAC is %s", od["MAC"])
				}
				return // those change settings of IPv4 for IPv6, too
			}
			cd, ca := run(true)
			if d := cmp.Diff(cd, od); d != "" || od["MAC"] == "" {
				t.Errorf("while it runs (-original +ours):\n%s", d)
			}
			if d := cmp.Diff(ca, oa); d != "" {
				t.Errorf("afterwards (-original +ours):\n%s", d)
			}
		})
	}
}
