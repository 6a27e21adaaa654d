package netif

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routeTypes are the types of ip-route(8).
var routeTypes = map[string]int{
	"": unix.RTN_UNICAST, "unicast": unix.RTN_UNICAST, "local": unix.RTN_LOCAL,
	"broadcast": unix.RTN_BROADCAST, "anycast": unix.RTN_ANYCAST, "multicast": unix.RTN_MULTICAST,
	"blackhole": unix.RTN_BLACKHOLE, "unreachable": unix.RTN_UNREACHABLE,
	"prohibit": unix.RTN_PROHIBIT, "throw": unix.RTN_THROW,
}

func ipNet(p netip.Prefix) *net.IPNet {
	if !p.IsValid() {
		return nil
	}
	p = p.Masked()
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// route converts r for the library.
func (k *Netlink) route(r Route) (*netlink.Route, error) {
	t, ok := routeTypes[r.Type]
	if !ok {
		return nil, fmt.Errorf("route %s: type %s is not driven", r.Text, r.Type)
	}
	out := &netlink.Route{
		Type: t, Dst: ipNet(r.Dst), Table: int(r.Table), Tos: int(r.TOS), Realm: int(r.Realm),
		Protocol: Protocol, Family: netlink.FAMILY_V4, Congctl: r.Congctl,
		Scope: defaultScope(r),
	}
	if r.IPv6 {
		out.Family = netlink.FAMILY_V6
	}
	if r.Protocol != 0 {
		out.Protocol = netlink.RouteProtocol(r.Protocol)
	}
	if r.Table == 0 {
		out.Table = unix.RT_TABLE_MAIN
	}
	if r.Src.IsValid() {
		out.Src = r.Src.AsSlice()
	}
	if r.Metric != nil {
		out.Priority = int(*r.Metric)
	}
	if err := setMetrics(out, r); err != nil {
		return nil, err
	}
	return out, k.setHops(out, r)
}

// defaultScope is what ip-route(8) takes when no scope is given.
func defaultScope(r Route) netlink.Scope {
	switch {
	case r.Scope != nil:
		return netlink.Scope(*r.Scope)
	case r.IPv6:
		return netlink.SCOPE_UNIVERSE
	case r.Type == "local":
		return netlink.SCOPE_HOST
	case (r.Type == "" || r.Type == "unicast") && len(r.Hops) == 1 && !r.Hops[0].Via.IsValid():
		return netlink.SCOPE_LINK
	}
	return netlink.SCOPE_UNIVERSE
}

func (k *Netlink) setHops(out *netlink.Route, r Route) error {
	for i, h := range r.Hops {
		idx := 0
		if h.Link != "" {
			var err error
			if idx, err = k.linkIndex(h.Link); err != nil {
				return err
			}
		}
		flags := 0
		if h.OnLink {
			flags = unix.RTNH_F_ONLINK
		}
		var gw net.IP
		var via netlink.Destination
		switch {
		case !h.Via.IsValid():
		case h.Via.Is6() != r.IPv6:
			family := netlink.FAMILY_V4
			if h.Via.Is6() {
				family = netlink.FAMILY_V6
			}
			via = &netlink.Via{AddrFamily: family, Addr: h.Via.AsSlice()}
		default:
			gw = h.Via.AsSlice()
		}
		if len(r.Hops) == 1 && i == 0 {
			out.LinkIndex, out.Gw, out.Via, out.Flags = idx, gw, via, flags
			return nil
		}
		out.MultiPath = append(out.MultiPath, &netlink.NexthopInfo{
			LinkIndex: idx, Gw: gw, Via: via, Flags: flags, Hops: max(h.Weight, 1) - 1,
		})
	}
	return nil
}

// setMetrics stores the RTAX values that the library knows.
func setMetrics(out *netlink.Route, r Route) error {
	for name, v := range r.Metrics {
		n := int(v)
		switch name {
		case "mtu":
			out.MTU, out.MTULock = n, r.Locked[name]
		case "advmss":
			out.AdvMSS = n
		case "rtt":
			out.Rtt = n
		case "rttvar":
			out.RttVar = n
		case "reordering":
			out.Reordering = n
		case "window":
			out.Window = n
		case "cwnd":
			out.Cwnd = n
		case "ssthresh":
			out.Ssthresh = n
		case "hoplimit":
			out.Hoplimit = n
		case "initcwnd":
			out.InitCwnd = n
		case "initrwnd":
			out.InitRwnd = n
		case "features":
			out.Features = n
		case "rto_min":
			out.RtoMin, out.RtoMinLock = n, r.Locked[name]
		case "quickack":
			out.QuickACK = n
		case "fastopen_no_cookie":
			out.FastOpenNoCookie = n
		default:
			return fmt.Errorf("route %s: %s is not driven", r.Text, name)
		}
	}
	return nil
}

// AddRoute implements [Kernel].
func (k *Netlink) AddRoute(r Route) error {
	nr, err := k.route(r)
	if err == nil {
		if r.Append {
			err = k.h.RouteAppend(nr)
		} else {
			err = k.h.RouteReplace(nr)
		}
	}
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add route %s: %w", r.Text, err)
	}
	return nil
}

