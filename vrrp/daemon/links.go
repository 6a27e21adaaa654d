package daemon

import (
	"net/netip"
	"os"
	"slices"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
)

// staticOwner is the name under which static addresses, routes and rules are
// held; no instance can have it.
const staticOwner = "\x00static"

// link is one interface with what is going to be told of it.
type link struct {
	netif.Link
	told    bool // what the machine believes
	pending bool // a change waits for the debounce time
	at      time.Duration
}

// watch begins to hear of changes.
func (d *Daemon) watch() error {
	d.detailf("Registering Kernel netlink reflector")
	d.detailf("Registering Kernel netlink command channel")
	return d.opt.Kernel.Watch(d.stop, func(ev netif.Event) {
		select {
		case d.posted <- func() { d.linkEvent(ev) }:
		case <-d.stop:
		}
	})
}

// readLinks reads all interfaces anew.
func (d *Daemon) readLinks() error {
	list, err := d.opt.Kernel.Links()
	if err != nil {
		return err
	}
	for _, l := range list {
		o := d.links[l.Name]
		if o == nil {
			d.links[l.Name] = &link{Link: l, told: l.Up}
			continue
		}
		o.Link = l
	}
	return nil
}

// isVIP says that an address belongs to an instance, and so is nobody's source
// address.
func (d *Daemon) isVIP(p netip.Prefix) bool { return d.virtual[p.Addr()] }

// sourceOn is the address of a link that adverts leave from: the first IPv4
// address, or the first link-local IPv6 address.
func (d *Daemon) sourceOn(name string, v6 bool) netip.Addr {
	l := d.links[name]
	if l == nil {
		return netip.Addr{}
	}
	for _, p := range l.Addrs {
		if p.Addr().Is6() == v6 && (!v6 || p.Addr().IsLinkLocalUnicast()) && !d.isVIP(p) {
			return p.Addr()
		}
	}
	return netip.Addr{}
}

// logAddresses tells which addresses the interfaces have that are used.
func (d *Daemon) logAddresses() {
	seen := make(map[string]bool)
	for _, in := range d.order {
		if in.base == "" || seen[in.base] {
			continue
		}
		seen[in.base] = true
		for _, v6 := range []bool{false, true} {
			if a := d.sourceOn(in.base, v6); a.IsValid() {
				d.detailf("Assigned address %s for interface %s", a, in.base)
			}
		}
	}
}

// logChannels tells what announcements go through.
func (d *Daemon) logChannels() {
	v4, v6 := false, false
	for _, in := range d.order {
		v4, v6 = v4 || !in.cfg.IPv6, v6 || in.cfg.IPv6
	}
	if v4 {
		d.detailf("Registering gratuitous ARP shared channel")
	}
	if v6 {
		d.detailf("Registering gratuitous NDISC shared channel")
	}
}

// tellLinks tells the machine the state of every tracked interface.
func (d *Daemon) tellLinks() {
	seen := make(map[string]bool)
	for _, in := range d.order {
		names := []string{in.base}
		for _, t := range in.cfg.Tracks.Interfaces {
			names = append(names, t.Target)
		}
		if g := in.cfg.Group; g != nil {
			for _, t := range g.Tracks.Interfaces {
				names = append(names, t.Target)
			}
		}
		for _, n := range names {
			if n == "" || seen[n] {
				continue
			}
			seen[n] = true
			l := d.links[n]
			up := l != nil && l.Up
			if l != nil {
				l.told, l.pending = up, false
			}
			d.tellLink(n, up)
		}
	}
}

func (d *Daemon) tellLink(name string, up bool) {
	d.step(fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackInterface, Name: name}, Up: up})
}

// indexOf is the index of a link, 0 if it does not exist.
func (d *Daemon) indexOf(name string) int {
	if l := d.links[name]; l != nil {
		return l.Index
	}
	return 0
}

// forwards says whether a link forwards IPv6, which neighbour advertisements
// tell.
func (d *Daemon) forwards(name string) bool {
	b, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + name + "/forwarding")
	return err == nil && len(b) > 0 && b[0] == '1'
}

// linkEvent takes one report of the kernel.
func (d *Daemon) linkEvent(ev netif.Event) {
	switch {
	case ev.Resync:
		d.resync()
	case ev.Addr.IsValid():
		d.addrEvent(ev)
	case ev.Gone:
		d.linkGone(ev.Link.Name)
	default:
		d.linkChanged(ev.Link)
	}
}

