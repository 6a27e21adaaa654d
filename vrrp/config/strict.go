package config

// strict applies strict_mode: what RFC 5798 does not have is refused or undone.
func (c *compiler) strict(i *Instance) bool {
	if i.given.has(gaveState) && i.WantMaster != (i.Priority == 255) {
		c.lateAt(i.NameSpan, "(%s) State MASTER must match being address owner", i.Name)
		i.WantMaster = i.Priority == 255
	}
	if i.IPv6 && len(i.VIPs) > 0 && !i.VIPs[0].Prefix.Addr().IsLinkLocalUnicast() {
		c.lateAt(i.NameSpan, "(%s) the first IPv6 VIP address must be link local", i.Name)
	}
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

// strictTimers undoes what strict_mode does not allow of timers and messages,
// once preemption was looked at.
func (c *compiler) strictTimers(i *Instance) {
	if i.Version == 2 && i.Accept && i.given.has(gaveAccept) {
		c.lateAt(i.NameSpan, "(%s) warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting", i.Name)
		i.Accept = false
	}
	if i.PreemptDelay > 0 {
		c.lateAt(i.NameSpan, "(%s) preempt_delay is incompatible with strict mode - resetting", i.Name)
		i.PreemptDelay = 0
	}
	if i.DownTimerAdverts != 3 {
		c.lateAt(i.NameSpan, "(%s) down_timer_adverts is incompatible with strict mode - resetting", i.Name)
		i.DownTimerAdverts = 3
	}
	if i.given.has(gaveGarpLowerDelay) {
		c.lateAt(i.NameSpan, "(%s) Strict mode requires no repeat garp delay. resetting", i.Name)
		i.Garp.LowerPrioDelay = 0
	}
	if i.given.has(gaveGarpLowerRepeat) {
		c.lateAt(i.NameSpan, "(%s) Strict mode requires no repeat garps. resetting", i.Name)
		i.Garp.LowerPrioRepeat = 0
	}
	if i.given.has(gaveLowerNoAdvert) && !i.LowerPrioNoAdvert {
		c.lateAt(i.NameSpan, "(%s) Strict mode requires no lower priority advert. resetting", i.Name)
		i.LowerPrioNoAdvert = true
	}
	if i.HigherPrioSendAdvert && i.given.has(gaveHigherSend) {
		c.lateAt(i.NameSpan, "(%s) strict mode requires higher_prio_send_advert to be clear. resetting", i.Name)
	}
	i.HigherPrioSendAdvert = false
	if i.given.has(gaveXmitBase) {
		c.lateAt(i.NameSpan, "(%s) xmit_base is incompatible with strict mode - resetting", i.Name)
		i.given &^= gaveXmitBase
	}
	if i.Priority == 255 && i.given.has(gaveOwnerIgnore) && !i.OwnerIgnoreAdverts {
		c.lateAt(i.NameSpan, "(%s) strict_mode with priority %d requires owner_ignore_adverts", i.Name, i.Priority)
		i.OwnerIgnoreAdverts = true
	}
	if i.NoVIPs {
		c.lateAt(i.NameSpan, "(%s) no_virtual_ipaddress and strict mode incompatible, clearing no_virtual_ipaddress", i.Name)
		i.NoVIPs = false
	}
}
