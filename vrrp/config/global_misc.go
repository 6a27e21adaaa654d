package config

import (
	"net/netip"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keepalived"
	"tandem/parser/keyword"
)

func globalNetlink() []def[Global] {
	v := keyword.V
	var out []def[Global]
	for _, name := range []string{"vrrp_netlink_cmd_rcv_bufs", "vrrp_netlink_monitor_rcv_bufs", "lvs_netlink_cmd_rcv_bufs", "lvs_netlink_monitor_rcv_bufs", "process_monitor_rcv_bufs"} {
		out = append(out,
			optNumber(kw(name, v(2, 0), "Size of a netlink receive buffer in bytes."), 0, 1<<32-1, name+" size missing", name+" size ({value}) invalid",
				func(_ *compiler, t *Global, n int64) { t.NetlinkBuffers[name] = uint32(n) }),
			boolean(kw(name+"_force", v(2, 0), "Set the size beyond the kernel's limit."), "Invalid value '{value}' for global "+name+"_force specified",
				func(t *Global, on bool) { t.NetlinkForce[name] = on }))
	}
	path := func(name string, to func(*Global) *string) def[Global] {
		return only(kw(name, v(2, 3), "Directory of iproute2's tables of names."), name+" requires path",
			func(_ *compiler, t *Global, s string) { *to(t) = s })
	}
	return append(out,
		words(kw("vrrp_rx_bufs_policy", v(2, 0), "How large receive buffers are: MTU, ADVERT, or a number of bytes."), rxBufsPolicy),
		only(kw("vrrp_rx_bufs_multiplier", v(2, 0), "How many adverts a receive buffer holds."), "Invalid vrrp_rx_bufs_multiplier",
			func(c *compiler, t *Global, s string) {
				if n, ok := c.integer(expr.Word{Text: s, Index: 1}, 1, 1<<32-1); ok {
					t.RxBufsMultiplier = int(n)
				} else {
					c.sayAt(1, "Invalid vrrp_rx_bufs_multiplier %s", s)
				}
			}),
		path("iproute_usr_dir", func(t *Global) *string { return &t.IPRouteUsrDir }),
		path("iproute_etc_dir", func(t *Global) *string { return &t.IPRouteEtcDir }),
	)
}

// rxBufsPolicy reads vrrp_rx_bufs_policy. Of several words the original takes
// the first for the number, whichever it is looking at.
func rxBufsPolicy(c *compiler, t *Global, w []expr.Word) {
	if len(w) == 0 {
		c.say("vrrp_rx_bufs_policy missing")
	}
	for _, x := range w {
		switch x.Text {
		case "MTU", "ADVERT":
			if t.RxBufsPolicy != "" && t.RxBufsPolicy != x.Text {
				c.sayAt(x.Index, "Cannot set both vrrp_rx_bufs_policy MTU and ADVERT, ignoring ADVERT")
				t.RxBufsPolicy = "MTU"
				continue
			}
		default:
			if _, ok := c.integer(w[0], 0, 1<<32-1); !ok {
				c.sayAt(x.Index, "Invalid vrrp_rx_bufs_policy %s", x.Text)
				continue
			}
		}
		t.RxBufsPolicy = x.Text
	}
}

