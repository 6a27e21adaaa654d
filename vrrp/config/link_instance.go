package config

import "time"

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
		c.noPeers(i)
	}
	if i.hasInterface && len(i.Peers) == 0 && !i.UnicastFaultNoPeer && c.opt.NoMulticast(i.Interface) {
		c.lateAt(i.NameSpan, "(%s) interface %s does not support multicast, specify unicast peers - disabling", i.Name, i.Interface)
	}
	c.election(i)
	c.interval(i)
	if i.Strict {
		c.strictTimers(i)
	}
	c.tracks(i)
	if i.VMAC != nil && !i.vmacAddrOnly {
		for _, a := range append(append([]*Address{}, i.VIPs...), i.ExcludedVIPs...) {
			if a.UseVMAC {
				c.lateAt(a.At, "(%s) use_vmac specified for VIP/eVIP %s and vrrp instance", i.Name, a.Prefix.Addr())
				a.UseVMAC = false
			}
		}
	}
	if i.VMAC != nil && i.PromoteSecondaries {
		c.lateAt(i.NameSpan, "(%s) promote_secondaries is automatically set for vmacs - ignoring", i.Name)
	}
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
	if i.Interface == "" && i.VRF == "" {
		i.VIPs = c.placed(i, i.VIPs, "")
		i.ExcludedVIPs = c.placed(i, i.ExcludedVIPs, "e")
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

// noPeers says that a unicast instance has nobody to talk to.
func (c *compiler) noPeers(i *Instance) {
	c.lateAt(i.NameSpan, "(%s) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.", i.Name)
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
	if i.Garp.LowerPrioDelay > 0 {
		i.given |= gaveGarpLowerDelay
	}
	if i.Garp.LowerPrioRepeat > 0 {
		i.given |= gaveGarpLowerRepeat
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
		// Not the instance's own delay, but the global one.
		if own.LowerPrioDelay = d.LowerPrioDelay; own.LowerPrioDelay < 0 {
			own.LowerPrioDelay = d.Delay
		}
	}
	if own.LowerPrioRepeat < 0 {
		if own.LowerPrioRepeat = d.LowerPrioRepeat; own.LowerPrioRepeat < 0 {
			own.LowerPrioRepeat = d.Repeat
		}
	}
	if own.ExtraInterval < 0 {
		own.ExtraInterval, own.ExtraAll = d.ExtraInterval, d.ExtraAll
	}
	return own
}

// auth checks the version 2 authentication.
func (c *compiler) auth(i *Instance) {
	switch {
	case i.AuthType == AuthNone:
	case i.Version == 3:
		c.lateAt(i.NameSpan, "(%s) VRRP version 3 does not support authentication. Ignoring.", i.Name)
		i.AuthType = AuthNone
	case i.hmacGiven:
		c.lateAt(i.NameSpan, "(%s) auth_hmac cannot be combined with authentication, dropping legacy auth", i.Name)
		i.AuthType = AuthNone
	case i.AuthPass == [8]byte{}:
		c.lateAt(i.NameSpan, "(%s) Authentication specified but no password given. Ignoring", i.Name)
		i.AuthType = AuthNone
	case i.AuthType == AuthAH:
		if i.WantMaster && i.Priority != 255 {
			c.lateAt(i.NameSpan, "(%s) Initial state master is incompatible with AH authentication - clearing", i.Name)
			i.WantMaster = false
		}
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
		case i.WantMaster:
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
	for k, t := range kept {
		if grouped && c.cfg.Global.DynamicInterfaces {
			// Otherwise the weight counts after all, in the original too.
			kept[k].Weight, kept[k].Reverse = 0, false
		}
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

// placed drops the addresses that have no interface of their own; kind is "e"
// for excluded ones.
func (c *compiler) placed(i *Instance, all []*Address, kind string) []*Address {
	kept := all[:0]
	for _, a := range all {
		if a.DevGiven {
			kept = append(kept, a)
			continue
		}
		c.lateAt(a.At, "(%s): no interface for %svip %s - removing", i.Name, kind, a.Prefix.Addr())
	}
	return kept
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
