package resolve

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

func apply(s *Section, text string) error {
	var words []source.Word
	for _, f := range strings.Fields(text) {
		words = append(words, source.Word{Text: f})
	}
	e := &keyword.Env{Diags: &diag.List{}, Scope: keyword.Resolvers, Section: "resolvers", Words: words}
	d, next := Words.Match(words, 0)
	if d == nil {
		return errors.New("unknown")
	}
	set, _, err := d.Read(e, words, next)
	if err != nil {
		return err
	}
	return set(s)
}

// The refusals of haproxy 3.5, observed with -c.
func TestSectionRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"nameserver a":                "'nameserver' expects <name> and <addr>[:<port>] as arguments.",
		"nameserver a foo":            "'nameserver a' : missing port specification in 'foo'",
		"hold foo 3s":                 "'hold' unknown <event>: 'foo', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.",
		"hold valid x":                "unexpected character 'x' in argument to <hold>.",
		"resolve_retries":             "'resolve_retries' expects <nb> as argument.",
		"timeout":                     "'timeout' expects 'retry' or 'resolve' and <time> as arguments.",
		"timeout resolve":             "'timeout resolve' expects <time> as argument.",
		"timeout foo 3s":              "'timeout' expects 'retry' or 'resolve' and <time> as arguments got 'foo'.",
		"timeout resolve x":           "unexpected character 'x' in argument to <timeout resolve>.",
		"accepted_payload_size 70000": "'accepted_payload_size' must be between 12 and 65535 inclusive (was 70000).",
		"resolution_pool_size 3":      "'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release).",
	} {
		if err := apply(NewSection("r"), line); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", line, err, want)
		}
	}
	s := NewSection("r")
	if err := apply(s, "nameserver a 1.2.3.4:53"); err != nil {
		t.Fatal(err)
	}
	if err := apply(s, "nameserver a 1.2.3.5:53"); err == nil || !strings.HasPrefix(err.Error(), "nameserver 'a' has same name as another nameserver") {
		t.Error(err)
	}
}

func TestSectionAccepts(t *testing.T) {
	t.Parallel()
	s := NewSection("r")
	for _, l := range []string{"nameserver a 1.2.3.4:53", "nameserver b tcp@[::1]:5353", "hold nx 5s", "hold obsolete 1m", "resolve_retries 7", "timeout resolve 2s", "timeout retry 500", "accepted_payload_size 4096"} {
		if err := apply(s, l); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
	want := NewSection("r")
	want.NameServers = []NameServer{{Name: "a", Addr: "1.2.3.4:53"}, {Name: "b", Addr: "[::1]:5353", TCP: true}}
	want.Hold.NX, want.Hold.Obsolete = 5*time.Second, time.Minute
	want.Retries, want.Resolve, want.Retry, want.Payload = 7, 2*time.Second, 500*time.Millisecond, 4096
	if d := cmp.Diff(want, s, cmpopts.IgnoreUnexported(NameServer{})); d != "" {
		t.Error(d)
	}
	for _, d := range Words.All() {
		if d.Doc == "" || d.Grammar() != nil {
			t.Errorf("%s is not documented", d.Name)
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr
	six, four := ip("2001:db8::1"), ip("192.0.2.1")
	lookup := func(_ context.Context, name string) []netip.Addr {
		if name == "www" {
			return []netip.Addr{four, six}
		}
		return nil
	}
	for _, c := range []struct {
		methods, name, prefer string
		last                  netip.Addr
		want                  netip.Addr
		how                   Outcome
	}{
		{"", "www", "ipv6", netip.Addr{}, six, Found},
		{"", "www", "ipv4", netip.Addr{}, four, Found},
		{"", "www", "ipv4", ip("10.0.0.1"), ip("10.0.0.1"), Found},
		{"libc", "www", "ipv4", ip("10.0.0.1"), four, Found},
		{"", "nope", "ipv4", netip.Addr{}, netip.Addr{}, NotFound},
		{"libc,none", "nope", "ipv4", netip.Addr{}, netip.Addr{}, Without},
		{"last,libc,192.0.2.9", "nope", "ipv4", netip.Addr{}, ip("192.0.2.9"), Found},
	} {
		got, how := Start(t.Context(), strings.FieldsFunc(c.methods, func(r rune) bool { return r == ',' }), c.name, c.prefer, c.last, lookup)
		if got != c.want || how != c.how {
			t.Errorf("%s %s: %v %v, want %v %v", c.methods, c.name, got, how, c.want, c.how)
		}
	}
}

func TestChoosePrefersNetworks(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.2.0.1")
	nets := []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16")}
	if got := Choose([]netip.Addr{a, b}, "ipv4", nets, netip.Addr{}); got != b {
		t.Error(got)
	}
	if got := Choose([]netip.Addr{a, b}, "ipv4", nets, a); got != a {
		t.Error("the present address was left:", got)
	}
	if Choose(nil, "ipv4", nil, a).IsValid() {
		t.Error("an address out of nothing")
	}
}

// zone is an Exchange that answers from memory.
type zone struct {
	mu    atomic.Pointer[func(ns, name string, typ uint16) (string, int, error)]
	asked atomic.Int64
}

func (z *zone) set(f func(ns, name string, typ uint16) (string, int, error)) { z.mu.Store(&f) }

func (z *zone) ask(ctx context.Context, ns NameServer, q *dns.Msg) (*dns.Msg, error) {
	z.asked.Add(1)
	ip, rcode, err := (*z.mu.Load())(ns.Name, q.Question[0].Name, q.Question[0].Qtype)
	if errors.Is(err, context.DeadlineExceeded) {
		<-ctx.Done()
	}
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg).SetRcode(q, rcode)
	if a, err := netip.ParseAddr(ip); err == nil {
		h := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET}
		if a.Is4() && q.Question[0].Qtype == dns.TypeA {
			m.Answer = append(m.Answer, &dns.A{Hdr: h, A: a.AsSlice()})
		} else if a.Is6() && q.Question[0].Qtype == dns.TypeAAAA {
			m.Answer = append(m.Answer, &dns.AAAA{Hdr: h, AAAA: a.AsSlice()})
		}
	}
	return m, nil
}

func testSection() *Section {
	s := NewSection("r")
	s.NameServers = []NameServer{{Name: "n1", Addr: "192.0.2.53:53"}, {Name: "n2", Addr: "192.0.2.54:53"}}
	return s
}

func TestQueryTakesTheFirstValidAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		z.set(func(ns, _ string, _ uint16) (string, int, error) {
			if ns == "n1" {
				return "", dns.RcodeRefused, nil
			}
			return "192.0.2.1", 0, nil
		})
		a := testSection().Query(t.Context(), z.ask, "www", "ipv6")
		if a.Failure != None || a.By != "r/n2" || a.Addrs[0].String() != "192.0.2.1" {
			t.Errorf("%+v", a)
		}
	})
}

