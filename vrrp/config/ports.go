package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// servicePorts compares the ports of a service with those of its servers:
// only NAT can change a port.
func (c *compiler) servicePorts(v *VirtualServer, marked bool) {
	if v.Group != nil {
		c.groupPorts(v, marked)
		return
	}
	port := v.Addr.Port()
	for _, r := range v.Real {
		own := r.Addr.Port()
		switch {
		case r.Method.Kind == "NAT" || own == port || own == 0:
			continue
		case v.mark:
			c.lateAt(r.At, "WARNING - fwmark virtual server %s, real server %s has port specified - clearing", v, endpoint(r.Addr, ""))
		default:
			c.lateAt(r.At, "WARNING - virtual server %s and real server %s ports don't match - resetting", v, endpoint(r.Addr, v.Protocol))
		}
		r.Addr = netip.AddrPortFrom(r.Addr.Addr(), port)
	}
	s := v.Sorry
	if s == nil || v.sorryKind() == "NAT" || s.Addr.Port() == port || s.Addr.Port() == 0 {
		return
	}
	if v.mark {
		c.lateAt(s.At, "WARNING - virtual server %s, sorry server has port specified - clearing", v)
	} else {
		c.lateAt(s.At, "WARNING - virtual server %s and sorry server ports don't match - resetting", v)
	}
	s.Addr = netip.AddrPortFrom(s.Addr.Addr(), port)
}

// sorryKind is how packets reach the sorry server.
func (v *VirtualServer) sorryKind() string {
	if v.SorryMethod != nil {
		return v.SorryMethod.Kind
	}
	return v.Method.Kind
}

// groupPorts does the same for every entry of a group, and changes nothing:
// one server may fit some entries and not others.
func (c *compiler) groupPorts(v *VirtualServer, marked bool) {
	protocol := v.Protocol
	if onlyMarks(v.Group) {
		protocol = ""
	}
	if marked {
		for _, r := range v.Real {
			if r.Method.Kind != "NAT" && r.Addr.Port() != 0 {
				c.lateAt(r.At, "WARNING - fwmark virtual server %s, real server %s has port specified - port will be ignored", v, endpoint(r.Addr, protocol))
			}
		}
		if v.Sorry != nil && v.sorryKind() != "NAT" && v.Sorry.Addr.Port() != 0 {
			c.lateAt(v.Sorry.At, "WARNING - fwmark virtual server %s, sorry server has port specified - port will be ignored", v)
		}
	}
	for _, e := range v.Group.Entries {
		if e.mark {
			continue
		}
		for _, r := range v.Real {
			if r.Method.Kind != "NAT" && r.Addr.Port() != 0 && r.Addr.Port() != e.Port {
				c.lateAt(r.At, "virtual server %s:%s and real server %s ports don't match", v, e.text(), endpoint(r.Addr, protocol))
			}
		}
		if v.Sorry != nil && v.sorryKind() != "NAT" && v.Sorry.Addr.Port() != 0 && v.Sorry.Addr.Port() != e.Port {
			c.lateAt(v.Sorry.At, "WARNING - virtual server %s, sorry server has port specified - port will be ignored", v)
		}
	}
}

// text names an entry as messages do: "[10.0.0.1-10.0.0.3,80]".
func (e *GroupEntry) text() string {
	var b strings.Builder
	b.WriteString("[" + e.First.String())
	if e.Last != e.First {
		b.WriteString("-" + e.Last.String())
	}
	fmt.Fprintf(&b, ",%d]", e.Port)
	return b.String()
}
