package config

import (
	"time"

	"tandem/parser/keyword"
)

// finish makes the checks that need the whole text, for one of the
// original's processes, in the order in which it makes them.
func (c *compiler) finish(p pass) {
	switch p {
	case parentPass:
		g := &c.cfg.Global
		for _, s := range []**Command{&g.StartupScript, &g.ShutdownScript} {
			if *s != nil && c.own(*s) {
				c.inspectOne(s)
			}
		}
		c.security("start/shutdown scripts")
	case checkerPass:
		c.linkLVS()
	case vrrpPass:
		c.vrrpFatal = !c.linkVRRP()
	case bfdPass:
		for _, d := range c.held {
			c.add(d)
		}
	}
}

// linkVRRP links and checks instances and groups. It stops at what the
// original's VRRP process could not start with, and then returns false.
func (c *compiler) linkVRRP() bool {
	cfg := c.cfg
	if c.badInterface && !cfg.Global.DynamicInterfaces {
		c.late("Non-existent interface specified in configuration").Code = MissingThing
		return false
	}
	if len(cfg.Instances) == 0 {
		c.linkGroups()
		c.linkStatic()
		return true
	}
	c.inspectScripts()
	for _, f := range []*FIFO{cfg.Global.FIFO, cfg.Global.VRRPFIFO} {
		if f != nil && f.Script != nil && c.own(f.Script) {
			c.inspectOne(&f.Script)
		}
	}
	c.security("scripts")
	for _, i := range cfg.Instances {
		if i.VRID == 0 {
			c.lateAt(i.NameSpan, "(%s) the virtual router id must be set", i.Name)
			return false
		}
		if i.Interface == "" && i.VRF == "" && len(i.Peers) == 0 {
			c.lateAt(i.NameSpan, "(%s) Unknown interface!", i.Name)
			return false
		}
	}
	c.linkGroups()
	for _, i := range cfg.Instances {
		if !c.linkInstance(i) {
			return false
		}
	}
	c.uniqueRouters()
	c.groupTracks()
	c.linkStatic()
	if s := cfg.Global.LVSSync; s != nil && s.instance.name != "" {
		if s.Instance = cfg.instance(s.instance.name); s.Instance == nil {
			c.lateAt(s.instance.at, "Unable to find vrrp instance %s for lvs_sync_daemon - clearing lvs_sync_daemon config", s.instance.name)
			cfg.Global.LVSSync = nil
		}
	}
	return true
}

// instance finds an instance by name.
func (cfg *Config) instance(name string) *Instance {
	for _, i := range cfg.Instances {
		if i.Name == name {
			return i
		}
	}
	return nil
}

// linkGroups resolves the members of sync groups.
func (c *compiler) linkGroups() {
	kept := c.cfg.SyncGroups[:0]
	for _, g := range c.cfg.SyncGroups {
		for _, m := range g.memberNames {
			i := c.cfg.instance(m.name)
			switch {
			case i == nil:
				c.lateAt(m.at, "Virtual router %s specified in sync group %s doesn't exist - ignoring", m.name, g.Name)
			case i.Group != nil:
				c.lateAt(m.at, "Virtual router %s cannot exist in more than one sync group; ignoring %s", m.name, g.Name)
			default:
				i.Group = g
				g.Members = append(g.Members, i)
			}
		}
		switch len(g.Members) {
		case 0:
			c.lateAt(g.At, "Sync group %s, no matching virtual router found in group declaration - removing", g.Name)
			continue
		case 1:
			c.lateAt(g.At, "Sync group %s has only 1 virtual router(s) - this probably isn't what you want", g.Name)
		}
		if !g.smtpAlertGiven {
			g.SMTPAlert = c.alertDefault()
		}
		kept = append(kept, g)
	}
	c.cfg.SyncGroups = kept
}

// alertDefault is smtp_alert of instances and groups that do not say theirs.
func (c *compiler) alertDefault() bool {
	m := &c.cfg.Global.Mail
	if m.AlertVRRP != nil {
		return *m.AlertVRRP
	}
	return m.Alert != nil && *m.Alert
}

// linkStatic resolves track_group references.
func (c *compiler) linkStatic() {
	for _, g := range c.cfg.StaticGroups {
		for _, m := range g.memberNames {
			if i := c.cfg.instance(m.name); i != nil {
				g.Members = append(g.Members, i)
			}
		}
	}
	find := func(n nameAt) *StaticGroup {
		for _, g := range c.cfg.StaticGroups {
			if n.name != "" && g.Name == n.name {
				return g
			}
		}
		return nil
	}
	for _, a := range c.cfg.StaticAddresses {
		a.Group = find(a.groupName)
	}
	for _, r := range c.cfg.StaticRoutes {
		r.Group = find(r.groupName)
	}
	for _, r := range c.cfg.StaticRules {
		r.Group = find(r.groupName)
	}
}

