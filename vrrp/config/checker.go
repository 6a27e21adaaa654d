package config

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keepalived"
	"tandem/parser/keyword"
)

// checkerFields are the checks of a real_server.
func checkerFields() []def[RealServer] {
	v := keyword.V
	check := func(name string, since keyword.Version, doc string, tab *keyword.Table[Field[Checker]], end func(*compiler, *RealServer, *Checker) bool) def[RealServer] {
		return action(kw(name, since, doc), func(c *compiler, r *RealServer) {
			k := &Checker{Kind: name, Timing: noTiming, At: c.env.LineSpan(), rs: r, MaxReply: 255, DNSType: "SOA"}
			runBlock(c, tab, k, false)
			c.here()
			if c.fatal || end != nil && !end(c, r, k) {
				return
			}
			if k.HeloName == "" {
				k.HeloName = "smtpchecker.keepalived.org"
			}
			if k.DNSName == "" {
				k.DNSName = "."
			}
			r.Checkers = append(r.Checkers, k)
		})
	}
	return []def[RealServer]{
		check("TCP_CHECK", 0, "Connect.", tcpTable, nil),
		check("HTTP_GET", 0, "Ask for pages by HTTP.", httpTable, endHTTP),
		check("SSL_GET", 0, "Ask for pages by HTTPS.", sslGetTable, endHTTP),
		check("SMTP_CHECK", 0, "Greet a mail server.", smtpTable, nil),
		check("DNS_CHECK", v(1, 3), "Ask a name server.", dnsTable, nil),
		check("MISC_CHECK", 0, "Run a script.", miscTable, endMisc),
		check("BFD_CHECK", v(2, 0), "Follow a BFD session.", bfdCheckTable, endBFDCheck),
		check("UDP_CHECK", v(2, 1), "Send a datagram.", udpTable, endUDP),
		check("PING_CHECK", v(2, 1), "Send an echo request.", tcpTable, nil),
		check("FILE_CHECK", v(2, 2), "Follow a track_file.", fileCheckTable, endFileCheck),
	}
}

// target is the address that a check talks to.
func (c *compiler) target(r *RealServer, k *Checker) netip.Addr {
	if k.ConnectIP.IsValid() {
		return k.ConnectIP
	}
	return r.Addr.Addr()
}

// common are the words of every check that connects.
func common() []def[Checker] {
	addr := func(name, doc string, to func(*Checker) *netip.Addr) def[Checker] {
		return text(kw(name, 0, doc), func(c *compiler, k *Checker, s string) {
			a, err := netip.ParseAddr(s)
			if err != nil {
				c.sayAt(1, "Invalid %s address %s - ignoring", name, s)
				return
			}
			if name == "bindto" && a.Is6() != c.target(k.rs, k).Is6() {
				c.sayAt(1, "bindto address %s does not match address family of connect_ip - skipping", a)
				return
			}
			*to(k) = a
		})
	}
	port := func(name, doc string, to func(*Checker) *uint16) def[Checker] {
		return number(kw(name, 0, doc), 1, 65535, "Invalid checker "+name+" '{value}'", func(_ *compiler, k *Checker, n int64) { *to(k) = uint16(n) })
	}
	return append([]def[Checker]{
		addr("connect_ip", "Address to connect to instead of the real server's.", func(k *Checker) *netip.Addr { return &k.ConnectIP }),
		port("connect_port", "Port to connect to instead of the real server's.", func(k *Checker) *uint16 { return &k.ConnectPort }),
		addr("bindto", "Source address.", func(k *Checker) *netip.Addr { return &k.BindIP }),
		port("bind_port", "Source port.", func(k *Checker) *uint16 { return &k.BindPort }),
		text(kw("bind_if", keyword.V(2, 0), "Interface to connect from."), func(_ *compiler, k *Checker, s string) { k.BindIf = s }),
		number(kw("fwmark", keyword.V(1, 2), "Mark of the check's packets."), 0, math.MaxUint32, "Invalid fwmark connection value '{value}'",
			func(_ *compiler, k *Checker, n int64) { k.FWMark = uint32(n) }),
	}, base()...)
}

// base are the words of every check.
func base() []def[Checker] {
	return append([]def[Checker]{alphaField(),
		boolean(kw("log_all_failures", keyword.V(2, 1), "Log every failure."), "Invalid log_all_failures parameter {value}", func(k *Checker, on bool) { k.LogAll = &on }),
	}, timingFields(func(k *Checker) *Timing { return &k.Timing }, timingTexts{
		retry: "Invalid retry connection value '{value}'", timeout: "connect_timeout {value} invalid - ignoring", loop: "delay_loop '{value}' is invalid - ignoring",
		delay: "Invalid delay_before_retry connection value '{value}'", warmup: "Invalid warmup connection value '{value}'"})...)
}

