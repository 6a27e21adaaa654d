package config

import (
	"net/netip"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func instanceBlocks() []def[Instance] {
	v := keyword.V
	return append(trackFields(func(i *Instance) *Tracks { return &i.Tracks }),
		list(kw("virtual_ipaddress", 0, "Addresses that the master holds and advertises."), func(c *compiler, i *Instance, w []expr.Word) {
			c.virtualAddress(i, w, false)
		}),
		list(kw("virtual_ipaddress_excluded", 0, "Addresses that the master holds but does not advertise."), func(c *compiler, i *Instance, w []expr.Word) {
			c.virtualAddress(i, w, true)
		}),
		flag(kw("no_virtual_ipaddress", v(2, 2), "Having no address is meant."), func(i *Instance) { i.NoVIPs = true }),
		list(kw("virtual_routes", 0, "Routes that the master holds."), func(c *compiler, i *Instance, w []expr.Word) {
			if r := c.route(w, false); r != nil {
				i.VirtualRoutes = append(i.VirtualRoutes, r)
			}
		}),
		list(kw("virtual_rules", v(1, 2), "Rules that the master holds."), func(c *compiler, i *Instance, w []expr.Word) {
			if r := c.rule(w, false); r != nil {
				i.VirtualRules = append(i.VirtualRules, r)
			}
		}),
	)
}

// virtualAddress reads a line of virtual_ipaddress or virtual_ipaddress_excluded.
func (c *compiler) virtualAddress(i *Instance, w []expr.Word, excluded bool) {
	a := c.address(w, false)
	if a == nil {
		return
	}
	if !excluded {
		if !i.sameFamily(a.Prefix.Addr()) {
			c.sayAt(0, "(%s): address family must match VRRP instance [%s] - ignoring", i.Name, w[0].Text)
			return
		}
	}
	for _, l := range [][]*Address{i.VIPs, i.ExcludedVIPs} {
		for _, o := range l {
			if o.Prefix.Addr() == a.Prefix.Addr() && (o.DevGiven == a.DevGiven && o.Interface == a.Interface) {
				kind := "VIP"
				if excluded {
					kind = "eVIP"
				}
				c.sayAt(0, "(%s): %s duplicates a VIP %s - ignoring", i.Name, kind, a.Prefix.Addr())
				return
			}
		}
	}
	if excluded {
		i.ExcludedVIPs = append(i.ExcludedVIPs, a)
	} else {
		i.VIPs = append(i.VIPs, a)
	}
}

// staticAddressLine reads a line of static_ipaddress.
func staticAddressLine(c *compiler, t *Config, w []expr.Word) {
	if a := c.address(w, true); a != nil {
		t.StaticAddresses = append(t.StaticAddresses, a)
	}
}

// cutPrefix cuts "10.0.0.1/24" at its slash.
func cutPrefix(s string) (host, bits string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '/' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// prefix reads an address with an optional length and says what is wrong
// with it; a bad length counts as the whole address.
func (c *compiler) prefix(w expr.Word) (netip.Prefix, bool) {
	host, bits := cutPrefix(w.Text)
	a, err := netip.ParseAddr(host)
	bad := err != nil || a.Zone() != ""
	n := 32
	if strings.Contains(host, ":") {
		n = 128
	}
	if len(bits) > 0 {
		v, ok := c.integer(expr.Word{Text: bits, Index: w.Index}, 0, int64(n))
		if ok {
			n = int(v)
		} else {
			c.sayAt(w.Index, "Invalid address prefix len %s for address %s - using %d", bits, w.Text, n)
		}
	}
	if bad {
		c.sayAt(w.Index, "VRRP parsed invalid IP %s. skipping IP...", w.Text)
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, n), true
}

// scopes are the names of address and route scopes (rtnetlink(7)).
var scopes = map[string]uint8{"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}

func scopeOf(s string) (uint8, bool) {
	if v, ok := scopes[s]; ok {
		return v, true
	}
	n, rest := parseUint(s)
	return uint8(n), s != "" && rest == "" && n <= 255
}

// address reads "IP[/len] [brd IP|+|-] [dev IF] [scope S] [label L] [peer IP] …";
// nil if the line must be left out.
func (c *compiler) address(w []expr.Word, static bool) *Address {
	p, ok := c.prefix(w[0])
	if !ok {
		return nil
	}
	a := &Address{Prefix: p, At: c.env.LineSpan()}
	six := p.Addr().Is6()
	if six && p.Bits() == 128 {
		zero := uint32(0)
		a.Preferred = &zero
	}
	if static {
		a.Interface = c.cfg.Global.DefaultInterface
	}
	for k := 1; k < len(w); k++ {
		s := w[k].Text
		if f, ok := addressFlags[s]; ok {
			a.Flags |= f
			continue
		}
		switch s {
		case "no_track":
			a.NoTrack = true
			continue
		case "use_vmac":
			if !static {
				a.UseVMAC = true
				continue
			}
		case "brd", "broadcast", "dev", "scope", "label", "peer", "preferred_lft", "track_group":
			if s == "track_group" && !static {
				break
			}
			if k+1 >= len(w) {
				c.sayAt(k, "No %s parameter specified for %s", s, w[0].Text)
				return c.keep(a, static)
			}
			k++
			if !c.addressOption(a, s, w, k) {
				return nil
			}
			continue
		}
		c.sayAt(k, "Unknown configuration entry '%s' for ip address - ignoring", s)
	}
	return c.keep(a, static)
}

// addressFlags are the address words that take no value.
var addressFlags = map[string]uint32{
	"-nodad": FlagNoDAD, "home": FlagHome, "mngtmpaddr": FlagMngTmpAddr,
	"noprefixroute": FlagNoPrefixRoute, "autojoin": FlagAutojoin,
}

// keep makes the last checks of an address.
func (c *compiler) keep(a *Address, static bool) *Address {
	if static && !a.DevGiven && !c.opt.HasInterface(a.Interface) {
		if !c.noInterface(0, "interface %s for ip address %s doesn't exist", a.Interface, c.env.Words[0].Text) {
			return nil
		}
	}
	return a
}

// addressOption reads an option's value, w[k]; false leaves the address out.
func (c *compiler) addressOption(a *Address, option string, w []expr.Word, k int) bool {
	v, six := w[k].Text, a.Prefix.Addr().Is6()
	switch option {
	case "dev":
		if a.DevGiven {
			c.sayAt(k, "Cannot specify ipaddress device more than once for %s", w[0].Text)
			return true
		}
		if !c.opt.HasInterface(v) {
			if !c.noInterface(k, "interface %s for ip address %s doesn't exist", v, w[0].Text) {
				return false
			}
		}
		a.Interface, a.DevGiven = v, true
	case "brd", "broadcast":
		return c.broadcast(a, v, w, k)
	case "scope":
		n, ok := scopeOf(v)
		switch {
		case !ok:
			c.sayAt(k, "Invalid scope '%s' specified for %s - ignoring", v, w[0].Text)
		case six:
			c.sayAt(k, "Cannot specify scope for IPv6 addresses (%s) - ignoring scope", w[0].Text)
		default:
			a.Scope, a.ScopeSet = n, true
		}
	case "label":
		switch {
		case six:
			c.sayAt(k, "Cannot specify label for IPv6 addresses (%s) - ignoring label", w[0].Text)
		case len(v) > 15:
			c.sayAt(k, "Address label %s is longer than maximum length 15 - removing address", v)
			return false
		default:
			a.Label = v
		}
	case "peer":
		// A peer's length is the address's own in the original's reading too.
		peer, err := netip.ParseAddr(v)
		switch {
		case err != nil:
			c.sayAt(k, "VRRP parsed invalid IP %s. skipping IP...", v)
			c.sayAt(k, "Invalid peer address %s", v)
		case peer.Is6() != six:
			c.sayAt(k, "Peer address %s does not match address family", v)
		default:
			a.Peer = netip.PrefixFrom(peer, peer.BitLen())
		}
	case "preferred_lft":
		forever := ^uint32(0)
		if v == "forever" {
			a.Preferred = &forever
			return true
		}
		n, ok := c.integer(w[k], 0, 1<<32-2)
		if !ok {
			c.sayAt(k, "preferred_lft %s is invalid", v)
			return true
		}
		u := uint32(n)
		a.Preferred = &u
	case "track_group":
		if a.groupName.name = v; !c.hasTrackGroup(v) {
			c.sayAt(k, "track_group %s not found", v)
			a.groupName.name = ""
		}
		a.groupName.at = c.env.Span(k)
	}
	return true
}

// broadcast reads the value of brd.
func (c *compiler) broadcast(a *Address, v string, w []expr.Word, k int) bool {
	if a.Prefix.Addr().Is6() {
		c.sayAt(k, "VRRP is trying to assign a broadcast %s to the IPv6 address %s !!?? WTF... skipping VIP...", w[k-1].Text, w[0].Text)
		return false
	}
	if v == "+" || v == "-" {
		bits := a.Prefix.Bits()
		if bits > 30 {
			c.sayAt(k, "Address prefix length %d too long for broadcast", bits)
			return true
		}
		b := a.Prefix.Masked().Addr().As4()
		if v == "+" {
			for i := bits; i < 32; i++ {
				b[i/8] |= 0x80 >> (i % 8)
			}
		}
		a.Broadcast = netip.AddrFrom4(b)
		return true
	}
	ip, err := netip.ParseAddr(v)
	if err != nil || !ip.Is4() {
		c.sayAt(k, "VRRP is trying to assign invalid broadcast %s. skipping VIP...", v)
		return false
	}
	a.Broadcast = ip
	return true
}
