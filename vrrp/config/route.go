package config

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tandem/parser/expr"
)

// staticRouteLine reads a line of static_routes.
func staticRouteLine(c *compiler, t *Config, w []expr.Word) {
	if r := c.route(w, true); r != nil {
		t.StaticRoutes = append(t.StaticRoutes, r)
	}
}

// staticRuleLine reads a line of static_rules.
func staticRuleLine(c *compiler, t *Config, w []expr.Word) {
	if r := c.rule(w, true); r != nil {
		t.StaticRules = append(t.StaticRules, r)
	}
}

// routeTypes are the types of routes (ip-route(8)).
var routeTypes = map[string]bool{"unicast": true, "local": true, "broadcast": true, "anycast": true, "multicast": true,
	"blackhole": true, "unreachable": true, "prohibit": true, "throw": true, "nat": true, "xresolve": true}

// tables and protocols are the names that iproute2 ships.
var (
	routeTables    = map[string]uint32{"main": 254, "default": 253, "local": 255, "unspec": 0}
	routeProtocols = map[string]uint8{"unspec": 0, "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9,
		"mrt": 10, "zebra": 11, "bird": 12, "dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "mrouted": 17, "keepalived": 18, "babel": 42,
		"bgp": 186, "isis": 187, "ospf": 188, "rip": 189, "eigrp": 192}
)

// protocolKeepalived is RTPROT_KEEPALIVED.
const protocolKeepalived = 18

// routeMetrics are the metrics of a route with the original's word for each.
var routeMetrics = map[string]struct {
	say    string // text when the number is bad; "" is "Invalid <name> value x specified for route"
	hi     int64
	time   bool // milliseconds, or seconds with "s"
	atomic bool // takes no "lock"
}{
	"mtu": {say: "Invalid MTU {value} specified for route"}, "advmss": {say: "Invalid advmss {value} specified for route"},
	"hoplimit": {say: "Invalid hoplimit {value} specified for route", hi: 255},
	"rtt":      {say: "Invalid rtt {value} for route", time: true}, "rttvar": {say: "Invalid rttvar {value} for route", time: true},
	"rto_min": {time: true}, "reordering": {}, "window": {}, "cwnd": {}, "ssthresh": {}, "initcwnd": {}, "initrwnd": {},
	"quickack": {hi: 1, atomic: true}, "fastopen_no_cookie": {hi: 1, atomic: true},
}

// routeReader reads one route line.
type routeReader struct {
	*compiler
	r      *Route
	w      []expr.Word
	k      int
	static bool
	family int // 0 unknown, 4, 6
	bad    bool
}

// route reads a line of virtual_routes or static_routes; nil leaves it out.
func (c *compiler) route(w []expr.Word, static bool) *Route {
	p := &routeReader{compiler: c, r: &Route{Type: "unicast", Protocol: protocolKeepalived, At: c.env.LineSpan(), Text: join(w)}, w: w, static: static}
	for p.k = 0; p.k < len(w) && !p.bad && !c.fatal; p.k++ {
		if w[p.k].Text == "nexthop" {
			p.nextHops()
			break
		}
		p.option(w[p.k].Text)
	}
	r := p.r
	switch {
	case p.bad || c.fatal:
		return nil
	case !r.Dst.IsValid() && !r.Default:
		c.say("Route must have a destination")
		return nil
	}
	if r.Default && !r.Dst.IsValid() {
		zero := netip.IPv4Unspecified()
		if p.family == 6 {
			zero = netip.IPv6Unspecified()
		}
		r.Dst = netip.PrefixFrom(zero, 0)
	}
	r.IPv6 = p.family == 6
	if r.Protocol != protocolKeepalived && !r.NoTrack {
		c.say("Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol")
		r.Protocol = protocolKeepalived
	}
	if r.groupName.name != "" && r.Interface == "" && len(r.NextHops) == 0 && false {
		return nil
	}
	return r
}

// value takes the next word; its absence ends the reading.
func (p *routeReader) value() (expr.Word, bool) {
	if p.k+1 >= len(p.w) {
		p.missing(p.env.Words, p.w[p.k].Index+2)
		return expr.Word{}, false
	}
	p.k++
	return p.w[p.k], true
}

// same notes the family of an address and refuses a mixture.
func (p *routeReader) same(a netip.Addr) bool {
	f := 4
	if a.Is6() {
		f = 6
	}
	if p.family != 0 && p.family != f {
		p.say("Cannot mix IPv4 and IPv6 addresses for route")
		p.bad = true
		return false
	}
	p.family = f
	return true
}

