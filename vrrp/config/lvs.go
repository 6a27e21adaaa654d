package config

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// notGiven marks a time or a count of Timing that was not written.
const notGiven = -1

var noTiming = Timing{DelayLoop: notGiven, Retry: notGiven, RetryDelay: notGiven, Warmup: notGiven, ConnectTimeout: notGiven}

var sslTable = keyword.NewTable("SSL keyword", []def[SSL]{
	optional(kw("password", 0, "Password of the key.").idle(), "SSL password missing", func(c *compiler, s *SSL, v string) { c.overwrite("SSL", &s.Password, v) }),
	optional(kw("ca", 0, "File of the authorities."), "SSL cafile missing", func(c *compiler, s *SSL, v string) { c.overwrite("SSL", &s.CA, v) }),
	optional(kw("certificate", 0, "File of the certificate."), "SSL certfile missing", func(c *compiler, s *SSL, v string) { c.overwrite("SSL", &s.Certificate, v) }),
	optional(kw("key", 0, "File of the key."), "SSL keyfile missing", func(c *compiler, s *SSL, v string) { c.overwrite("SSL", &s.Key, v) }),
})

// openVSGroup reads a virtual_server_group.
func openVSGroup(c *compiler, t *Config, w []expr.Word) (*VirtualServerGroup, func()) {
	if len(w) == 0 {
		c.missing(c.env.Words, 2)
		return nil, nil
	}
	g := &VirtualServerGroup{Name: w[0].Text, At: c.env.LineSpan()}
	c.eachLine(c.env.Words[:1], func(line sourceWords) { c.groupEntry(g, exprWords(line)) })
	if c.here(); len(g.Entries) == 0 && !c.fatal {
		c.say("virtual server group %s has no entries - removing", g.Name)
		return g, nil
	}
	t.VirtualGroups = append(t.VirtualGroups, g)
	return g, nil
}

// groupEntry reads "IP[-END|/len] [PORT]" or "fwmark N [inet|inet6]".
func (c *compiler) groupEntry(g *VirtualServerGroup, w []expr.Word) {
	if w[0].Text == "fwmark" {
		if len(w) < 2 {
			c.missing(c.env.Words, 2)
			return
		}
		n, ok := c.integer(w[1], 0, math.MaxUint32)
		if !ok {
			c.sayAt(1, "(%s): fwmark '%s' must be in [0, 4294967295] - ignoring", g.Name, w[1].Text)
			return
		}
		e := GroupEntry{FWMark: uint32(n), mark: true, At: c.env.LineSpan()}
		if len(w) > 2 {
			switch w[2].Text {
			case "inet":
			case "inet6":
				e.IPv6 = true
			default:
				c.sayAt(2, "(%s): fwmark '%s' family %s unknown - ignoring", g.Name, w[1].Text, w[2].Text)
				return
			}
			e.familySet = true
		}
		g.Entries = append(g.Entries, e)
		return
	}
	portText, port := "", int64(0)
	if len(w) > 1 {
		portText = w[1].Text
		var ok bool
		if port, ok = 0, w[1].Text == "0"; !ok {
			port, ok = c.integer(w[1], 1, 65535)
		}
		if !ok {
			c.sayAt(1, "Invalid virtual server group IP address %s /port/%s - skipping", w[0].Text, portText)
			return
		}
	}
	first, last, ok := c.addressRange(w[0])
	if ok {
		g.Entries = append(g.Entries, GroupEntry{First: first, Last: last, Port: uint16(port), IPv6: first.Is6(), At: c.env.LineSpan()})
	}
}

// addressRange reads "10.0.0.1", "10.0.0.1-5", "10.0.0.0/24".
func (c *compiler) addressRange(w expr.Word) (first, last netip.Addr, ok bool) {
	text := w.Text
	if host, bits := cutPrefix(text); bits != "" {
		a, err := netip.ParseAddr(host)
		n, rest := parseUint(bits)
		if err != nil || rest != "" || n == 0 || int(n) > a.BitLen() {
			c.sayAt(w.Index, "Invalid netmask - %s - skipping", text)
			return a, a, false
		}
		p := netip.PrefixFrom(a, int(n))
		if p.Masked().Addr() != a {
			c.sayAt(w.Index, "Address mask bits not empty - %s - skipping", text)
			return a, a, false
		}
		end := a.AsSlice()
		for i := int(n); i < a.BitLen(); i++ {
			end[i/8] |= 0x80 >> (i % 8)
		}
		last, _ = netip.AddrFromSlice(end)
		return a, last, true
	}
	host, end, ranged := strings.Cut(text, "-")
	a, err := netip.ParseAddr(host)
	if err != nil {
		c.sayAt(w.Index, "Invalid virtual server group IP address %s  - skipping", text)
		return a, a, false
	}
	if !ranged {
		return a, a, true
	}
	if b, err := netip.ParseAddr(end); err == nil {
		return a, b, true
	}
	n, rest := parseUint(end)
	limit := uint64(255)
	if a.Is6() {
		n, rest = parseHex(end)
		limit = 0xffff
	}
	if rest != "" || n > limit {
		c.sayAt(w.Index, "Virtual server group range '%s' end '%s' too large", text, end)
		return a, a, false
	}
	b := a.AsSlice()
	b[len(b)-1] = byte(n)
	if a.Is6() {
		b[len(b)-2] = byte(n >> 8)
	}
	last, _ = netip.AddrFromSlice(b)
	if last.Compare(a) <= 0 {
		c.sayAt(w.Index, "Address range end is not greater than address range start - %s - skipping", text)
		return a, a, false
	}
	return a, last, true
}

