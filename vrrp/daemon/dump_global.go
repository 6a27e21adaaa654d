package daemon

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"time"

	"tandem/vrrp/config"
)

// writeGlobal writes the global part of keepalived.data. What this program has
// no such thing of (versions of libraries, original kernel settings) is left
// out rather than invented.
func writeGlobal(b *bufio.Writer, cfg *config.Config) {
	g, pr := &cfg.Global, &cfg.Process
	p := func(format string, args ...any) { fmt.Fprintf(b, " "+format+"\n", args...) }
	b.WriteString("------< Global definitions >------\n")
	p("Network namespace = %s", or(pr.NetNamespace, "(default)"))
	p("Network namespace ipvs = %s", or(pr.NetNamespaceIPVS, "(main namespace)"))
	if !g.UseSymlinkPaths {
		p("Replace symlinks in script paths")
	}
	p("%set supplementary groups for all scripts", enabled(g.SupplementaryGroup, "S", "Don't s"))
	p("Router ID = %s", g.RouterID)
	writeMail(p, &g.Mail)
	p("Checkers log all failures = %t", g.CheckerLogAll)
	p("%s", enabled(g.ReloadCheck, "Test config before reload", "No test config before reload"))
	p("Dynamic interfaces = %t", g.DynamicInterfaces)
	if g.DynamicInterfaces {
		p("Allow interface changes = %t", g.AllowIfChanges)
	}
	p("Default interface = %s", or(g.DefaultInterface, "eth0"))
	p("Disable local IGMP = %s", enabled(g.DisableLocalIGMP, "yes", "no"))
	p("Use VRRPv2 checksum for VRRPv3 IPv4 = %s", enabled(g.V3ChecksumAsV2, "yes", "no"))
	p("LVS flush = %t", g.LVSFlush)
	p("LVS flush on stop = %s", or(g.LVSFlushStop, "disabled"))
	writeFIFOs(p, g)
	p("FIFO write vrrp states on reload = %t", g.FIFOOnReload)
	p("VRRP notify priority changes = %t", g.PriorityChanges)
	p("VRRP IPv4 mcast group = %s", g.MulticastGroup4)
	p("VRRP IPv6 mcast group = %s", g.MulticastGroup6)
	writeGlobalGarp(p, g)
	p("VRRP default protocol version = %d", g.VRRPVersion)
	if g.NFTables != "" || slices.ContainsFunc(cfg.Instances, quiet) {
		p("nftables table name = %s", or(g.NFTables, "keepalived"))
		p("nftables base chain priority = %d", g.NFTablesPriority)
		p("nftables %sforce use ifindex for link local IPv6", enabled(g.NFTablesIfindex, "", "don't "))
	}
	p("nftables %s counters", enabled(g.NFTablesCounters, "with", "without"))
	p("VRRP check unicast_src = %t", g.CheckUnicastSource)
	p("VRRP skip check advert addresses = %t", g.SkipCheckAdvAddr)
	p("VRRP strict mode = %t", g.Strict)
	p("Max auto priority = %d", g.MaxAutoPriority)
	p("Min auto priority delay = %d usecs", g.MinAutoPrioDelay.Microseconds())
	for _, x := range []struct {
		name string
		o    *config.ProcessOptions
	}{{"VRRP", &g.VRRPProcess}, {"Checker", &g.CheckerProcess}} {
		p("%s process priority = %d", x.name, x.o.Priority)
		p("%s don't swap = %t", x.name, x.o.NoSwap)
		p("%s realtime priority = %d", x.name, x.o.RTPrio)
		limit := x.o.RTLimit
		if limit == 0 {
			limit = 10 * time.Millisecond
		}
		p("%s realtime limit = %d", x.name, limit.Microseconds())
	}
	p("Script security %s", enabled(g.ScriptSecurity, "enabled", "disabled"))
	p("Default script uid:gid %d:%d", g.ScriptUser.UID, g.ScriptUser.GID)
	for _, n := range []string{"vrrp_netlink_cmd", "vrrp_netlink_monitor", "process_monitor", "lvs_netlink_cmd", "lvs_netlink_monitor"} {
		n += "_rcv_bufs"
		p("%s = %d", n, g.NetlinkBuffers[n])
		p("%s_force = %s", n, enabled(g.NetlinkForce[n], "1", "0"))
	}
	p("rs_init_notifies = %s", enabled(g.RSInitNotifies, "1", "0"))
	p("no_checker_emails = %s", enabled(g.Mail.NoCheckerMails, "1", "0"))
	p("rx_bufs_multiples = %d", g.RxBufsMultiplier)
	mask := uint32(0o177)
	if g.Umask != nil {
		mask = *g.Umask
	}
	p("umask = %#o", mask)
	if g.StartupDelay > 0 {
		p("vrrp_startup_delay = %g", g.StartupDelay.Seconds())
	}
	p("json_version %d", max(g.JSONVersion, 1))
	p("iproute usr directory %s", or(g.IPRouteUsrDir, "/etc/iproute2"))
	p("iproute etc directory %s", or(g.IPRouteEtcDir, "/etc/iproute2"))
}

// writeFIFOs writes the FIFOs and the scripts that read them.
func writeFIFOs(p func(string, ...any), g *config.Global) {
	for _, x := range []struct {
		name string
		f    *config.FIFO
	}{{"Global", g.FIFO}, {"VRRP", g.VRRPFIFO}} {
		if x.f == nil || x.f.Path == "" {
			continue
		}
		p("%s notify fifo = %s, uid:gid %d:%d", x.name, x.f.Path, x.f.Account.UID, x.f.Account.GID)
		if x.f.Script != nil {
			p("%s notify fifo script = %s", x.name, commandText(x.f.Script, x.f.Path))
		}
	}
}

