package daemon

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
	"tandem/vrrp/packet"
	"tandem/vrrp/wire"
)

// WriteData writes the state of everything in the layout of keepalived.data.
func (d *Daemon) WriteData(w io.Writer) error {
	b := bufio.NewWriter(w)
	if !d.Do(func() { d.writeData(b) }) {
		return io.ErrClosedPipe
	}
	return b.Flush()
}

func (d *Daemon) writeData(b *bufio.Writer) {
	writeGlobal(b, d.cfg)
	b.WriteString("------< VRRP Topology >------\n")
	d.m.Instances(func(v fsm.View) { d.writeInstance(b, v) })
	b.WriteString("------< VRRP Sockpool >------\n")
	seen := make(map[wire.Spec]bool)
	for _, in := range d.order {
		if !seen[in.spec] && d.socks[in.spec] != nil {
			seen[in.spec] = true
			d.writeSocket(b, d.socks[in.spec])
		}
	}
	if len(d.cfg.SyncGroups) > 0 {
		b.WriteString("------< VRRP Sync groups >------\n")
		d.m.Groups(func(name string, s fsm.State, members []string) { d.writeGroup(b, name, s, members) })
	}
	d.writeTracked(b)
	b.WriteString("------< Interfaces >------\n")
	d.writeLinks(b)
}

// moment is a time of the machine by the wall clock.
func (d *Daemon) moment(at time.Duration) time.Time { return d.opt.Wall().Add(at - d.now()) }