func globalFirewall() []def[Global] {
	v := keyword.V
	return []def[Global]{
		words(kw("vrrp_iptables", v(1, 2), "Old way of nftables."), func(c *compiler, t *Global, w []expr.Word) {
			// No release builds on iptables any more; nftables takes its place.
			c.say("iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option")
			if t.NFTables == "" {
				t.NFTables = "keepalived"
			}
			t.Iptables = []string{"INPUT", "OUTPUT"}
			for i, x := range w[:min(len(w), 2)] {
				t.Iptables[i] = x.Text
			}
		}),
		words(kw("vrrp_ipsets", v(1, 2), "ipsets that no_accept uses.").idle(), func(_ *compiler, t *Global, w []expr.Word) {
			t.Ipsets = []string{"keepalived"}
			for i, x := range w {
				if i == 0 {
					t.Ipsets = nil
				}
				t.Ipsets = append(t.Ipsets, x.Text)
			}
		}),
		tableName(kw("nftables", v(2, 0), "nftables table that no_accept uses."), "nftables", "keepalived", func(t *Global) *string { return &t.NFTables }),
		number(kw("nftables_priority", v(2, 0), "Priority of the nftables chains."), -1<<31, 1<<31-1, "invalid nftables chain priority '{value}'",
			func(_ *compiler, t *Global, n int64) { t.NFTablesPriority = int(n) }),
		flag(kw("nftables_counters", v(2, 0), "Count packets in nftables rules."), func(t *Global) { t.NFTablesCounters = true }),
		flag(kw("nftables_ifindex", v(2, 0), "Match interfaces by index in nftables rules."), func(t *Global) { t.NFTablesIfindex = true }),
		tableName(kw("nftables_ipvs", v(2, 2), "nftables table that marks packets for IPVS.").idle(), "ipvs nftables", "keepalived_ipvs", func(t *Global) *string { return &t.NFTablesIPVS }),
		number(kw("nftables_ipvs_priority", v(2, 2), "Priority of the IPVS nftables chains.").idle(), -1<<31, 1<<31-1, "invalid ipvs nftables chain priority '{value}'",
			func(_ *compiler, t *Global, n int64) { t.NFTablesIPVSPrio = int(n) }),
		number(kw("nftables_ipvs_start_fwmark", v(2, 2), "First mark that nftables gives.").idle(), 1, 1<<32-1, "invalid ipvs nftables start_fwmark priority '{value}'",
			func(_ *compiler, t *Global, n int64) { t.NFTablesFWMark = uint32(n) }),
	}
}

// tableName defines a keyword that names an nftables table, once.
func tableName(i info, kind, absent string, to func(*Global) *string) def[Global] {
	return words(i, func(c *compiler, t *Global, w []expr.Word) {
		switch {
		case *to(t) != "":
			c.say("%s already specified - ignoring", kind)
		case len(w) == 0:
			*to(t) = absent
		case w[0].Text == "":
			c.say("VRRP Error : %s chain name empty - ignored", kind)
		default:
			*to(t) = w[0].Text
		}
	})
}

func globalLVS() []def[Global] {
	v := keyword.V
	stop := func(i info) def[Global] {
		return optional(i, "", func(c *compiler, t *Global, s string) {
			if s != "VS" {
				c.sayAt(1, "Unknown lvs_flush_on_stop type %s", s)
				return
			}
			t.LVSFlushStop = "VS"
		}, func(t *Global) { t.LVSFlushStop = "all" })
	}
	return []def[Global]{
		words(kw("lvs_sync_daemon", v(1, 2), "Run the IPVS connection synchronisation."), lvsSyncDaemon),
		words(kw("lvs_timeouts", v(2, 0), "IPVS timeouts in seconds."), lvsTimeouts),
		flag(kw("lvs_flush", v(1, 2), "Flush IPVS at start."), func(t *Global) { t.LVSFlush = true }),
		stop(kw("lvs_flush_on_stop", v(2, 2), "Flush IPVS at stop.")),
		stop(kw("lvs_flush_onstop", v(2, 0), "Old name of lvs_flush_on_stop.").old()),
		boolean(kw("checker_log_all_failures", v(2, 0), "Log every failed check."), "Invalid value for checker_log_all_failures specified",
			func(t *Global, on bool) { t.CheckerLogAll = on }),
	}
}

