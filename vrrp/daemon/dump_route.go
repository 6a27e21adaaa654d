package daemon

import (
	"fmt"
	"net/netip"
	"strings"

	"tandem/vrrp/config"
	"tandem/vrrp/netif"
)

// routeMetrics are the metrics of a route in the order of dumps, with the unit
// that follows the number.
var routeMetrics = []struct{ name, unit string }{
	{"congctl", ""}, {"rtt", "ms"}, {"rttvar", "ms"}, {"rto_min", "ms"}, {"features", ""}, {"mtu", ""}, {"window", ""},
	{"ssthresh", ""}, {"cwnd", ""}, {"advmss", ""}, {"reordering", ""}, {"hoplimit", ""}, {"initcwnd", ""},
	{"initrwnd", ""}, {"quickack", ""}, {"fastopen_no_cookie", ""},
}

// line collects the words of a line.
type line struct{ strings.Builder }

// add adds a word with its value if it is given.
func (l *line) add(given bool, format string, args ...any) {
	if !given {
		return
	}
	if l.Len() > 0 {
		l.WriteByte(' ')
	}
	fmt.Fprintf(l, format, args...)
}

// netText is a network as dumps write it: without the length of a single address.
func netText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func viaText(a netip.Addr) string {
	return enabled(a.Is6(), "inet6 ", "inet ") + a.String()
}

// realmsText is "source/destination", or the destination alone.
func realmsText(r uint32) string {
	if r>>16 == 0 {
		return fmt.Sprint(r)
	}
	return fmt.Sprintf("%d/%d", r>>16, r&0xffff)
}

// routeText is a route in the words of ip-route(8), as dumps write it. link is
// the interface that it gets for want of its own.
func routeText(r *config.Route, link string) string {
	var l line
	l.add(true, "%s", or(r.Action, "prepend"))
	l.add(r.Type != "" && r.Type != "unicast", "%s", r.Type)
	l.add(true, "%s", netText(r.Dst))
	l.add(r.PrefSrc.IsValid(), "src %s", r.PrefSrc)
	l.add(r.Src.IsValid(), "from %s", r.Src)
	l.add(r.TOS != 0, "tos %d", r.TOS)
	l.add(r.Via.IsValid(), "via %s", viaText(r.Via))
	l.add(r.Interface != "", "dev %s", r.Interface)
	l.add(r.Table != 0, "table %d", r.Table)
	l.add(!r.NoTrack || r.Protocol != netif.Protocol, "proto %d", r.Protocol)
	if r.Scope != nil {
		l.add(true, "scope %d", *r.Scope)
	}
	if r.Metric != nil {
		l.add(true, "metric %d", *r.Metric)
	}
	l.add(r.OnLink, "onlink")
	l.add(r.Realms != 0, "realms %s", realmsText(r.Realms))
	for _, m := range routeMetrics {
		for _, x := range r.Metrics {
			if x.Name != m.name {
				continue
			}
			value := fmt.Sprint(x.Value)
			switch {
			case x.Str != "":
				value = x.Str
			case x.Name == "features":
				value = "ecn"
			}
			l.add(true, "%s%s %s%s", x.Name, enabled(x.Locked, " lock", ""), value, m.unit)
		}
	}
	l.add(r.Pref != "", "pref %s", r.Pref)
	if r.TTLProp != nil {
		l.add(true, "ttl-propagate %s", enabled(*r.TTLProp, "enabled", "disabled"))
	}
	l.add(r.Expires > 0, "expires %dsec", int(r.Expires.Seconds()))
	for _, h := range r.NextHops {
		l.add(true, "nexthop")
		l.add(h.Via.IsValid(), "via %s", viaText(h.Via))
		l.add(h.Interface != "", "dev %s", h.Interface)
		l.add(h.Weight > 0, "weight %d", h.Weight)
		l.add(h.OnLink, "onlink")
		l.add(h.Realms != 0, "realm %s", realmsText(h.Realms))
	}
	l.add(r.NoTrack, "no_track")
	l.add(r.Interface == "" && link != "" && r.Via.IsValid() && len(r.NextHops) == 0, "[dev %s]", link)
	return l.String()
}

// ruleText is a rule in the words of ip-rule(8), as dumps write it.
func ruleText(r *config.Rule) string {
	var l line
	l.add(r.Not, "not")
	l.add(r.From.IsValid(), "from %s", netText(r.From))
	l.add(!r.From.IsValid(), "from all")
	l.add(r.To.IsValid(), "to %s", netText(r.To))
	l.add(true, "priority %d", r.Priority)
	l.add(true, "tos 0x%x", r.TOS)
	l.add(r.MarkSet && r.MarkMask != 0, "fwmark 0x%x/0x%x", r.Mark, r.MarkMask)
	l.add(r.MarkSet && r.MarkMask == 0, "fwmark 0x%x", r.Mark)
	l.add(r.IIF != "", "iif %s", r.IIF)
	l.add(r.OIF != "", "oif %s", r.OIF)
	if r.SupPrefix != nil {
		l.add(true, "suppress_prefixlen %d", *r.SupPrefix)
	}
	if r.SupGroup != nil {
		l.add(true, "suppress_ifgroup %d", *r.SupGroup)
	}
	l.add(r.TunnelID != 0, "tunnel-id %d", r.TunnelID)
	if r.UIDRange != nil {
		l.add(true, "uidrange %d-%d", r.UIDRange[0], r.UIDRange[1])
	}
	l.add(r.L3MDev, "l3mdev")
	proto := r.Protocol
	if proto == 0 {
		proto = netif.Protocol
	}
	l.add(!r.NoTrack || proto != netif.Protocol, "protocol %d", proto)
	l.add(r.IPProto != 0, "ipproto %d", r.IPProto)
	if r.SrcPorts != nil {
		l.add(true, "sport %d-%d", r.SrcPorts[0], r.SrcPorts[1])
	}
	if r.DstPorts != nil {
		l.add(true, "dport %d-%d", r.DstPorts[0], r.DstPorts[1])
	}
	l.add(r.Realms != 0, "realms %s", realmsText(r.Realms))
	switch r.Action {
	case "", "lookup":
		l.add(true, "lookup %d", r.Table)
	case "goto":
		l.add(true, "goto %d", r.Goto)
	case "nop":
		l.add(true, "nop")
	default:
		l.add(true, "type %s", r.Action)
	}
	l.add(r.NoTrack, "no_track")
	return l.String()
}
