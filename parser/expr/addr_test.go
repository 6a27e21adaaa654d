package expr

import (
	"net/netip"
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
