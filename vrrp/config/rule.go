package config

import (
	"math"
	"strconv"
	"strings"

	"tandem/parser/expr"
)

// ruleReader reads one rule line.
type ruleReader struct {
	*compiler
	r      *Rule
	w      []expr.Word
	k      int
	static bool
	bad    bool
	acted  bool // an action was given
}

// ruleMany is the text for a second action.
const ruleMany = "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule"

// rule reads a line of virtual_rules or static_rules; nil leaves it out.
func (c *compiler) rule(w []expr.Word, static bool) *Rule {
	p := &ruleReader{compiler: c, r: &Rule{Protocol: protocolKeepalived, At: c.env.LineSpan(), Text: join(w)}, w: w, static: static}
	for ; p.k < len(w) && !p.bad && !c.fatal; p.k++ {
		p.option(w[p.k].Text)
	}
	r := p.r
	switch {
	case p.bad || c.fatal:
		return nil
	case !p.acted:
		c.say("No action specified for rule - ignoring")
		return nil
	case r.Action == "goto" && !r.PrioSet:
		c.say("Invalid rule - goto target %d specified without preference", r.Goto)
		return nil
	case r.Action == "goto" && r.Priority >= r.Goto:
		c.say("Invalid rule - preference %d >= goto target %d", r.Priority, r.Goto)
		return nil
	}
	if !r.PrioSet {
		next := &c.autoPref[0]
		if r.IPv6 {
			next = &c.autoPref[1]
		}
		c.say("Rule has no preference specified - setting to %d. This is probably not what you want.", *next)
		r.Priority = *next
		*next--
	}
	return r
}

func (p *ruleReader) value() (expr.Word, bool) {
	if p.k+1 >= len(p.w) {
		p.missing(p.env.Words, p.w[p.k].Index+2)
		return expr.Word{}, false
	}
	p.k++
	return p.w[p.k], true
}

func (p *ruleReader) refuse(w expr.Word, format string, args ...any) {
	p.sayAt(w.Index, format, args...)
	p.bad = true
}

// act notes an action; a second one is refused.
func (p *ruleReader) act(action, text string) {
	if p.acted {
		p.refuse(p.w[p.k], "%s", text)
		return
	}
	p.acted, p.r.Action = true, action
}

// option reads the word s and what belongs to it.
func (p *ruleReader) option(s string) {
	r := p.r
	switch s {
	case "inet", "inet6":
		r.IPv6, r.FamilySet = s == "inet6", true
		// The original takes the word behind the family for an option.
		if p.k+1 < len(p.w) && (p.w[p.k+1].Text == "from" || p.w[p.k+1].Text == "to") {
			p.k++
			if p.k+1 < len(p.w) {
				p.refuse(p.w[p.k+1], "Unknown rule option %s", p.w[p.k+1].Text)
			}
		}
	case "not":
		r.Not = true
	case "no_track":
		r.NoTrack = true
	case "type":
	case "nop", "blackhole", "unreachable", "prohibit":
		p.act(s, ruleMany)
	case "l3mdev":
		r.L3MDev = true
		p.act("l3mdev", ruleMany)
	case "from", "to":
		p.address(s)
	case "table", "lookup":
		w, ok := p.value()
		if !ok {
			return
		}
		n, good := tableOf(w.Text)
		if !good || n == 0 {
			p.refuse(w, "Routing table %s not found for rule", w.Text)
			return
		}
		r.Table = n
		p.act("lookup", ruleMany)
	case "goto":
		w, ok := p.value()
		if !ok {
			return
		}
		n, good := p.integer(w, 0, math.MaxUint32)
		if !good {
			p.refuse(w, "Invalid target %s specified", s)
			return
		}
		if p.acted {
			p.refuse(w, "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable/l3mdev for rule")
			return
		}
		r.Goto = uint32(n)
		p.act("goto", "")
	default:
		if _, ok := ruleOptions[s]; !ok || s == "track_group" && !p.static {
			if _, rest := parseUint(s); s == "" || rest == "" {
				p.refuse(p.w[p.k], "Invalid rule action %s", s)
				return
			}
			p.refuse(p.w[p.k], "Unknown rule option %s", s)
			return
		}
		if w, ok := p.value(); ok {
			ruleOptions[s](p, s, w)
		}
	}
}

// address reads the value of from or to.
func (p *ruleReader) address(s string) {
	w, ok := p.value()
	if !ok {
		return
	}
	if w.Text == "all" || w.Text == "any" || w.Text == "default" {
		return
	}
	a, good := p.prefix(w)
	if !good {
		p.refuse(w, "Invalid rule %s address %s", s, w.Text)
		return
	}
	if p.r.FamilySet && p.r.IPv6 != a.Addr().Is6() {
		p.refuse(w, "rule specification has mixed IPv4 and IPv6")
		return
	}
	p.r.IPv6, p.r.FamilySet = a.Addr().Is6(), true
	if s == "from" {
		p.r.From = a
	} else {
		p.r.To = a
	}
}

// ruleOptions are the options with one value.
var ruleOptions = makeRuleOptions()

