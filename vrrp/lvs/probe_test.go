package lvs

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"tandem/vrrp/notify"
)

// long is more than any answer inside this machine takes, even when it is busy.
const long = time.Minute

// serveTCP has f talk to every connection, and returns where.
func serveTCP(t *testing.T, f func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); f(c) }()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// serveUDP answers every datagram with what f makes of it, if anything.
func serveUDP(t *testing.T, f func([]byte) []byte) netip.AddrPort {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if a := f(buf[:n]); a != nil {
				_, _ = c.WriteTo(a, from)
			}
		}
	}()
	return netip.MustParseAddrPort(c.LocalAddr().String())
}

// nobody is an address where nothing listens.
func nobody(t *testing.T, network string) netip.AddrPort {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return netip.MustParseAddrPort(c.LocalAddr().String())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

func to(a netip.AddrPort) Connection { return Connection{To: a, Timeout: long} }

func TestTCPProbe(t *testing.T) {
	t.Parallel()
	p := &TCPProbe{Connection: to(serveTCP(t, func(net.Conn) {}))}
	if o := p.Probe(t.Context(), 0); !o.OK {
		t.Errorf("a server: %+v", o)
	}
	p = &TCPProbe{Connection: to(nobody(t, "tcp"))}
	if o := p.Probe(t.Context(), 0); o.OK || o.Timeout {
		t.Errorf("nobody: %+v", o)
	}
}

// page serves one answer and hands over the request.
func page(t *testing.T, answer string, got chan<- string) netip.AddrPort {
	return serveTCP(t, func(c net.Conn) { talkHTTP(c, answer, got) })
}

func talkHTTP(c net.Conn, answer string, got chan<- string) {
	var req strings.Builder
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if req.WriteString(line); err != nil || line == "\r\n" {
			break
		}
	}
	if got != nil {
		got <- req.String()
	}
	_, _ = io.WriteString(c, answer)
}

// TestHTTPRequest holds the bytes of requests as the original sends them.
func TestHTTPRequest(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddrPort("10.2.2.1:80"), netip.MustParseAddrPort("[fd00::1]:8080")
	for _, tc := range []struct {
		p    HTTPProbe
		g    Page
		want string
	}{
		{HTTPProbe{Connection: to(four)}, Page{Path: "/a"}, "GET /a HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.2.2.1:80\r\n\r\n"},
		{HTTPProbe{Connection: to(six)}, Page{Path: "/"}, "GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: [fd00::1]:8080\r\n\r\n"},
		{HTTPProbe{Connection: to(four), Close: true}, Page{Path: "/a", Host: "c.v"}, "GET /a HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: c.v\r\n\r\n"},
		{HTTPProbe{Connection: to(four), Minor: 1, Close: true}, Page{Path: "/a"}, "GET /a HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.2.2.1:80\r\n\r\n"},
	} {
		if got := tc.p.request(&tc.g); got != tc.want {
			t.Errorf("got  %q\nwant %q", got, tc.want)
		}
	}
}

func TestHTTPProbe(t *testing.T) {
	t.Parallel()
	const hello = "5d41402abc4b2a76b9719d911017c592"
	match := func(b []byte) bool { return string(b) == "hello" }
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	for name, tc := range map[string]struct {
		answer string
		g      Page
		ok     bool
		text   string
		notes  int
	}{
		"any status of 200":      {ok, Page{}, true, "HTTP status code success to %s url(/)", 0},
		"a status":               {"HTTP/1.0 404 Not Found\r\n\r\n", Page{}, false, "HTTP status code error to", 0},
		"a status in a range":    {"HTTP/1.0 404 Not Found\r\n\r\n", Page{Statuses: [][2]int{{200, 200}, {400, 499}}}, true, "HTTP status code success to %s url(/)", 0},
		"digest":                 {ok, Page{Digest: hello}, true, "MD5 digest success to %s url(/)", 0},
		"digest of another page": {ok, Page{Digest: strings.Repeat("0", 32)}, false, "MD5 digest error to", 0},
		"digest without length":  {"HTTP/1.0 200 OK\r\n\r\nhello", Page{Digest: hello}, true, "MD5 digest success to %s url(/)", 0},
		"digest of a part":       {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello there", Page{Digest: hello}, true, "MD5 digest success to %s url(/)", 1},
		"a body cut short":       {"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nhello", Page{Digest: hello}, true, "MD5 digest success to %s url(/)", 1},
		"a pattern":              {ok, Page{Match: match}, true, "HTTP status code success to %s url(/)", 0},
		"no pattern":             {"HTTP/1.0 200 OK\r\n\r\nbye", Page{Match: match}, false, "Regex match error to", 0},
		"nothing":                {"", Page{}, false, "Read, no data received from ", 0},
		"no status line":         {" ", Page{}, false, "HTTP status code error to", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.g.Path = "/"
			p := &HTTPProbe{Connection: to(page(t, tc.answer, nil)), Pages: []Page{tc.g}}
			o := p.Probe(t.Context(), 0)
			if o.OK != tc.ok || o.Text != tc.text || len(o.Notes) != tc.notes {
				t.Errorf("%+v", o)
			}
		})
	}
	p := &HTTPProbe{Connection: to(nobody(t, "tcp")), Pages: []Page{{Path: "/"}}}
	if o := p.Probe(t.Context(), 0); o.Text != "Connection failed" {
		t.Errorf("nobody: %+v", o)
	}
}

