package listen

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// text prints a header for comparison.
func headerText(h *ProxyHeader) string {
	s := h.Src.String() + " " + h.Dst.String()
	if h.Local {
		s = "local"
	}
	for _, t := range h.TLVs {
		s += " " + string('a'+rune(t.Type)) + "=" + string(t.Value)
	}
	return s
}

func pipe(t *testing.T) (a, b net.Conn) {
	a, b = net.Pipe()
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a, b
}

func TestReadProxy(t *testing.T) {
	t.Parallel()
	const sig = "\r\n\r\n\x00\r\nQUIT\n"
	f := func(name, in, want string) {
		t.Helper()
		a, b := pipe(t)
		go func() { io.WriteString(a, in+"REST"); a.Close() }()
		b.SetDeadline(time.Now().Add(10 * time.Second))
		h, err := ReadProxy(b)
		got := "refused"
		if err == nil {
			rest, _ := io.ReadAll(b)
			got = headerText(h) + " then " + string(rest)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	f("v1", "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\n", "1.2.3.4:1000 5.6.7.8:80 then REST")
	f("v1 ipv6", "PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1 [::1]:2 then REST")
	f("v1 unknown", "PROXY UNKNOWN anything at all\r\n", "local then REST")
	f("v1 without end", "PROXY TCP4 "+strings.Repeat("1", 200), "refused")
	f("v1 bad port", "PROXY TCP4 1.2.3.4 5.6.7.8 70000 80\r\n", "refused")
	f("v1 signed port", "PROXY TCP4 1.2.3.4 5.6.7.8 +1 80\r\n", "refused")
	f("v1 wrong family", "PROXY TCP4 ::1 ::1 1 2\r\n", "refused")
	f("v1 two blanks", "PROXY TCP4  1.2.3.4 5.6.7.8 1 80\r\n", "refused")
	f("no header", "GET / HTTP/1.1\r\n", "refused")
	f("v2", sig+"\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x03\xe8\x00\x50", "1.2.3.4:1000 5.6.7.8:80 then REST")
	f("v2 local with tlv", sig+"\x20\x00\x00\x05\x02\x00\x02hi", "local c=hi then REST")
	f("v2 empty", sig+"\x20\x00\x00\x00", "local then REST")
	f("v2 short", sig+"\x21\x11\x00\x04\x01\x02\x03\x04", "refused")
	f("v2 tlv overrun", sig+"\x20\x00\x00\x05\x02\x00\x09hi", "refused")
	f("v2 bad command", sig+"\x2f\x11\x00\x00", "refused")
	f("v2 bad version", sig+"\x11\x11\x00\x00", "refused")
}

func FuzzProxyV2(f *testing.F) {
	f.Add(byte(0x21), byte(0x11), []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x03\xe8\x00\x50"))
	f.Fuzz(func(t *testing.T, cmd, fam byte, body []byte) {
		h, err := parseProxyV2(cmd, fam, body)
		if err == nil && h.Version != 2 {
			t.Error("a header without version")
		}
	})
}