func makeRuleOptions() map[string]func(p *ruleReader, s string, w expr.Word) {
	device := func(to func(*Rule) *string) func(*ruleReader, string, expr.Word) {
		return func(p *ruleReader, _ string, w expr.Word) {
			if !p.compiler.opt.HasInterface(w.Text) && !p.noInterface(w.Index, "interface %s for rule doesn't exist", w.Text) {
				p.bad = true
			}
			*to(p.r) = w.Text
		}
	}
	priority := func(p *ruleReader, s string, w expr.Word) {
		n, ok := p.integer(w, 0, math.MaxUint32)
		if !ok {
			p.refuse(w, "Invalid rule preference %s specified", s)
			return
		}
		p.r.Priority, p.r.PrioSet = uint32(n), true
	}
	tos := func(p *ruleReader, _ string, w expr.Word) {
		n, ok := tosOf(w.Text)
		if !ok {
			p.refuse(w, "TOS value %s is invalid", w.Text)
			return
		}
		p.r.TOS = n
	}
	supPrefix := func(p *ruleReader, s string, w expr.Word) {
		n, ok := p.integer(w, 0, math.MaxInt32)
		if !ok {
			p.refuse(w, "Invalid suppress_prefixlength %s specified", s)
			return
		}
		v := int32(n)
		p.r.SupPrefix = &v
	}
	supGroup := func(p *ruleReader, _ string, w expr.Word) {
		n, ok := interfaceGroup(w.Text)
		if !ok {
			p.refuse(w, "suppress_group %s is invalid", w.Text)
			return
		}
		v := int32(n)
		p.r.SupGroup = &v
	}
	ports := func(to func(*Rule) **[2]uint16) func(*ruleReader, string, expr.Word) {
		return func(p *ruleReader, s string, w expr.Word) {
			lo, hi, ok := portRange(w.Text)
			if !ok {
				p.sayAt(w.Index, "invalid %s range %s", s, w.Text)
				return
			}
			*to(p.r) = &[2]uint16{lo, hi}
		}
	}
	return map[string]func(*ruleReader, string, expr.Word){
		"preference": priority, "order": priority, "priority": priority, "pref": priority,
		"tos": tos, "dsfield": tos,
		"fwmark": ruleMark,
		"realms": func(p *ruleReader, _ string, w expr.Word) {
			n, ok := realmsOf(w.Text)
			if !ok {
				p.refuse(w, "invalid realms %s for rule", w.Text)
				return
			}
			p.r.Realms = n
		},
		"suppress_prefixlength": supPrefix, "sup_pl": supPrefix,
		"suppress_ifgroup": supGroup, "sup_group": supGroup,
		"iif": device(func(r *Rule) *string { return &r.IIF }), "dev": device(func(r *Rule) *string { return &r.IIF }),
		"oif": device(func(r *Rule) *string { return &r.OIF }),
		"tunnel-id": func(p *ruleReader, s string, w expr.Word) {
			n, ok := p.integer(w, 0, math.MaxUint32)
			if !ok {
				p.refuse(w, "Invalid tunnel-id %s specified", s)
				return
			}
			p.r.TunnelID = uint64(n)
		},
		"uidrange": func(p *ruleReader, s string, w expr.Word) {
			a, b, two := strings.Cut(w.Text, "-")
			lo, rest := parseUint(a)
			hi, rest2 := parseUint(b)
			if !two || rest != "" || rest2 != "" {
				p.refuse(w, "Invalid uidrange %s specified", s)
				return
			}
			p.r.UIDRange = &[2]uint32{uint32(lo), uint32(hi)}
		},
		"protocol": func(p *ruleReader, s string, w expr.Word) {
			n, ok := routeProtocols[w.Text]
			if !ok {
				v, good := p.integer(w, 0, 255)
				if !good {
					p.sayAt(w.Index, "Invalid protocol %s", w.Text)
					return
				}
				n = uint8(v)
			}
			p.r.Protocol = n
		},
		"ipproto": func(p *ruleReader, _ string, w expr.Word) {
			n, ok := map[string]uint8{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "icmpv6": 58, "vrrp": 112, "sctp": 132, "udplite": 136}[w.Text]
			if !ok {
				v, rest := parseUint(w.Text)
				if rest != "" || v > 255 {
					p.sayAt(w.Index, "Invalid ipproto %s", w.Text)
					return
				}
				n = uint8(v)
			}
			p.r.IPProto = n
		},
		"sport": ports(func(r *Rule) **[2]uint16 { return &r.SrcPorts }),
		"dport": ports(func(r *Rule) **[2]uint16 { return &r.DstPorts }),
		"track_group": func(p *ruleReader, _ string, w expr.Word) {
			if !p.hasTrackGroup(w.Text) {
				p.sayAt(w.Index, "track_group %s not found", w.Text)
				return
			}
			p.r.groupName = nameAt{w.Text, p.env.Span(w.Index)}
		},
	}
}

// ruleMark reads "N[/MASK]", each in any base.
func ruleMark(p *ruleReader, _ string, w expr.Word) {
	a, b, masked := strings.Cut(w.Text, "/")
	n, err := strconv.ParseUint(a, 0, 32)
	m := uint64(math.MaxUint32)
	var err2 error
	if masked {
		m, err2 = strconv.ParseUint(b, 0, 32)
	}
	if err != nil || err2 != nil {
		p.refuse(w, "Invalid rule fwmark %s specified", w.Text)
		return
	}
	p.r.Mark, p.r.MarkMask, p.r.MarkSet = uint32(n), uint32(m), true
}

// portRange reads "A[-B]".
func portRange(s string) (lo, hi uint16, ok bool) {
	a, b, two := strings.Cut(s, "-")
	if !two {
		b = a
	}
	x, rest := parseUint(a)
	y, rest2 := parseUint(b)
	return uint16(x), uint16(y), rest == "" && rest2 == "" && x <= 65535 && y <= 65535
}