func TestSSLProbe(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	names := make(chan string, 1)
	conf := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			names <- h.ServerName
			return nil, nil
		},
	}
	addr := serveTCP(t, func(c net.Conn) { talkHTTP(tls.Server(c, conf), "HTTP/1.0 200 OK\r\n\r\nhello", nil) })
	p := &HTTPProbe{Connection: to(addr), TLS: &tls.Config{InsecureSkipVerify: true, ServerName: "s.ni"}, Pages: []Page{{Path: "/"}}}
	if o := p.Probe(t.Context(), 0); !o.OK {
		t.Errorf("%+v", o)
	}
	if got := <-names; got != "s.ni" {
		t.Errorf("server name %q", got)
	}
	plain := serveTCP(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.0 400 Bad\r\n\r\n") })
	p.Connection = to(plain)
	if o := p.Probe(t.Context(), 0); o.Text != "SSL handshake/communication error connecting to" {
		t.Errorf("without TLS: %+v", o)
	}
}

func TestSMTPProbe(t *testing.T) {
	t.Parallel()
	server := func(banner, helo string, said chan<- string) netip.AddrPort {
		return serveTCP(t, func(c net.Conn) {
			_, _ = io.WriteString(c, banner)
			r := bufio.NewReader(c)
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if said != nil {
					said <- line
				}
				if strings.HasPrefix(line, "QUIT") {
					return
				}
				_, _ = io.WriteString(c, helo)
			}
		})
	}
	said := make(chan string, 2)
	p := &SMTPProbe{Connection: to(server("220-hi\r\n220 hi\r\n", "250 ok\r\n", said)), Helo: "me.x"}
	if o := p.Probe(t.Context(), 0); !o.OK {
		t.Errorf("%+v", o)
	}
	if a, b := <-said, <-said; a != "HELO me.x\r\n" || b != "QUIT\r\n" {
		t.Errorf("said %q, %q", a, b)
	}
	for _, tc := range []struct{ banner, helo, want string }{
		{"421 go\r\n", "", "Bad greeting banner from server %s"},
		{"220 hi\r\n", "550 no\r\n", "Bad HELO response from server %s"},
		{"x\r\n", "", "Bad greeting banner from server %s"},
	} {
		a := server(tc.banner, tc.helo, nil)
		o := (&SMTPProbe{Connection: to(a)}).Probe(t.Context(), 0)
		if want := fmt.Sprintf(tc.want, fmt.Sprintf("[%s]:%d", a.Addr(), a.Port())); o.OK || o.Text != want {
			t.Errorf("%q: %+v, want %q", tc.banner, o, want)
		}
	}
	gone := serveTCP(t, func(net.Conn) {})
	if o := (&SMTPProbe{Connection: to(gone)}).Probe(t.Context(), 0); !strings.HasPrefix(o.Text, "Read failure from server") {
		t.Errorf("closed: %+v", o)
	}
	if o := (&SMTPProbe{Connection: to(nobody(t, "tcp"))}).Probe(t.Context(), 0); !strings.HasPrefix(o.Text, "Could not connect to server") {
		t.Errorf("nobody: %+v", o)
	}
}

func TestDNSProbe(t *testing.T) {
	t.Parallel()
	answer := func(code byte) netip.AddrPort {
		return serveUDP(t, func(q []byte) []byte {
			a := append([]byte(nil), q...)
			a[2], a[3] = 0x81, 0x80|code
			return a
		})
	}
	q := (&DNSProbe{Type: DNSTypes["A"], Name: "www.x.y"}).question(0x1234)
	if want := "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x01x\x01y\x00\x00\x01\x00\x01"; string(q) != want {
		t.Errorf("question %q", q)
	}
	p := &DNSProbe{Connection: to(answer(0)), Type: DNSTypes["SOA"], Name: "."}
	if o := p.Probe(t.Context(), 0); !o.OK {
		t.Errorf("%+v", o)
	}
	p.Connection = to(answer(3))
	if o := p.Probe(t.Context(), 0); o.Text != "read error occurred. (rcode = 3)" {
		t.Errorf("an error: %+v", o)
	}
	p.Connection = to(nobody(t, "udp"))
	if o := p.Probe(t.Context(), 0); o.Text != "failed to read socket; errno 111 (Connection refused)" {
		t.Errorf("nobody: %+v", o)
	}
}