// addr reads an address; bad is the text after the general one.
func (p *routeReader) addr(w expr.Word, bad string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(w.Text)
	if err != nil {
		p.sayAt(w.Index, "VRRP parsed invalid IP %s. skipping IP...", w.Text)
		p.sayAt(w.Index, bad, w.Text)
		p.bad = true
		return a, false
	}
	return a, p.same(a)
}

// option reads the word s and what belongs to it.
func (p *routeReader) option(s string) {
	r := p.r
	if m, ok := routeMetrics[s]; ok {
		p.metric(s, m.say, m.hi, m.time, m.atomic)
		return
	}
	switch s {
	case "inet":
		p.family = 4
		p.afterFamily()
	case "inet6":
		p.family = 6
		p.afterFamily()
	case "src":
		if w, ok := p.value(); ok {
			r.PrefSrc, _ = p.addr(w, "invalid route src address %s")
		}
	case "to":
		if w, ok := p.value(); ok {
			p.destination(w)
		}
	case "via", "gw":
		if s == "gw" {
			p.say(`"gw" for routes is deprecated. Please use "via"`)
		}
		if w, ok := p.value(); ok {
			if (w.Text == "inet" || w.Text == "inet6") && p.k+1 < len(p.w) {
				w, _ = p.value()
			}
			r.Via, _ = p.addr(w, "invalid route via address %s")
		}
	case "or":
		p.say(`"or" for routes is deprecated. Please use "nexthop"`)
		if w, ok := p.value(); ok {
			if a, good := p.addr(w, "invalid route via address %s"); good {
				r.NextHops = append(r.NextHops, NextHop{Via: r.Via, Weight: 1}, NextHop{Via: a, Weight: 1})
			}
		}
	case "dev", "oif":
		if w, ok := p.value(); ok {
			p.device(w, &r.Interface)
		}
	case "add", "prepend", "append":
		r.Action = s
	case "no_track":
		r.NoTrack = true
	case "onlink":
		r.OnLink = true
	default:
		if routeTypes[s] {
			r.Type = s
			return
		}
		p.setting(s)
	}
}

// afterFamily refuses what the original refuses: a family must be followed by
// "to", or stand where nothing else names the destination.
func (p *routeReader) afterFamily() {
	if p.k+1 < len(p.w) && p.w[p.k+1].Text == "default" {
		if p.family == 4 {
			p.say("Route must have a destination")
			p.bad = true
		} else {
			p.k++
			p.r.Default = true
		}
	}
}

func (p *routeReader) device(w expr.Word, to *string) {
	if !p.opt.HasInterface(w.Text) {
		if !p.noInterface(w.Index, "interface %s for VROUTE nexthop doesn't exist", w.Text) {
			p.bad = true
			return
		}
	}
	*to = w.Text
}

