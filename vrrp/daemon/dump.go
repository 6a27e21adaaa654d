package daemon

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
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
	d.writeGaps(b)
	d.writeStatic(b)
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
	switch {
	case in.spec.Unicast():
		p("   Flags:\n     Using unicast")
	case c.Nopreempt:
		p("   Flags:")
	default:
		p("   Flags: none")
	}
	p("   Wantstate = %s", enabled(v.WantMaster, "MASTER", "BACKUP"))
	p("   Number of config faults = %d", v.ConfigFaults)
	p("   Number of tracker faults = %d", v.TrackFaults)
	if v.ConfigFaults+v.TrackFaults == 0 {
		p("   Flags of interface faults - (none)")
	}
	p("   Number of track scripts init = %d", v.Pending)
	p("   Last transition = %s", d.wall(v.Changed))
	if v.State == fsm.Master || v.State == fsm.Backup {
		p("   Read timeout = %s", d.wall(v.Timer))
	}
	down := v.Down.Microseconds()
	if c.Priority == 255 {
		down = 1
	}
	p("   Master down timer = %d usecs", down)
	if in.vmac == nil {
		p("   Interface = %s", in.link)
	} else {
		l := d.links[in.link]
		p("   Use VMAC, i/f name %s, is_up = %t, xmit_base = %t", in.link, l != nil && l.Up, c.VMAC.XmitBase)
		p("   Interface = %s, vmac on %s%s", in.link, in.base, enabled(c.VMAC.XmitBase, ", xmit base i/f", ""))
	}
	if in.src.IsValid() {
		p("   Using src_ip = %s%s", in.src, enabled(c.SourceAddress.IsValid(), " (from configuration)", ""))
	}
	if !in.spec.Unicast() {
		index := ""
		if l := d.links[in.spec.Link]; in.spec.IPv6 && l != nil {
			index = fmt.Sprintf(", ifindex %d", l.Index)
		}
		p("   Multicast address %s%s", in.spec.Group, index)
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
	if c.Priority == 255 {
		p("Address owner ignores received adverts = %t", c.OwnerIgnoreAdverts)
	}
	p("Virtual Router ID = %d", c.VRID)
	p("Priority = %d", c.Priority)
	p("Effective priority = %d", v.Effective)
	p("Total priority = %d", v.Total)
	if c.Nopreempt {
		p("Highest other priority = %d", c.TimerExpiredBackup)
	}
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
	if h := in.hmac; h != nil {
		p("Authentication extension = HMAC-SHA256-128")
		p("  Keys = %d, active key id = %d", len(h.Keys), h.Active)
		p("  Mode = %s", c.HMAC.Mode)
		p("  Anti replay = %s", enabled(h.Window == 0, "monotonic", fmt.Sprintf("time, window = %d sec", h.Window/time.Second)))
	}
}