// uniqueRouters reports two instances that would answer to one VRID.
func (c *compiler) uniqueRouters() {
	list := c.cfg.Instances
	for k, a := range list {
		for _, b := range list[k+1:] {
			if a.VRID != b.VRID || a.IPv6 != b.IPv6 || a.Interface != b.Interface || len(a.Peers) > 0 || len(b.Peers) > 0 {
				continue
			}
			family := map[bool]string{false: "IPv4", true: "IPv6"}[a.IPv6]
			c.lateAt(b.NameSpan, "%s and %s both use VRID %d with %s on interface %s", a.Name, b.Name, a.VRID, family, a.Interface)
		}
	}
}

// groupTracks reports what is tracked by an instance and by its group.
func (c *compiler) groupTracks() {
	for _, g := range c.cfg.SyncGroups {
		for _, t := range g.Tracks.Interfaces {
			for _, i := range g.Members {
				if i.Interface == t.Name && !i.DontTrackPrimary {
					c.lateAt(t.At, "(%s) track_interface %s is configured on VRRP instance and sync group. Remove vrrp instance or sync group config", i.Name, t.Name)
					continue
				}
				for _, o := range i.Tracks.Interfaces {
					if o.Name == t.Name {
						c.lateAt(t.At, "(%s) track_interface %s is configured on VRRP instance and sync group. Remove vrrp instance or sync group config", i.Name, t.Name)
					}
				}
			}
		}
	}
}

// linkInstance fills in defaults and checks one instance; false if the
// original's VRRP process would not start.
func (c *compiler) linkInstance(i *Instance) bool {
	g := &c.cfg.Global
	c.instanceDefaults(i, g)
	if i.Strict && !c.strict(i) {
		return false
	}
	c.auth(i)
	for _, f := range c.hmacLater {
		f()
	}
	c.hmacLater = nil
	if i.given.has(gaveUnicast) && len(i.Peers) == 0 && !i.UnicastFaultNoPeer {
		c.lateAt(i.NameSpan, "(%s) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.", i.Name)
	}
	c.election(i)
	c.interval(i)
	c.tracks(i)
	if i.given.has(gaveXmitBase) {
		if i.VMAC == nil || i.vmacAddrOnly && i.VMAC.AddrOnly {
			c.lateAt(i.NameSpan, "(%s) vmac_xmit_base is only valid with a vmac", i.Name)
		} else {
			i.VMAC.XmitBase = true
		}
	}
	for _, f := range c.lateTracks {
		f()
	}
	if i.VMAC != nil && i.VMAC.IPVLAN && !i.IPv6 && !i.SourceAddress.IsValid() && !i.VMAC.Address.IsValid() {
		c.lateAt(i.NameSpan, "(%s) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state", i.Name)
	}
	if len(i.VIPs) == 0 && !i.NoVIPs {
		if i.Version == 3 {
			c.lateAt(i.NameSpan, "(%s) No VIP specified; at least one is required", i.Name)
			return false
		}
		c.lateAt(i.NameSpan, "(%s) No VIP specified; at least one is sensible", i.Name)
	}
	if i.VMAC != nil && i.VMAC.IPVLAN {
		c.notActed(i.NameSpan, "(%s) use_ipvlan is not acted on yet", i.Name)
	}
	c.addressDefaults(i)
	return true
}

