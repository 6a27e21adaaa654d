package config

import (
	"net/netip"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

var globalTable = keyword.NewTable("global_defs keyword",
	globalMail(), globalProcess(), globalScripts(), globalVRRP(), globalGarp(), globalNetlink(),
	globalFirewall(), globalLVS(), globalReload(), globalSNMP(), globalOurs())

// setDefaults fills in what applies where no word was written.
func (cfg *Config) setDefaults(opt Options) {
	cfg.Process.ChildWaitTime = 5 * time.Second
	cfg.Global = Global{
		RouterID:         opt.HostName,
		Mail:             Mail{HeloName: opt.HostName, ServerPort: 25, ConnectTimeout: 30 * time.Second, From: "keepalived@" + opt.HostName},
		MinAutoPrioDelay: time.Second,
		StartupTimeout:   10 * time.Second,
		ShutdownTimeout:  10 * time.Second,
		VRRPVersion:      2,
		MulticastGroup4:  netip.AddrFrom4([4]byte{224, 0, 0, 18}),
		MulticastGroup6:  netip.MustParseAddr("ff02::12"),
		DefaultInterface: "eth0",
		Garp: Garp{Delay: 5 * time.Second, Repeat: 5, RefreshRepeat: 1,
			LowerPrioDelay: -1, LowerPrioRepeat: -1},
		DownTimerAdverts: 3,
		RxBufsMultiplier: 3,
		NetlinkBuffers:   map[string]uint32{},
		NetlinkForce:     map[string]bool{},
		NFTablesPriority: -1,
		NFTablesFWMark:   1000,
		JSONVersion:      1,
		SNMP:             map[string]bool{},
		VSUpdate:         5 * time.Second,
		RSUpdate:         5 * time.Second,
		DBusName:         "org.keepalived.Vrrp1",
		DBusNoIfName:     "none",
	}
}

func globalMail() []def[Global] {
	v := keyword.V
	alert := func(name string, at func(*Global) **bool) def[Global] {
		return boolean(kw(name, v(1, 3), "Default of smtp_alert."), "Invalid value '{value}' for global "+name+" specified",
			func(t *Global, on bool) { *at(t) = &on })
	}
	return []def[Global]{
		optional(kw("router_id", 0, "Name of this machine in mails."), "routerid name missing - ignoring",
			func(_ *compiler, t *Global, s string) { t.RouterID = s }),
		action(kw("notification_email", 0, "Who gets mail."), func(c *compiler, t *Global) {
			n := len(t.Mail.To)
			readList(c, t, func(_ *compiler, t *Global, w []expr.Word) {
				for _, x := range w {
					t.Mail.To = append(t.Mail.To, x.Text)
				}
			})
			if len(t.Mail.To) == n {
				c.here()
				c.say("Warning - empty notification_email block")
			}
		}),
		optional(kw("notification_email_from", 0, "Sender of mails."), "emailfrom missing - ignoring",
			func(c *compiler, t *Global, s string) {
				t.Mail.From = s
				if w := c.env.Words; len(w) > 2 {
					c.sayAt(2, "emailfrom - ignoring extra entries '%s' ...", w[2].Text)
				}
			}),
		keyword.Define(kw("smtp_server", 0, "Mail server and its port, 25 by default.").spec(), smtpServer),
		optional(kw("smtp_helo_name", v(1, 2), "Name in HELO; the host name by default."), "",
			func(_ *compiler, t *Global, s string) { t.Mail.HeloName = s }),
		number(kw("smtp_connect_timeout", 0, "Seconds until a connection to the mail server is given up."), 0, 4294, "smtp_connect_timeout '{value}' must be in [0, 4294] - ignoring",
			func(c *compiler, t *Global, n int64) {
				if n == 0 {
					c.sayAt(1, "smtp_conect_timeout must be greater than 0, setting to 1")
					n = 1
				}
				t.Mail.ConnectTimeout = time.Duration(n) * time.Second
			}),
		alert("smtp_alert", func(t *Global) **bool { return &t.Mail.Alert }),
		alert("smtp_alert_vrrp", func(t *Global) **bool { return &t.Mail.AlertVRRP }),
		alert("smtp_alert_checker", func(t *Global) **bool { return &t.Mail.AlertChecker }),
		flag(kw("no_email_faults", 0, "Do not mail fault states."), func(t *Global) { t.Mail.NoEmailFaults = true }),
		boolean(kw("no_checker_emails", v(2, 0), "Do not mail results of checkers."), "Invalid value '{value}' for global no_checker_emails specified",
			func(t *Global, on bool) { t.Mail.NoCheckerMails = on }),
	}
}

func smtpServer(e *keyword.Env, a *oneAndMore) (Field[Global], error) {
	c := of(e)
	return func(t *Global) {
		port, portText := int64(25), "25"
		ok := true
		if len(a.More) > 0 {
			portText = a.More[0].Text
			port, ok = c.integer(a.More[0], 1, 65535)
		}
		host := a.Value.Text
		addr, err := netip.ParseAddr(host)
		if err != nil && ok {
			addr, ok = c.opt.Resolve(host)
		}
		if !ok {
			c.sayAt(1, "Invalid smtp server %s %s", host, portText)
			return
		}
		t.Mail.ServerName, t.Mail.ServerPort = host, uint16(port)
		t.Mail.Server = netip.AddrPortFrom(addr, uint16(port))
	}, nil
}

// prefixed makes a keyword for each of the three child processes.
func prefixed(make func(name string, of func(*Global) *ProcessOptions) []def[Global]) []def[Global] {
	var out []def[Global]
	out = append(out, make("vrrp", func(t *Global) *ProcessOptions { return &t.VRRPProcess })...)
	out = append(out, make("checker", func(t *Global) *ProcessOptions { return &t.CheckerProcess })...)
	return append(out, make("bfd", func(t *Global) *ProcessOptions { return &t.BFDProcess })...)
}

func globalProcess() []def[Global] {
	v := keyword.V
	out := []def[Global]{
		flag(kw("process_names", v(2, 0), "Give the processes their default names.").idle(), func(t *Global) { t.ProcessNames = true }),
		text(kw("process_name", v(2, 2), "Name of the parent process.").idle(), func(c *compiler, t *Global, s string) { t.ProcessName = c.processName(s) }),
		text(kw("lvs_process_name", v(2, 0), "Old name of checker_process_name.").old().idle(), func(c *compiler, t *Global, s string) { t.CheckerProcess.Name = c.processName(s) }),
		optNumber(kw("max_auto_priority", v(2, 1), "Highest real-time priority given automatically.").tuning(), -1, 99, "",
			"max_auto_priority '{value}' must be in [0, 99] (or -1 to disable) - ignoring",
			func(_ *compiler, t *Global, n int64) { t.MaxAutoPriority = int(n) }),
		optNumber(kw("min_auto_priority_delay", v(2, 1), "Microseconds of delay that raise the priority.").tuning(), 1, 10000000,
			"min_auto_priority_delay requires delay time", "min_auto_priority_delay '{value}' must be in [1, 10000000] - ignoring",
			func(_ *compiler, t *Global, n int64) { t.MinAutoPrioDelay = time.Duration(n) * time.Microsecond }),
		keyword.Define(kw("umask", v(2, 0), "File mode creation mask: a number, or names like IRUSR|IWGRP.").spec(), setUmask),
		number(kw("random_seed", v(2, 0), "Seed of random numbers, for tests.").tuning(), 0, 1<<32-1, "random_seed {value} invalid",
			func(_ *compiler, t *Global, n int64) { s := uint32(n); t.RandomSeed = &s }),
	}
	return append(out, prefixed(processFields)...)
}

// processFields are the scheduling keywords of one child process.
func processFields(p string, of func(*Global) *ProcessOptions) []def[Global] {
	v := keyword.V
	limit := func(name string, i info) def[Global] {
		return number(i, 1, 1<<32-1, "Invalid "+p+" real-time limit - {value}",
			func(_ *compiler, t *Global, n int64) { of(t).RTLimit = time.Duration(n) * time.Microsecond })
	}
	return []def[Global]{
		text(kw(p+"_process_name", v(2, 0), "Name of the "+p+" process.").idle(), func(c *compiler, t *Global, s string) { of(t).Name = c.processName(s) }),
		optNumber(kw(p+"_priority", v(1, 2), "Nice value of the "+p+" process.").idle(), -20, 19, "No "+p+" process priority specified", "Invalid "+p+" process priority specified",
			func(_ *compiler, t *Global, n int64) { of(t).Priority, of(t).Nice = int(n), true }),
		flag(kw(p+"_no_swap", v(1, 2), "Lock the "+p+" process in memory.").tuning(), func(t *Global) { of(t).NoSwap = true }),
		optNumber(kw(p+"_rt_priority", v(2, 0), "Real-time priority of the "+p+" process.").idle(), -1<<31, 1<<31-1, "No "+p+" process real-time priority specified",
			p+" process real-time priority '{value}' invalid", func(c *compiler, t *Global, n int64) { of(t).RTPrio = c.realTime(p, n) }),
		words(kw(p+"_cpu_affinity", v(2, 0), "Processors that the "+p+" process may use.").idle(), func(c *compiler, t *Global, w []expr.Word) { c.affinity(p, of(t), w) }),
		limit("rlimit_rttime", kw(p+"_rlimit_rttime", v(2, 1), "Microseconds of real-time computing without a pause.").tuning()),
		limit("rlimit_rtime", kw(p+"_rlimit_rtime", v(2, 0), "Old name of rlimit_rttime.").old().tuning()),
	}
}

// processName cuts a process name to what the kernel keeps.
func (c *compiler) processName(s string) string {
	if len(s) > 15 {
		c.sayAt(1, "Process name %s more than 15 characters, truncating", s)
		return s[:15]
	}
	return s
}

// realTime brings a real-time priority into the kernel's range.
func (c *compiler) realTime(p string, n int64) int {
	switch {
	case n < 1:
		c.sayAt(1, "%s process real-time priority %d less than minimum 1 - setting to minimum", p, n)
		n = 1
	case n > 99:
		c.sayAt(1, "%s process real-time priority %d greater than maximum 99 - setting to maximum", p, n)
		n = 99
	}
	return int(n)
}

func (c *compiler) affinity(p string, o *ProcessOptions, w []expr.Word) {
	if len(w) == 0 {
		c.say("No %s cpu_id set specified", p)
		return
	}
	for _, x := range w {
		n, ok := c.signed(x, 0, int64(cpus()-1))
		if !ok {
			c.sayAt(x.Index, "Invalid cpu_id:%d specified for %s process", n, p)
			return
		}
		o.CPUs = append(o.CPUs, int(n))
	}
}

// umaskBits are the names that umask takes.
var umaskBits = map[string]uint32{
	"IRUSR": 0o400, "IWUSR": 0o200, "IXUSR": 0o100, "IRGRP": 0o040, "IWGRP": 0o020, "IXGRP": 0o010,
	"IROTH": 0o004, "IWOTH": 0o002, "IXOTH": 0o001, "IRWXU": 0o700, "IRWXG": 0o070, "IRWXO": 0o007,
}

func setUmask(e *keyword.Env, a *oneAndMore) (Field[Global], error) {
	c := of(e)
	return func(t *Global) {
		s := a.Value.Text
		if s == "" {
			c.sayAt(1, "umask missing bit value")
			return
		}
		if s[0] >= '0' && s[0] <= '9' {
			if len(a.More) > 0 {
				c.sayAt(2, "Extra parameter(s) to umask option")
				return
			}
			n, rest := octal(s)
			if rest != "" || n > 0o777 {
				c.sayAt(1, "invalid umask value %s", s)
				return
			}
			t.Umask = &n
			return
		}
		var mask uint32
		wantBit := true
		for _, x := range append([]expr.Word{a.Value}, a.More...) {
			for i, bit := range strings.Split(x.Text, "|") {
				if i > 0 {
					wantBit = true
				}
				if bit == "" {
					continue
				}
				b, ok := umaskBits[bit]
				switch {
				case !wantBit:
					c.sayAt(x.Index, "Invalid umask syntax %s", x.Text)
					return
				case !ok:
					c.sayAt(x.Index, "Unknown umask bit %s", bit)
					return
				}
				mask |= b
				wantBit = false
			}
		}
		t.Umask = &mask
	}, nil
}