// writeHeld writes addresses, peers and what is tracked.
func (d *Daemon) writeHeld(b *bufio.Writer, v fsm.View, in *instance) {
	c := in.cfg
	p := func(format string, args ...any) { fmt.Fprintf(b, "   "+format+"\n", args...) }
	addrs := func(list []netif.Addr, set bool) {
		for _, a := range list {
			p("  %s%s", addrText(a, d.vmacParent(a.Link), set), enabled(set && in.quiet(), " nftable_set", ""))
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
	if in.spec.Unicast() {
		p("Unicast TTL = %d", c.UnicastTTL)
		p("Check unicast src : %s", enabled(c.CheckUnicastSource, "yes", "no"))
		p("Unicast Peer :")
		for _, o := range c.Peers {
			p("  %s min_ttl %d max_ttl %d", o.Addr, o.MinTTL, o.MaxTTL)
		}
		p("Unicast checksum compatibility = no")
	}
	if s := d.socks[in.spec]; s != nil {
		if f, ok := s.conn.(interface{ Descriptors() (int, int) }); ok {
			rx, tx := f.Descriptors()
			p("fd_in %d, fd_out %d", rx, tx)
		}
	}
	if len(in.routes) > 0 {
		p("Virtual Routes :")
		for _, r := range c.VirtualRoutes {
			p("  %s", routeText(r, enabled(in.hasRoutes, in.link, "")))
		}
	}
	if len(in.rules) > 0 {
		p("Virtual Rules :")
		for _, r := range c.VirtualRules {
			p("  %s", ruleText(r))
		}
	}
	writeTracks(p, &c.Tracks)
	p("Using smtp notification = %s", enabled(c.SMTPAlert, "yes", "no"))
	p("Notify deleted = %s", enabled(v.Config.Deleted, "Deleted", "Fault"))
	writeScripts(p, &c.Notify)
	p("Notify priority changes = %t", c.Notify.PriorityChanges)
}

// writeScripts lists the notify scripts of an instance or group.
func writeScripts(p func(string, ...any), n *config.Notify) {
	for _, x := range []struct {
		name string
		c    *config.Command
	}{
		{"Backup state transition", n.Backup}, {"Master state transition", n.Master}, {"Fault state transition", n.Fault},
		{"Stop state transition", n.Stop}, {"Deleted state transition", n.Deleted}, {"Generic state transition", n.Any},
		{"Master rx lower pri", n.MasterRxLowerPri},
	} {
		if x.c != nil {
			p("%s script = %s", x.name, commandText(x.c))
		}
	}
}

// commandText is a script with whom it runs as.
func commandText(c *config.Command, more ...string) string {
	return fmt.Sprintf("'%s', uid:gid %d:%d", strings.Join(append(c.Argv[:len(c.Argv):len(c.Argv)], more...), "' '"), c.Account.UID, c.Account.GID)
}

// vmacParent is the interface below a VMAC, "" for other interfaces.
func (d *Daemon) vmacParent(link string) string {
	for _, in := range d.order {
		if in.vmac != nil && in.vmac.Name == link {
			return in.vmac.Parent
		}
	}
	return ""
}

// addrText is an address with where it is and whether it is set; parent is the
// interface below its VMAC.
func addrText(a netif.Addr, parent string, set bool) string {
	var l line
	l.add(true, "%s", netText(a.Prefix))
	l.add(a.Broadcast.IsValid(), "brd %s", a.Broadcast)
	l.add(true, "dev %s%s", a.Link, enabled(parent != "", "@"+parent, ""))
	l.add(true, "scope %s", scopeName(a.Scope))
	l.add(a.Label != "", "label %s", a.Label)
	l.add(a.Peer.IsValid(), "peer %s", a.Peer)
	for _, x := range addrFlags {
		l.add(a.Flags&x.flag != 0 && !(x.flag == config.FlagNoDAD && a.Prefix.Addr().Is6()), "%s", x.name)
	}
	l.add(a.NoTrack, "no_track")
	switch {
	case !a.Prefix.Addr().Is6():
	case a.Lifetimes && a.Preferred == 0:
		l.add(true, "deprecated")
	case a.Lifetimes && a.Preferred != ^uint32(0):
		l.add(true, "preferred_lft %d", a.Preferred)
	default:
		l.add(true, "preferred_lft forever")
	}
	l.add(set, "set")
	return l.String()
}

var addrFlags = []struct {
	flag uint32
	name string
}{
	{config.FlagHome, "home"}, {config.FlagMngTmpAddr, "mngtmpaddr"}, {config.FlagNoPrefixRoute, "noprefixroute"}, {config.FlagAutojoin, "autojoin"},
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
	fmt.Fprintf(b, "   Interface = %s\n   Family = %s\n   Protocol = %s\n   Type = %s\n",
		s.spec.Link, enabled(s.spec.IPv6, "IPv6", "IPv4"), enabled(s.spec.AH, "AH", "VRRP"),
		enabled(s.spec.Unicast(), "Unicast", "Multicast"))
	if s.spec.Unicast() {
		fmt.Fprintf(b, "   Address = %s\n", s.spec.Local)
	}
	fmt.Fprintf(b, "   Rx buf size = %d\n   VRRP instances\n", s.spec.Buffer)
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
			fmt.Fprintf(b, "     %s weight %d%s\n", t.Target.Name, t.Weight, enabled(t.Reverse, " reverse", ""))
		}
	}
	writeScripts(func(format string, args ...any) { fmt.Fprintf(b, "   "+format+"\n", args...) }, &g.Notify)
}
