package daemon

import (
	"fmt"
	"net"
	"time"

	"tandem/vrrp/announce"
	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
	"tandem/vrrp/packet"
)

// lowerAll is the machine's view of the running configuration.
func (d *Daemon) lowerAll() fsm.Config {
	out := fsm.Config{LogUnknown: d.cfg.Global.LogUnknownVRIDs, StartupDelay: d.cfg.Global.StartupDelay}
	if g := d.cfg.Global.DelayAfterBoot; g > 0 {
		out.StartupDelay = max(out.StartupDelay, g-uptime())
	}
	for _, in := range d.order {
		c := in.lower()
		c.WatchRivals = d.cfg.Global.SplitBrain
		if l := d.links[in.base]; l != nil && !l.Multicast && !c.Unicast {
			c.Faults = append(c.Faults, "interface "+in.base+" does not support multicast")
		}
		if d.cfg.Global.MinGarp {
			// It wins over what an instance says, as in the original.
			c.Garp.Refresh = 0
		}
		out.Instances = append(out.Instances, c)
	}
	for _, g := range d.cfg.SyncGroups {
		fg := fsm.GroupConfig{Name: g.Name, Weights: g.TrackingWeight, Trackers: trackersOf(&g.Tracks)}
		for _, mb := range g.Members {
			fg.Members = append(fg.Members, mb.Name)
		}
		out.Groups = append(out.Groups, fg)
	}
	return out
}

// lower is the machine's view of one instance.
func (in *instance) lower() fsm.InstanceConfig {
	c := in.cfg
	out := fsm.InstanceConfig{
		Name: c.Name, Link: in.spec.Link, Channel: channelOf(in.spec), VRID: c.VRID, Version: uint8(c.Version), IPv6: c.IPv6,
		Src: in.src, WantMaster: c.WantMaster, Priority: c.Priority, Interval: c.AdvertInterval,
		NoPreempt: c.Nopreempt, PreemptDelay: c.PreemptDelay, DownAdverts: c.DownTimerAdverts,
		LowerNoAdvert: c.LowerPrioNoAdvert, HigherAdvert: c.HigherPrioSendAdvert, IgnoreOwner: c.OwnerIgnoreAdverts,
		Auth: packet.Auth(c.AuthType), Pass: c.AuthPass, HMAC: in.hmac,
		Addrs: in.advert.Addrs, HasVIPs: len(in.vips) > 0, HasExcluded: len(in.excluded) > 0,
		HasRoutes: len(in.routes) > 0, HasRules: len(in.rules) > 0,
		Unicast: in.spec.Unicast(), CheckPeers: c.CheckUnicastSource,
		PlainSum: c.V3ChecksumAsV2, AnySum: c.OldUnicastChecksum == config.On || in.spec.Unicast() && c.OldUnicastChecksum == config.Auto,
		SkipAddrs: c.SkipCheckAdvAddr, NotifyPrio: c.Notify.PriorityChanges, Deleted: c.Notify.Deleted != nil || c.Notify.DeletedState,
		Garp: fsm.Garp{
			Delay: c.Garp.Delay, Repeat: c.Garp.Repeat, Refresh: c.Garp.Refresh, RefreshRepeat: c.Garp.RefreshRepeat,
			LowerDelay: c.Garp.LowerPrioDelay, LowerRepeat: c.Garp.LowerPrioRepeat,
		},
		LatePrio: c.TimerExpiredBackup,
	}
	if len(in.extra()) > 0 {
		out.Garp.Extra = c.Garp.ExtraInterval
	}
	if c.UnicastFaultNoPeer && len(c.Peers) == 0 {
		out.Faults = append(out.Faults, "no unicast peers")
	}
	for _, p := range c.Peers {
		out.Peers = append(out.Peers, packet.Peer{Addr: p.Addr, MinTTL: p.MinTTL, MaxTTL: p.MaxTTL})
	}
	if in.base != "" && !c.DontTrackPrimary {
		out.Trackers = append(out.Trackers, fsm.Tracking{TrackID: fsm.TrackID{Kind: fsm.TrackInterface, Name: in.base}})
	}
	out.Trackers = append(out.Trackers, trackersOf(&c.Tracks)...)
	return out
}

// trackersOf lists tracked things. A script whose failure is a fault keeps its
// instances waiting until its first result.
func trackersOf(t *config.Tracks) []fsm.Tracking {
	var out []fsm.Tracking
	add := func(k fsm.TrackKind, name string, weight int, reverse, pending bool) {
		out = append(out, fsm.Tracking{TrackID: fsm.TrackID{Kind: k, Name: name}, Weight: weight, Reverse: reverse, Pending: pending})
	}
	for _, x := range t.Interfaces {
		add(fsm.TrackInterface, x.Target, x.Weight, x.Reverse, false)
	}
	for _, x := range t.Scripts {
		add(fsm.TrackScript, x.Target.Name, x.Weight, x.Reverse, x.Weight == 0 && x.Target.Command != nil && x.Target.Command.Disabled == "")
	}
	for _, x := range t.Files {
		add(fsm.TrackFile, x.Target.Name, x.Weight, x.Reverse, false)
	}
	for _, x := range t.Procs {
		add(fsm.TrackProcess, x.Target.Name, x.Weight, x.Reverse, false)
	}
	for _, x := range t.BFDs {
		add(fsm.TrackBFD, x.Target.Name, x.Weight, x.Reverse, false)
	}
	return out
}