// stamp is a moment as seconds with six decimals.
func (d *Daemon) stamp(at time.Duration) string {
	t := d.moment(at)
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

// wall writes a moment of the machine as the original does: seconds and the
// date.
func (d *Daemon) wall(at time.Duration) string {
	t := d.moment(at)
	return fmt.Sprintf("%d.%06d (%s.%06d %d)", t.Unix(), t.Nanosecond()/1000,
		t.Format("Mon Jan _2 15:04:05"), t.Nanosecond()/1000, t.Year())
}

func enabled(v bool, yes, no string) string {
	if v {
		return yes
	}
	return no
}

func (d *Daemon) writeInstance(b *bufio.Writer, v fsm.View) {
	in := d.insts[v.Config.Name]
	if in == nil {
		return
	}
	c := in.cfg
	p := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	p(" VRRP Instance = %s", c.Name)
	p("   VRRP Version = %d", v.Config.Version)
	if v.Group != "" {
		p("   Sync group = %s", v.Group)
	}
	p("   State = %s", v.State)
	if v.State == fsm.Backup {
		master := "(none)"
		if v.MasterAddr.IsValid() {
			master = v.MasterAddr.String()
		}
		p("   Master router = %s", master)
		p("   Master priority = %d", v.MasterPrio)
		if v.Config.Version == packet.V3 {
			p("   Master advert interval = %d milli-sec", v.LearnedPeriod.Milliseconds())
		}
	}
	p("   Flags: none")
	p("   Wantstate = %s", enabled(v.WantMaster, "MASTER", "BACKUP"))
	p("   Number of config faults = %d", v.ConfigFaults)
	p("   Number of tracker faults = %d", v.TrackFaults)
	p("   Number of track scripts init = %d", v.Pending)
	p("   Last transition = %s", d.wall(v.Changed))
	if v.State == fsm.Master || v.State == fsm.Backup {
		p("   Read timeout = %s", d.wall(v.Timer))
	}
	p("   Master down timer = %d usecs", v.Down.Microseconds())
	p("   Interface = %s", in.link)
	if in.vmac != nil {
		p("   Using VMAC, name = %s, parent = %s, MAC = %s", in.vmac.Name, in.vmac.Parent, in.vmac.MAC)
	}
	if in.src.IsValid() {
		p("   Using src_ip = %s", in.src)
	}
	if !in.spec.Unicast() {
		p("   Multicast address %s", in.spec.Group)
	}
	d.writeTimers(b, v, in)
	d.writeHeld(b, v, in)
}

// writeTimers writes the numbers of the configuration.
func (d *Daemon) writeTimers(b *bufio.Writer, v fsm.View, in *instance) {
	c, g := in.cfg, v.Config.Garp
	p := func(format string, args ...any) { fmt.Fprintf(b, "   "+format+"\n", args...) }
	p("Gratuitous ARP delay = %d", g.Delay/time.Second)
	p("Gratuitous ARP repeat = %d", g.Repeat)
	p("Gratuitous ARP refresh = %d", g.Refresh/time.Second)
	p("Gratuitous ARP refresh repeat = %d", g.RefreshRepeat)
	p("Gratuitous ARP lower priority delay = %d", g.LowerDelay/time.Second)
	p("Gratuitous ARP lower priority repeat = %d", g.LowerRepeat)
	p("Down timer adverts = %d", v.Config.DownAdverts)
	p("Send advert after receive lower priority advert = %t", !c.LowerPrioNoAdvert)
	p("Send advert after receive higher priority advert = %t", c.HigherPrioSendAdvert)
	p("Virtual Router ID = %d", c.VRID)
	p("Priority = %d", c.Priority)
	p("Effective priority = %d", v.Effective)
	p("Total priority = %d", v.Total)
	if v.Config.Version == packet.V2 {
		p("Advert interval = %d sec", c.AdvertInterval/time.Second)
	} else {
		p("Advert interval = %d milli-sec", c.AdvertInterval.Milliseconds())
	}
	if v.LastAdvert > 0 {
		p("Last advert sent = %s", d.stamp(v.LastAdvert))
	} else {
		p("Last advert sent = 0.000000")
	}
	p("Accept = %s", enabled(c.Accept, "enabled", "disabled"))
	p("Preempt = %s", enabled(!v.Config.NoPreempt, "enabled", "disabled"))
	if c.PreemptDelay > 0 {
		p("Preempt delay = %g secs", c.PreemptDelay.Seconds())
	}
	p("Promote_secondaries = %s", enabled(c.PromoteSecondaries, "enabled", "disabled"))
	if v.Config.Version == packet.V2 {
		p("Authentication type = %s", [...]string{"none", "SIMPLE_PASSWORD", "IPSEC_AH"}[min(int(c.AuthType), 2)])
		if c.AuthType != config.AuthNone {
			p("Password = ********")
		}
	} else if !c.IPv6 {
		p("VRRPv3 uses VRRPv2 checksum = %s", enabled(c.V3ChecksumAsV2, "enabled", "disabled"))
	}
}

// writeHeld writes addresses, peers and what is tracked.
func (d *Daemon) writeHeld(b *bufio.Writer, v fsm.View, in *instance) {
	c := in.cfg
	p := func(format string, args ...any) { fmt.Fprintf(b, "   "+format+"\n", args...) }
	addrs := func(list []netif.Addr, set bool) {
		for _, a := range list {
			p("  %s", addrText(a, set))
		}
	}
	if len(in.vips) > 0 {
		p("Virtual IP (%d):", len(in.vips))
		addrs(in.vips, in.hasVIPs)
	}
	if len(in.excluded) > 0 {
		p("Virtual IP Excluded :")
		addrs(in.excluded, in.hasExcluded)
	}
	if len(in.routes) > 0 {
		p("Virtual Routes :")
		for _, r := range in.routes {
			p("  %s%s", r.Text, enabled(in.hasRoutes, " set", ""))
		}
	}
	if len(in.rules) > 0 {
		p("Virtual Rules :")
		for _, r := range in.rules {
			p("  %s%s", r.Text, enabled(in.hasRules, " set", ""))
		}
	}
	if len(c.Peers) > 0 {
		p("Unicast Peer (%d):", len(c.Peers))
		for _, o := range c.Peers {
			p("  %s", o.Addr)
		}
	}
	if s := d.socks[in.spec]; s != nil {
		if f, ok := s.conn.(interface{ Descriptors() (int, int) }); ok {
			rx, tx := f.Descriptors()
			p("fd_in %d, fd_out %d", rx, tx)
		}
	}
	writeTracks(p, &c.Tracks)
	p("Using smtp notification = %s", enabled(c.SMTPAlert, "yes", "no"))
	p("Notify deleted = %s", enabled(v.Config.Deleted, "Deleted", "Fault"))
	p("Notify priority changes = %t", c.Notify.PriorityChanges)
}

// addrText is an address with where it is and whether it is set.
func addrText(a netif.Addr, set bool) string {
	s := a.Prefix.String()
	if a.Prefix.IsSingleIP() {
		s = a.Prefix.Addr().String()
	}
	return fmt.Sprintf("%s dev %s scope %s%s", s, a.Link, scopeName(a.Scope), enabled(set, " set", ""))
}

func scopeName(s uint8) string {
	switch s {
	case 0:
		return "global"
	case 200:
		return "site"
	case 253:
		return "link"
	case 254:
		return "host"
	}
	return fmt.Sprint(s)
}

func (d *Daemon) writeSocket(b *bufio.Writer, s *socket) {
	rx, tx := -1, -1
	if f, ok := s.conn.(interface{ Descriptors() (int, int) }); ok {
		rx, tx = f.Descriptors()
	}
	fmt.Fprintf(b, " fd_in %d fd_out = %d\n", rx, tx)
	fmt.Fprintf(b, "   Interface = %s\n   Family = %s\n   Protocol = %s\n   Type = %s\n   Rx buf size = %d\n   VRRP instances\n",
		s.spec.Link, enabled(s.spec.IPv6, "IPv6", "IPv4"), enabled(s.spec.AH, "AH", "VRRP"),
		enabled(s.spec.Unicast(), "Unicast", "Multicast"), s.spec.Buffer)
	for _, in := range d.order {
		if in.spec == s.spec {
			fmt.Fprintf(b, "     %s vrid %d\n", in.cfg.Name, in.cfg.VRID)
		}
	}
}

func (d *Daemon) writeGroup(b *bufio.Writer, name string, s fsm.State, members []string) {
	fmt.Fprintf(b, " VRRP Sync Group = %s, %s\n", name, s)
	faults, inits := 0, 0
	for _, mb := range members {
		if v, ok := d.m.Instance(mb); ok {
			if v.ConfigFaults+v.TrackFaults > 0 {
				faults++
			}
			if v.Pending > 0 {
				inits++
			}
		}
	}
	fmt.Fprintf(b, "   Num member fault %d, num member init %d\n   VRRP member instances :\n", faults, inits)
	for _, mb := range members {
		fmt.Fprintf(b, "     %s\n", mb)
	}
	i := slices.IndexFunc(d.cfg.SyncGroups, func(g *config.SyncGroup) bool { return g.Name == name })
	if i < 0 {
		return
	}
	g := d.cfg.SyncGroups[i]
	fmt.Fprintf(b, "   Using smtp notification = %s\n", enabled(g.SMTPAlert, "yes", "no"))
	if len(g.Tracks.Scripts) > 0 {
		b.WriteString("   Tracked scripts :\n")
		for _, t := range g.Tracks.Scripts {
			fmt.Fprintf(b, "     %s weight %d\n", t.Target.Name, t.Weight)
		}
	}
}

func (d *Daemon) writeLinks(b *bufio.Writer) {
	names := make([]string, 0, len(d.links))
	for n := range d.links {
		names = append(names, n)
	}
	slices.SortFunc(names, func(x, y string) int { return d.links[x].Index - d.links[y].Index })
	for _, n := range names {
		l := d.links[n]
		fmt.Fprintf(b, " Name = %s\n   index = %d\n", l.Name, l.Index)
		for _, v6 := range []bool{false, true} {
			a := "(none)"
			if s := d.sourceOn(n, v6); s.IsValid() {
				a = s.String()
			}
			fmt.Fprintf(b, "   %s address = %s\n", enabled(v6, "IPv6", "IPv4"), a)
		}
		if len(l.MAC) == 6 && !l.Loopback {
			fmt.Fprintf(b, "   MAC = %s\n   MAC broadcast = ff:ff:ff:ff:ff:ff\n", l.MAC)
		}
		fmt.Fprintf(b, "   State = %s%s%s\n   MTU = %d\n   HW Type = %s\n", enabled(l.Up, "UP, RUNNING", "DOWN"),
			enabled(l.Loopback, ", no broadcast, loopback", ""), enabled(!l.Multicast, ", no multicast", ""),
			l.MTU, enabled(l.Loopback, "LOOPBACK", "ETHERNET"))
		var users []string
		for _, in := range d.order {
			if in.base == n {
				users = append(users, in.cfg.Name)
			}
		}
		if len(users) > 0 {
			b.WriteString("   Tracking VRRP instances :\n")
			for _, u := range users {
				fmt.Fprintf(b, "     %s, weight 0\n", u)
			}
		}
	}
}
