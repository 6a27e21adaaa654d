package listen

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Headers of packets from 10.1.2.3:1234 to 10.4.5.6:80, and the like of IPv6.
const (
	cipIPv4 = "4500002800010000400600000a0102030a040506"
	cipIPv6 = "6000000000140640" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002"
	cipTCP  = "04d20050000000000000000050020064" + "00000000"
)

func TestReadCIP(t *testing.T) {
	t.Parallel()
	const (
		empty     = "Connection closed while waiting for NetScaler Client IP header"
		truncated = "Truncated NetScaler Client IP header received"
		magic     = "Received an invalid NetScaler Client IP magic number"
		proto     = "Received an unhandled protocol in the NetScaler Client IP header"
	)
	for _, c := range []struct{ name, in, want string }{
		{"old form", "00001234 00000028" + cipIPv4 + cipTCP, "10.1.2.3:1234 10.4.5.6:80"},
		{"new form", "00001234 00000034 0001 0028" + cipIPv4 + cipTCP, "10.1.2.3:1234 10.4.5.6:80"},
		{"old form, IPv6", "00001234 0000003c" + cipIPv6 + cipTCP, "[2001:db8::1]:1234 [2001:db8::2]:80"},
		{"new form, IPv6", "00001234 00000048 0001 003c" + cipIPv6 + cipTCP, "[2001:db8::1]:1234 [2001:db8::2]:80"},
		{"IP options", "00001234 00000038 0001 002c 46" + cipIPv4[2:] + "00000000" + cipTCP, "10.1.2.3:1234 10.4.5.6:80"},
		{"more than both headers", "00001234 0000002a" + cipIPv4 + cipTCP + "6162", "10.1.2.3:1234 10.4.5.6:80"},
		{"other magic", "00000007 00000028" + cipIPv4 + cipTCP, magic},
		{"a request", "474554202f20485454502f312e31", magic},
		{"UDP", "00001234 00000028" + strings.Replace(cipIPv4, "4006", "4011", 1) + cipTCP, proto},
		{"IP version 9", "00001234 00000028 9" + cipIPv4[1:] + cipTCP, proto},
		{"no TCP header", "00001234 00000014" + cipIPv4, truncated},
		{"short IP header", "00001234 00000028 44" + cipIPv4[2:] + cipTCP, truncated},
		{"longer than there is", "00001234 00000029" + cipIPv4 + cipTCP, truncated},
		{"far too long", "00001234 7fffffff" + cipIPv4 + cipTCP, truncated},
		{"cut in the magic", "0000", truncated},
		{"nothing", "", empty},
	} {
		in, err := hex.DecodeString(strings.ReplaceAll(c.in, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		rest := ""
		if strings.Contains(c.want, ":") {
			rest = "REST"
		}
		r := strings.NewReader(string(in) + rest)
		src, dst, err := ReadCIP(r, 0x1234)
		got := src.String() + " " + dst.String()
		if err != nil {
			got = err.Error()
		} else if left, _ := io.ReadAll(r); string(left) != rest {
			t.Errorf("%s: %q is left", c.name, left)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestReadProxyFaults tells apart why there is no header.
func TestReadProxyFaults(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]*Fault{
		"":                               proxyFaults.empty,
		"PRO":                            proxyFaults.truncated,
		"\r\n\r\n":                       proxyFaults.truncated,
		"PROXY TCP4 1.2.3.4":             proxyFaults.truncated,
		"GET":                            proxyFaults.truncated,
		"PROXY UDP4 1.2.3.4 5 6 7\r\n":   errProxyProto,
		"GET / HTTP/1.1\r\n":             ErrNoProxyHeader,
		"PROXY TCP4 1 2 3 4\r\n":         ErrBadProxyHeader,
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11": proxyFaults.truncated,
	} {
		a, b := pipe(t)
		go func() { _, _ = io.WriteString(a, in); _ = a.Close() }()
		if _, err := ReadProxy(b); err != error(want) {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
	_, b := pipe(t)
	_ = b.SetDeadline(time.Now().Add(-time.Second))
	if _, err := ReadProxy(b); err != error(proxyFaults.timeout) {
		t.Errorf("too late: %v", err)
	}
}
