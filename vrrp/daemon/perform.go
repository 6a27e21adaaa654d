package daemon

import (
	"slices"

	"tandem/vrrp/announce"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
)

// perform does one thing that the machine asks for.
func (d *Daemon) perform(e *fsm.Effect) {
	switch e.Do {
	case fsm.Log:
		if !e.Detail || d.opt.Detail {
			d.opt.Log(e.Text)
		}
		return
	case fsm.Notify:
		n := Notice{Name: e.Inst, State: e.State, Priority: e.Priority}
		if e.Group != "" {
			n.Group, n.Name = true, e.Group
		}
		for _, p := range d.opt.Plugins {
			p.Notice(n)
		}
		return
	}
	in := d.of(e)
	if in == nil {
		return
	}
	switch e.Do {
	case fsm.SendAdvert:
		d.send(in, e.Priority)
	case fsm.Announce:
		d.announce(in, e.Repeat)
	case fsm.AnnounceNew:
		if in.added {
			d.announce(in, e.Repeat)
		}
	case fsm.AnnounceSelf:
		if in.src.IsValid() && in.base != "" {
			d.queue.Add(announce.Item{Inst: in.cfg.Name, Link: in.base, Addr: in.src})
			d.pump()
		}
	case fsm.AnnounceExtra:
		for _, a := range in.extra() {
			d.queue.Add(announce.Item{Inst: in.cfg.Name, Link: a.Link, Addr: a.Prefix.Addr()})
		}
		d.pump()
	default:
		d.hold(in, e.Do)
	}
}

// extra is one address for each interface that adverts do not leave by, where
// switches would forget the MAC address (garp_extra_if). Without "all" it is
// about VMACs, of which an instance has but one here.
func (in *instance) extra() []netif.Addr {
	if !in.cfg.Garp.ExtraAll {
		return nil
	}
	var out []netif.Addr
	for _, list := range [][]netif.Addr{in.vips, in.excluded} {
		for _, a := range list {
			if a.Link != in.link && !slices.ContainsFunc(out, func(o netif.Addr) bool { return o.Link == a.Link }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// hold changes what an instance holds.
func (d *Daemon) hold(in *instance, do fsm.Do) {
	held := false
	switch do {
	case fsm.AddAddresses:
		d.logGone(in)
		in.hasVIPs, held = true, true
		in.added = false
	case fsm.AddExcluded:
		in.hasExcluded, held = true, true
	case fsm.AddRoutes:
		in.hasRoutes, held = true, true
	case fsm.AddRules:
		in.hasRules, held = true, true
	case fsm.RemoveAddresses:
		held, in.hasVIPs = in.hasVIPs, false
		d.queue.Drop(in.cfg.Name)
	case fsm.RemoveExcluded:
		held, in.hasExcluded = in.hasExcluded, false
	case fsm.RemoveRoutes:
		held, in.hasRoutes = in.hasRoutes, false
	case fsm.RemoveRules:
		held, in.hasRules = in.hasRules, false
	}
	if !held {
		d.clear(in, do)
		return
	}
	adding := do == fsm.AddAddresses || do == fsm.AddExcluded
	if adding {
		d.setFilter() // before there is anything to answer for
	}
	added, err := d.net.Set(in.cfg.Name, in.state())
	if !adding {
		d.setFilter()
	}
	in.added = in.added || len(added) > 0
	if err != nil {
		d.logf("(%s) %v", in.cfg.Name, err)
	}
}

// clear removes what this instance does not hold but an earlier process may
// have left behind.
func (d *Daemon) clear(in *instance, do fsm.Do) {
	var s netif.State
	switch do {
	case fsm.RemoveAddresses:
		s.Addrs = in.vips
	case fsm.RemoveExcluded:
		s.Addrs = in.excluded
	case fsm.RemoveRoutes:
		s.Routes = in.routes
	case fsm.RemoveRules:
		s.Rules = in.rules
	default:
		return
	}
	if err := d.net.Clear(s); err != nil {
		d.detailf("(%s) %v", in.cfg.Name, err)
	}
}

// logGone tells of addresses that a reload takes away from a master.
func (d *Daemon) logGone(in *instance) {
	if !in.hasVIPs {
		return
	}
	want := make(map[string]bool)
	for _, a := range append(in.vips[:len(in.vips):len(in.vips)], in.excluded...) {
		want[a.String()] = true
	}
	for _, a := range d.net.Holds(in.cfg.Name).Addrs {
		if !want[a.String()] {
			d.logf("(%s) ip address %s dev %s, no longer exist", in.cfg.Name, a.Prefix, a.Link)
		}
	}
}

// announce queues n rounds over all addresses of an instance, and sends what
// needs not wait.
func (d *Daemon) announce(in *instance, n int) {
	for round := range n {
		for _, list := range [][]netif.Addr{in.vips, in.excluded} {
			for _, a := range list {
				d.queue.Add(announce.Item{Inst: in.cfg.Name, Link: a.Link, Addr: a.Prefix.Addr(), First: round == 0})
			}
		}
	}
	d.pump()
}

// pump sends announcements that are due.
func (d *Daemon) pump() {
	d.queueAt, d.queueOn = d.queue.Take(d.now(), d.gap, d.sendFrame)
}

// gap is the pace on a link.
func (d *Daemon) gap(name string) announce.Gap {
	g, ok := d.gaps[name]
	if !ok {
		g = announce.Gap{ARP: d.cfg.Global.GarpInterval, NA: d.cfg.Global.GnaInterval}
	}
	l := d.links[name]
	g.Disabled = l == nil || l.NoARP || len(l.MAC) != 6
	return g
}

// sendFrame sends one announcement.
func (d *Daemon) sendFrame(it announce.Item) {
	l := d.links[it.Link]
	if l == nil {
		return
	}
	conn := d.frames[it.Link]
	if conn == nil {
		var err error
		if conn, err = d.opt.Network.OpenLink(it.Link); err != nil {
			d.logf("cannot announce on %s: %v", it.Link, err)
			return
		}
		d.frames[it.Link] = conn
	}
	var err error
	queueing, sending := "gratuitous ARPs", "gratuitous ARP"
	if it.Addr.Is6() {
		queueing, sending = "Unsolicited Neighbour Adverts", "unsolicited Neighbour Advert"
		d.frame, err = announce.NA(d.frame[:0], l.MAC, it.Addr, d.forwards(it.Link))
	} else {
		d.frame, err = announce.ARP(d.frame[:0], l.MAC, it.Addr)
	}
	if it.First {
		d.detailf("(%s) Sending/queueing %s on %s for %s", it.Inst, queueing, it.Link, it.Addr)
	}
	if err == nil {
		d.detailf("Sending %s on %s for %s", sending, it.Link, it.Addr)
		err = conn.SendFrame(d.frame)
	}
	if err != nil {
		d.logf("Error sending %s on %s for %s: %v", sending, it.Link, it.Addr, err)
	}
}