// instanceDefaults fills in what the instance left to global_defs.
func (c *compiler) instanceDefaults(i *Instance, g *Global) {
	pick := func(bit given, own *bool, global bool) {
		if !i.given.has(bit) {
			*own = global
		}
	}
	pick(gaveLowerNoAdvert, &i.LowerPrioNoAdvert, g.LowerPrioNoAdvert)
	pick(gaveHigherSend, &i.HigherPrioSendAdvert, g.HigherPrioSendAdvert)
	pick(gaveSkipCheck, &i.SkipCheckAdvAddr, g.SkipCheckAdvAddr)
	pick(gaveStrict, &i.Strict, g.Strict)
	pick(gaveChecksum, &i.V3ChecksumAsV2, g.V3ChecksumAsV2)
	pick(gaveOwnerIgnore, &i.OwnerIgnoreAdverts, g.OwnerIgnoreAdverts)
	pick(gaveCheckSrc, &i.CheckUnicastSource, g.CheckUnicastSource)
	pick(gavePrioNotify, &i.Notify.PriorityChanges, g.PriorityChanges)
	pick(gaveSMTP, &i.SMTPAlert, c.alertDefault())
	if !i.given.has(gaveAccept) {
		i.Accept = !i.Strict
	}
	if !i.given.has(gaveDownTimer) {
		i.DownTimerAdverts = g.DownTimerAdverts
	}
	if i.Version == 0 {
		i.Version = g.VRRPVersion
		if i.IPv6 {
			i.Version = 3
		}
	}
	if !i.given.has(gavePriority) {
		i.Priority = 100
		if i.WantMaster {
			i.Priority = 255
		}
	}
	if !i.given.has(gaveState) {
		i.WantMaster = i.Priority == 255
	}
	if i.AdvertInterval == 0 {
		i.AdvertInterval = time.Second
	}
	if !i.MulticastGroup.IsValid() {
		i.MulticastGroup = g.MulticastGroup4
		if i.IPv6 {
			i.MulticastGroup = g.MulticastGroup6
		}
	}
	if i.UnicastTTL < 0 {
		i.UnicastTTL = 255
	}
	i.Garp = i.Garp.over(g)
}

// over fills in the gaps of an instance's settings from the global ones.
func (own Garp) over(g *Global) Garp {
	d := g.Garp
	if g.MinGarp {
		d.Delay, d.Repeat, d.Refresh, d.RefreshRepeat, d.LowerPrioDelay, d.LowerPrioRepeat = 0, 1, 0, 1, 0, 1
	}
	if own.Delay < 0 {
		own.Delay = d.Delay
	}
	if own.Repeat < 0 {
		own.Repeat = d.Repeat
	}
	if own.Refresh < 0 {
		own.Refresh = d.Refresh
	}
	if own.RefreshRepeat < 0 {
		own.RefreshRepeat = d.RefreshRepeat
	}
	if own.LowerPrioDelay < 0 {
		if own.LowerPrioDelay = d.LowerPrioDelay; own.LowerPrioDelay < 0 {
			own.LowerPrioDelay = own.Delay
		}
	}
	if own.LowerPrioRepeat < 0 {
		if own.LowerPrioRepeat = d.LowerPrioRepeat; own.LowerPrioRepeat < 0 {
			own.LowerPrioRepeat = own.Repeat
		}
	}
	if own.ExtraInterval < 0 {
		own.ExtraInterval, own.ExtraAll = d.ExtraInterval, d.ExtraAll
	}
	return own
}

// strict applies strict_mode: what RFC 5798 does not have is refused or undone.
func (c *compiler) strict(i *Instance) bool {
	if i.AuthType != AuthNone {
		c.lateAt(i.NameSpan, "(%s) Strict mode does not support authentication. Ignoring.", i.Name)
		i.AuthType, i.AuthPass = AuthNone, [8]byte{}
	}
	if len(i.Peers) > 0 {
		c.lateAt(i.NameSpan, "(%s) Unicast peers are not supported in strict mode", i.Name)
		return false
	}
	return true
}

// auth checks the version 2 authentication.
func (c *compiler) auth(i *Instance) {
	switch {
	case i.AuthType == AuthNone:
	case i.Version == 3:
		c.lateAt(i.NameSpan, "(%s) VRRP version 3 does not support authentication. Ignoring.", i.Name)
		i.AuthType = AuthNone
	case i.AuthPass == [8]byte{}:
		c.lateAt(i.NameSpan, "(%s) Authentication specified but no password given. Ignoring", i.Name)
		i.AuthType = AuthNone
	case i.AuthType == AuthAH:
		c.notActed(i.NameSpan, "(%s) auth_type AH is not acted on yet", i.Name)
	}
}

// election checks the words about preemption and ownership.
func (c *compiler) election(i *Instance) {
	owner := i.Priority == 255
	if owner && i.Nopreempt {
		c.lateAt(i.NameSpan, "(%s) nopreempt is incompatible with priority 255. resetting nopreempt", i.Name)
		i.Nopreempt = false
	}
	if i.Nopreempt && i.WantMaster && i.given.has(gaveState) {
		c.lateAt(i.NameSpan, "(%s) Warning - nopreempt will not work with initial state MASTER - clearing", i.Name)
		i.Nopreempt = false
	}
	if i.PreemptDelay > 0 {
		switch {
		case i.WantMaster && i.given.has(gaveState):
			c.lateAt(i.NameSpan, "(%s) Warning - preempt delay will not work with initial state MASTER - clearing", i.Name)
			i.PreemptDelay = 0
		case i.Nopreempt:
			c.lateAt(i.NameSpan, "(%s) preempt_delay is incompatible with nopreempt mode - resetting", i.Name)
			i.PreemptDelay = 0
		}
	}
	if i.TimerExpiredBackup > 0 && !i.Nopreempt {
		c.lateAt(i.NameSpan, "(%s) expired_timer_backup requires nopreempt - resetting", i.Name)
		i.TimerExpiredBackup = 0
	}
	if i.given.has(gaveOwnerIgnore) && i.OwnerIgnoreAdverts && !owner {
		c.lateAt(i.NameSpan, "(%s) ignoring owner_ignore_adverts since priority is not 255", i.Name)
		i.OwnerIgnoreAdverts = false
	}
	if !owner {
		i.OwnerIgnoreAdverts = false
	}
}

