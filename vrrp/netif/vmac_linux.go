package netif

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// sysctl writes one of the interface settings below /proc/sys/net.
func sysctl(family, link, name, value string) error {
	return os.WriteFile(filepath.Join("/proc/sys/net", family, "conf", link, name), []byte(value), 0)
}

// Promote implements [Kernel].
func (k *Netlink) Promote(link string, on bool) (was bool, err error) {
	const name = "promote_secondaries"
	b, err := os.ReadFile(filepath.Join("/proc/sys/net/ipv4/conf", link, name))
	if err != nil {
		return false, fmt.Errorf("%s: %w", link, err)
	}
	if was = len(b) > 0 && b[0] != '0'; was == on {
		return was, nil
	}
	value := "0"
	if on {
		value = "1"
	}
	return was, sysctl("ipv4", link, name, value)
}

// vmacSettings make a macvlan interface answer only for its own addresses, and
// accept packets that come from the same host.
var vmacSettings = [...]struct {
	name, value string
	always      bool // for IPv6, too
}{{"arp_ignore", "1", true}, {"accept_local", "1", false}, {"rp_filter", "0", true}, {"promote_secondaries", "1", false}}

// AddVMAC implements [Kernel]: a private macvlan on the parent with the MAC of
// the virtual router. One that an earlier process left is used again.
func (k *Netlink) AddVMAC(v VMAC) error {
	parent, err := k.h.LinkByName(v.Parent)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Parent, ErrNoLink)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex, attrs.HardwareAddr = v.Name, parent.Attrs().Index, v.MAC
	attrs.Group = v.Group
	if attrs.Group == 0 {
		attrs.Group = parent.Attrs().Group
	}
	mv := &netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_PRIVATE}
	if err := k.h.LinkAdd(mv); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add %s: %w", v.Name, err)
	}
	k.forget(v.Name)
	l, err := k.h.LinkByName(v.Name)
	if err != nil {
		return fmt.Errorf("add %s: %w", v.Name, err)
	}
	// The parent must not answer for the addresses of the virtual router, nor
	// may the virtual router get addresses of its own.
	var errs []error
	if !v.IPv6 {
		errs = append(errs, sysctl("ipv4", v.Parent, "arp_ignore", "1"), sysctl("ipv4", v.Parent, "arp_filter", "1"))
	}
	for _, s := range vmacSettings {
		if !v.IPv6 || s.always {
			errs = append(errs, sysctl("ipv4", v.Name, s.name, s.value))
		}
	}
	if v.IPv6 {
		_ = sysctl("ipv6", v.Name, "addr_gen_mode", "1")
	} else {
		_ = sysctl("ipv6", v.Name, "disable_ipv6", "1")
	}
	if err := k.h.LinkSetUp(l); err != nil {
		errs = append(errs, fmt.Errorf("up %s: %w", v.Name, err))
	}
	return errors.Join(errs...)
}

// DelVMAC implements [Kernel].
func (k *Netlink) DelVMAC(name string) error {
	l, err := k.h.LinkByName(name)
	if err != nil {
		return nil
	}
	k.forget(name)
	if l.Type() != "macvlan" {
		return fmt.Errorf("%s is no macvlan interface; left alone", name)
	}
	return k.h.LinkDel(l)
}
