package resolve

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"
)

// rr reads a record as zone files write it.
func rr(t testing.TB, text string) dns.RR {
	t.Helper()
	x, err := dns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// reply packs an answer to a question; records behind "+" are additional.
func reply(t testing.TB, name string, typ uint16, change func(*dns.Msg), records ...string) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), typ)
	m.Response = true
	for _, r := range records {
		if add, ok := strings.CutPrefix(r, "+"); ok {
			m.Extra = append(m.Extra, rr(t, add))
		} else {
			m.Answer = append(m.Answer, rr(t, r))
		}
	}
	if change != nil {
		change(m)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The counters are those that haproxy 3.5 raised for the same answers.
func TestReadReply(t *testing.T) {
	t.Parallel()
	code := func(n int) func(*dns.Msg) { return func(m *dns.Msg) { m.Rcode = n } }
	for _, c := range []struct {
		what    string
		packet  []byte
		status  Status
		count   Counter
		addrs   string
		targets []Target
	}{
		{"one address", reply(t, "a.ex", dns.TypeA, nil, "a.ex. A 192.0.2.1"), Found, Valid, "192.0.2.1", nil},
		{"in capitals", reply(t, "A.EX", dns.TypeA, nil, "A.eX. A 192.0.2.1"), Found, Valid, "192.0.2.1", nil},
		{"another family", reply(t, "a.ex", dns.TypeA, nil, "a.ex. AAAA 2001:db8::1", "a.ex. A 192.0.2.1"), Found, Valid, "2001:db8::1 192.0.2.1", nil},
		{"aliases", reply(t, "a.ex", dns.TypeA, nil, "a.ex. CNAME b.ex.", "b.ex. CNAME c.ex.", "c.ex. A 192.0.2.3"), Found, Valid, "192.0.2.3", nil},
		{"alias alone", reply(t, "a.ex", dns.TypeA, nil, "a.ex. CNAME b.ex."), Other, CNameErrors, "", nil},
		{"alias of another", reply(t, "a.ex", dns.TypeA, nil, "a.ex. CNAME b.ex.", "c.ex. A 192.0.2.3"), Other, CNameErrors, "", nil},
		{"another owner", reply(t, "a.ex", dns.TypeA, nil, "b.ex. A 192.0.2.3"), Other, Invalid, "", nil},
		{"nothing", reply(t, "a.ex", dns.TypeA, nil), Other, AnyErrors, "", nil},
		{"no such name", reply(t, "a.ex", dns.TypeA, code(dns.RcodeNameError)), NX, NXCount, "", nil},
		{"refused", reply(t, "a.ex", dns.TypeA, code(dns.RcodeRefused)), Refused, RefusedCount, "", nil},
		{"failed", reply(t, "a.ex", dns.TypeA, code(dns.RcodeServerFailure)), Other, OtherCount, "", nil},
		{"cut", reply(t, "a.ex", dns.TypeA, func(m *dns.Msg) { m.Truncated = true }, "a.ex. A 192.0.2.1"), Other, Truncated, "", nil},
		{"a question", reply(t, "a.ex", dns.TypeA, func(m *dns.Msg) { m.Response = false }, "a.ex. A 192.0.2.1"), Other, Invalid, "", nil},
		{"another question", reply(t, "b.ex", dns.TypeA, nil, "b.ex. A 192.0.2.1"), Other, Invalid, "", nil},
		{"another type", reply(t, "a.ex", dns.TypeAAAA, nil, "a.ex. A 192.0.2.1"), Other, Invalid, "", nil},
		{"no question", reply(t, "a.ex", dns.TypeA, func(m *dns.Msg) { m.Question = nil }, "a.ex. A 192.0.2.1"), Other, Invalid, "", nil},
		{"pointer to itself", []byte("\x00\x01\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"), Other, Invalid, "", nil},
		{"cut in the middle", reply(t, "a.ex", dns.TypeA, nil, "a.ex. A 192.0.2.1")[:30], Other, Invalid, "", nil},
	} {
		r := readReply(c.packet, "a.ex", dns.TypeA)
		want := Reply{Status: c.status, Count: c.count}
		for a := range strings.FieldsSeq(c.addrs) {
			want.Addrs = append(want.Addrs, netip.MustParseAddr(a))
		}
		if d := cmp.Diff(want, r, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%s: %s", c.what, d)
		}
	}
}

func TestReadTargets(t *testing.T) {
	t.Parallel()
	got := readReply(reply(t, "_h._tcp.ex", dns.TypeSRV, nil, "_h._tcp.ex. SRV 1 20 8001 B.ex.", "_h._tcp.ex. SRV 1 0 8002 c.ex.",
		"+b.ex. A 192.0.2.1", "+b.ex. A 192.0.2.2"), "_h._tcp.ex", dns.TypeSRV)
	want := []Target{
		{Host: "B.ex", Port: 8001, Priority: 1, Weight: 20, Addr: netip.MustParseAddr("192.0.2.1")},
		{Host: "c.ex", Port: 8002, Priority: 1},
	}
	if d := cmp.Diff(want, got.Targets, cmpopts.EquateComparable(netip.Addr{})); d != "" || got.Status != Found {
		t.Error(got.Status, d)
	}
}

// FuzzReadReply gives answers of any bytes: they are refused or make sense.
func FuzzReadReply(f *testing.F) {
	f.Add(reply(f, "a.ex", dns.TypeA, nil, "a.ex. CNAME b.ex.", "b.ex. A 192.0.2.1"))
	f.Add(reply(f, "a.ex", dns.TypeSRV, nil, "a.ex. SRV 1 2 3 b.ex.", "+b.ex. AAAA ::1"))
	f.Add([]byte("\x00\x01\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV} {
			r := readReply(b, "a.ex", typ)
			if (r.Status == Found) != (len(r.Addrs)+len(r.Targets) > 0) {
				t.Errorf("%v with %d addresses and %d targets", r.Status, len(r.Addrs), len(r.Targets))
			}
		}
	})
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	b, err := question("a.ex", dns.TypeSRV, 0x1234, 4096)
	if err != nil {
		t.Fatal(err)
	}
	want := "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x02ex\x00\x00\x21\x00\x01" + "\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"
	if string(b) != want {
		t.Errorf("%q", b)
	}
}

func TestValidName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a.ex": true, "a.ex.": true, "_h._tcp.ex": true, "": false, "a..ex": false, ".": false, "a b": false,
		strings.Repeat("a", 63): true, strings.Repeat("a", 64): false, strings.Repeat("a.", 127) + "a": false,
	} {
		if ValidName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestReadResolvConf(t *testing.T) {
	t.Parallel()
	got := ReadResolvConf(strings.NewReader("# a file\nsearch ex\nnameserver 192.0.2.1\nnameserver name\nnameserver 2001:db8::1 # two\n"))
	want := []NameServer{{Name: "192.0.2.1", Addr: "192.0.2.1:53"}, {Name: "2001:db8::1", Addr: net.JoinHostPort("2001:db8::1", "53")}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