func TestQueryFailures(t *testing.T) {
	t.Parallel()
	for want, f := range map[Failure]func(string, string, uint16) (string, int, error){
		NX:      func(string, string, uint16) (string, int, error) { return "", dns.RcodeNameError, nil },
		Refused: func(string, string, uint16) (string, int, error) { return "", dns.RcodeRefused, nil },
		Other:   func(string, string, uint16) (string, int, error) { return "", dns.RcodeServerFailure, nil },
		Timeout: func(string, string, uint16) (string, int, error) { return "", 0, context.DeadlineExceeded },
	} {
		synctest.Test(t, func(t *testing.T) {
			z := &zone{}
			z.set(f)
			start := time.Now()
			if a := testSection().Query(t.Context(), z.ask, "www", "ipv4"); a.Failure != want {
				t.Errorf("%v, want %v", a.Failure, want)
			}
			if want == Timeout && time.Since(start) != 6*time.Second {
				t.Errorf("three tries of two types took %v", time.Since(start))
			}
		})
	}
}

func TestRunnerFollowsAName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &zone{}
		answer := func(ip string, rcode int) {
			z.set(func(string, string, uint16) (string, int, error) { return ip, rcode, nil })
		}
		answer("192.0.2.1", 0)
		type update struct {
			at   time.Duration
			addr string
			why  Failure
		}
		start := time.Now()
		var got []update
		w := &Watch{Name: "www", Prefer: "ipv4", Update: func(a netip.Addr, _ string, why Failure) {
			got = append(got, update{time.Since(start).Round(time.Second), a.String(), why})
		}}
		r := &Runner{Section: testSection(), Ask: z.ask}
		r.Run([]*Watch{w}, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
		time.Sleep(10*time.Second + time.Millisecond)
		answer("192.0.2.2", 0)
		time.Sleep(5 * time.Second)
		answer("", dns.RcodeNameError)
		time.Sleep(40 * time.Second)
		answer("192.0.2.2", 0)
		time.Sleep(2 * time.Second)
		r.Stop()
		want := []update{{11 * time.Second, "192.0.2.2", None}, {45 * time.Second, "invalid IP", NX}, {56 * time.Second, "192.0.2.2", None}}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(update{})); d != "" {
			t.Error(d)
		}
	})
}
