package expr

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseAddr(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr
	for _, c := range []struct {
		in    string
		allow AddrAllow
		want  Addr
		err   string
	}{
		{in: "1.2.3.4:80", want: Addr{IP: ip("1.2.3.4"), Host: "1.2.3.4", Port: 80, PortHigh: 80, HasPort: true}},
		{in: "1.2.3.4", want: Addr{IP: ip("1.2.3.4"), Host: "1.2.3.4"}},
		{in: ":80", want: Addr{IP: ip("0.0.0.0"), Port: 80, PortHigh: 80, HasPort: true}},
		{in: "*:80", want: Addr{IP: ip("0.0.0.0"), Host: "*", Port: 80, PortHigh: 80, HasPort: true}},
		{in: "[::1]:80", want: Addr{IP: ip("::1"), Host: "::1", Port: 80, PortHigh: 80, HasPort: true}},
		{in: "::1:80", want: Addr{IP: ip("::1"), Host: "::1", Port: 80, PortHigh: 80, HasPort: true}},
		{in: ":::80", want: Addr{IP: ip("::"), Host: "::", Port: 80, PortHigh: 80, HasPort: true}},
		{in: "[::]", want: Addr{IP: ip("::"), Host: "::"}},
		{in: "www:80", allow: AllowNames, want: Addr{Host: "www", Port: 80, PortHigh: 80, HasPort: true}},
		{in: "::1", allow: AllowNames, want: Addr{Host: ":", Port: 1, PortHigh: 1, HasPort: true}},
		{in: "ipv6@1.2.3.4:80", allow: AllowNames, want: Addr{Family: '6', Host: "1.2.3.4", Port: 80, PortHigh: 80, HasPort: true}},
		{in: "bogus@1.2.3.4:80", allow: AllowNames, want: Addr{Host: "bogus@1.2.3.4", Port: 80, PortHigh: 80, HasPort: true}},
		{in: ":1000-1010", allow: AllowRange, want: Addr{IP: ip("0.0.0.0"), Port: 1000, PortHigh: 1010, HasPort: true}},
		{in: "1.2.3.4:+5", allow: AllowOffset, want: Addr{IP: ip("1.2.3.4"), Host: "1.2.3.4", Port: 5, PortHigh: 5, HasPort: true, Offset: true}},
		{in: "1.2.3.4:-5", allow: AllowOffset, want: Addr{IP: ip("1.2.3.4"), Host: "1.2.3.4", Port: 5, PortHigh: 5, HasPort: true, Offset: true, Negative: true}},
		{in: "/tmp/s", want: Addr{Kind: Unix, Host: "/tmp/s"}},
		{in: "unix@s", want: Addr{Kind: Unix, Host: "s"}},
		{in: "abns@s", want: Addr{Kind: Abstract, Host: "s"}},
		{in: "udp@1.2.3.4:514", want: Addr{Datagram: true, IP: ip("1.2.3.4"), Host: "1.2.3.4", Port: 514, PortHigh: 514, HasPort: true}},
		{in: "quic4@:443", want: Addr{Family: '4', QUIC: true, IP: ip("0.0.0.0"), Port: 443, PortHigh: 443, HasPort: true}},
		{in: "fd@3", allow: AllowFD, want: Addr{Kind: FD, FDNum: 3}},
		{in: "fd@3", err: "a file descriptor is not acceptable here in 'fd@3'"},
		{in: "1.2.3.4:x", err: "invalid character 'x' in port number 'x' in '1.2.3.4:x'"},
		{in: "1.2.3.4:99999", err: "invalid port '99999'"},
		{in: ":0", allow: NonZeroPort, err: "invalid port '0'"},
		{in: "1.2.3.4:80-90", err: "port range not permitted here in '1.2.3.4:80-90'"},
		{in: "1.2.3.4:80-", allow: AllowRange, err: "invalid port ''"},
		{in: "1.2.3.4:80-", err: "port range not permitted here in '1.2.3.4:80-'"},
		{in: "1.2.3.4:90-80", allow: AllowRange, err: "invalid port range '90-80'"},
		{in: "1.2.3.4:-80", err: "port offset not permitted here in '1.2.3.4:-80'"},
		{in: "1.2.3.4:+x", allow: AllowOffset, err: "invalid character 'x' in port number 'x' in '1.2.3.4:+x'"},
		{in: "1.2.3.4:80x", err: "invalid character 'x' in port number '80x' in '1.2.3.4:80x'"},
		{in: "[::1", err: "invalid address: '[:' in '[::1'"},
		{in: "[::1]x:80", err: "invalid address: '[::1]x' in '[::1]x:80'"},
		{in: "ipv4@::1:80", err: "invalid address: '::1' in 'ipv4@::1:80'"},
		{in: "bogus@1.2.3.4:80", err: "invalid address: 'bogus@1.2.3.4' in 'bogus@1.2.3.4:80'"},
		{in: "udp@1.2.3.4:80", allow: StreamOnly, err: "dgram-type address not acceptable in 'udp@1.2.3.4:80'"},
		{in: "uxdg@/tmp/x", allow: StreamOnly, err: "dgram-type address not acceptable in 'uxdg@/tmp/x'"},
		{in: "fd@x", err: "file descriptor 'x' is not a valid integer in 'fd@x'"},
		{in: "fd@-1", allow: AllowFD, err: "file descriptor '-1' is not a valid integer in 'fd@-1'"},
		{in: "sockpair@7", want: Addr{Kind: SockPair, FDNum: 7}},
		{in: "$EXPR_TEST_UNSET", err: "'$EXPR_TEST_UNSET' resolves to an empty address (environment variable missing?)"},
		{in: "$EXPR_TEST_UNSET:80", want: Addr{IP: ip("0.0.0.0"), Port: 80, PortHigh: 80, HasPort: true}},
		{in: "/" + strings.Repeat("a", 97), err: "socket path '/" + strings.Repeat("a", 97) + "' too long (max 97)"},
		{in: "foo", err: "invalid address: 'foo' in 'foo'"},
		{in: "1.2.3.4", allow: NeedPort, err: "missing port specification in '1.2.3.4'"},
	} {
		got, err := ParseAddr(c.in, c.allow)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: error %v, want %s", c.in, err, c.err)
			}
			continue
		}
		c.want.Text = c.in
		if d := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.Addr{})); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", c.in, err, d)
		}
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{"1.2.3.4:80", "[::1]", "abns@x", ":-", "a:+", "fd@", "stream+ipv4@x:1-2"} {
		f.Add(s, byte(255))
	}
	f.Fuzz(func(t *testing.T, s string, allow byte) {
		a, err := ParseAddr(s, AddrAllow(allow))
		if err == nil && (a.Port > 65535 || a.PortHigh < a.Port) {
			t.Fatalf("%q: ports %d to %d", s, a.Port, a.PortHigh)
		}
	})
}

func TestExpandEnv(t *testing.T) {
	t.Parallel()
	lookup := func(n string) (string, bool) { return map[string]string{"H": "1.2.3.4", "P": "80"}[n], n == "H" }
	for in, want := range map[string]string{
		"$H:80": "1.2.3.4:80", "${H}:${P}": "1.2.3.4:80", "${H": "1.2.3.4", "a$NO.b": "a.b", "$": "", "x": "x", "${H}$P": "1.2.3.480",
	} {
		if got := ExpandEnv(in, lookup); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