// linkChanged takes the new state of an interface that exists.
func (d *Daemon) linkChanged(n netif.Link) {
	l := d.links[n.Name]
	if l == nil {
		d.links[n.Name] = &link{Link: n}
		d.linkBack(n.Name)
		l = d.links[n.Name]
	}
	n.Addrs = l.Addrs
	moved := l.Index != n.Index
	l.Link = n
	if moved {
		d.closeFrames(n.Name)
	}
	if l.Up == l.told {
		l.pending = false
		return
	}
	if l.pending {
		return
	}
	l.pending = true
	l.at = d.now() + d.debounce(n.Name, l.Up)
	d.linkTick(d.now())
}

// debounce is how long a change of a link must last to count
// (interface_up_down_delays).
func (d *Daemon) debounce(name string, up bool) time.Duration {
	for _, x := range d.cfg.InterfaceDelays {
		if x.Name == name {
			if up {
				return x.Up
			}
			return x.Down
		}
	}
	return 0
}

// linkTick tells of changes that have lasted long enough.
func (d *Daemon) linkTick(now time.Duration) {
	for name, l := range d.links {
		if !l.pending || l.at > now {
			continue
		}
		l.pending = false
		l.told = l.Up
		word := "down"
		if l.Up {
			word = "up"
		}
		if d.uses(name) {
			d.logf("Netlink reports %s %s", name, word)
		}
		d.tellLink(name, l.Up)
	}
}

// linkDeadline is when the next debounce time ends.
func (d *Daemon) linkDeadline() (at time.Duration, on bool) {
	for _, l := range d.links {
		if l.pending && (!on || l.at < at) {
			at, on = l.at, true
		}
	}
	return at, on
}

// uses says whether an instance is on a link or tracks it.
func (d *Daemon) uses(name string) bool {
	for _, in := range d.order {
		if in.base == name || in.link == name || tracksLink(&in.cfg.Tracks, name) ||
			in.cfg.Group != nil && tracksLink(&in.cfg.Group.Tracks, name) {
			return true
		}
	}
	return false
}

func tracksLink(t *config.Tracks, name string) bool {
	return slices.ContainsFunc(t.Interfaces, func(x config.Tracked[string]) bool { return x.Target == name })
}

// linkGone takes the end of an interface: its addresses went with it.
func (d *Daemon) linkGone(name string) {
	if d.links[name] == nil {
		return
	}
	if d.uses(name) {
		d.logf("Interface %s deleted", name)
	}
	d.net.LinkDown(name)
	d.tellLink(name, false)
	delete(d.links, name)
	d.closeFrames(name)
	for spec, s := range d.socks {
		if spec.Link == name {
			s.conn.Close()
			delete(d.socks, spec)
		}
	}
}

// linkBack takes an interface that did not exist: sockets are made anew, since
// the old ones were bound to the old one.
func (d *Daemon) linkBack(name string) {
	if !d.uses(name) {
		return
	}
	d.logf("Interface %s added", name)
	for _, in := range d.order {
		if in.base == name && in.vmac != nil {
			if err := d.opt.Kernel.AddVMAC(*in.vmac); err != nil {
				d.logf("(%s) %v", in.cfg.Name, err)
			}
		}
	}
	d.openSockets()
	d.setStatic()
}

func (d *Daemon) closeFrames(name string) {
	if c := d.frames[name]; c != nil {
		c.Close()
		delete(d.frames, name)
	}
}

// addrEvent takes the coming or going of an address.
func (d *Daemon) addrEvent(ev netif.Event) {
	l := d.links[ev.Link.Name]
	if l == nil {
		return
	}
	if d.isVIP(ev.Addr) {
		// With hundreds of addresses that come and go at once, nothing more
		// may be done for each.
		if ev.Gone {
			d.addrGone(ev)
		}
		return
	}
	had := d.sourceOn(ev.Link.Name, ev.Addr.Addr().Is6())
	i := slices.Index(l.Addrs, ev.Addr)
	if ev.Gone {
		if i >= 0 {
			l.Addrs = slices.Delete(slices.Clone(l.Addrs), i, i+1)
		}
		d.addrGone(ev)
	} else if i < 0 {
		l.Addrs = append(slices.Clone(l.Addrs), ev.Addr)
	}
	d.sourcesChanged(ev, had)
}

