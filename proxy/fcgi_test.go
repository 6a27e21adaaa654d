package proxy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fcgiApp is an application that writes down what it gets and answers as it
// is told.
type fcgiApp struct {
	addr  string
	mu    sync.Mutex
	heard []string
	reply func(path string, id uint16) []byte // nil: close
}

// record makes a record of an application.
func record(typ byte, id uint16, content string, padding int) []byte {
	b := []byte{1, typ, byte(id >> 8), byte(id), byte(len(content) >> 8), byte(len(content)), byte(padding), 0}
	return append(append(b, content...), make([]byte, padding)...)
}

// answer makes a whole response; status is the protocol's.
func answer(id uint16, stdout string, status byte) []byte {
	return append(record(6, id, stdout, 0), record(3, id, "\x00\x00\x00\x00"+string(status)+"\x00\x00\x00", 0)...)
}

func newFCGIApp(t *testing.T, reply func(string, uint16) []byte) *fcgiApp {
	t.Helper()
	a := &fcgiApp{reply: reply}
	a.addr = serveTCP(t, a.serve)
	return a
}

func (a *fcgiApp) note(format string, args ...any) {
	a.mu.Lock()
	a.heard = append(a.heard, fmt.Sprintf(format, args...))
	a.mu.Unlock()
}

// said returns what was heard, with the parameters that every request has
// left out, and forgets it.
func (a *fcgiApp) said() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := strings.Join(a.heard, "\n")
	a.heard = nil
	return out
}

func (a *fcgiApp) serve(c net.Conn) {
	r := bufio.NewReader(c)
	path, stdin := "", ""
	for {
		var h [8]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(h[4:]))
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		if _, err := r.Discard(int(h[6])); err != nil {
			return
		}
		id := binary.BigEndian.Uint16(h[2:])
		switch h[1] {
		case 1:
			a.note("begin %d %x", id, b)
		case 4:
			if len(b) > 0 {
				var text string
				text, path = paramsText(b)
				a.note("%s", text)
			}
		case 5:
			if stdin += string(b); len(b) > 0 {
				continue
			}
			if stdin != "" {
				a.note("stdin %s", shorten(stdin))
			}
			stdin = ""
			out := a.reply(path, id)
			if out == nil {
				return
			}
			if _, err := c.Write(out); err != nil {
				return
			}
		case 9:
			a.note("values %q", b)
			if _, err := c.Write(record(10, 0, "\x0d\x02FCGI_MAX_REQS10\x0f\x01FCGI_MPXS_CONNS0", 3)); err != nil {
				return
			}
		default:
			a.note("type %d id %d", h[1], id)
		}
	}
}

func shorten(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%s… %d bytes", s[:10], len(s))
	}
	return s
}