func alphaField() def[Checker] {
	return boolean(kw("alpha", keyword.V(2, 0), "The check counts as failed until it succeeded."), "Invalid alpha parameter {value}", func(k *Checker, on bool) { k.Alpha = &on })
}

var (
	tcpTable    = keyword.NewTable("TCP_CHECK keyword", common())
	httpTable   = keyword.NewTable("HTTP_GET keyword", common(), httpFields())
	sslGetTable = keyword.NewTable("SSL_GET keyword", common(), httpFields(), []def[Checker]{
		boolean(kw("tls_compliant", keyword.V(2, 2), "Demand a proper TLS close.").idle(), "Invalid tls_compliant option {value}", func(k *Checker, on bool) { k.TLSCompliant = on }),
	})
	smtpTable = keyword.NewTable("SMTP_CHECK keyword", common(), []def[Checker]{
		optional(kw("helo_name", 0, "Name in HELO."), "SMTP_CHECK helo name missing", func(c *compiler, k *Checker, s string) {
			c.once("SMTP_CHECK helo name already specified", &k.HeloName, s)
		}),
		block(kw("host", 0, "Old way of connect_ip and its kind.").old(), hostTable, func(_ *compiler, k *Checker) *Checker { return k }),
	})
	hostTable = keyword.NewTable("host keyword", common())
	dnsTable  = keyword.NewTable("DNS_CHECK keyword", common(), []def[Checker]{
		text(kw("type", keyword.V(1, 3), "Type of the question."), func(c *compiler, k *Checker, s string) {
			t := strings.ToUpper(s)
			switch t {
			case "A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY":
				k.DNSType = t
			default:
				c.sayAt(1, "Unknown DNS check type %s - ignoring", s)
			}
		}),
		text(kw("name", keyword.V(1, 3), "Name to ask for."), func(c *compiler, k *Checker, s string) {
			if strings.Contains(s, "..") || strings.HasPrefix(s, ".") && s != "." {
				c.sayAt(1, "DNS_CHECK name '%s' has empty label - ignoring", s)
				return
			}
			c.once("DNS_CHECK name already specified - ignoring", &k.DNSName, s)
		}),
	})
	miscTable = keyword.NewTable("MISC_CHECK keyword", base1("connect_timeout"), []def[Checker]{
		words(kw("misc_path", 0, "Command to run."), func(c *compiler, k *Checker, _ []expr.Word) {
			if w := c.scriptWords(); len(w) > 1 {
				k.Script, _ = c.command(w[:2])
			}
		}),
		number(kw("misc_timeout", 0, "Seconds that a run may take."), 0, math.MaxUint32, "Invalid misc_timeout value '{value}'",
			func(_ *compiler, k *Checker, n int64) { k.Timeout = time.Duration(n) * time.Second }),
		flag(kw("misc_dynamic", 0, "Exit statuses 2 to 255 are weights."), func(k *Checker) { k.Dynamic = true }),
		words(kw("user", keyword.V(1, 3), "User and group that it runs as."), func(c *compiler, k *Checker, w []expr.Word) {
			if len(w) == 0 {
				path := ""
				if k.Script != nil {
					path = k.Script.Text
				}
				c.say("No user specified for misc checker script '%s'", path)
				return
			}
			a, ok := c.account(w)
			if k.user, k.userBad = &a, !ok; !ok {
				c.say("Failed to set uid/gid for misc checker script %s - removing", k.Script.quoted())
			}
		}),
	})
	bfdCheckTable = keyword.NewTable("BFD_CHECK keyword", []def[Checker]{alphaField(),
		words(kw("name", keyword.V(2, 0), "The bfd_instance to follow."), func(c *compiler, k *Checker, w []expr.Word) {
			if len(w) != 1 {
				c.say("(%s) BFD_CHECK - No or too many names specified - skipping checker", k.rs.text())
				k.named = true
				return
			}
			k.named = true
			for _, b := range c.cfg.BFDs {
				if b.Name == w[0].Text {
					k.BFD = b
					return
				}
			}
			c.sayAt(1, "(%s) BFD_CHECK - BFD %s not configured", k.rs.text(), w[0].Text)
		}),
	})
	udpTable = keyword.NewTable("UDP_CHECK keyword", common(), []def[Checker]{
		optional(kw("payload", keyword.V(2, 1), "Bytes to send, in hexadecimal."), "UDP_CHECK payload requires a payload", func(c *compiler, k *Checker, s string) {
			b, _, ok := hexBytes(s, false)
			if !ok {
				c.sayAt(1, "Invalid hex string for UDP_CHECK payload")
				return
			}
			k.Payload = append([]byte{}, b...)
		}),
		optional(kw("require_reply", keyword.V(2, 1), "Pattern that the answer must begin with; x is any digit."), "", func(c *compiler, k *Checker, s string) {
			b, mask, ok := hexBytes(s, true)
			if !ok || len(b) == 0 {
				c.sayAt(1, "Invalid hex string for UDP_CHECK reply")
				return
			}
			k.RequireReply, k.Reply, k.ReplyMask = true, b, mask
		}, func(k *Checker) { k.RequireReply = true }),
		number(kw("min_reply_length", keyword.V(2, 1), "Least bytes of an answer."), 0, 65535, "UDP_CHECK min length {value} not valid - must be between 0 & 65535",
			func(_ *compiler, k *Checker, n int64) { k.MinReply = int(n) }),
		number(kw("max_reply_length", keyword.V(2, 1), "Most bytes of an answer."), 0, 65535, "UDP_CHECK max length {value} not valid - must be between 0 & 65535",
			func(_ *compiler, k *Checker, n int64) { k.MaxReply = int(n) }),
	})
	fileCheckTable = keyword.NewTable("FILE_CHECK keyword", []def[Checker]{
		text(kw("track_file", keyword.V(2, 2), "The track_file to follow."), func(c *compiler, k *Checker, s string) {
			// Another process's pass reads the block itself.
			if !c.declares("track_file", s) && !c.declares("vrrp_track_file", s) {
				c.sayAt(1, "track_file %s not found", s)
				return
			}
			k.refName = nameAt{s, c.env.Span(1)}
		}),
		words(kw("weight", keyword.V(2, 2), "Factor of the number in the file."), func(c *compiler, k *Checker, w []expr.Word) {
			if len(w) == 0 {
				c.say("track file weight missing")
				return
			}
			n, ok := c.integer(w[0], math.MinInt32+1, math.MaxInt32)
			if !ok {
				c.sayAt(1, "weight for track file must be in [-2147483647..2147483647] inclusive. Ignoring...")
				return
			}
			if len(w) > 1 {
				if w[1].Text != "reverse" {
					c.sayAt(2, "unknown track file weight option %s - ignoring", w[1].Text)
					return
				}
				k.Reverse = true
			}
			k.Weight = int(n)
		}),
	})
)

