package config

import (
	"bytes"
	"net/netip"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func instanceVMAC() []def[Instance] {
	v := keyword.V
	return []def[Instance]{
		words(kw("use_vmac", v(1, 2), "Put the addresses on a macvlan with the virtual router's MAC address."), useVMAC),
		flag(kw("use_vmac_addr", v(2, 2), "Make VMACs also for addresses on other interfaces."), func(i *Instance) { i.vmac().AddrOnly = true; i.vmacAddrOnly = true }),
		flag(kw("vmac_xmit_base", v(1, 2), "Send adverts from the base interface."), func(i *Instance) { i.given |= gaveXmitBase }),
		words(kw("use_ipvlan", v(2, 0), "Put the addresses on an ipvlan.").idle(), useIPVLAN),
	}
}

// vmac returns the instance's VMAC, made on first use.
func (i *Instance) vmac() *VMAC {
	if i.VMAC == nil {
		i.VMAC = &VMAC{}
	}
	return i.VMAC
}

// goodIfName says whether the kernel takes s as an interface name.
func goodIfName(s string) bool {
	return s != "" && len(s) < 16 && s != "." && s != ".." && !strings.ContainsAny(s, "/: \t")
}

// useVMAC reads "use_vmac [[name] IF] [MAC] [netlink_notify_msg] [group G]".
func useVMAC(c *compiler, i *Instance, w []expr.Word) {
	m := i.vmac()
	i.vmacAddrOnly = false
	named := m.Name != ""
	for k := 0; k < len(w); k++ {
		s := w[k].Text
		switch {
		case s == "netlink_notify_msg":
			m.Notify = true
		case s == "group" && k+1 < len(w):
			k++
			n, ok := interfaceGroup(w[k].Text)
			if !ok {
				c.sayAt(k+1, "VMAC group %s not found", w[k].Text)
				continue
			}
			m.Group = n
		case strings.Count(s, ":") >= 2:
			mac, ok := parseMAC(s)
			if !ok {
				c.sayAt(k+1, "VMAC invalid MAC address %s - ignored", s)
				continue
			}
			if bytes.HasPrefix(mac, []byte{0, 0, 0x5e, 0, 1}) || bytes.HasPrefix(mac, []byte{0, 0, 0x5e, 0, 2}) {
				c.sayAt(k+1, "VMAC MAC address not allowed to be RFC5798 address (%s) - ignoring", s)
				continue
			}
			m.MAC = mac
		default:
			if s == "name" && k+1 < len(w) {
				k++
				s = w[k].Text
			}
			if named {
				c.sayAt(k+1, "VMAC interface name already specified")
				continue
			}
			named = true
			switch {
			case !goodIfName(s):
				c.sayAt(k+1, "VMAC interface name '%s' too long or invalid characters - ignoring", s)
			case c.opt.HasInterface(s) && !strings.HasPrefix(s, c.cfg.Global.VMACPrefix+"."):
				c.sayAt(k+1, "(%s) interface %s already exists and is not a private macvlan; ignoring vmac if_name", i.Name, s)
			default:
				if o := c.vmacNamed(i, s); o != nil {
					c.sayAt(k+1, "(%s) VRRP instance %s is already using %s - ignoring name", i.Name, o.Name, s)
					continue
				}
				m.Name = s
			}
		}
	}
}

// vmacNamed finds another instance whose VMAC has a name.
func (c *compiler) vmacNamed(i *Instance, name string) *Instance {
	for _, o := range c.cfg.Instances {
		if o != i && o.VMAC != nil && o.VMAC.Name == name {
			return o
		}
	}
	return nil
}

// interfaceGroup reads a group number; names would need iproute2's table.
func interfaceGroup(s string) (uint32, bool) {
	if s == "default" {
		return 0, true
	}
	n, rest := parseUint(s)
	return uint32(n), rest == "" && n <= 1<<32-1
}

// parseMAC reads six octets, or the last five of 00:….
func parseMAC(s string) ([]byte, bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 6 && len(parts) != 5 {
		return nil, false
	}
	var mac []byte
	for _, p := range parts {
		v, rest := parseHex(p)
		if p == "" || rest != "" || v > 255 {
			return nil, false
		}
		mac = append(mac, byte(v))
	}
	return mac, true
}

// useIPVLAN reads "use_ipvlan [[name] IF] [IP] [bridge|private|vepa] [group G]".
func useIPVLAN(c *compiler, i *Instance, w []expr.Word) {
	if i.VMAC != nil && i.VMAC.IPVLAN {
		c.say("(%s) use_ipvlan already specified", i.Name)
		return
	}
	m := i.vmac()
	m.IPVLAN, m.Mode = true, "bridge"
	i.vmacAddrOnly = false
	for k := 0; k < len(w); k++ {
		s := w[k].Text
		host, bits := cutPrefix(s)
		addr, err := netip.ParseAddr(host)
		switch {
		case err == nil:
			n := addr.BitLen()
			if bits != "" {
				v, ok := c.integer(expr.Word{Text: bits, Index: k + 1}, 0, int64(n))
				if !ok {
					continue
				}
				n = int(v)
			}
			m.Address = netip.PrefixFrom(addr, n)
		case s == "bridge" || s == "private" || s == "vepa":
			m.Mode = s
		case s == "group" && k+1 < len(w):
			k++
			n, ok := interfaceGroup(w[k].Text)
			if !ok {
				c.sayAt(k+1, "VMAC group %s not found", w[k].Text)
				continue
			}
			m.Group = n
		case m.Name != "":
			c.sayAt(k+1, "(%s) IPVLAN interface already specified - ignoring '%s'", i.Name, s)
		default:
			m.Name = s
		}
	}
}