func TestUDPProbe(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	echo := serveUDP(t, func(b []byte) []byte { got <- string(b); return []byte{1, 0x25, 3} })
	p := &UDPProbe{Connection: to(echo), Require: true, Max: 255, Pattern: []byte{1, 0x20}, Mask: []byte{0xff, 0xf0}}
	if o := p.Probe(t.Context(), 0); !o.OK {
		t.Errorf("%+v", o)
	}
	if s := <-got; s != "keepalived check - keepalived ch" {
		t.Errorf("payload %q", s)
	}
	p.Pattern = []byte{2, 0}
	p.Payload = []byte{10}
	if o := p.Probe(t.Context(), 0); o.OK || o.Text != "UDP check to %s reply data mismatch." {
		t.Errorf("another answer: %+v", o)
	}
	if s := <-got; s != "\n" {
		t.Errorf("payload %q", s)
	}
	p = &UDPProbe{Connection: to(nobody(t, "udp"))}
	if o := p.Probe(t.Context(), 0); o.OK {
		t.Errorf("nobody: %+v", o)
	}
	mute := serveUDP(t, func([]byte) []byte { return nil })
	p = &UDPProbe{Connection: Connection{To: mute, Timeout: time.Millisecond}}
	if o := p.Probe(t.Context(), 0); !o.OK {
		t.Errorf("no answer wanted: %+v", o)
	}
	p.Require = true
	if o := p.Probe(t.Context(), 0); o.OK {
		t.Errorf("no answer: %+v", o)
	}
}

// proc is a program that ends as the test says.
type proc struct{ end chan notify.Status }

func (p *proc) Wait() notify.Status { return <-p.end }
func (p *proc) Signal(s syscall.Signal) {
	select {
	case p.end <- notify.Status{Signal: int(s)}:
	default:
	}
}

func TestMiscProbe(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		st      notify.Status
		dynamic bool
		want    Outcome
	}{
		{notify.Status{}, true, Outcome{OK: true}},
		{notify.Status{Code: 1}, true, Outcome{Text: "exited with status 1"}},
		{notify.Status{Code: 12}, true, Outcome{OK: true, Weighs: true, Weight: 7}},
		{notify.Status{Code: 12}, false, Outcome{Text: "exited with status 12"}},
		{notify.Status{Signal: 9, Code: -1}, true, Outcome{Text: "due to signal 9"}},
	} {
		p := &proc{end: make(chan notify.Status, 1)}
		p.end <- tc.st
		m := &MiscProbe{Dynamic: tc.dynamic, Base: 3, Start: func(*notify.Command, ...string) (notify.Process, error) { return p, nil }}
		got := m.Probe(t.Context(), 0)
		if got.OK != tc.want.OK || got.Text != tc.want.Text || got.Weight != tc.want.Weight || got.Weighs != tc.want.Weighs {
			t.Errorf("%+v: %+v", tc.st, got)
		}
	}
	p := &proc{end: make(chan notify.Status, 1)}
	m := &MiscProbe{Timeout: time.Millisecond, Start: func(*notify.Command, ...string) (notify.Process, error) { return p, nil }}
	if o := m.Probe(context.Background(), 0); !o.Timeout {
		t.Errorf("a long run: %+v", o)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern  string
		options  []string
		not      bool
		min, max int
		body     string
		want     bool
	}{
		{"b+", nil, false, 0, 0, "aabb", true},
		{"B+", nil, false, 0, 0, "aabb", false},
		{"B+", []string{"caseless"}, false, 0, 0, "aabb", true},
		{"b+", nil, true, 0, 0, "aabb", false},
		{"a", nil, false, 2, 0, "aabb", false},
		{"b", nil, false, 0, 1, "aabb", false},
		{"(?<=a)b", nil, false, 0, 0, "aabb", true},
	} {
		m, err := CompileMatch(tc.pattern, tc.options, tc.not, tc.min, tc.max)
		if err != nil || m([]byte(tc.body)) != tc.want {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// TestContentLengthOnce asks a server whose answers have another length than
// they say: that is told once, and again when it was well meanwhile or the
// length has changed, as by the original.
func TestContentLengthOnce(t *testing.T) {
	t.Parallel()
	p := &HTTPProbe{Pages: []Page{{Path: "/x"}, {Path: "/y"}}, Real: "R", Virtual: "V"}
	for i, c := range []struct {
		page   int
		length int64
		told   bool
	}{
		{0, 10, true}, {1, 10, true}, {0, 10, false}, {1, 10, false},
		{0, 12, true}, {0, 12, false}, {0, 5, false}, {0, 12, true}, {1, 10, false}, {1, -1, false}, {1, 10, true},
	} {
		o := p.judge(c.page, &answer{status: 200, length: c.length, got: 5})
		if told := len(o.Notes) > 0; told != c.told || !o.OK {
			t.Errorf("answer %d: %+v", i, o)
		}
	}
}