// interval rounds the advert interval to what the version can say.
func (c *compiler) interval(i *Instance) {
	step := time.Second
	if i.Version == 3 {
		step = 10 * time.Millisecond
	}
	d := i.AdvertInterval
	switch {
	case i.Version == 3 && d > 40950*time.Millisecond:
		c.lateAt(i.NameSpan, "(%s) VRRPv3 advertisement interval %.2fs is out of range. Must be less than 40.96s. Setting to 40.95s", i.Name, d.Seconds())
		d = 40950 * time.Millisecond
	case d%step == 0:
	case i.Version == 3:
		c.lateAt(i.NameSpan, "(%s) VRRPv3 advertisement interval %fs must be in units of 10ms - rounding", i.Name, d.Seconds())
		d = max(d.Round(step), step)
	default:
		c.lateAt(i.NameSpan, "(%s) VRRPv2 advertisement interval %fs must be an integer. rounding", i.Name, d.Seconds())
		d = max(d.Round(step), step)
	}
	i.AdvertInterval = d
}

// tracks drops trackers that cannot have an effect.
func (c *compiler) tracks(i *Instance) {
	kept := i.Tracks.Interfaces[:0]
	owner := i.Priority == 255
	grouped := i.Group != nil && !i.Group.TrackingWeight
	for _, t := range i.Tracks.Interfaces {
		if t.Name == i.Interface && !i.DontTrackPrimary {
			c.lateAt(t.At, "(%s) Ignoring track_interface %s since own interface", i.Name, t.Name)
			continue
		}
		kept = append(kept, t)
	}
	i.Tracks.Interfaces = kept
	c.lateTracks = nil
	for _, t := range kept {
		switch {
		case owner && t.Weight != 0 && i.Group == nil:
			c.lateTracks = append(c.lateTracks, func() {
				c.lateAt(t.At, "(%s) ignoring %s tracked interface due to address owner", i.Name, t.Name)
			})
		case grouped && t.Weight != 0:
			c.lateTracks = append(c.lateTracks, func() {
				c.lateAt(t.At, "(%s) ignoring %s tracked interface weight due to SYNC group", i.Name, t.Name)
			})
		}
	}
	for _, t := range i.Tracks.Scripts {
		if owner && t.Weight != 0 && i.Group == nil {
			c.lateAt(t.At, "(%s) ignoring tracked script %s with weights due to address_owner", i.Name, t.Name)
		}
	}
}

// addressDefaults gives the addresses their interface.
func (c *compiler) addressDefaults(i *Instance) {
	for _, l := range [][]*Address{i.VIPs, i.ExcludedVIPs} {
		for _, a := range l {
			if !a.DevGiven {
				a.Interface = i.Interface
			}
		}
	}
}

// Tables returns every keyword table with its title, for references, dumps
// and table laws.
func Tables() map[string][]keyword.Spec {
	out := map[string][]keyword.Spec{}
	collect(out, rootTable)
	collect(out, globalTable)
	collect(out, instanceTable)
	collect(out, authTable)
	collect(out, hmacTable)
	collect(out, scriptTable)
	collect(out, trackFileTable)
	collect(out, trackProcessTable)
	collect(out, bfdTable)
	collect(out, syncGroupTable)
	collect(out, trackGroupTable)
	collect(out, garpGroupTable)
	collect(out, sslTable)
	collect(out, virtualServerTable)
	collect(out, realServerTable)
	for _, t := range []*keyword.Table[Field[Checker]]{tcpTable, httpTable, sslGetTable, smtpTable, hostTable, dnsTable, miscTable, bfdCheckTable, udpTable, fileCheckTable} {
		collect(out, t)
	}
	collect(out, urlTable)
	return out
}

func collect[T any](out map[string][]keyword.Spec, t *keyword.Table[Field[T]]) {
	for _, d := range t.All() {
		out[t.Title] = append(out[t.Title], d.Spec)
	}
}