// usual are the parameters that say the same in every case.
var usual = map[string]string{"GATEWAY_INTERFACE": "CGI/1.1", "DOCUMENT_ROOT": "/www", "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "GET",
	"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "h", "SERVER_NAME": "h", "CONTENT_LENGTH": "0"}

// paramsText writes parameters in their order; those that say the usual are
// there by name alone, and values that differ from run to run by a letter.
func paramsText(b []byte) (text, path string) {
	var out []string
	for len(b) > 0 {
		var n [2]int
		for i := range n {
			n[i] = int(b[0])
			if b = b[1:]; n[i] >= 0x80 {
				n[i] = n[i]&0x7f<<24 | int(b[0])<<16 | int(b[1])<<8 | int(b[2])
				b = b[3:]
			}
		}
		name, value := string(b[:n[0]]), string(b[n[0]:n[0]+n[1]])
		b = b[n[0]+n[1]:]
		switch name {
		case "REMOTE_PORT", "SERVER_PORT":
			value = "P"
		case "SERVER_SOFTWARE":
			value, _, _ = strings.Cut(value, " ")
		case "REQUEST_URI":
			path = value
		}
		if usual[name] == value {
			out = append(out, name)
		} else {
			out = append(out, fmt.Sprintf("%s=%q", name, shorten(value)))
		}
	}
	return strings.Join(out, " "), path
}

const fcgiConfig = `
defaults
    mode http
    log "${log}" local0
    option httplog
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend fe
    bind "fd@${fe}"
    %FE
    default_backend be
backend be
    use-fcgi-app app
    retries 0
    %BE
    server s1 "${s1}" proto fcgi
fcgi-app app
    docroot /www
    %APP
`

// fcgiCases are requests, what an application hears of them, and what the
// client and the log get of its answer, as haproxy 3.5 does it. A request that
// is left out is GET /a of host h, a reply that is left out a plain one.
var fcgiCases = []struct {
	name, app, be, req string
	reply              string // of stdout; "" for hello
	status             byte   // of the protocol
	heard, got, log    string // got: up to the body; log: from the status on
}{
	{name: "get", heard: `HTTP_HOST GATEWAY_INTERFACE DOCUMENT_ROOT SCRIPT_NAME="/a" REQUEST_URI="/a" REQUEST_METHOD SERVER_NAME SERVER_PORT="P" SERVER_PROTOCOL REMOTE_ADDR REMOTE_PORT="P" SCRIPT_FILENAME="/www/a" CONTENT_LENGTH SERVER_SOFTWARE="HAProxy"`,
		got: "200 OK|content-type: text/plain|date: D|content-length: 5||hello", log: `200 61 - - ----`},
	{name: "fields", req: "GET /a.php?x=1 HTTP/1.1\r\nHost: h\r\nX-Foo: a\r\nX_Foo: b\r\nX-Foo: c\r\nCookie: a=1\r\nProxy: evil\r\nAuthorization: Basic dTpw\r\nConnection: x\r\nTE: trailers\r\nContent-Type: t\r\n\r\n",
		heard: `HTTP_HOST HTTP_X_FOO="a" HTTP_X_FOO="c" HTTP_COOKIE="a=1" CONTENT_TYPE="t" AUTH_TYPE="Basic" REMOTE_USER="u" GATEWAY_INTERFACE DOCUMENT_ROOT SCRIPT_NAME="/a.php" REQUEST_URI="/a.php?x=1" REQUEST_METHOD QUERY_STRING="x=1" SERVER_NAME SERVER_PORT="P" SERVER_PROTOCOL REMOTE_ADDR REMOTE_PORT="P" SCRIPT_FILENAME="/www/a.php" CONTENT_LENGTH SERVER_SOFTWARE="HAProxy"`},
	{name: "preserve", be: "option http-restrict-req-hdr-names preserve", req: "GET /a HTTP/1.1\r\nHost: h\r\nX_F.o!: b\r\n\r\n", heard: `HTTP_HOST HTTP_X_F_O_="b" GATEWAY_INTERFACE`},
	{name: "reject", be: "option http-restrict-req-hdr-names reject", req: "GET /a HTTP/1.1\r\nHost: h\r\nX_F: b\r\n\r\n", got: "403 Forbidden", log: `403 0 - - PR--`},
	{name: "post", req: "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na=b", heard: `HTTP_HOST CONTENT_LENGTH="3" GATEWAY_INTERFACE DOCUMENT_ROOT SCRIPT_NAME="/a" REQUEST_URI="/a" REQUEST_METHOD="POST" SERVER_NAME SERVER_PORT="P" SERVER_PROTOCOL REMOTE_ADDR REMOTE_PORT="P" SCRIPT_FILENAME="/www/a" SERVER_SOFTWARE="HAProxy"` + "\nstdin a=b"},
	{name: "chunked", req: "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n", heard: `REMOTE_PORT="P" SCRIPT_FILENAME="/www/a" CONTENT_LENGTH="3" SERVER_SOFTWARE="HAProxy"` + "\nstdin a=b"},
	{name: "long", req: "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 200000), heard: "stdin xxxxxxxxxx… 200000 bytes"},
	{name: "old", req: "GET /a HTTP/1.0\r\n\r\n", heard: `GATEWAY_INTERFACE DOCUMENT_ROOT SCRIPT_NAME="/a" REQUEST_URI="/a" REQUEST_METHOD SERVER_NAME="127.0.0.1" SERVER_PORT="P" SERVER_PROTOCOL="HTTP/1.0"`, got: "200 OK|content-type: text/plain|date: D||hello"},
	{name: "directory", app: `index index.php`, req: "GET /b/?q HTTP/1.1\r\nHost: h\r\n\r\n", heard: `SCRIPT_NAME="/b/index.php" REQUEST_URI="/b/?q"`},
	{name: "path-info", app: `path-info ^(/.+\.php)(/.*)?$`, req: "GET /x/i.php/2020/a%20b?p HTTP/1.1\r\nHost: h\r\n\r\n",
		heard: `SCRIPT_NAME="/x/i.php" PATH_INFO="/2020/a b" REQUEST_URI="/x/i.php/2020/a%20b?p" REQUEST_METHOD QUERY_STRING="p" SERVER_NAME SERVER_PORT="P" SERVER_PROTOCOL REMOTE_ADDR REMOTE_PORT="P" SCRIPT_FILENAME="/www/x/i.php" PATH_TRANSLATED="/www/2020/a b" CONTENT_LENGTH`},
	{name: "no-match", app: "index index.php\n    path-info ^(/.+\\.php)(/.*)?$", req: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", heard: `SCRIPT_NAME="/index.php" REQUEST_URI="/" REQUEST_METHOD`},
	{name: "newline", app: `path-info ^(/.+)$`, req: "GET /a%0ab HTTP/1.1\r\nHost: h\r\n\r\n", got: "500 Internal Server Error", log: `500 0 - - IH--`},
	{name: "undecodable", req: "GET /a%zz HTTP/1.1\r\nHost: h\r\n\r\n", got: "500 Internal Server Error", log: `500 0 - - IH--`},
	{name: "asterisk", req: "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", got: "500 Internal Server Error", log: `500 0 - - IH--`},
	{name: "rules", app: "acl get method GET\n    set-param B x if get\n    set-param C x if !get\n    set-param E %[req.hdr(nope)]\n    set-param a 1\n    set-param A 2\n    set-param script_name /s\n    set-param D 1\n    set-param D %[req.hdr(nope)]\n    pass-header authorization if get", req: "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n",
		heard: `HTTP_HOST HTTP_AUTHORIZATION="Bearer x" A="2" AUTH_TYPE="Bearer" B="x" SCRIPT_NAME="/s" GATEWAY_INTERFACE DOCUMENT_ROOT REQUEST_URI="/a" REQUEST_METHOD SERVER_NAME SERVER_PORT="P" SERVER_PROTOCOL REMOTE_ADDR REMOTE_PORT="P" SCRIPT_FILENAME="/www/s"`},
	{name: "fetches", app: "index i.php", be: "http-request set-header x-q %[fcgi.docroot]-%[fcgi.index]", heard: `HTTP_X_Q="/www-i.php"`},
	{name: "no-keep", app: "no option keep-conn", heard: "begin 1 0001000000000000"},
	{name: "keep", heard: "begin 1 0001010000000000"},
	{name: "values", app: "option get-values", heard: `values "\r\x00FCGI_MAX_REQS\x0f\x00FCGI_MPXS_CONNS"` + "\nbegin 1"},
	{name: "status", reply: "Status: 404 Gone fishing\r\nContent-Type: a\r\n\r\nx", got: "404 Gone fishing|content-type: a|date: D|content-length: 1||x", log: `404 80 - - ----`},
	{name: "status-reason", reply: "Status: 404\r\nContent-Type: a\r\n\r\nx", got: "404 Not Found|content-type: a|date: D|content-length: 1||x", log: `404 55 - - ----`},
	{name: "location", reply: "Location: /x\r\n\r\n", got: "302 Found|location: /x|date: D|content-length: 0||"},
	{name: "location-status", reply: "Location: /x\r\nStatus: 201 Created\r\n\r\n", got: "201 Created|location: /x|date: D|content-length: 0||"},
	{name: "line-feeds", reply: "Status: 203 x\nX-A: b\n\nhello", got: "203 x|x-a: b|date: D|content-length: 5||hello"},
	{name: "own-date", reply: "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\nX-A : b\r\nX B: c\r\n\r\nhello", got: "200 OK|date: D|content-length: 5||hello"},
	{name: "folded", reply: "X-A: b\r\n c\r\nX-B: d\r\n\r\nhello", got: "200 OK|x-a: b   c|x-b: d|date: D|content-length: 5||hello"},
	{name: "length", reply: "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", got: "200 OK|content-length: 5|date: D||hello", log: `200 54 - - ----`},
	{name: "length-short", reply: "Content-Length: 3\r\n\r\nhello", got: "502 Bad Gateway", log: `502 \d+ - - PH--`},
	{name: "lengths-differ", reply: "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", got: "502 Bad Gateway", log: `502 0 - - PH--`},
	{name: "length-long", reply: "Content-Length: 9\r\n\r\nhello", got: "200 OK|content-length: 9|date: D||hello unexpected EOF", log: `200 54 - - SD--`},
	{name: "coded", reply: "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", got: "200 OK|transfer-encoding: chunked|date: D||hello"},
	{name: "status-line", reply: "HTTP/1.1 202 OK\r\nA: b\r\n\r\nx", got: "502 Bad Gateway", log: `502 0 - - PH--`},
	{name: "blank", reply: "\r\nhello", got: "200 OK|date: D|content-length: 5||hello"},
	{name: "overloaded", reply: "-", status: 2, got: "502 Bad Gateway", log: `502 0 - - SH--`},
	{name: "closed", reply: "close", got: "502 Bad Gateway", log: `502 0 - - SH--`},
	{name: "head", req: "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", reply: "Content-Type: a\r\n\r\n", got: "200 OK|content-type: a|date: D||"},
	{name: "long-answer", reply: "X-A: b\r\n\r\n" + strings.Repeat("y", 60000), got: "200 OK|x-a: b|date: D|transfer-encoding: chunked||yyyyyyyyyy… 60000 bytes"},
}

var httpDate = regexp.MustCompile(`date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)

// gotten reads a response as the cases write it.
func gotten(t *testing.T, c net.Conn, method string) string {
	t.Helper()
	var raw strings.Builder
	r := bufio.NewReader(io.TeeReader(c, &raw))
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	head = httpDate.ReplaceAllString(head, "date: D")
	_, head, _ = strings.Cut(head, " ")
	out := strings.ReplaceAll(head, "\r\n", "|") + "||" + shorten(string(b))
	if err != nil {
		out += " " + err.Error()
	}
	return out
}

func TestFCGI(t *testing.T) {
	t.Parallel()
	playFCGI(t, func(t *testing.T, s *stage, cfg string) { s.start(t, cfg) })
}

func playFCGI(t *testing.T, start func(*testing.T, *stage, string)) {
	for _, k := range fcgiCases {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			app := newFCGIApp(t, func(_ string, id uint16) []byte {
				switch k.reply {
				case "":
					return answer(id, "Content-Type: text/plain\r\n\r\nhello", 0)
				case "-":
					return record(3, id, "\x00\x00\x00\x00"+string(k.status)+"\x00\x00\x00", 0)
				case "close":
					return nil
				}
				return append(record(6, id, k.reply, 7), record(3, id, "\x00\x00\x00\x00\x00\x00\x00\x00", 0)...)
			})
			s := newStage("s1", app.addr)
			s.openLog(t)
			start(t, s, strings.NewReplacer("%FE", "", "%BE", k.be, "%APP", k.app).Replace(fcgiConfig))
			c, err := net.Dial("tcp", s.listens["fe"])
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			req := k.req
			if req == "" {
				req = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
			}
			if _, err := io.WriteString(c, req); err != nil {
				t.Fatal(err)
			}
			method, _, _ := strings.Cut(req, " ")
			got := gotten(t, c, method)
			if k.got == "" {
				k.got = "200 OK|content-type: text/plain|date: D|content-length: 5||hello"
			}
			if strings.Contains(k.got, "||") {
				if d := cmp.Diff(k.got, got); d != "" {
					t.Errorf("the client's answer (-want +got):\n%s", d)
				}
			} else if !strings.HasPrefix(got, k.got) {
				t.Errorf("the client got %q, want %q", got, k.got)
			}
			if heard := app.said(); !strings.Contains(heard, k.heard) {
				t.Errorf("the application heard\n%s\nwant\n%s", heard, k.heard)
			}
			if k.log != "" {
				s.wantLogs(t, []string{" " + k.log + " "})
			}
		})
	}
}

// TestFCGIWorkers has an application with a single process, which serves one
// connection after the other, as php-fpm's children do. Connections that are
// kept must not keep it from other clients.
func TestFCGIWorkers(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	app := &fcgiApp{reply: func(_ string, id uint16) []byte { return answer(id, "A: b\r\n\r\nhello", 0) }}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			app.serve(c)
			c.Close()
		}
	}()
	s := newStage("s1", ln.Addr().String())
	s.openLog(t)
	s.start(t, strings.NewReplacer("%FE", "", "%BE", "", "%APP", "").Replace(fcgiConfig))
	for range 3 {
		c, err := net.Dial("tcp", s.listens["fe"])
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			io.WriteString(c, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(res.Body); string(b) != "hello" || err != nil {
				t.Errorf("got %q (%v)", b, err)
			}
		}
		c.Close()
	}
	if n := strings.Count(app.said(), "begin 3"); n != 3 {
		t.Errorf("%d connections carried a second request", n)
	}
}

// TestFCGICheck checks an application by an HTTP request.
func TestFCGICheck(t *testing.T) {
	t.Parallel()
	app := newFCGIApp(t, func(path string, id uint16) []byte {
		if path == "/ping" {
			return answer(id, "Status: 200 OK\r\n\r\npong", 0)
		}
		return answer(id, "Status: 404 Not Found\r\n\r\nno", 0)
	})
	s := newStage("s1", app.addr)
	s.openLog(t)
	s.start(t, strings.NewReplacer("%FE", "", "%BE", "option httpchk GET /ping\n    http-check expect string pong\n    option log-health-checks\n    log \"${log}\" local0\n    default-server check inter 1h rise 1 fall 1", "%APP", "").Replace(fcgiConfig))
	s.wantLogs(t, []string{`Health check for server be/s1 succeeded, reason: Layer7 check passed, code: 200`})
	if heard, want := app.said(), `HTTP_CONNECTION="close" GATEWAY_INTERFACE DOCUMENT_ROOT SCRIPT_NAME="/ping" REQUEST_URI="/ping" REQUEST_METHOD SERVER_NAME="127.0.0.1" SERVER_PORT="P" SERVER_PROTOCOL="HTTP/1.0" REMOTE_PORT="P" SCRIPT_FILENAME="/www/ping" CONTENT_LENGTH`; !strings.Contains(heard, want) {
		t.Errorf("the application heard\n%s\nwant\n%s", heard, want)
	}
}
