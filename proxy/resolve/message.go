package resolve

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Status is how a resolution ended.
type Status uint8

// Ends of a resolution.
const (
	Pending Status = iota
	Found
	NX
	Refused
	Timeout
	Other
)

// String is what log lines say of a failure.
func (s Status) String() string {
	return [...]string{"", "", "DNS NX status", "DNS refused status", "DNS timeout status", "unspecified DNS error"}[s]
}

// Target is one SRV record (RFC 2782).
type Target struct {
	Host     string // without the final dot
	Port     int
	Priority int
	Weight   int        // 0 to 65535
	Addr     netip.Addr // of the additional records; may be invalid
}

// Reply is what one answer says.
type Reply struct {
	Status  Status
	Count   Counter // the counter that it raises
	Addrs   []netip.Addr
	Targets []Target
}

// question packs a question of type typ with an EDNS record that announces
// the payload (RFC 6891).
func question(name string, typ uint16, id uint16, payload int) ([]byte, error) {
	q := new(dns.Msg)
	q.Id, q.RecursionDesired = id, true
	q.Question = []dns.Question{{Name: dns.Fqdn(name), Qtype: typ, Qclass: dns.ClassINET}}
	o := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	o.SetUDPSize(uint16(payload))
	q.Extra = append(q.Extra, o)
	return q.Pack()
}

// maxChain bounds the aliases that are followed.
const maxChain = 16

// readReply reads the answer to a question. Whatever is wrong makes a Reply
// too: its status is Other.
func readReply(packet []byte, name string, typ uint16) Reply {
	var m dns.Msg
	bad := Reply{Status: Other, Count: Invalid}
	if err := m.Unpack(packet); err != nil || !m.Response || len(m.Question) != 1 {
		return bad
	}
	if q := m.Question[0]; q.Qtype != typ || q.Qclass != dns.ClassINET || !sameName(q.Name, name) {
		return bad
	}
	switch {
	case m.Rcode == dns.RcodeNameError:
		return Reply{Status: NX, Count: NXCount}
	case m.Rcode == dns.RcodeRefused:
		return Reply{Status: Refused, Count: RefusedCount}
	case m.Rcode != dns.RcodeSuccess:
		return Reply{Status: Other, Count: OtherCount}
	case len(m.Answer) == 0:
		return Reply{Status: Other, Count: AnyErrors}
	case m.Truncated:
		return Reply{Status: Other, Count: Truncated}
	}
	return readRecords(&m, name, typ == dns.TypeSRV)
}

// readRecords takes the records of a sound answer.
func readRecords(m *dns.Msg, name string, srv bool) Reply {
	r := Reply{Status: Found, Count: Valid}
	owner, aliases := name, 0
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Class != dns.ClassINET {
			continue
		}
		if !sameName(h.Name, owner) {
			count := Invalid
			if aliases > 0 {
				count = CNameErrors
			}
			return Reply{Status: Other, Count: count}
		}
		switch x := rr.(type) {
		case *dns.CNAME:
			if owner, aliases = plain(x.Target), aliases+1; aliases > maxChain {
				return Reply{Status: Other, Count: CNameErrors}
			}
		case *dns.A:
			r.Addrs = appendAddr(r.Addrs, x.A)
		case *dns.AAAA:
			r.Addrs = appendAddr(r.Addrs, x.AAAA)
		case *dns.SRV:
			if srv {
				r.Targets = append(r.Targets, Target{Host: plain(x.Target), Port: int(x.Port), Priority: int(x.Priority), Weight: int(x.Weight)})
			}
		}
	}
	switch {
	case srv:
		r.Addrs = nil
		addAdditional(r.Targets, m.Extra)
	default:
		r.Targets = nil
	}
	if len(r.Addrs)+len(r.Targets) == 0 {
		count := AnyErrors
		if aliases > 0 {
			count = CNameErrors
		}
		return Reply{Status: Other, Count: count}
	}
	return r
}

// addAdditional gives SRV targets the addresses that came along.
func addAdditional(targets []Target, extra []dns.RR) {
	for _, rr := range extra {
		var got []netip.Addr
		switch x := rr.(type) {
		case *dns.A:
			got = appendAddr(nil, x.A)
		case *dns.AAAA:
			got = appendAddr(nil, x.AAAA)
		}
		if got == nil {
			continue
		}
		for i := range targets {
			if t := &targets[i]; !t.Addr.IsValid() && sameName(rr.Header().Name, t.Host) {
				t.Addr = got[0]
			}
		}
	}
}

func appendAddr(list []netip.Addr, ip []byte) []netip.Addr {
	if a, ok := netip.AddrFromSlice(ip); ok {
		return append(list, a.Unmap())
	}
	return list
}

// plain is a name without its final dot.
func plain(name string) string { return strings.TrimSuffix(name, ".") }

// sameName compares names, which are the same in any case (RFC 4343).
func sameName(a, b string) bool { return strings.EqualFold(plain(a), plain(b)) }

// ValidName says whether a host name can be asked for (RFC 1035, 2.3.4).
func ValidName(name string) bool {
	if name = plain(name); name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c <= ' ' || c >= 0x7f || c == '\\' {
				return false
			}
		}
	}
	return true
}
