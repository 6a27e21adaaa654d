package config

import (
	"math"
	"net/netip"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

var virtualServerTable = keyword.NewTable("virtual_server keyword", vsService(), vsQuorum(), vsSorry(),
	timingFields(func(v *VirtualServer) *Timing { return &v.Timing }, timingTexts{
		retry: "retry value invalid - {value}", timeout: "virtual server connect_timeout {value} invalid - ignoring", loop: "virtual server delay loop '{value}' invalid - ignoring",
		delay: "virtual server delay before retry '{value}' invalid - ignoring", warmup: "virtual server warmup '{value}' invalid - ignoring"}))

func vsService() []def[VirtualServer] {
	v := keyword.V
	sched := func(name string) def[VirtualServer] {
		return text(kw(name, 0, "Scheduler of the service."), func(c *compiler, t *VirtualServer, s string) {
			if !schedulers[s] {
				c.sayAt(1, "Invalid lvs_scheduler '%s' - ignoring", s)
				return
			}
			t.Scheduler = s
		})
	}
	method := func(name string) def[VirtualServer] {
		return keyword.Define(kw(name, 0, "How packets reach real servers: NAT, DR or TUN.").spec(), func(e *keyword.Env, a *oneAndMore) (Field[VirtualServer], error) {
			c := of(e)
			return func(t *VirtualServer) {
				if f, ok := c.forwarding(append([]expr.Word{a.Value}, a.More...), "virtual"); ok {
					t.Method, t.methodGiven = f, true
				}
			}, nil
		})
	}
	bit := func(name, needs string, flag uint32) def[VirtualServer] {
		return action(kw(name, v(1, 3), "A flag of the scheduler."), func(c *compiler, t *VirtualServer) {
			if needs != "" && t.Scheduler != needs {
				// The original names sh for mh's flags too.
				c.say("%s only applies to sh scheduler - ignoring", name)
				return
			}
			t.SchedFlag |= flag
		})
	}
	return []def[VirtualServer]{
		sched("lb_algo"), sched("lvs_sched"), method("lb_kind"), method("lvs_method"),
		flag(kw("ops", v(1, 2), "One-packet scheduling."), func(t *VirtualServer) { t.OnePacket = true }),
		bit("hashed", "sh", 0), bit("flag-1", "", 8), bit("flag-2", "", 16), bit("flag-3", "", 32),
		bit("sh-port", "sh", 16), bit("sh-fallback", "sh", 8), bit("mh-port", "mh", 16), bit("mh-fallback", "mh", 8),
		text(kw("persistence_engine", v(1, 2), "IPVS persistence engine."), func(_ *compiler, t *VirtualServer, s string) { t.PersistEngine = s }),
		optNumber(kw("persistence_timeout", 0, "Seconds that a client stays with its real server."), 1, 31*86400, "", "persistence_timeout invalid",
			func(_ *compiler, t *VirtualServer, n int64) {
				t.Persistent, t.PersistTimeout = true, time.Duration(n)*time.Second
			}),
		text(kw("persistence_granularity", 0, "Length of the prefix that counts as one client."), persistGranularity),
		text(kw("protocol", 0, "TCP, UDP or SCTP."), func(c *compiler, t *VirtualServer, s string) {
			p := map[string]string{"TCP": "TCP", "UDP": "UDP", "SCTP": "SCTP", "tcp": "TCP", "udp": "UDP", "sctp": "SCTP"}[s]
			if p == "" {
				c.sayAt(1, "Unknown protocol %s - ignoring", s)
				return
			}
			t.Protocol, t.protocolGiven = p, true
		}),
		text(kw("ip_family", v(2, 0), "inet or inet6."), func(c *compiler, t *VirtualServer, s string) {
			switch {
			case s != "inet" && s != "inet6":
				c.sayAt(1, "unknown address family %s", s)
			case t.FamilySet && t.IPv6 != (s == "inet6"):
				c.sayAt(1, "Virtual server specified family %s conflicts with server family", s)
			default:
				t.IPv6, t.FamilySet = s == "inet6", true
			}
		}),
		number(kw("weight", v(2, 0), "Weight of real servers that have none."), 1, 1<<31-1, "Virtual server weight {value} is outside range 1-2147483647",
			func(_ *compiler, t *VirtualServer, n int64) { t.Weight = int(n) }),
		flag(kw("ha_suspend", 0, "Do not check while this machine does not hold the address."), func(t *VirtualServer) { t.HASuspend = true }),
		flag(kw("inhibit_on_failure", v(2, 0), "Give a failed real server weight 0 instead of removing it."), func(t *VirtualServer) { t.Inhibit = true }),
		optional(kw("virtualhost", 0, "Host of HTTP checks."), "virtual server virtualhost missing", func(c *compiler, t *VirtualServer, s string) {
			c.overwrite("vs virtualhost", &t.VirtualHost, s)
		}),
		only(kw("snmp_name", v(2, 2), "Name in SNMP.").idle(), "virtual server snmp_name missing or extra parameters", func(c *compiler, t *VirtualServer, s string) {
			c.overwrite("vs snmp_name", &t.SNMPName, s)
		}),
		boolean(kw("smtp_alert", v(1, 3), "Mail state changes."), "Invalid virtual_server smtp_alert parameter {value}", func(t *VirtualServer, on bool) { t.SMTPAlert = &on }),
	}
}

func persistGranularity(c *compiler, t *VirtualServer, s string) {
	if t.IPv6 {
		n, rest := parseUint(s)
		if rest != "" || n < 1 || n > 128 {
			c.sayAt(1, "Invalid IPv6 persistence_granularity specified - %s", s)
			return
		}
		t.PersistGran = int(n)
		t.Persistent = true
		return
	}
	if n, rest := parseUint(s); rest == "" && n >= 1 && n <= 32 {
		t.PersistGran = int(n)
		t.Persistent = true
		return
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		c.sayAt(1, "Invalid IPv4 persistence_granularity specified - %s", s)
		return
	}
	b := a.As4()
	n := 0
	for i := 0; i < 32 && b[i/8]&(0x80>>(i%8)) != 0; i++ {
		n++
	}
	t.PersistGran, t.Persistent = n, true
}

func vsQuorum() []def[VirtualServer] {
	script := func(name string, to func(*VirtualServer) **Command) def[VirtualServer] {
		return words(kw(name, 0, "Script to run when the quorum changes."), func(c *compiler, t *VirtualServer, _ []expr.Word) {
			given := c.env.Words
			w := c.scriptWords()
			switch {
			case w == nil:
				return
			case len(w) < 2:
				c.missing(given, 2)
				return
			}
			if *to(t) != nil {
				c.sayAt(1, "((null)) %s script already specified - ignoring %s", name, w[1].Text)
				return
			}
			if cmd, ok := c.command(w); ok && c.own(cmd) {
				*to(t) = cmd
			}
		})
	}
	return []def[VirtualServer]{
		flag(kw("alpha", 0, "Real servers are down until checked."), func(t *VirtualServer) { t.Alpha = true }),
		flag(kw("omega", 0, "Run the down scripts at stop."), func(t *VirtualServer) { t.Omega = true }),
		keyword.Define(kw("quorum", 0, "Weight that must be alive.").spec(), func(e *keyword.Env, a *one) (Field[VirtualServer], error) {
			c := of(e)
			return func(t *VirtualServer) {
				n, ok := c.integer(a.Value, 1, math.MaxUint32)
				if !ok {
					c.sayAt(1, "Quorum %s must be in [1, 4294967295]. Setting to 1.", a.Value.Text)
					n = 1
				}
				t.Quorum = int(n)
			}, nil
		}),
		number(kw("hysteresis", 0, "Weight by which the quorum must be passed."), 0, math.MaxUint32, "Hysteresis {value} must be in [0, 4294967295] - ignoring",
			func(_ *compiler, t *VirtualServer, n int64) { t.Hysteresis = int(n) }),
		script("quorum_up", func(t *VirtualServer) **Command { return &t.QuorumUp }),
		script("quorum_down", func(t *VirtualServer) **Command { return &t.QuorumDown }),
	}
}

func vsSorry() []def[VirtualServer] {
	v := keyword.V
	return []def[VirtualServer]{
		keyword.Define(kw("sorry_server", 0, "Where clients go when no real server is alive.").spec(), func(e *keyword.Env, a *oneAndMore) (Field[VirtualServer], error) {
			c := of(e)
			return func(t *VirtualServer) {
				port, ok := int64(0), true
				if len(a.More) > 0 && a.More[0].Text != "0" {
					port, ok = c.integer(a.More[0], 1, 65535)
				}
				addr, err := netip.ParseAddr(a.Value.Text)
				switch {
				case err != nil || !ok:
					c.sayAt(1, "Invalid sorry server IP address %s - skipping", a.Value.Text)
				default:
					t.Sorry = &RealServer{Addr: netip.AddrPortFrom(addr, uint16(port)), Weight: 1, Timing: noTiming, At: c.env.LineSpan()}
				}
			}, nil
		}),
		action(kw("sorry_server_inhibit", 0, "Keep real servers while the sorry server serves."), func(c *compiler, t *VirtualServer) {
			if t.Sorry == nil {
				c.say("Ignoring sorry_server inhibit used before or without sorry_server")
				return
			}
			t.SorryInhibit = true
		}),
		words(kw("sorry_server_lvs_method", v(2, 0), "How packets reach the sorry server."), func(c *compiler, t *VirtualServer, w []expr.Word) {
			if t.Sorry == nil {
				c.say("sorry_server forwarding used without sorry_server")
				return
			}
			if len(w) == 0 {
				c.missing(c.env.Words, 2)
				return
			}
			if f, ok := c.forwarding(w, "sorry"); ok {
				t.SorryMethod = &f
			}
		}),
		words(kw("real_server", 0, "A server behind the service."), func(c *compiler, t *VirtualServer, w []expr.Word) {
			if len(w) == 0 {
				c.missing(c.env.Words, 2)
				return
			}
			r := c.openRealServer(t, w)
			if r == nil {
				c.skipBlock()
				return
			}
			runBlock(c, realServerTable, r, false)
			method := t.Method.Kind
			if r.Method != nil {
				method = r.Method.Kind
			}
			if c.here(); t.FamilySet && t.IPv6 != r.Addr.Addr().Is6() && method != "TUN" {
				c.say("Address family of virtual server and real server %s don't match - skipping real server.", r.Addr.Addr())
				return
			}
			t.Real = append(t.Real, r)
		}),
	}
}

// openRealServer reads the line that begins a real_server.
func (c *compiler) openRealServer(t *VirtualServer, w []expr.Word) *RealServer {
	port, portText, ok := int64(0), "(null)", true
	if len(w) > 1 {
		portText = w[1].Text
		if w[1].Text != "0" {
			port, ok = c.integer(w[1], 1, 65535)
		}
	}
	a, err := netip.ParseAddr(w[0].Text)
	switch {
	case err != nil || !ok:
		c.sayAt(1, "Invalid real server ip address/port %s/%s - skipping", w[0].Text, portText)
		return nil
	}
	return &RealServer{Addr: netip.AddrPortFrom(a, uint16(port)), Weight: notGiven, Timing: noTiming, At: c.env.LineSpan(), vs: t}
}

var realServerTable = keyword.NewTable("real_server keyword", rsFields(), checkerFields(),
	timingFields(func(r *RealServer) *Timing { return &r.Timing }, timingTexts{
		retry: "retry value invalid - {value}", timeout: "real server connect_timeout {value} invalid - ignoring", loop: "real server delay_loop '{value}' invalid - ignoring",
		delay: "real server delay_before_retry '{value}' invalid - ignoring", warmup: "real server warmup '{value}' invalid - ignoring"}))

func rsFields() []def[RealServer] {
	v := keyword.V
	limit := func(name string, to func(*RealServer) *uint32) def[RealServer] {
		return number(kw(name, 0, "Connections at which IPVS stops or resumes sending new ones."), 0, math.MaxUint32, "Invalid real_server "+name+" '{value}' - ignoring",
			func(_ *compiler, r *RealServer, n int64) { *to(r) = uint32(n) })
	}
	script := func(name string, to func(*RealServer) **Command) def[RealServer] {
		return words(kw(name, 0, "Script to run when the server changes state."), func(c *compiler, r *RealServer, _ []expr.Word) {
			given := c.env.Words
			switch w := c.scriptWords(); {
			case len(w) > 1:
				setNotify(c, r, name, w, to(r))
			case w != nil:
				c.missing(given, 2)
			}
		})
	}
	return []def[RealServer]{
		number(kw("weight", 0, "Weight of the server."), 0, 1<<31-1, "Real server weight {value} is outside range 0-2147483647",
			func(_ *compiler, r *RealServer, n int64) { r.Weight = int(n) }),
		keyword.Define(kw("lvs_method", v(1, 3), "How packets reach the server.").spec(), func(e *keyword.Env, a *oneAndMore) (Field[RealServer], error) {
			c := of(e)
			return func(r *RealServer) {
				if f, ok := c.forwarding(append([]expr.Word{a.Value}, a.More...), "real"); ok {
					r.Method = &f
				}
			}, nil
		}),
		limit("uthreshold", func(r *RealServer) *uint32 { return &r.UThreshold }),
		limit("lthreshold", func(r *RealServer) *uint32 { return &r.LThreshold }),
		boolean(kw("inhibit_on_failure", 0, "Set the weight to 0 on failure instead of removing the server."), "Invalid inhibit_on_failure parameter {value}", func(r *RealServer, on bool) { r.Inhibit = &on }),
		boolean(kw("alpha", v(2, 0), "The server is down until checked."), "Invalid alpha parameter {value}", func(r *RealServer, on bool) { r.Alpha = &on }),
		boolean(kw("smtp_alert", v(1, 3), "Mail state changes."), "Invalid real_server smtp_alert parameter {value}", func(r *RealServer, on bool) { r.SMTPAlert = &on }),
		script("notify_up", func(r *RealServer) **Command { return &r.NotifyUp }),
		script("notify_down", func(r *RealServer) **Command { return &r.NotifyDown }),
		optional(kw("virtualhost", v(2, 0), "Host of HTTP checks."), "real server virtualhost missing", func(c *compiler, r *RealServer, s string) {
			c.overwrite("rs virtualhost", &r.VirtualHost, s)
		}),
		only(kw("snmp_name", v(2, 2), "Name in SNMP.").idle(), "real server snmp_name missing or extra parameters", func(c *compiler, r *RealServer, s string) {
			c.overwrite("rs snmp_name", &r.SNMPName, s)
		}),
	}
}