// wireInterval is the interval field of adverts.
func wireInterval(c *config.Instance) uint16 {
	if c.Version == packet.V2 {
		return uint16(c.AdvertInterval / time.Second)
	}
	return uint16(c.AdvertInterval / (10 * time.Millisecond))
}

// vmacOf is the macvlan of an instance: vrrp.<vrid> with the MAC of RFC 9568
// section 7.3 unless the configuration says otherwise.
func vmacOf(cfg *config.Config, c *config.Instance, parent string) *netif.VMAC {
	v := &netif.VMAC{Name: c.VMAC.Name, Parent: parent, MAC: net.HardwareAddr(c.VMAC.MAC), IPv6: c.IPv6, Group: c.VMAC.Group}
	if len(v.MAC) != 6 {
		family := byte(1)
		if c.IPv6 {
			family = 2
		}
		v.MAC = net.HardwareAddr{0, 0, 0x5e, 0, family, c.VRID}
	}
	if v.Name == "" {
		prefix := cfg.Global.VMACPrefix
		if prefix == "" {
			prefix = "vrrp"
		}
		v.Name = fmt.Sprintf("%s.%d", prefix, c.VRID)
		for _, o := range cfg.Instances {
			// The same VRID in the other family needs another name.
			if o != c && o.VMAC != nil && o.VRID == c.VRID && o.IPv6 != c.IPv6 && c.IPv6 {
				v.Name = fmt.Sprintf("%s6.%d", prefix, c.VRID)
			}
		}
	}
	return v
}

// addrsOf are addresses with their interface: the instance's VMAC if it has
// one and the line names no other.
func addrsOf(list []*config.Address, in *instance) []netif.Addr {
	var out []netif.Addr
	for _, a := range list {
		n := addrOf(a)
		if in != nil {
			if n.Link == "" || !a.DevGiven {
				n.Link = in.link
			}
			if n.Prefix.Addr().Is6() {
				// Whoever had the address until now may still answer for it:
				// duplicate detection would keep it unusable.
				n.Flags |= config.FlagNoDAD
			}
		}
		out = append(out, n)
	}
	return out
}

func addrOf(a *config.Address) netif.Addr {
	n := netif.Addr{
		Prefix: a.Prefix, Link: a.Interface, Broadcast: a.Broadcast, Peer: a.Peer,
		Scope: a.Scope, Label: a.Label, Flags: a.Flags, NoTrack: a.NoTrack,
	}
	if a.Preferred != nil {
		n.Preferred, n.Lifetimes = *a.Preferred, true
	}
	return n
}

// routesOf converts routes; link is where those without interface and gateway
// go.
func routesOf(list []*config.Route, link string) []netif.Route {
	var out []netif.Route
	for _, r := range list {
		n := netif.Route{
			Type: r.Type, Dst: r.Dst, IPv6: r.IPv6, Src: r.PrefSrc, Table: r.Table, TOS: r.TOS,
			Scope: r.Scope, Metric: r.Metric, Protocol: r.Protocol, Realm: r.Realms,
			Append: r.Action == "append", Text: r.Text,
		}
		for _, m := range r.Metrics {
			if m.Str != "" {
				n.Congctl = m.Str
				continue
			}
			if n.Metrics == nil {
				n.Metrics, n.Locked = make(map[string]uint32), make(map[string]bool)
			}
			n.Metrics[m.Name], n.Locked[m.Name] = m.Value, m.Locked
		}
		for _, h := range r.NextHops {
			n.Hops = append(n.Hops, netif.NextHop{Via: h.Via, Link: h.Interface, Weight: h.Weight, OnLink: h.OnLink})
		}
		if len(n.Hops) == 0 && (r.Type == "" || r.Type == "unicast" || r.Via.IsValid() || r.Interface != "") {
			h := netif.NextHop{Via: r.Via, Link: r.Interface, OnLink: r.OnLink}
			if h.Link == "" && !h.Via.IsValid() {
				h.Link = link
			}
			n.Hops = []netif.NextHop{h}
		}
		out = append(out, n)
	}
	return out
}

func rulesOf(list []*config.Rule) []netif.Rule {
	var out []netif.Rule
	for _, r := range list {
		n := netif.Rule{
			IPv6: r.IPv6, Not: r.Not, From: r.From, To: r.To, Table: r.Table, Priority: r.Priority,
			TOS: r.TOS, Realm: r.Realms, IIF: r.IIF, OIF: r.OIF, SupPrefix: r.SupPrefix, SupGroup: r.SupGroup,
			UIDRange: r.UIDRange, IPProto: r.IPProto, SrcPorts: r.SrcPorts, DstPorts: r.DstPorts,
			TunnelID: r.TunnelID, Goto: r.Goto, Action: r.Action, Text: r.Text,
		}
		if r.MarkSet {
			n.Mark = r.Mark
			if r.MarkMask != 0 {
				mask := r.MarkMask
				n.MarkMask = &mask
			}
		}
		out = append(out, n)
	}
	return out
}

// gapsOf says how far apart announcements are on each interface.
func gapsOf(cfg *config.Config) map[string]announce.Gap {
	out := make(map[string]announce.Gap)
	for i, g := range cfg.GarpGroups {
		for _, name := range g.Interfaces {
			out[name] = announce.Gap{Group: fmt.Sprintf("garp_group %d", i), ARP: g.GarpInterval, NA: g.GnaInterval}
		}
	}
	return out
}
