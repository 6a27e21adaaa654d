package config

import (
	"net/netip"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

var instanceTable = keyword.NewTable("vrrp_instance keyword",
	instanceIdentity(), instanceElection(), instanceSource(), instanceGarp(), instanceBehaviour(), instanceAuth(), instanceVMAC(), instanceBlocks(),
	notifyFields(func(i *Instance) *Notify { return &i.Notify }, true))

func (i *Instance) label() string { return i.Name }

// newInstance has the defaults that no other setting decides.
func newInstance(name string) *Instance {
	return &Instance{Name: name, UnicastTTL: -1, Garp: Garp{Delay: -1, Repeat: -1, Refresh: -1, RefreshRepeat: -1,
		LowerPrioDelay: -1, LowerPrioRepeat: -1, ExtraInterval: -1}}
}

// openInstance begins a vrrp_instance.
func openInstance(c *compiler, t *Config, w []expr.Word) (*Instance, func()) {
	if len(w) != 1 {
		c.say("vrrp_instance must have a name").Code = diag.BadArguments
		return nil, nil
	}
	for _, i := range t.Instances {
		if i.Name == w[0].Text {
			c.sayAt(1, "vrrp instance %s already defined", i.Name).Code = diag.Duplicate
			return nil, nil
		}
	}
	i := newInstance(w[0].Text)
	i.At, i.NameSpan = c.env.LineSpan(), c.env.Span(1)
	t.Instances = append(t.Instances, i)
	return i, func() { c.endInstance(i) }
}

// endInstance makes the checks that the original makes at the closing brace.
func (c *compiler) endInstance(i *Instance) {
	c.here()
	if i.VMAC != nil && i.given.has(gaveUnicast) && !i.hasInterface {
		c.say("(%s): Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac", i.Name)
		i.VMAC = nil
	}
	if i.UnicastTTL >= 0 && len(i.Peers) == 0 {
		c.say("(%s): Cannot use unicast_ttl without unicast peers - resetting", i.Name)
		i.UnicastTTL = -1
	}
	if i.VMAC != nil && i.given.has(gaveUnicast) && !i.given.has(gaveXmitBase) {
		c.say("(%s) unicast with use_vmac requires vmac_xmit_base - setting", i.Name)
		i.given |= gaveXmitBase
	}
}

func instanceIdentity() []def[Instance] {
	v := keyword.V
	return []def[Instance]{
		text(kw("state", 0, "MASTER or BACKUP: what to start as."), func(c *compiler, i *Instance, s string) {
			want := s == "MASTER"
			switch {
			case s != "MASTER" && s != "BACKUP":
				c.sayAt(1, "(%s) unknown state '%s', defaulting to BACKUP", i.Name, s)
				return
			case i.given.has(gaveState) && i.WantMaster != want:
				was := map[bool]string{true: "MASTER", false: "BACKUP"}[i.WantMaster]
				c.sayAt(1, "(%s) state previously set as %s - ignoring %s", i.Name, was, s)
				return
			}
			i.WantMaster = want
			i.given |= gaveState
		}),
		text(kw("interface", 0, "Interface that the instance runs on."), func(c *compiler, i *Instance, s string) {
			if len(s) > 15 {
				c.sayAt(1, "Interface name '%s' too long - ignoring", s)
				return
			}
			if s == "lo" {
				c.sayAt(1, "(%s) cannot use a loopback interface (%s) for vrrp - ignoring", i.Name, s)
				return
			}
			i.Interface = s
			i.given |= gaveInterface
			i.hasInterface = c.opt.HasInterface(s) || c.noInterface(1, "interface %s for vrrp_instance %s doesn't exist", s, i.Name)
		}),
		text(kw("vrf", v(2, 2), "VRF that the instance runs in."), func(c *compiler, i *Instance, s string) {
			if i.given.has(gaveInterface) {
				c.sayAt(1, "(%s) Cannot specify VRF interface and interface - ignoring", i.Name)
				return
			}
			if !c.opt.HasInterface(s) {
				c.sayAt(1, "(%s) WARNING - VRF interface %s doesn't exist", i.Name, s)
				return
			}
			i.VRF = s
		}),
		number(kw("virtual_router_id", 0, "Number of the virtual router, 1 to 255."), 1, 255, "({name}): VRID '{value}' not valid - must be between 1 & 255",
			func(_ *compiler, i *Instance, n int64) { i.VRID = uint8(n) }),
		signed(kw("version", v(1, 2), "VRRP version, 2 or 3."), 2, 3, "({name}): Version must be either 2 or 3", func(c *compiler, i *Instance, n int64) {
			if i.Version != 0 && i.Version != int(n) {
				c.sayAt(1, "(%s) vrrp_version %d conflicts with configured or deduced version %d; ignoring.", i.Name, n, i.Version)
				return
			}
			i.Version = int(n)
			i.given |= gaveVersion
		}),
		action(kw("native_ipv6", 0, "Use IPv6 adverts although no address says so."), func(c *compiler, i *Instance) {
			if i.familyKnown && !i.IPv6 {
				c.say("(%s) Cannot specify native_ipv6 with IPv4 addresses", i.Name)
				return
			}
			i.familyKnown, i.IPv6, i.NativeIPv6 = true, true, true
		}),
		action(kw("linkbeat_use_polling", 0, "Old way of linkbeat_interfaces.").old().idle(), func(c *compiler, i *Instance) {
			c.say("(%s) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block", i.Name).Code = diag.Deprecated
		}),
		words(kw("lvs_sync_daemon_interface", 0, "Old way of global lvs_sync_daemon.").old().idle(), func(c *compiler, i *Instance, w []expr.Word) {
			c.say("(%s) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.", i.Name).Code = diag.Deprecated
			c.say("%*sPlease use global lvs_sync_daemon", max(len(i.Name)-2, 2-len(i.Name))+6, "").Code = diag.Deprecated
			if len(w) == 0 {
				c.missing(c.env.Words, 2)
				return
			}
			if i.LVSSync != "" {
				c.sayAt(1, "(%s) lvs_sync_daemon_interface has already been specified as %s - ignoring", i.Name, i.LVSSync)
				return
			}
			i.LVSSync = w[0].Text
		}),
	}
}

func instanceElection() []def[Instance] {
	v := keyword.V
	backup := func(i info, oldName bool) def[Instance] {
		return words(i, func(c *compiler, inst *Instance, w []expr.Word) {
			if oldName {
				c.say("(%s) thread_timer_expired - please replace with keyword 'timer_expired_backup'", inst.Name).Code = diag.Deprecated
			}
			inst.TimerExpiredBackup = 254
			if len(w) == 0 {
				return
			}
			n, ok := c.integer(w[0], 1, 254)
			if !ok {
				inst.TimerExpiredBackup = 0
				c.sayAt(1, "(%s) timer_expired_backup highest_other_priority not valid! must be between 1 & 254", inst.Name)
				return
			}
			inst.TimerExpiredBackup = uint8(n)
		})
	}
	return []def[Instance]{
		keyword.Define(kw("priority", 0, "Priority in the election, 1 to 255; 255 owns the addresses.").spec(), func(e *keyword.Env, a *one) (Field[Instance], error) {
			c := of(e)
			return func(i *Instance) {
				n, ok := c.integer(a.Value, 1, 255)
				if !ok {
					c.sayAt(1, "(%s) Priority not valid! must be between 1 & 255. Using default 100", i.Name)
					n = 100
				}
				i.Priority = uint8(n)
				i.given |= gavePriority
			}, nil
		}),
		timer(kw("advert_int", 0, "Seconds between two adverts."), timeRange{lo: 10000, hi: 255e6, decimals: 6}, "({name}) Advert interval ({value}) not valid! Must be > 0 - ignoring",
			func(_ *compiler, i *Instance, d time.Duration) { i.AdvertInterval = d; i.given |= gaveAdvert }),
		flag(kw("nopreempt", 0, "Do not take over from a master of lower priority."), func(i *Instance) { i.Nopreempt = true }),
		flag(kw("preempt", 0, "Take over from a master of lower priority; the default."), func(i *Instance) { i.Nopreempt = false; i.given |= gavePreempt }),
		keyword.Define(kw("preempt_delay", 0, "Seconds to wait before taking over from a lower priority.").spec(), func(e *keyword.Env, a *one) (Field[Instance], error) {
			c := of(e)
			return func(i *Instance) {
				n := c.diags.Count(diag.Alert)
				d, ok := c.timer(a.Value, seconds(0, 1000))
				if ok {
					i.PreemptDelay = d
				} else if all := c.diags.All; len(all) > n && n < c.diags.Count(diag.Alert) && all[len(all)-1].Text[0] == 'n' {
					c.sayAt(1, "(%s) Preempt_delay not valid! must be between 0-1000", i.Name)
				}
			}, nil
		}),
		number(kw("down_timer_adverts", v(2, 2), "Adverts lost before a takeover."), 1, 100, "({name}): Invalid down_timer_adverts [1:100] '{value}'",
			func(_ *compiler, i *Instance, n int64) { i.DownTimerAdverts = int(n); i.given |= gaveDownTimer }),
		instBool(kw("lower_prio_no_advert", v(1, 2), "Do not answer adverts of lower priority."), gaveLowerNoAdvert, func(i *Instance, on bool) { i.LowerPrioNoAdvert = on }),
		instBool(kw("higher_prio_send_advert", v(1, 3), "Send an advert before giving way to a higher priority."), gaveHigherSend, func(i *Instance, on bool) { i.HigherPrioSendAdvert = on }),
		instBool(kw("owner_ignore_adverts", v(2, 3), "An owner ignores adverts."), gaveOwnerIgnore, func(i *Instance, on bool) { i.OwnerIgnoreAdverts = on }),
		backup(kw("timer_expired_backup", v(2, 2), "After a timeout stay backup unless nobody else can be master."), false),
		backup(kw("thread_timer_expired", v(2, 2), "Old name of timer_expired_backup.").old(), true),
	}
}

// instBool defines a keyword with an optional <BOOL> in the words that most
// of vrrp_instance's use.
func instBool(i info, g given, set func(*Instance, bool)) def[Instance] {
	return boolean(i, "({name}) invalid "+i.name+" {value} specified", func(t *Instance, on bool) {
		set(t, on)
		t.given |= g
	})
}

func instanceBehaviour() []def[Instance] {
	v := keyword.V
	return []def[Instance]{
		flag(kw("accept", v(1, 3), "Answer packets for the addresses although not their owner."), func(i *Instance) { i.Accept = true; i.given |= gaveAccept }),
		flag(kw("no_accept", v(1, 2), "Answer no packets for the addresses unless their owner."), func(i *Instance) { i.Accept = false; i.given |= gaveAccept }),
		instBool(kw("skip_check_adv_addr", v(1, 2), "Check an advert's addresses only once per master."), gaveSkipCheck, func(i *Instance, on bool) { i.SkipCheckAdvAddr = on }),
		instBool(kw("strict_mode", v(1, 2), "Follow RFC 5798 to the letter."), gaveStrict, func(i *Instance, on bool) { i.Strict = on }),
		instBool(kw("v3_checksum_as_v2", v(2, 2), "Leave the pseudo-header out of version 3 checksums."), gaveChecksum, func(i *Instance, on bool) { i.V3ChecksumAsV2 = on }),
		only(kw("kernel_rx_buf_size", v(1, 3), "Size of the receive buffer in bytes."), "({name}) invalid kernel_rx_buf_size specified", func(c *compiler, i *Instance, s string) {
			if n, ok := c.integer(expr.Word{Text: s, Index: 1}, 0, 1<<32-1); ok {
				i.ReceiveBuffer = int(n)
			} else {
				c.sayAt(1, "(%s) invalid kernel_rx_buf_size specified", i.Name)
			}
		}),
		number(kw("debug", 0, "Debug level, 0 to 4.").tuning(), 0, 4, "({name}) Debug value '{value}' not valid; must be between 0-4",
			func(_ *compiler, i *Instance, n int64) { i.Debug = int(n) }),
		flag(kw("promote_secondaries", v(2, 0), "Keep secondary addresses when the primary goes."), func(i *Instance) { i.PromoteSecondaries = true }),
		flag(kw("dont_track_primary", 0, "Ignore the state of the instance's interface."), func(i *Instance) { i.DontTrackPrimary = true }),
		boolean(kw("smtp_alert", 0, "Mail state changes."), "Invalid vrrp_instance smtp_alert parameter {value}", func(i *Instance, on bool) {
			i.SMTPAlert = on
			i.given |= gaveSMTP
		}),
		boolean(kw("notify_priority_changes", v(2, 0), "Send priority changes to scripts and FIFOs."), "({name}) Invalid value '{value}' for notify_priority_changes specified",
			func(i *Instance, on bool) { i.Notify.PriorityChanges = on; i.given |= gavePrioNotify }),
	}
}

func instanceGarp() []def[Instance] {
	v := keyword.V
	secs := func(name, bad string, to func(*Instance) *time.Duration) def[Instance] {
		return number(kw(name, 0, "Seconds; see the chapter on gratuitous ARPs."), 0, 1<<32-1, bad,
			func(_ *compiler, i *Instance, n int64) { *to(i) = time.Duration(n) * time.Second })
	}
	repeat := func(name, bad string, zero bool, to func(*Instance) *int) def[Instance] {
		return number(kw(name, 0, "How many messages for each address."), 0, 1<<32-1, bad, func(c *compiler, i *Instance, n int64) {
			if n == 0 && !zero {
				c.sayAt(1, "(%s): %s must be greater than 0, setting to 1", i.Name, name)
				n = 1
			}
			*to(i) = int(n)
		})
	}
	return []def[Instance]{
		secs("garp_master_delay", "({name}): garp_master_delay '{value}' invalid - ignoring", func(i *Instance) *time.Duration { return &i.Garp.Delay }),
		repeat("garp_master_repeat", "({name}): garp_master_repeat '{value}' invalid - ignoring", false, func(i *Instance) *int { return &i.Garp.Repeat }),
		secs("garp_master_refresh", "({name}): Invalid garp_master_refresh '{value}' - ignoring", func(i *Instance) *time.Duration { return &i.Garp.Refresh }),
		repeat("garp_master_refresh_repeat", "({name}): garp_master_refresh_repeat '{value}' invalid - ignoring", false, func(i *Instance) *int { return &i.Garp.RefreshRepeat }),
		secs("garp_lower_prio_delay", "({name}): garp_lower_prio_delay '{value}' invalid - ignoring", func(i *Instance) *time.Duration { return &i.Garp.LowerPrioDelay }),
		repeat("garp_lower_prio_repeat", "({name}): Invalid garp_lower_prio_repeat '{value}'", true, func(i *Instance) *int { return &i.Garp.LowerPrioRepeat }),
		words(kw("garp_extra_if", v(2, 2), "Seconds between gratuitous ARPs on other interfaces."), func(c *compiler, i *Instance, w []expr.Word) {
			c.extraIf("garp_extra_if", "("+i.Name+"): ", 0, &i.Garp, w)
		}),
		words(kw("vmac_garp_intvl", v(2, 0), "Old name of garp_extra_if.").old(), func(c *compiler, i *Instance, w []expr.Word) {
			c.say(`Keyword "vmac_garp_intvl" is deprecated - please use "garp_extra_if"`).Code = diag.Deprecated
			c.extraIf("vmac_garp_intvl", "("+i.Name+"): ", 0, &i.Garp, w)
		}),
	}
}

func instanceSource() []def[Instance] {
	v := keyword.V
	src := func(i info, unicast bool) def[Instance] {
		return text(i, func(c *compiler, t *Instance, s string) {
			if unicast {
				t.given |= gaveUnicast
			}
			host, _ := cutPrefix(s) // a length does no harm
			a, err := netip.ParseAddr(host)
			if err != nil {
				c.sayAt(1, "Configuration error: VRRP instance[%s] malformed src address[%s]. Skipping...", t.Name, s)
				return
			}
			if !t.sameFamily(a) {
				c.sayAt(1, "Configuration error: VRRP instance[%s] and src address[%s] MUST be of the same family !!! Skipping...", t.Name, s)
				return
			}
			t.SourceAddress = a
			t.given |= gaveSource
		})
	}
	return []def[Instance]{
		src(kw("mcast_src_ip", 0, "Source address of adverts."), false),
		src(kw("unicast_src_ip", v(1, 2), "Source address of unicast adverts."), true),
		flag(kw("track_src_ip", v(2, 0), "Go to fault when the source address disappears."), func(i *Instance) { i.TrackSourceAddress = true }),
		text(kw("mcast_dst_ip", v(2, 2), "Group that adverts go to."), func(c *compiler, t *Instance, s string) {
			a, err := netip.ParseAddr(s)
			switch {
			case err != nil:
				c.sayAt(1, "(%s) malformed mcast dest address %s. Skipping...", t.Name, s)
			case !a.IsMulticast():
				c.sayAt(1, "(%s) mcast_dst_ip %s not multicast. Skipping...", t.Name, s)
			case !t.sameFamily(a):
				c.sayAt(1, "(%s) mcast dest address %s MUST match VRRP instance family. Skipping...", t.Name, s)
			default:
				t.MulticastGroup = a
			}
		}),
		action(kw("unicast_peer", v(1, 2), "Addresses that adverts go to instead of a group."), func(c *compiler, i *Instance) {
			i.given |= gaveUnicast
			readList(c, i, unicastPeer)
		}),
		number(kw("unicast_ttl", v(2, 1), "TTL of unicast adverts."), 0, 255, "({name}): TTL '{value}' not valid - must be between 0 & 255",
			func(_ *compiler, i *Instance, n int64) { i.UnicastTTL = int(n) }),
		flag(kw("unicast_fault_no_peer", v(2, 2), "Be in fault while no peer is set."), func(i *Instance) { i.UnicastFaultNoPeer = true }),
		flag(kw("check_unicast_src", v(1, 3), "Check the source of unicast adverts."), func(i *Instance) {
			i.CheckUnicastSource = true
			i.given |= gaveCheckSrc | gaveUnicast
		}),
		optional(kw("old_unicast_checksum", v(1, 3), "Compute version 3 unicast checksums as old releases did."), "", func(c *compiler, i *Instance, s string) {
			i.given |= gaveUnicast
			if s != "never" {
				c.sayAt(1, "(%s) Unknown old_unicast_chksum mode %s - ignoring", i.Name, s)
				return
			}
			i.OldUnicastChecksum = Never
		}, func(i *Instance) { i.OldUnicastChecksum = On; i.given |= gaveUnicast }),
	}
}

// sameFamily says whether an address fits what is known of the family so
// far; the first address decides it.
func (i *Instance) sameFamily(a netip.Addr) bool {
	if !i.familyKnown {
		i.familyKnown, i.IPv6 = true, a.Is6()
		return true
	}
	return i.IPv6 == a.Is6()
}

// unicastPeer reads a line of unicast_peer.
func unicastPeer(c *compiler, i *Instance, w []expr.Word) {
	s := w[0].Text
	host, _ := cutPrefix(s)
	a, err := netip.ParseAddr(host)
	if err != nil {
		c.sayAt(0, "Configuration error: VRRP instance[%s] malformed unicast peer address[%s]. Skipping...", i.Name, s)
		return
	}
	if !i.sameFamily(a) {
		c.sayAt(0, "Configuration error: VRRP instance[%s] and unicast peer address[%s] MUST be of the same family !!! Skipping...", i.Name, s)
		return
	}
	p := Peer{Addr: a, MaxTTL: 255, At: c.env.LineSpan()}
	for k := 1; k < len(w); k += 2 {
		if k+1 >= len(w) {
			c.sayAt(k, "(%s) %s - %s is missing a value", i.Name, s, w[k].Text)
			break
		}
		to := map[string]*int{"min_ttl": &p.MinTTL, "max_ttl": &p.MaxTTL}[w[k].Text]
		if to == nil {
			c.sayAt(k, "(%s) %s - unknown unicast_peer option %s", i.Name, s, w[k].Text)
			continue
		}
		if n, ok := c.integer(w[k+1], 0, 255); ok {
			*to = int(n)
		}
	}
	if p.MinTTL > 0 || p.MaxTTL < 255 {
		// Who is checked for the TTL must be known.
		i.CheckUnicastSource = true
		i.given |= gaveCheckSrc
	}
	if p.MinTTL > p.MaxTTL {
		c.say("(%s) %s - min_ttl %d > max_ttl %d - all packets will be discarded", i.Name, s, p.MinTTL, p.MaxTTL)
	}
	for _, o := range i.Peers {
		if o.Addr == a {
			c.sayAt(0, "(%s) %s - duplicate unicast_peer", i.Name, s)
			return
		}
	}
	i.Peers = append(i.Peers, p)
}

// noInterface reports an interface that does not exist. That is fatal to a
// running program unless interfaces may come and go.
// It returns false where the line cannot be used.
func (c *compiler) noInterface(word int, format string, args ...any) bool {
	if c.cfg.Global.DynamicInterfaces {
		return true
	}
	c.sayAt(word, "WARNING - "+format, args...)
	c.badInterface = true
	return false
}