// addrGone answers the loss of an address that is held.
func (d *Daemon) addrGone(ev netif.Event) {
	for _, owner := range d.net.Lost(ev) {
		d.logf("Netlink reflector reports IP %s removed from %s", ev.Addr.Addr(), ev.Link.Name)
		if owner == staticOwner {
			d.setStatic()
			continue
		}
		if !d.restore(owner) {
			d.step(fsm.AddressRemoved{Name: owner})
		}
	}
}

// usesBase says whether adverts leave by a link.
func (d *Daemon) usesBase(name string) bool {
	return slices.ContainsFunc(d.order, func(in *instance) bool { return in.base == name })
}

// sourceNow is the address that an instance can send from at the moment.
func (d *Daemon) sourceNow(in *instance) netip.Addr {
	switch c := in.cfg; {
	case !c.SourceAddress.IsValid():
		return d.sourceOn(in.base, c.IPv6)
	case !c.TrackSourceAddress:
		return c.SourceAddress
	default:
		for _, p := range d.links[in.base].Addrs {
			if p.Addr() == c.SourceAddress {
				return p.Addr()
			}
		}
		return netip.Addr{}
	}
}

// sourcesChanged finds the source addresses anew and tells the machine. had is
// what the link had before.
func (d *Daemon) sourcesChanged(ev netif.Event, had netip.Addr) {
	name := ev.Link.Name
	if !d.usesBase(name) {
		return
	}
	switch now := d.sourceOn(name, ev.Addr.Addr().Is6()); {
	case now == had:
	case ev.Gone:
		d.detailf("Deassigned address %s from interface %s", ev.Addr.Addr(), name)
	default:
		d.detailf("Assigned address %s for interface %s", ev.Addr.Addr(), name)
	}
	for _, in := range d.order {
		if in.base != name {
			continue
		}
		now := d.sourceNow(in)
		if now == in.src {
			continue
		}
		if now.IsValid() {
			in.src = now
			if in.spec.Unicast() {
				in.spec.Local = now
			}
			d.lendSource(in)
			d.openSockets()
		}
		// A fault is told with the old address still in place, so that the
		// advert of priority 0 can leave if the kernel lets it.
		d.step(fsm.SourceAddr{Name: in.cfg.Name, Addr: now})
		in.src = now
	}
}

// resync reads everything anew after events were lost.
func (d *Daemon) resync() {
	list, err := d.opt.Kernel.Links()
	if err != nil {
		d.logf("netlink: %v", err)
		return
	}
	seen := make(map[string]bool)
	for _, n := range list {
		seen[n.Name] = true
		if l := d.links[n.Name]; l != nil {
			for _, p := range l.Addrs {
				if !slices.Contains(n.Addrs, p) {
					d.addrEvent(netif.Event{Link: n, Addr: p, Gone: true})
				}
			}
		}
		d.linkChanged(n)
		for _, p := range n.Addrs {
			d.addrEvent(netif.Event{Link: n, Addr: p})
		}
	}
	for name := range d.links {
		if !seen[name] {
			d.linkGone(name)
		}
	}
}

// setStatic puts static addresses, routes and rules in place, again if needed.
func (d *Daemon) setStatic() {
	s := netif.State{Addrs: addrsOf(d.cfg.StaticAddresses, nil), Routes: routesOf(d.cfg.StaticRoutes, d.cfg.Global.DefaultInterface), Rules: rulesOf(d.cfg.StaticRules)}
	for i := range s.Addrs {
		if s.Addrs[i].Link == "" {
			s.Addrs[i].Link = d.cfg.Global.DefaultInterface
		}
	}
	if _, err := d.net.Set(staticOwner, s); err != nil {
		d.logf("static: %v", err)
	}
}

// dropVMACs removes VMACs that no instance uses any more.
func (d *Daemon) dropVMACs() {
	used := make(map[string]bool)
	for _, in := range d.order {
		if in.vmac != nil {
			used[in.vmac.Name] = true
		}
	}
	for name := range d.vmacs {
		if !used[name] {
			if err := d.opt.Kernel.DelVMAC(name); err != nil {
				d.logf("%v", err)
			}
			delete(d.vmacs, name)
		}
	}
}
