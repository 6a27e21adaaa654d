package engine

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func TestKeepAliveAndReuse(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	for range 3 {
		c.send(get)
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
		if d := cmp.Diff(logged{"----", "GET / HTTP/1.1", "s1", 200}, px.log()); d != "" {
			t.Error(d)
		}
	}
	conns, reqs := o.seen()
	if conns != 1 || len(reqs) != 3 || reqs[0] != "GET / HTTP/1.1\r\nhost: a\r\n\r\n" {
		t.Errorf("%d connections, requests %q", conns, reqs)
	}
}

func TestPipelining(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	const n = 2000
	go io.WriteString(c.Conn, strings.Repeat(get, n))
	for range n {
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
	}
}

// What the original does with versions, framings and connection fields, as
// tried on haproxy 3.5-dev5.
func TestMessages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, req, srv, res, back string }{
		{"http/1.0", "GET / HTTP/1.0\r\n\r\n", okAnswer, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"},
		{"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", okAnswer, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"},
		{"chunked", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nabcde\r\n0\r\nFoo: bar\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nabcde\r\n0\r\nfoo: bar\r\n\r\n", ""},
		{"both lengths", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 10\r\n\r\n0\r\n\r\n", okAnswer, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", ""},
		{"bad response", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "garbage\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n", ""},
		{"garbage", "\x16\x03\x01", "", "HTTP/1.1 400 Bad request\r\ncontent-length: 90\r\ncache-control: no-cache\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n", ""},
		{"interim", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 100 Continue\r\nFoo: bar\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + okAnswer, "HTTP/1.1 100 Continue\r\nfoo: bar\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", ""},
		{"old server", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := startOrigin(t, always(tc.srv))
			px := startProxy(t, testListen("p"), o.addr)
			c := px.dial()
			c.send(tc.req)
			if d := cmp.Diff(tc.res, c.rest()); d != "" {
				t.Error(d)
			}
			if _, reqs := o.seen(); tc.back != "" && (len(reqs) != 1 || reqs[0] != tc.back) {
				t.Errorf("server saw %q", reqs)
			}
		})
	}
}

func TestTerminationStates(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, req, srv string
		shut           bool
		want           logged
	}{
		{"bad request", "GET /\r\n\r\n", "", false, logged{"PR--", "", "", 400}},
		{"short head", "GET / HTTP/1.1\r\n", "", true, logged{"CR--", "", "", 400}},
		{"nothing", "", "", true, logged{"CR--", "", "", 400}},
		{"slow head", "GET / HTTP/1.1\r\n", "", false, logged{"cR--", "", "", 408}},
		{"server silent", get, "silent", false, logged{"sH--", "GET / HTTP/1.1", "s1", 504}},
		{"server closes", get, "close", false, logged{"SH--", "GET / HTTP/1.1", "s1", 502}},
		{"server cuts", get, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false, logged{"SD--", "GET / HTTP/1.1", "s1", 200}},
		{"garbage", get, "x\r\n\r\n", false, logged{"PH--", "GET / HTTP/1.1", "s1", 502}},
		{"client gone", get, "silent", true, logged{"CH--", "GET / HTTP/1.1", "s1", 400}},
		{"slow body", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab", "silent", false, logged{"cH--", "POST / HTTP/1.1", "s1", 400}},
		{"unasked 101", get, "HTTP/1.1 101 X\r\n\r\n", false, logged{"PH--", "GET / HTTP/1.1", "s1", 502}},
		{"bad chunk", get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, logged{"PH--", "GET / HTTP/1.1", "s1", 502}},
		{"bad body", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "", false, logged{"PR--", "", "", 400}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
				_, r := next()
				switch tc.srv {
				case "silent":
					io.Copy(io.Discard, r)
				case "close":
				default:
					io.WriteString(c, tc.srv)
				}
			})
			p := testListen("p")
			p.Timeouts.Client, p.Timeouts.Server = 400*time.Millisecond, 500*time.Millisecond
			if strings.HasPrefix(tc.req, "GET") {
				p.Timeouts.Client = 2 * time.Second
				p.Timeouts.HTTPRequest, p.Timeouts.SetHTTPRequest = 300*time.Millisecond, true
			}
			if tc.shut { // nothing may be over before it is seen that the client left
				p.Timeouts.Server, p.Timeouts.HTTPRequest = 10*time.Second, 10*time.Second
			}
			px := startProxy(t, p, o.addr)
			c := px.dial()
			c.send(tc.req)
			if tc.shut {
				c.Conn.(*net.TCPConn).CloseWrite()
			}
			if d := cmp.Diff(tc.want, px.log()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDeadServer(t *testing.T) {
	t.Parallel()
	p := testListen("p")
	p.Retries = 1
	px := startProxy(t, p, "127.0.0.1:1")
	c := px.dial()
	c.send(get)
	if h := c.head(); !strings.HasPrefix(h, "HTTP/1.1 503 Service Unavailable\r\n") {
		t.Errorf("%q", h)
	}
	if d := cmp.Diff(logged{"SC--", "GET / HTTP/1.1", "s1", 503}, px.log()); d != "" {
		t.Error(d)
	}
}

// The server closes an idle connection: the next request must not notice.
func TestIdleConnectionDies(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		next()
		io.WriteString(c, okAnswer)
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	for range 20 {
		c.send(get)
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
	}
}

// A body that is longer than any buffer goes up while the answer comes down.
func TestBothDirections(t *testing.T) {
	t.Parallel()
	const n = 3 << 20
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		for {
			h, r := next()
			if h == "" {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n")
			io.CopyN(c, r, n) // echo
		}
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	body := strings.Repeat("0123456789abcdef", n/16)
	for range 2 {
		go io.WriteString(c.Conn, "POST / HTTP/1.1\r\nContent-Length: 3145728\r\n\r\n"+body)
		c.head()
		c.expect(body)
		if d := cmp.Diff(logged{"----", "POST / HTTP/1.1", "s1", 200}, px.log()); d != "" {
			t.Fatal(d)
		}
	}
}

// A chunked upload is forwarded chunk by chunk with its trailers.
func TestChunkedUpload(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		_, r := next()
		var b strings.Builder
		for !strings.HasSuffix(b.String(), "\r\n\r\n") {
			x, err := r.ReadByte()
			if err != nil {
				break
			}
			b.WriteByte(x)
		}
		got <- b.String()
		io.WriteString(c, okAnswer)
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	c.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n")
	time.Sleep(20 * time.Millisecond) // so that it comes in two reads
	c.send("3\r\nabc\r\n0\r\nX: y\r\nHost: evil\r\n\r\n")
	if s := <-got; s != "5\r\nhello\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n" {
		t.Errorf("%q", s)
	}
	c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
}

// The server refuses an upload early and closes: the client gets the answer.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		next()
		io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		time.Sleep(50 * time.Millisecond)
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	go func() {
		io.WriteString(c.Conn, "POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n")
		junk := make([]byte, 1<<16)
		for {
			if _, err := c.Conn.Write(junk); err != nil {
				return
			}
		}
	}()
	if h := c.head(); !strings.HasPrefix(h, "HTTP/1.1 413 Too Large\r\n") {
		t.Errorf("%q", h)
	}
}

func TestUpgradeTunnel(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		_, r := next()
		io.WriteString(c, "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nhello")
		io.Copy(c, r)
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	c.expect("HTTP/1.1 101 Switching\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\nhello")
	big := strings.Repeat("x", 1<<20)
	go io.WriteString(c.Conn, big)
	c.expect(big)
	c.Conn.(*net.TCPConn).CloseWrite()
	if s := c.rest(); s != "" {
		t.Errorf("%q", s)
	}
	if d := cmp.Diff(logged{"----", "GET / HTTP/1.1", "s1", 101}, px.log()); d != "" {
		t.Error(d)
	}
}

func TestTCPMode(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		b, _ := io.ReadAll(c) // answers after the client's half-close
		c.Write(b)
	})
	p := testListen("p")
	p.Mode = "tcp"
	px := startProxy(t, p, o.addr)
	c := px.dial()
	big := strings.Repeat("y", 3<<20)
	c.send(big)
	c.Conn.(*net.TCPConn).CloseWrite()
	if got := c.rest(); got != big {
		t.Errorf("%d bytes of %d", len(got), len(big))
	}
	if d := cmp.Diff(logged{"----", "", "s1", -1}, px.log()); d != "" {
		t.Error(d)
	}
}