func (v *VirtualServer) label() string { return v.String() }

// String names the service as messages do.
func (v *VirtualServer) String() string {
	switch {
	case v.GroupName != "":
		return fmt.Sprintf("[%s]:0", v.GroupName)
	case v.mark:
		return fmt.Sprintf("FWM %d", v.FWMark)
	}
	return endpoint(v.Addr, v.Protocol)
}

func endpoint(a netip.AddrPort, protocol string) string {
	p := strings.ToLower(protocol)
	if p == "" {
		p = "none"
	}
	return fmt.Sprintf("[%s]:%s:%d", a.Addr(), p, a.Port())
}

// openVirtualServer begins a virtual_server.
func openVirtualServer(c *compiler, t *Config, w []expr.Word) (*VirtualServer, func()) {
	if len(w) == 0 {
		c.missing(c.env.Words, 2)
		return nil, nil
	}
	v := &VirtualServer{Weight: 1, Quorum: 1, Timing: noTiming, At: c.env.LineSpan()}
	switch w[0].Text {
	case "fwmark":
		if len(w) < 2 {
			c.missing(c.env.Words, 3) // the original dies here
			return nil, nil
		}
		n, ok := c.integer(w[1], 0, math.MaxUint32)
		if !ok {
			c.sayAt(2, "virtual server fwmark '%s' must be in [0, 4294967295] - ignoring", w[1].Text)
			return nil, nil
		}
		v.FWMark, v.mark = uint32(n), true
	case "group":
		if len(w) < 2 {
			c.missing(c.env.Words, 3) // the original dies here
			return nil, nil
		}
		v.GroupName = w[1].Text
	default:
		port, portText := int64(0), "(null)"
		ok := true
		if len(w) > 1 {
			portText = w[1].Text
			if w[1].Text != "0" {
				port, ok = c.integer(w[1], 1, 65535)
			}
		}
		host, _ := cutPrefix(w[0].Text)
		host, _, _ = strings.Cut(host, "-")
		a, err := netip.ParseAddr(host)
		if err != nil && len(w) < 2 {
			c.sayAt(1, "Invalid virtual server IP address %s - skipping", w[0].Text)
			return nil, nil
		}
		if !ok || err != nil {
			c.say("Invalid virtual server IP address/port %s/%s - skipping", w[0].Text, portText)
			return nil, nil
		}
		v.Addr, v.IPv6, v.FamilySet = netip.AddrPortFrom(a, uint16(port)), a.Is6(), true
	}
	v.Text = join(w)
	t.VirtualServers = append(t.VirtualServers, v)
	return v, func() { c.endVirtualServer(t, v) }
}

// endVirtualServer drops a service without real servers.
func (c *compiler) endVirtualServer(t *Config, v *VirtualServer) {
	c.here()
	if s := v.Sorry; s != nil && v.FamilySet && v.IPv6 != s.Addr.Addr().Is6() && v.Method.Kind != "TUN" {
		c.say("Address family of virtual server and sorry server %s don't match - skipping sorry server.", s.Addr.Addr())
		v.Sorry = nil
	}
	if len(v.Real) > 0 || v.GroupName != "" && len(v.Real) > 0 {
		return
	}
	name := v.String()
	if v.mark {
		name = "[(none)]:none:0"
	} else if v.GroupName == "" && len(c.env.Words) > 0 && v.Addr.Port() == 0 {
		name = fmt.Sprintf("[%s]:none:0", v.Addr.Addr())
	}
	c.say("Virtual server %s has no real servers - ignoring", name)
	for i, o := range t.VirtualServers {
		if o == v {
			t.VirtualServers = append(t.VirtualServers[:i:i], t.VirtualServers[i+1:]...)
			break
		}
	}
}