// setting reads the options that have a value of their own kind.
func (p *routeReader) setting(s string) {
	r := p.r
	refuse := func(w expr.Word, text string) {
		p.sayAt(w.Index, text, w.Text)
		p.bad = true
	}
	switch s {
	case "table", "tos", "dsfield", "scope", "metric", "priority", "preference", "protocol", "realms", "features", "congctl",
		"pref", "ttl-propagate", "expires", "vrf", "from":
	case "track_group":
		if !p.static {
			p.destination(p.w[p.k])
			return
		}
	case "encap":
		p.encap(&r.Encap)
		return
	case "as":
		p.say(`"as to" for MPLS only - ignoring`)
		p.k = min(p.k+2, len(p.w))
		return
	default:
		p.destination(p.w[p.k])
		return
	}
	w, ok := p.value()
	if !ok {
		return
	}
	switch s {
	case "table":
		if n, good := tableOf(w.Text); good {
			r.Table = n
		} else {
			refuse(w, "Routing table %s not found for route")
		}
	case "tos", "dsfield":
		if n, good := tosOf(w.Text); good {
			r.TOS = n
		} else {
			refuse(w, "TOS value %s is invalid")
		}
	case "scope":
		if n, good := scopeOf(w.Text); good {
			r.Scope = &n
		} else {
			refuse(w, "Scope %s not found or invalid for route")
		}
	case "metric", "priority", "preference":
		n, good := p.integer(w, 0, math.MaxUint32)
		if !good {
			refuse(w, "Invalid metric %s specified for route")
			return
		}
		u := uint32(n)
		r.Metric = &u
	case "protocol":
		if n, good := protocolOf(w.Text); good {
			r.Protocol = n
		} else {
			refuse(w, "Protocol %s not found or invalid for route")
		}
	case "realms":
		if n, good := realmsOf(w.Text); good {
			r.Realms = n
		} else {
			refuse(w, "Invalid realms %s for route")
		}
	case "features":
		if w.Text == "ecn" {
			r.Metrics = append(r.Metrics, RouteMetric{Name: "features", Value: 1})
		} else {
			refuse(w, "feature %s not supported")
		}
	case "congctl":
		lock := w.Text == "lock"
		if lock {
			if w, ok = p.value(); !ok {
				return
			}
		}
		r.Metrics = append(r.Metrics, RouteMetric{Name: "congctl", Str: w.Text, Locked: lock})
	case "pref":
		switch {
		case p.family != 6:
			p.say("pref is only valid for IPv6")
			p.bad = true
		case w.Text != "low" && w.Text != "medium" && w.Text != "high":
			refuse(w, "Invalid pref %s specified for route")
		default:
			r.Pref = w.Text
		}
	case "ttl-propagate":
		on := w.Text == "enabled"
		if !on && w.Text != "disabled" {
			refuse(w, "ttl-propagate value %s not recognised")
			return
		}
		r.TTLProp = &on
	case "expires":
		if p.family != 6 {
			p.say("expires is only valid for IPv6")
			p.bad = true
			return
		}
		n, good := p.integer(w, 0, math.MaxUint32)
		if !good {
			refuse(w, "Invalid expires time %s specified for route")
			return
		}
		r.Expires = time.Duration(n) * time.Second
	case "vrf":
		refuse(w, "VRF %s not found for route")
	case "from":
		if a, good := p.prefix(w); good && p.same(a.Addr()) {
			r.Src = a
		} else if !good {
			refuse(w, "invalid route from address %s")
		}
	case "track_group":
		if !p.hasTrackGroup(w.Text) {
			p.sayAt(w.Index, "track_group %s not found", w.Text)
			return
		}
		r.groupName = nameAt{w.Text, p.env.Span(w.Index)}
	}
}

// destination reads the address that the route leads to.
func (p *routeReader) destination(w expr.Word) {
	if w.Text == "default" || w.Text == "any" || w.Text == "all" {
		p.r.Default = true
		return
	}
	d, ok := p.prefix(w)
	if !ok {
		p.sayAt(w.Index, "unknown route keyword %s", w.Text)
		p.bad = true
		return
	}
	if p.same(d.Addr()) {
		p.r.Dst = d
	}
}

// metric reads "[lock] N".
func (p *routeReader) metric(name, bad string, hi int64, inTime, atomic bool) {
	w, ok := p.value()
	if !ok {
		return
	}
	m := RouteMetric{Name: name}
	if w.Text == "lock" && !atomic {
		m.Locked = true
		if w, ok = p.value(); !ok {
			return
		}
	}
	if hi == 0 {
		hi = math.MaxUint32
	}
	x := w
	unit := int64(1)
	if inTime {
		if t, cut := strings.CutSuffix(x.Text, "ms"); cut {
			x.Text = t
		} else if t, cut := strings.CutSuffix(x.Text, "s"); cut {
			x.Text, unit = t, 1000
		}
	}
	n, good := p.integer(x, 0, hi)
	if good && inTime && n*unit > 960000 {
		p.sayAt(w.Index, "number '%s' outside range [0., 960000.]", w.Text)
		good = false
	}
	if !good {
		if bad == "" {
			bad = "Invalid " + name + " value {value} specified for route"
		}
		p.sayAt(w.Index, "%s", fill(bad, "", w.Text))
		p.bad = true
		return
	}
	n *= unit
	if inTime && n < 200 && n > 0 {
		word := "rtt"
		if name == "rto_min" {
			word = "rto"
		}
		p.sayAt(w.Index, "%s value %d below minimum 200ms, resetting", word, n)
		n = 200
	}
	m.Value = uint32(min(n, math.MaxUint32))
	p.r.Metrics = append(p.r.Metrics, m)
}