// writeGaps writes the paces of announcements: of the groups, then of the
// interfaces that keep to the global one.
func (d *Daemon) writeGaps(b *bufio.Writer) {
	g := &d.cfg.Global
	write := func(arp, na time.Duration, links []string) {
		b.WriteString("------< GARP delay group >------\n")
		for _, x := range []struct {
			name string
			gap  time.Duration
		}{{"GARP", arp}, {"GNA", na}} {
			if x.gap > 0 {
				// When the next may go is known to the queue alone.
				fmt.Fprintf(b, " %s interval = %.6f\n", x.name, x.gap.Seconds())
			}
		}
		b.WriteString(" Interfaces\n")
		for _, l := range links {
			fmt.Fprintf(b, "  %s\n", l)
		}
	}
	if len(d.cfg.GarpGroups) == 0 && g.GarpInterval+g.GnaInterval == 0 {
		return
	}
	b.WriteString("------< Gratuitous ARP delays >------\n")
	have := make(map[string]bool)
	for _, x := range d.cfg.GarpGroups {
		write(x.GarpInterval, x.GnaInterval, x.Interfaces)
		for _, l := range x.Interfaces {
			have[l] = true
		}
	}
	if g.GarpInterval+g.GnaInterval == 0 {
		return
	}
	for _, in := range d.order {
		if in.base != "" && !have[in.base] {
			have[in.base] = true
			write(g.GarpInterval, g.GnaInterval, []string{in.base})
		}
	}
}

// writeStatic writes what is there as long as the program runs.
func (d *Daemon) writeStatic(b *bufio.Writer) {
	list := func(title string, n int, text func(i int) string) {
		if n == 0 {
			return
		}
		fmt.Fprintf(b, "------< Static %s >------\n", title)
		for i := range n {
			fmt.Fprintf(b, "     %s\n", text(i))
		}
	}
	cfg := d.cfg
	list("Addresses", len(cfg.StaticAddresses), func(i int) string { return addrText(addrOf(cfg.StaticAddresses[i]), "", true) })
	list("Routes", len(cfg.StaticRoutes), func(i int) string { return routeText(cfg.StaticRoutes[i], "") })
	list("Rules", len(cfg.StaticRules), func(i int) string { return ruleText(cfg.StaticRules[i]) })
	if len(cfg.StaticGroups) == 0 {
		return
	}
	b.WriteString("------< Static Track groups >------\n")
	for _, g := range cfg.StaticGroups {
		fmt.Fprintf(b, " Static Track Group = %s\n   VRRP member instances :\n", g.Name)
		for _, m := range g.Members {
			fmt.Fprintf(b, "     %s\n", m.Name)
		}
	}
}

// or is s, or what stands for an empty one.
func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func writeMail(p func(string, ...any), m *config.Mail) {
	if m.Server.IsValid() || m.ServerName != "" {
		host := m.ServerName
		if m.Server.IsValid() {
			host = m.Server.Addr().String()
		}
		p("Smtp server = %s", host)
		p("Smtp server port = %d", m.ServerPort)
		helo := m.HeloName
		if helo == "" {
			helo, _ = os.Hostname()
		}
		p("Smtp HELO name = %s", helo)
		p("Smtp server connection timeout = %d", m.ConnectTimeout/time.Second)
	}
	if m.From != "" && len(m.To) > 0 {
		p("Email notification from = %s", m.From)
	}
	if len(m.To) > 0 {
		p("Email notification to:")
		for _, to := range m.To {
			p("  %s", to)
		}
	}
	for _, x := range []struct {
		name string
		v    *bool
	}{{"smtp_alert", m.Alert}, {"smtp_alert_vrrp", m.AlertVRRP}, {"smtp_alert_checker", m.AlertChecker}} {
		text := "unset"
		if x.v != nil {
			text = enabled(*x.v, "on", "off")
		}
		p("Default %s = %s", x.name, text)
	}
}

func writeGlobalGarp(p func(string, ...any), g *config.Global) {
	p("Gratuitous ARP delay = %d", g.Garp.Delay/time.Second)
	p("Gratuitous ARP repeat = %d", g.Garp.Repeat)
	p("Gratuitous ARP refresh timer = %d", g.Garp.Refresh/time.Second)
	p("Gratuitous ARP refresh repeat = %d", g.Garp.RefreshRepeat)
	delay, repeat := g.Garp.LowerPrioDelay, g.Garp.LowerPrioRepeat
	if repeat < 0 { // not given: those of a new master
		delay, repeat = g.Garp.Delay, g.Garp.Repeat
	}
	p("Gratuitous ARP lower priority delay = %d", delay/time.Second)
	p("Gratuitous ARP lower priority repeat = %d", repeat)
	p("Num adverts before down = %d", g.DownTimerAdverts)
	p("Gratuitous ARP for each secondary VMAC = %ds", g.Garp.ExtraInterval/time.Second)
	p("Send advert after receive lower priority advert = %t", !g.LowerPrioNoAdvert)
	p("Send advert after receive higher priority advert = %t", g.HigherPrioSendAdvert)
	p("Gratuitous ARP interval = %.6f", g.GarpInterval.Seconds())
	p("Gratuitous NA interval = %.6f", g.GnaInterval.Seconds())
}