// schedulers are the names that lb_algo takes.
var schedulers = map[string]bool{"rr": true, "wrr": true, "lc": true, "wlc": true, "lblc": true, "sh": true, "mh": true, "dh": true,
	"fo": true, "ovf": true, "lblcr": true, "sed": true, "nq": true, "twos": true}

// forwarding reads "NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]";
// server is the word for the messages.
func (c *compiler) forwarding(w []expr.Word, server string) (Forwarding, bool) {
	f := Forwarding{Kind: w[0].Text}
	if f.Kind != "NAT" && f.Kind != "DR" && f.Kind != "TUN" {
		c.sayAt(w[0].Index, "PARSER : unknown [%s] routing method for %s server.", w[0].Text, server)
		return f, false
	}
	port := false
	for k := 1; k < len(w); k++ {
		s := w[k].Text
		switch {
		case f.Kind != "TUN":
			c.sayAt(w[k].Index, "Invalid tunnel option %s for %s server.", s, server)
			return f, false
		case s == "type":
			if k+1 >= len(w) {
				c.sayAt(w[k].Index, "Missing tunnel type for %s server.", server)
				return f, false
			}
			k++
			f.TunType = w[k].Text
			if f.TunType != "ipip" && f.TunType != "gue" && f.TunType != "gre" {
				c.sayAt(w[k].Index, "Unknown tunnel type %s for %s server.", f.TunType, server)
				return f, false
			}
		case s == "port":
			if k+1 >= len(w) {
				c.sayAt(w[k].Index, "Missing port for %s server.", server)
				return f, false
			}
			k++
			n, ok := c.integer(w[k], 1, 65535)
			if !ok {
				c.sayAt(w[k].Index, "Invalid gue tunnel port %s for %s server.", w[k].Text, server)
				return f, false
			}
			f.TunPort, port = uint16(n), true
		case s == "nocsum" || s == "csum" || s == "remcsum":
			f.TunCsum = s
		default:
			c.sayAt(w[k].Index, "Invalid tunnel option %s for %s server.", s, server)
			return f, false
		}
	}
	if (f.TunType == "gue") != port {
		c.say("gue tunnels require port, otherwise cannot have port.")
		return f, false
	}
	return f, true
}

// timingTexts are the texts for values of Timing that are out of range.
type timingTexts struct{ retry, timeout, loop, delay, warmup string }

// timingFields are the times that services, real servers and checkers share.
func timingFields[T any](of func(*T) *Timing, bad timingTexts) []def[T] {
	v := keyword.V
	return []def[T]{
		timer(kw("delay_loop", 0, "Seconds between two checks."), longTimer, bad.loop, func(_ *compiler, t *T, d time.Duration) { of(t).DelayLoop = d }),
		timer(kw("connect_timeout", 0, "Seconds until a connection is given up."), someTimer, bad.timeout, func(_ *compiler, t *T, d time.Duration) { of(t).ConnectTimeout = d }),
		number(kw("retry", v(1, 3), "Further tries before a check counts as failed."), retryLow(bad.retry), math.MaxUint32, bad.retry, func(_ *compiler, t *T, n int64) { of(t).Retry = int(n) }),
		timer(kw("delay_before_retry", 0, "Seconds before a further try."), long0Timer, bad.delay, func(_ *compiler, t *T, d time.Duration) { of(t).RetryDelay = d }),
		timer(kw("warmup", 0, "Most seconds before the first check."), long0Timer, bad.warmup, func(_ *compiler, t *T, d time.Duration) { of(t).Warmup = d }),
	}
}

// retryLow is the least number of retries: checkers take 0.
func retryLow(bad string) int64 {
	if strings.HasPrefix(bad, "retry") {
		return 1
	}
	return 0
}

// Endpoint names an address, protocol and port as messages do; "" is no
// protocol.
func Endpoint(a netip.AddrPort, protocol string) string { return endpoint(a, protocol) }

// NameOf names a server of the service as messages do.
func (v *VirtualServer) NameOf(r *RealServer) string {
	protocol := v.Protocol
	if v.mark || v.Group != nil && onlyMarks(v.Group) {
		protocol = ""
	}
	return endpoint(r.Addr, protocol)
}

// IsMark says that the service is chosen by a mark.
func (v *VirtualServer) IsMark() bool { return v.mark }

// IsMark says that the entry is a mark.
func (e *GroupEntry) IsMark() bool { return e.mark }

// FamilySet says that the entry names its address family, or shows it.
func (e *GroupEntry) FamilySet() bool { return e.familySet || !e.mark }