func lvsSyncDaemon(c *compiler, t *Global, w []expr.Word) {
	if len(w) == 0 {
		c.say("lvs_sync_daemon requires interface")
		return
	}
	if t.LVSSync != nil {
		c.say("lvs_sync_daemon has already been specified as %s %s - ignoring", t.LVSSync.Interface, t.LVSSync.instance.name)
		return
	}
	s := &LVSSync{Interface: w[0].Text, ID: -1, At: c.env.LineSpan()}
	t.LVSSync = s
	ranges := map[string]struct {
		lo, hi int64
		to     *int
		bad    string
	}{
		"id":     {0, 255, &s.ID, "Invalid syncid (%s) - defaulting to vrid"},
		"maxlen": {1, 65507, &s.MaxLen, "Invalid lvs_sync_daemon maxlen (%s) - ignoring"},
		"port":   {1, 65535, &s.Port, "Invalid lvs_sync_daemon port (%s) - ignoring"},
		"ttl":    {1, 255, &s.TTL, "Invalid lvs_sync_daemon ttl (%s) - ignoring"},
	}
	i := 1
	isOption := func(x string) bool { _, ok := ranges[x]; return ok || x == "group" }
	if i < len(w) && !isOption(w[i].Text) {
		if w[i].Text == "inst" {
			i++
		}
		if i < len(w) {
			s.instance = nameAt{w[i].Text, c.env.Span(w[i].Index)}
			i++
		}
		if i < len(w) && !isOption(w[i].Text) {
			if n, ok := c.integer(w[i], 0, 255); ok {
				c.sayAt(w[i].Index, `Please use keyword "id" before lvs_sync_daemon SYNCID`)
				s.ID = int(n)
			} else {
				c.sayAt(w[i].Index, "Invalid syncid (%s) - defaulting to vrid", w[i].Text)
			}
			i++
		}
	}
	for ; i+1 < len(w); i += 2 {
		r, ok := ranges[w[i].Text]
		switch {
		case ok:
			if n, good := c.integer(w[i+1], r.lo, r.hi); good {
				*r.to = int(n)
			} else {
				c.sayAt(w[i+1].Index, r.bad, w[i+1].Text)
			}
		case w[i].Text == "group":
			a, err := netip.ParseAddr(w[i+1].Text)
			if err != nil || !a.IsMulticast() {
				c.sayAt(w[i+1].Index, "Invalid lvs_sync_daemon group (%s) - ignoring", w[i+1].Text)
				break
			}
			s.Group = a
		default:
			c.sayAt(w[i].Index, "Unknown option %s specified for lvs_sync_daemon", w[i].Text)
			t.LVSSync = nil
			return
		}
	}
	if i < len(w) {
		c.sayAt(w[i].Index, "Unknown option %s specified for lvs_sync_daemon", w[i].Text)
		t.LVSSync = nil
	}
}

func lvsTimeouts(c *compiler, t *Global, w []expr.Word) {
	if len(w) < 2 {
		c.say("lvs_timeouts requires at least one option")
		return
	}
	for i := 0; i < len(w); i += 2 {
		k := -1
		for n, name := range [...]string{"tcp", "tcpfin", "udp"} {
			if w[i].Text == name {
				k = n
			}
		}
		switch {
		case k < 0:
			c.sayAt(w[i].Index, "Unknown option %s specified for lvs_timeouts", w[i].Text)
			i--
			continue
		case i+1 >= len(w):
			c.sayAt(w[i].Index, "No value specified for lvs_timeout %s - ignoring", w[i].Text)
			return
		}
		n, ok := c.integer(w[i+1], 0, 31*86400)
		if !ok {
			c.sayAt(w[i+1].Index, "Invalid lvs_timeout %s (%s) - ignoring", w[i].Text, w[i+1].Text)
			continue
		}
		t.LVSTimeouts[k] = int(n)
	}
}

func globalReload() []def[Global] {
	v := keyword.V
	dump := func(name string, to func(*Global) *string) def[Global] {
		return only(kw(name, v(2, 3), "File that the dump goes to."), name+" requires a non-empty path",
			func(_ *compiler, t *Global, s string) { *to(t) = s })
	}
	return []def[Global]{
		optional(kw("reload_check_config", v(2, 1), "Check a configuration before it is loaded; the messages go to a file."), "",
			func(_ *compiler, t *Global, s string) { t.ReloadCheck, t.ReloadCheckConfig = true, s }, func(t *Global) { t.ReloadCheck = true }),
		optional(kw("tmp_config_directory", v(2, 1), "Directory of the temporary copy of the configuration.").tuning(), "tmp_config_directory missing directory name",
			func(c *compiler, t *Global, s string) {
				c.once("tmp_config_directory already specified - ignoring", &t.TmpConfigDir, s)
			}),
		words(kw("include_check", v(2, 1), "When an include that finds nothing is an error."), includeCheck),
		optional(kw("reload_file", v(2, 2), "Delay reloads while this file exists.").idle(), "",
			func(_ *compiler, t *Global, s string) { t.ReloadFileSet, t.ReloadFile = true, s }, func(t *Global) { t.ReloadFileSet = true }),
		only(kw("reload_time_file", v(2, 1), "File that holds the time of the next reload.").idle(), "reload_time_file invalid",
			func(_ *compiler, t *Global, s string) { t.ReloadTimeFile = s }),
		flag(kw("reload_repeat", v(2, 1), "Reload again at the time of reload_time_file.").idle(), func(t *Global) { t.ReloadRepeat = true }),
		text(kw("config_save_dir", v(2, 3), "Directory that gets copies of configurations around reloads.").idle(), func(_ *compiler, t *Global, s string) { t.ConfigSaveDir = s }),
		boolean(kw("data_use_instance", v(2, 2), "Put the instance name into names of dumps.").idle(), "Invalid value '{value}' for global date_use_instance specified",
			func(t *Global, on bool) { t.DataUseInstance = on }),
		optNumber(kw("json_version", v(2, 2), "Version of the JSON dump."), 1, 2, "json_version requires version", "Invalid JSON version",
			func(_ *compiler, t *Global, n int64) { t.JSONVersion = int(n) }),
		dump("state_dump_file", func(t *Global) *string { return &t.StateDumpFile }),
		dump("stats_dump_file", func(t *Global) *string { return &t.StatsDumpFile }),
		dump("json_dump_file", func(t *Global) *string { return &t.JSONDumpFile }),
	}
}

