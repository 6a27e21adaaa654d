package config

import (
	"net/netip"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func globalScripts() []def[Global] {
	v := keyword.V
	timeout := func(name string, to func(*Global) *time.Duration) def[Global] {
		return optNumber(kw(name, v(2, 1), "Seconds that the script may take."), 1, 1000, name+" requires value", name+" '{value}' must be in [1, 1000] - ignoring",
			func(_ *compiler, t *Global, n int64) { *to(t) = time.Duration(n) * time.Second })
	}
	return []def[Global]{
		words(kw("script_user", v(1, 3), "User and group that scripts run as."), scriptUser),
		flag(kw("enable_script_security", v(1, 3), "Run no script as root that another user could change."), func(t *Global) { t.ScriptSecurity = true }),
		boolean(kw("use_symlink_paths", v(2, 3), "Keep symbolic links in script paths."), "Invalid value '{value}' for global use_symlink_path specified",
			func(t *Global, on bool) { t.UseSymlinkPaths = on }),
		boolean(kw("set_supplementary_groups", v(2, 4), "Give scripts the supplementary groups of their user."), "Invalid set_supplementary_groups parameter {value}",
			func(t *Global, on bool) { t.SupplementaryGroup = on }),
		startStop("startup", func(t *Global) **Command { return &t.StartupScript }),
		startStop("shutdown", func(t *Global) **Command { return &t.ShutdownScript }),
		timeout("startup_script_timeout", func(t *Global) *time.Duration { return &t.StartupTimeout }),
		timeout("shutdown_script_timeout", func(t *Global) *time.Duration { return &t.ShutdownTimeout }),
		fifo("notify_fifo", func(t *Global) **FIFO { return &t.FIFO }),
		fifo("vrrp_notify_fifo", func(t *Global) **FIFO { return &t.VRRPFIFO }),
		fifo("lvs_notify_fifo", func(t *Global) **FIFO { return &t.LVSFIFO }),
		fifoScript("notify_fifo_script", func(t *Global) **FIFO { return &t.FIFO }),
		fifoScript("vrrp_notify_fifo_script", func(t *Global) **FIFO { return &t.VRRPFIFO }),
		fifoScript("lvs_notify_fifo_script", func(t *Global) **FIFO { return &t.LVSFIFO }),
		boolean(kw("vrrp_notify_priority_changes", v(2, 0), "Default of notify_priority_changes."), "Invalid value '{value}' for global vrrp_notify_priority_changes specified",
			func(t *Global, on bool) { t.PriorityChanges = on }),
		flag(kw("fifo_write_vrrp_states_on_reload", v(2, 2), "Write all states to the FIFOs on reload."), func(t *Global) { t.FIFOOnReload = true }),
		boolean(kw("rs_init_notifies", v(2, 0), "Notify the first state of real servers."), "Invalid value '{value}' for global rs_init_notifies specified",
			func(t *Global, on bool) { t.RSInitNotifies = on }),
	}
}

func scriptUser(c *compiler, t *Global, w []expr.Word) {
	if len(w) == 0 {
		c.say("No script username specified")
		return
	}
	acc, ok := c.account(w)
	if !ok {
		c.sayAt(1, "Error setting global script uid/gid")
		c.scripts.badUser = true
		return
	}
	t.ScriptUser, t.ScriptUserSet = acc, true
}

// startStop defines startup_script or shutdown_script.
func startStop(kind string, to func(*Global) **Command) def[Global] {
	return words(kw(kind+"_script", keyword.V(2, 1), "Script that runs once at "+kind+"."), func(c *compiler, t *Global, _ []expr.Word) {
		w := c.scriptWords()
		switch {
		case len(w) < 2:
			c.say("%s script missing", kind)
		case *to(t) != nil:
			c.say("%s script already specified", kind)
		default:
			cmd, ok := c.command(w)
			if !ok || cmd.Argv[0] == "" {
				c.say("Invalid %s script", kind)
				return
			}
			*to(t) = cmd
		}
	})
}

func fifo(name string, to func(*Global) **FIFO) def[Global] {
	return words(kw(name, keyword.V(1, 3), "FIFO that gets a line for every change."), func(c *compiler, t *Global, w []expr.Word) {
		f := *to(t)
		switch {
		case len(w) == 0:
			c.say("No %s name specified", name)
			return
		case f != nil && f.Path != "":
			c.sayAt(1, "%s already specified - ignoring %s", name, w[0].Text)
			return
		case f == nil:
			f = &FIFO{}
		}
		f.Path, f.At = w[0].Text, c.env.LineSpan()
		if len(w) > 1 {
			f.Account, _ = c.account(w[1:])
		}
		*to(t) = f
	})
}

func fifoScript(name string, to func(*Global) **FIFO) def[Global] {
	return words(kw(name, keyword.V(1, 3), "Script that reads the FIFO; it gets its name as last argument."), func(c *compiler, t *Global, given []expr.Word) {
		if len(given) == 0 {
			c.say("No %s specified", name)
			return
		}
		w := c.scriptWords()
		if len(w) < 2 {
			return
		}
		f := *to(t)
		if f == nil {
			f = &FIFO{}
			*to(t) = f
		}
		if f.Script != nil {
			c.say("%s already specified - ignoring %s", name, w[1].Text)
			return
		}
		cmd, ok := c.command(w)
		if !ok {
			// The original does not say so.
			c.notActed(w[2].Span, "%s will not run: there is no such user or group", name)
			return
		}
		f.Script = cmd
	})
}

func globalVRRP() []def[Global] {
	v := keyword.V
	bl := func(name string, since keyword.Version, doc string, set func(*Global, bool)) def[Global] {
		return boolean(kw(name, since, doc), "Invalid value for "+name+" specified", set)
	}
	delay := func(name string, since keyword.Version, doc string, to func(*Global) *time.Duration) def[Global] {
		return timer(kw(name, since, doc), timeRange{lo: 1000, hi: 1<<32 - 1, decimals: 6}, name+" '{value}' is invalid",
			func(_ *compiler, t *Global, d time.Duration) { *to(t) = d })
	}
	return []def[Global]{
		signed(kw("vrrp_version", v(1, 2), "VRRP version of instances that do not say theirs."), 2, 3, "VRRP Error: Version must be either 2 or 3",
			func(_ *compiler, t *Global, n int64) { t.VRRPVersion = int(n) }),
		multicast("vrrp_mcast_group4", "IPv4", func(a netip.Addr) bool { return a.Is4() }, func(t *Global) *netip.Addr { return &t.MulticastGroup4 }),
		multicast("vrrp_mcast_group6", "IPv6", func(a netip.Addr) bool { return !a.Is4() }, func(t *Global) *netip.Addr { return &t.MulticastGroup6 }),
		optional(kw("default_interface", v(1, 3), "Interface of static addresses that name none."), "default_interface requires interface name",
			func(_ *compiler, t *Global, s string) { t.DefaultInterface = s }),
		bl("vrrp_lower_prio_no_advert", v(1, 2), "Do not answer adverts of lower priority.", func(t *Global, on bool) { t.LowerPrioNoAdvert = on }),
		bl("vrrp_higher_prio_send_advert", v(1, 3), "Send an advert before giving way to a higher priority.", func(t *Global, on bool) { t.HigherPrioSendAdvert = on }),
		number(kw("vrrp_down_timer_adverts", v(2, 2), "Adverts lost before a takeover."), 1, 100, "Invalid vrrp_down_timer_adverts [1:100] '{value}'",
			func(_ *compiler, t *Global, n int64) { t.DownTimerAdverts = int(n) }),
		flag(kw("vrrp_check_unicast_src", v(1, 3), "Check the source of unicast adverts."), func(t *Global) { t.CheckUnicastSource = true }),
		boolean(kw("vrrp_skip_check_adv_addr", v(1, 2), "Check an advert's addresses only once per master."), "Invalid value '{value}' for global vrrp_check_adv_addr specified",
			func(t *Global, on bool) { t.SkipCheckAdvAddr = on }),
		boolean(kw("vrrp_strict", v(1, 2), "Follow RFC 5798 to the letter."), "Invalid value '{value}' for global vrrp_strict specified",
			func(t *Global, on bool) { t.Strict = on }),
		optional(kw("v3_checksum_as_v2", v(2, 2), "Leave the pseudo-header out of version 3 checksums."), "",
			func(_ *compiler, t *Global, s string) { t.V3ChecksumAsV2 = onUnlessOff(s) }, func(t *Global) { t.V3ChecksumAsV2 = true }),
		boolean(kw("vrrp_owner_ignore_adverts", v(2, 3), "An owner ignores adverts."), "Invalid value 'vrrp_owner_ignore_adverts' for global {value} specified",
			func(t *Global, on bool) { t.OwnerIgnoreAdverts = on }),
		delay("vrrp_startup_delay", v(2, 0), "Seconds before VRRP starts.", func(t *Global) *time.Duration { return &t.StartupDelay }),
		delay("vrrp_delay_after_boot", v(2, 4), "Seconds after boot before VRRP starts.", func(t *Global) *time.Duration { return &t.DelayAfterBoot }),
		flag(kw("log_unknown_vrids", v(2, 0), "Log adverts for unknown routers."), func(t *Global) { t.LogUnknownVRIDs = true }),
		optional(kw("dynamic_interfaces", v(1, 3), "Interfaces may come and go."), "", func(c *compiler, t *Global, s string) {
			if s != "allow_if_changes" {
				c.sayAt(1, "Unknown dynamic_interfaces option '%s'", s)
				return
			}
			t.AllowIfChanges, t.DynamicInterfaces = true, true
		}, func(t *Global) { t.DynamicInterfaces = true }),
		flag(kw("disable_local_igmp", v(2, 2), "Send no IGMP for groups of VMACs.").idle(), func(t *Global) { t.DisableLocalIGMP = true }),
		text(kw("vmac_prefix", v(2, 2), "First part of VMAC interface names."), func(c *compiler, t *Global, s string) {
			c.once("vmac prefix has already been specified - ignoring {value}", &t.VMACPrefix, s)
		}),
		text(kw("vmac_addr_prefix", v(2, 2), "First part of names of VMACs for other interfaces.").idle(), func(c *compiler, t *Global, s string) {
			c.once("vmac_addr prefix has already been specified - ignoring {value}", &t.VMACAddrPrefix, s)
		}),
	}
}

func onUnlessOff(s string) bool { on, ok := parseBool(s); return on || !ok }

func multicast(name, family string, right func(netip.Addr) bool, to func(*Global) *netip.Addr) def[Global] {
	return text(kw(name, keyword.V(1, 2), "Group that adverts go to."), func(c *compiler, t *Global, s string) {
		a, err := netip.ParseAddr(s)
		switch {
		case err != nil:
			c.sayAt(1, "Can't parse %s [%s]. Skipping", name, s)
		case !right(a):
			c.sayAt(1, "%s [%s] is not %s. Skipping", name, s, family)
		case !a.IsMulticast():
			c.sayAt(1, "%s [%s] is not multicast. Skipping", name, s)
		default:
			*to(t) = a
		}
	})
}

func globalGarp() []def[Global] {
	v := keyword.V
	secs := func(name, bad string, to func(*Global) *time.Duration) def[Global] {
		return number(kw(name, v(1, 2), "Default of the instances' "+name[5:]+", in seconds."), 0, 1<<32-1, bad,
			func(_ *compiler, t *Global, n int64) { *to(t) = time.Duration(n) * time.Second })
	}
	repeat := func(name, bad string, zero bool, to func(*Global) *int) def[Global] {
		return number(kw(name, v(1, 2), "Default of the instances' "+name[5:]+"."), 0, 1<<32-1, bad, func(c *compiler, t *Global, n int64) {
			if n == 0 && !zero {
				c.sayAt(1, "%s must be greater than 0, setting to 1", name)
				n = 1
			}
			*to(t) = int(n)
		})
	}
	gap := func(name string, to func(*Global) *time.Duration) def[Global] {
		return timer(kw(name, v(1, 2), "Seconds between two messages on one interface."), someTimer, name+" '{value}' is invalid",
			func(_ *compiler, t *Global, d time.Duration) { *to(t) = d })
	}
	return []def[Global]{
		secs("vrrp_garp_master_delay", "vrrp_garp_master_delay '{value}' invalid - ignoring", func(t *Global) *time.Duration { return &t.Garp.Delay }),
		repeat("vrrp_garp_master_repeat", "vrrp_garp_master_repeat '{value}' invalid - ignoring", false, func(t *Global) *int { return &t.Garp.Repeat }),
		secs("vrrp_garp_master_refresh", "Invalid vrrp_garp_master_refresh '{value}' - ignoring", func(t *Global) *time.Duration { return &t.Garp.Refresh }),
		repeat("vrrp_garp_master_refresh_repeat", "vrrp_garp_master_refresh_repeat '{value}' invalid - ignoring", false, func(t *Global) *int { return &t.Garp.RefreshRepeat }),
		secs("vrrp_garp_lower_prio_delay", "vrrp_garp_lower_prio_delay '{value}' invalid - ignoring", func(t *Global) *time.Duration { return &t.Garp.LowerPrioDelay }),
		repeat("vrrp_garp_lower_prio_repeat", "Invalid vrrp_garp_lower_prio_repeat '{value}'", true, func(t *Global) *int { return &t.Garp.LowerPrioRepeat }),
		gap("vrrp_garp_interval", func(t *Global) *time.Duration { return &t.GarpInterval }),
		gap("vrrp_gna_interval", func(t *Global) *time.Duration { return &t.GnaInterval }),
		boolean(kw("vrrp_min_garp", v(2, 0), "Send one gratuitous ARP and no more."), "Invalid value for vrrp_min_garp specified",
			func(t *Global, on bool) { t.MinGarp = on }),
		words(kw("vrrp_garp_extra_if", v(2, 2), "Seconds between gratuitous ARPs on other interfaces."), func(c *compiler, t *Global, w []expr.Word) {
			c.extraIf("vrrp_garp_extra_if", "", 1, &t.Garp, w)
		}),
		words(kw("vrrp_vmac_garp_intvl", v(2, 0), "Old name of vrrp_garp_extra_if.").old(), func(c *compiler, t *Global, w []expr.Word) {
			c.say(`Keyword "vrrp_vmac_garp_intvl" is deprecated - please use "vrrp_garp_extra_if"`)
			c.extraIf("vrrp_vmac_garp_intvl", "", 1, &t.Garp, w)
		}),
	}
}

// extraIf reads "[all] SECONDS"; label is "(V): " for an instance.
func (c *compiler) extraIf(name, label string, lo int64, g *Garp, w []expr.Word) {
	all := len(w) > 0 && w[0].Text == "all"
	if all {
		w = w[1:]
	}
	if len(w) == 0 {
		c.say("%s%s specified without time - ignoring", label, name)
		return
	}
	for _, x := range w {
		n, ok := c.integer(x, lo, 86400)
		if !ok {
			c.sayAt(x.Index, "%s%s '%s' invalid - ignoring", label, name, x.Text)
			return
		}
		g.ExtraInterval, g.ExtraAll = time.Duration(n)*time.Second, all
	}
}