// base1 is base without one keyword.
func base1(without string) []def[Checker] {
	var out []def[Checker]
	for _, d := range base() {
		if d.Name != without {
			out = append(out, d)
		}
	}
	return out
}

// declares says whether a root line "keyword name" stands above.
func (c *compiler) declares(keyword, name string) bool {
	depth := 0
	for i := range c.doc.Lines[:min(c.pos, len(c.doc.Lines))] {
		switch c.doc.Lines[i].Brace {
		case keepalived.Open:
			depth++
			continue
		case keepalived.Close:
			depth = max(depth-1, 0)
			continue
		}
		if depth > 0 {
			continue
		}
		w, _ := c.doc.Lines[i].Words()
		if len(w) > 1 && w[0].Text == keyword && w[1].Text == name {
			return true
		}
	}
	return false
}

// text names a real server as messages do.
func (r *RealServer) text() string { return endpoint(r.Addr, r.vs.Protocol) }

func endMisc(c *compiler, _ *RealServer, k *Checker) bool {
	switch {
	case k.userBad:
		return false // said at the user line
	case k.Script == nil:
		c.say("No script path has been specified for MISC_CHECKER - skipping")
		return false
	}
	if k.user != nil {
		k.Script.Account, k.Script.ownAccount = *k.user, true
	} else if !c.own(k.Script) {
		c.say("Unable to set default user for misc script %s - removing", k.Script.quoted())
		return false
	}
	return true
}

func endHTTP(c *compiler, _ *RealServer, k *Checker) bool {
	if len(k.URLs) == 0 {
		c.say("HTTP/SSL_GET checker has no urls specified - ignoring")
		return false
	}
	return true
}

func endBFDCheck(c *compiler, r *RealServer, k *Checker) bool {
	if !k.named {
		c.say("(%s) No name has been specified for BFD_CHECKER - skipping", r.text())
	}
	return k.BFD != nil
}

func endUDP(c *compiler, _ *RealServer, k *Checker) bool {
	if k.MinReply > k.MaxReply {
		c.say("UDP_CHECK min_reply length %d > max_reply_length %d - will always fail", k.MinReply, k.MaxReply)
	}
	return true
}

func endFileCheck(c *compiler, _ *RealServer, k *Checker) bool {
	if k.refName.name == "" {
		c.say("FILE_CHECK has no track_file specified - ignoring")
		return false
	}
	return true
}