// includeChecks are the words of include_check.
var includeChecks = map[string]keepalived.Check{
	"read": keepalived.CheckRead, "match": keepalived.CheckMatch,
	"wildcard_match": keepalived.CheckWildcard, "brace_match": keepalived.CheckBrace,
}

// includeCheck sets what the includes that follow check. A word without a
// sign replaces what there was, and only the first may be one; whatever it is,
// files must be readable.
func includeCheck(c *compiler, t *Global, w []expr.Word) {
	check := t.IncludeCheck
	if len(w) == 0 {
		check = keepalived.CheckAll
	}
	for i, x := range w {
		name, remove := strings.CutPrefix(x.Text, "-")
		add := false
		if !remove {
			name, add = strings.CutPrefix(x.Text, "+")
		}
		one, known := includeChecks[name]
		switch {
		case i > 0 && !remove && !add:
			c.sayAt(x.Index, "Duplicate include_check '%s' specified - ignoring", name)
		case !known:
			c.sayAt(x.Index, "Unknown include_check type '%s' - ignoring", name)
		case remove:
			check &^= one
		case add:
			check |= one
		default:
			check = keepalived.CheckRead | one
		}
	}
	if check != t.IncludeCheck {
		t.IncludeCheck = check
		c.checkIncludes(check)
	}
}

func globalSNMP() []def[Global] {
	v := keyword.V
	out := []def[Global]{
		words(kw("snmp_socket", v(1, 2), "Socket of the SNMP master agent.").idle(), func(c *compiler, t *Global, w []expr.Word) {
			switch {
			case len(w) > 1:
				c.say("Too many parameters specified for snmp_socket - ignoring")
			case t.SNMPSocket != "":
				c.say("SNMP socket already set to %s - ignoring", t.SNMPSocket)
			case len(w) > 0:
				t.SNMPSocket = w[0].Text
			}
		}),
		flag(kw("enable_traps", v(1, 2), "Send SNMP traps.").idle(), func(t *Global) { t.Traps = true }),
		flag(kw("enable_dbus", v(1, 3), "Serve D-Bus.").idle(), func(t *Global) { t.DBus = true }),
		optional(kw("dbus_service_name", v(1, 3), "Name on D-Bus.").idle(), "", func(_ *compiler, t *Global, s string) { t.DBusName = s }),
		optional(kw("dbus_no_interface_name", v(2, 3), "Name on D-Bus of instances without interface.").idle(), "", func(_ *compiler, t *Global, s string) { t.DBusNoIfName = s }),
	}
	for _, name := range []string{"enable_snmp_vrrp", "enable_snmp_keepalived", "enable_snmp_checker", "enable_snmp_rfc", "enable_snmp_rfcv2", "enable_snmp_rfcv3"} {
		out = append(out, flag(kw(name, v(1, 2), "Serve a part of the SNMP tree.").idle(), func(t *Global) { t.SNMP[name] = true }))
	}
	interval := func(name string, to func(*Global) *time.Duration) def[Global] {
		return timer(kw(name, v(2, 3), "Seconds between two readings of statistics.").idle(), timeRange{lo: 1000, hi: 30e6, decimals: 6}, "snmp stats vs update interval '{value}' invalid - ignoring",
			func(_ *compiler, t *Global, d time.Duration) { *to(t) = d })
	}
	return append(out,
		interval("snmp_vs_stats_update_interval", func(t *Global) *time.Duration { return &t.VSUpdate }),
		interval("snmp_rs_stats_update_interval", func(t *Global) *time.Duration { return &t.RSUpdate }))
}