// DelRoute implements [Kernel].
func (k *Netlink) DelRoute(r Route) error {
	nr, err := k.route(r)
	if errors.Is(err, ErrNoLink) {
		return nil
	}
	if err == nil {
		err = k.h.RouteDel(nr)
	}
	if err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("delete route %s: %w", r.Text, err)
	}
	return nil
}

// ruleTypes are the actions of ip-rule(8): FR_ACT_*.
var ruleTypes = map[string]uint8{
	"": unix.FR_ACT_TO_TBL, "lookup": unix.FR_ACT_TO_TBL, "goto": unix.FR_ACT_GOTO, "nop": unix.FR_ACT_NOP,
	"blackhole": unix.FR_ACT_BLACKHOLE, "unreachable": unix.FR_ACT_UNREACHABLE, "prohibit": unix.FR_ACT_PROHIBIT,
}

// rule converts r for the library.
func rule(r Rule) (*netlink.Rule, error) {
	t, ok := ruleTypes[r.Action]
	if !ok {
		return nil, fmt.Errorf("rule %s: action %s is not driven", r.Text, r.Action)
	}
	out := netlink.NewRule()
	out.Family = netlink.FAMILY_V4
	if r.IPv6 {
		out.Family = netlink.FAMILY_V6
	}
	out.Type, out.Protocol, out.Invert = t, Protocol, r.Not
	out.Src, out.Dst = ipNet(r.From), ipNet(r.To)
	out.Priority, out.Tos, out.Mark, out.Mask = int(r.Priority), uint(r.TOS), r.Mark, r.MarkMask
	out.IifName, out.OifName = r.IIF, r.OIF
	if r.Table != 0 {
		out.Table = int(r.Table)
	}
	if r.Goto != 0 {
		out.Goto = int(r.Goto)
	}
	if r.Realm != 0 {
		out.Flow = int(r.Realm)
	}
	if r.SupPrefix != nil {
		out.SuppressPrefixlen = int(*r.SupPrefix)
	}
	if r.SupGroup != nil {
		out.SuppressIfgroup = int(*r.SupGroup)
	}
	if r.UIDRange != nil {
		out.UIDRange = netlink.NewRuleUIDRange(r.UIDRange[0], r.UIDRange[1])
	}
	if r.SrcPorts != nil {
		out.Sport = netlink.NewRulePortRange(r.SrcPorts[0], r.SrcPorts[1])
	}
	if r.DstPorts != nil {
		out.Dport = netlink.NewRulePortRange(r.DstPorts[0], r.DstPorts[1])
	}
	out.IPProto = int(r.IPProto)
	out.TunID = uint(r.TunnelID)
	return out, nil
}

// AddRule implements [Kernel].
func (k *Netlink) AddRule(r Rule) error {
	nr, err := rule(r)
	if err == nil {
		err = k.h.RuleAdd(nr)
	}
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add rule %s: %w", r.Text, err)
	}
	return nil
}

// DelRule implements [Kernel].
func (k *Netlink) DelRule(r Rule) error {
	nr, err := rule(r)
	if err == nil {
		err = k.h.RuleDel(nr)
	}
	if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("delete rule %s: %w", r.Text, err)
	}
	return nil
}