// encap keeps the words of an encapsulation.
func (p *routeReader) encap(to *[]string) {
	if p.k+1 >= len(p.w) {
		p.say("Missing encap type")
		p.bad = true
		return
	}
	p.k++
	kind := p.w[p.k].Text
	*to = append(*to, kind)
	n := map[string]int{"mpls": 1, "ila": 1}[kind]
	options := map[string]bool{"id": true, "dst": true, "src": true, "tos": true, "ttl": true, "hoplimit": true, "flags": true, "csum-mode": true, "ident-type": true, "hook-type": true}
	switch kind {
	case "mpls", "ila":
		for ; n > 0 && p.k+1 < len(p.w); n-- {
			p.k++
			*to = append(*to, p.w[p.k].Text)
		}
	case "ip", "ip6":
	default:
		p.sayAt(p.w[p.k].Index, "Unknown encap type - %s", kind)
		p.bad = true
		return
	}
	for p.k+2 < len(p.w) && options[p.w[p.k+1].Text] {
		*to = append(*to, p.w[p.k+1].Text, p.w[p.k+2].Text)
		p.k += 2
	}
}

// nextHops reads "nexthop via … nexthop via …", which ends a line.
func (p *routeReader) nextHops() {
	var hop *NextHop
	for ; p.k < len(p.w) && !p.bad && !p.fatal; p.k++ {
		switch s := p.w[p.k].Text; s {
		case "nexthop":
			p.r.NextHops = append(p.r.NextHops, NextHop{Weight: 1})
			hop = &p.r.NextHops[len(p.r.NextHops)-1]
		case "via":
			w, ok := p.value()
			if !ok {
				return
			}
			if (w.Text == "inet" || w.Text == "inet6") && p.k+1 < len(p.w) {
				w, _ = p.value()
			}
			hop.Via, _ = p.addr(w, "invalid nexthop address %s")
		case "dev", "oif":
			if w, ok := p.value(); ok {
				p.device(w, &hop.Interface)
			}
		case "weight":
			w, ok := p.value()
			if !ok {
				return
			}
			n, good := p.integer(w, 0, 256)
			if !good {
				p.sayAt(w.Index, "Invalid weight %s specified for route", w.Text)
				continue
			}
			hop.Weight = int(n)
		case "onlink":
			hop.OnLink = true
		case "realms":
			if w, ok := p.value(); ok {
				hop.Realms, _ = realmsOf(w.Text)
			}
		case "encap":
			p.encap(&hop.Encap)
		case "as":
			p.k += 2
		case "no_track":
			p.r.NoTrack = true
		default:
			p.sayAt(p.w[p.k].Index, "Route has trailing nonsense after nexthops - %s", s)
			p.bad = true
		}
	}
}

func join(w []expr.Word) string {
	s := make([]string, len(w))
	for i, x := range w {
		s[i] = x.Text
	}
	return strings.Join(s, " ")
}

// tableOf reads a routing table's name or number.
func tableOf(s string) (uint32, bool) {
	if n, ok := routeTables[s]; ok {
		return n, true
	}
	n, rest := parseUint(s)
	return uint32(n), rest == ""
}

// tosOf reads a type of service: a number of any base, four names.
func tosOf(s string) (uint8, bool) {
	if n, ok := map[string]uint8{"default": 0, "lowdelay": 0x10, "throughput": 8, "reliability": 4, "mincost": 2}[s]; ok {
		return n, true
	}
	if h, ok := strings.CutPrefix(s, "0x"); ok {
		n, rest := parseHex(h)
		return uint8(n), h != "" && rest == "" && n <= 255
	}
	n, rest := parseUint(s)
	return uint8(n), rest == "" && n <= 255
}

func protocolOf(s string) (uint8, bool) {
	if n, ok := routeProtocols[s]; ok {
		return n, true
	}
	n, rest := parseUint(s)
	return uint8(n), rest == "" && n <= 255
}

// realmsOf reads "[FROM/]TO".
func realmsOf(s string) (uint32, bool) {
	if s == "cosmos" {
		return 0, true
	}
	from, to, two := strings.Cut(s, "/")
	if from == "cosmos" {
		from = "0"
	}
	if to == "cosmos" {
		to = "0"
	}
	if !two {
		from, to = "0", s
	}
	a, rest := parseUint(from)
	b, err := strconv.ParseUint(to, 0, 16)
	rest2 := ""
	if err != nil {
		rest2 = to + " "
	}
	return uint32(a<<16 | b&0xffff), rest == "" && rest2 == "" && a <= 0xffff && b <= 0xffff
}
