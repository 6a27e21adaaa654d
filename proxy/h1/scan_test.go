package h1

import (
	"strings"
	"testing"

	"tandem/proxy/tx"

	"github.com/google/go-cmp/cmp"
)

func scanRequest(s string, o Options) (string, Flags, int, tx.Message) {
	p := Parser{Options: o}
	var m tx.Message
	n, err := p.Request([]byte(s), &m)
	switch {
	case err != nil:
		return "", p.Flags, err.Status, m
	case n == 0:
		return "incomplete", p.Flags, 0, m
	}
	return string(AppendRequest(nil, &m, nil)), p.Flags, 200, m
}

// The verdicts are the original's, tried on haproxy 3.5-dev5.
func TestRequestVerdicts(t *testing.T) {
	t.Parallel()
	const h = "Host: a\r\n"
	type c struct {
		in   string
		want int
	}
	cases := []c{
		{"GET / HTTP/1.1\r\n: x\r\n" + h, 400},
		{"GET / HTTP/1.1\r\n" + strings.Repeat("n", 255) + ": x\r\n" + h, 200},
		{"GET / HTTP/1.1\r\n" + strings.Repeat("n", 256) + ": x\r\n" + h, 400},
		{"GET / HTTP/1.1\r\n" + h + strings.Repeat("a: b\r\n", 99), 200},
		{"GET / HTTP/1.1\r\n" + h + strings.Repeat("a: b\r\n", 100), 400},
		{"GET / HTTP/1.1\r\n a: b\r\n" + h, 400},
		{"GET / HTTP/1.1\r\nnocolon\r\n" + h, 400},
		{"GET / HTTP/1.1\r\nte\r\x00st: x\r\n" + h, 400},
		{"GET / HTTP/1.1\r\na: x\x00y\r\n" + h, 400},
		{"GET / HTTP/1.1\r\na: x\ry\r\n" + h, 400},
		{"GET / HTTP/1.1\r\na: \xff\x85\r\n" + h, 200},
		{"GET  / HTTP/1.1\r\n" + h, 200},
		{"GET /\tHTTP/1.1\r\n" + h, 200},
		{"GET / HTTP/3.7\r\n" + h, 200},
		{"GET / HTTP/0.9\r\n" + h, 200},
		{"get / HTTP/1.1\r\n" + h, 200},
		{"GET / HTTP/1.32\r\n" + h, 400},
		{"GET / HTTP/11\r\n" + h, 400},
		{"GET / http/1.1\r\n" + h, 400},
		{"GET / XTTP/1.1\r\n" + h, 400},
		{"GET / HTTP/1.1 \r\n" + h, 400},
		{"GET /\r\n", 400},
		{"GET /\nHTTP/1.1\r\n" + h, 400},
		{"G=x / HTTP/1.1\r\n" + h, 400},
		{"GET / HTTP/1.1\r\r\n" + h, 400},
		{"\r\n\r\nGET / HTTP/1.1\r\n" + h, 200},
		{" GET / HTTP/1.1\r\n" + h, 400},
		{"\x16\x03\x01\x02", 400},
		{"GET /a#b HTTP/1.1\r\n" + h, 400},
		{"GET /\x80 HTTP/1.1\r\n" + h, 400},
		{"GET /a b HTTP/1.1\r\n" + h, 400},
		{"GET //a HTTP/1.1\r\n" + h, 200},
		{"GET /%00 HTTP/1.1\r\n" + h, 200},
		{"GET http://b/ HTTP/1.1\r\n" + h, 400},
		{"GET http:///x HTTP/1.1\r\n" + h, 400},
		{"GET http://u@a/ HTTP/1.1\r\n" + h, 200},
		{"GET / HTTP/1.1\r\n" + h + h, 200},
		{"GET / HTTP/1.1\r\n" + h + "Host: b\r\n", 400},
		{"GET / HTTP/1.1\r\n", 200},
		{"GET / HTTP/1.1\r\nHost:\r\n", 200},
		{"GET / HTTP/1.0\r\nContent-Length: 2\r\n", 413},
		{"GET / HTTP/1.1\r\n" + h + "x: " + strings.Repeat("a", 20000) + "\r\n", 431},
		{"GET /" + strings.Repeat("a", 20000), 414},
		{strings.Repeat("\r\n", 50000), 414},
		{"CONNECT / HTTP/1.1\r\n" + h, 400},
		{"CONNECT h HTTP/1.1\r\nHost: h\r\n", 400},
		{"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n", 200},
		{"PRI * HTTP/2.0\r\n", 400},
		{"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", 400},
	}
	for _, v := range []string{"", "5,", ",5", "+5", "-5", "0x10", "5_0", "1Z", "5 5", "５", "5, 6", "18446744073709551616"} {
		cases = append(cases, c{"POST / HTTP/1.1\r\n" + h + "Content-Length: " + v + "\r\n", 400})
	}
	for _, v := range []string{"5, 5", "010", "9223372036854775808", "18446744073709551615"} {
		cases = append(cases, c{"POST / HTTP/1.1\r\n" + h + "Content-Length: " + v + "\r\n", 200})
	}
	cases = append(cases, c{"POST / HTTP/1.1\r\n" + h + "Content-Length: 5\r\nContent-Length: 6\r\n", 400})
	for _, v := range []string{"", ",chunked", "chunked,", "chunked, chunked", "chunked, gzip", "foobar", "identity", "chunked;q=1", `"chunked"`, "\x0bchunked", "\xffchunked", "\xa0chunked", "chunked\r\nTransfer-Encoding: chunked", "chunked\r\nTransfer-Encoding: gzip"} {
		cases = append(cases, c{"POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: " + v + "\r\n", 400})
	}
	for v, s := range map[string]int{"gzip, chunked": 422, "gzip\r\nTransfer-Encoding: chunked": 422, "identity, chunked": 422, "Chunked": 200, "\tchunked\t": 200} {
		cases = append(cases, c{"POST / HTTP/1.1\r\n" + h + "Transfer-Encoding: " + v + "\r\n", s})
	}
	cases = append(cases, c{"POST / HTTP/1.1\r\n" + h + "Transfer-Encoding : chunked\r\n", 400})
	for _, ch := range "\xff(,/@[{\"= \t\r\x00\x7f" {
		cases = append(cases, c{"GET / HTTP/1.1\r\na" + string(byte(ch)) + "b: x\r\n" + h, 400})
	}
	for _, v := range []string{"u@a", "a b", "a/b", "a?b", "a#b", "[::1", "\xff", "a,b", "]", "a]"} {
		cases = append(cases, c{"GET / HTTP/1.1\r\nHost: " + v + "\r\n", 400})
	}
	for _, v := range []string{"a:99999", "a:x", "A.", "a..b", "[::1]:80"} {
		cases = append(cases, c{"GET / HTTP/1.1\r\nHost: " + v + "\r\n", 200})
	}
	for u, s := range map[string]int{"OPTIONS *": 200, "OPTIONS */x": 400, "GET *": 400, "GET !": 400, "GET admin": 400, "GET h:80": 400} {
		cases = append(cases, c{u + " HTTP/1.1\r\n", s})
	}
	for _, tc := range cases {
		in := tc.in
		if !strings.HasSuffix(in, "aa") && in[0] != 0x16 && in[0] != '\r' || strings.Contains(in, "GET") && strings.Contains(in, "HTTP") {
			in += "\r\n"
		}
		_, _, got, _ := scanRequest(in, Options{})
		if got != tc.want {
			t.Errorf("%.80q: %d, want %d", in, got, tc.want)
		}
	}
}

func TestRequestRewriting(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"GET / HTTP/1.1\nHost: a\nX-Y:  b \n\n", "GET / HTTP/1.1\r\nhost: a\r\nx-y: b\r\n\r\n"},
		{"GET / HTTP/1.1\r\nA: a\r\n  b\r\nHost: c\r\n\r\n", "GET / HTTP/1.1\r\na: a    b\r\nhost: c\r\n\r\n"},
		{"GET / HTTP/1.1\r\nConnection: keep-alive, foo\r\nTE: gzip\r\n\r\n", "GET / HTTP/1.1\r\nconnection: foo\r\n\r\n"},
		{"GET / HTTP/1.1\r\nConnection: a, close,b,  c\r\n\r\n", "GET / HTTP/1.1\r\nconnection: a,b,  c\r\n\r\n"},
		{"GET / HTTP/1.1\r\nUpgrade: h2c, foo\r\nConnection: upgrade, http2-settings\r\n\r\n", "GET / HTTP/1.1\r\nupgrade: foo\r\nconnection: upgrade, http2-settings\r\n\r\n"},
		{"POST / HTTP/1.1\r\nContent-Length: 010\r\nContent-Length: 10\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n"},
		{"POST / HTTP/1.1\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n", "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"},
		{"GET http://toto:poue@hostname:80/c1 HTTP/1.1\r\nHost: hostname:80\r\n\r\n", "GET http://toto:poue@hostname/c1 HTTP/1.1\r\nhost: hostname\r\n\r\n"},
		{"GET http://hostname HTTP/1.1\r\nHost: hostname\r\n\r\n", "GET http://hostname/ HTTP/1.1\r\nhost: hostname\r\n\r\n"},
		{"GET http://: HTTP/1.1\r\nHost: :80\r\n\r\n", "GET http:/// HTTP/1.1\r\nhost: \r\n\r\n"},
		{"GET http://hostname:80?c=d HTTP/1.1\r\nHost: hostname:80\r\n\r\n", "GET http://hostname?c=d HTTP/1.1\r\nhost: hostname\r\n\r\n"},
		{"CONNECT hostname:80 HTTP/1.1\r\nHost: hostname:\r\n\r\n", "CONNECT hostname:80 HTTP/1.1\r\nhost: hostname:\r\n\r\n"},
		{"CONNECT hostname:443 HTTP/1.1\r\nHost: hostname:443\r\n\r\n", "CONNECT hostname:443 HTTP/1.1\r\nhost: hostname\r\n\r\n"},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"},
		{"GET / HTTP/1.1\r\nConnection: a , keep-alive,b\r\n\r\n", "GET / HTTP/1.1\r\nconnection: a ,b\r\n\r\n"},
		{"GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"},
		{"GET / HTTP/1.1\r\nUpgrade: foo\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"},
		{"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: x, Upgrade\r\n\r\n", "GET / HTTP/1.1\r\nconnection: x\r\n\r\n"},
		{"GET / HTTP/1.1\r\nTE: trailers, gzip\r\n\r\n", "GET / HTTP/1.1\r\nte: trailers\r\n\r\n"},
	} {
		got, _, st, _ := scanRequest(tc.in, Options{})
		if st != 200 {
			t.Errorf("%q: status %d", tc.in, st)
		} else if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%q: %s", tc.in, d)
		}
	}
}

// A head may come in any pieces.
func TestRequestInPieces(t *testing.T) {
	t.Parallel()
	in := "\r\nPOST /x HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\nContent-Length: 3\r\n\r\nabc"
	whole, _, _, _ := scanRequest(in, Options{})
	buf := []byte(in)
	var p Parser
	var m tx.Message
	for n := 1; n <= len(buf); n++ {
		k, err := p.Request(buf[:n], &m)
		if err != nil {
			t.Fatal(err)
		}
		if k > 0 {
			if k != len(in)-3 || n != k {
				t.Fatalf("head of %d bytes found after %d", k, n)
			}
			if got := string(AppendRequest(nil, &m, nil)); got != whole {
				t.Fatalf("%q, want %q", got, whole)
			}
			return
		}
	}
	t.Fatal("no head found")
}

func TestUnsafe(t *testing.T) {
	t.Parallel()
	got, _, st, _ := scanRequest("GET /a#b HTTP/1.1\r\nb@d: x\r\na: b\x00c\r\n\r\n", Options{Unsafe: true})
	if st != 200 || strings.Contains(got, "b@d") || !strings.Contains(got, "/a#b") {
		t.Errorf("%d %q", st, got)
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, method string
		framing    tx.Framing
		length     uint64
		out        string // "": refused
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", tx.ByLength, 3, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", tx.NoBody, 3, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"},
		{"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", "GET", tx.NoBody, 0, "HTTP/1.1 204 No\r\n\r\n"},
		{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "GET", tx.NoBody, 0, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
		{"HTTP/1.1 99 OK\r\n\r\n", "GET", tx.UntilClose, 0, "HTTP/1.1 99 OK\r\n\r\n"},
		{"HTTP/2.0 200 OK\n\n", "GET", tx.UntilClose, 0, "HTTP/1.1 200 OK\r\n\r\n"},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", tx.Chunked, 0, "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"},
		{"HTTP/1.1 200 OK\r\n\r\n", "CONNECT", tx.Tunnel, 0, "HTTP/1.1 200 OK\r\n\r\n"},
		{in: "HTTP/1.1 1000 OK\r\n\r\n"}, {in: "garbage\r\n\r\n"}, {in: "<html>\n\n"},
		{in: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"},
		{in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
		{in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"},
		{in: "HTTP/1.1 200 OK\r\n: x\r\n\r\n"}, {in: "HTTP/1.1 200 OK\r\na: \x00\r\n\r\n"},
	} {
		var p Parser
		var m tx.Message
		n, err := p.Response([]byte(tc.in), &m, []byte(tc.method))
		if tc.out == "" {
			if err == nil {
				t.Errorf("%q: accepted (%d)", tc.in, n)
			}
			continue
		}
		if err != nil || n != len(tc.in) {
			t.Errorf("%q: %d %v", tc.in, n, err)
			continue
		}
		if got := string(AppendResponse(nil, &m, nil)); got != tc.out || m.Framing != tc.framing || m.Length != tc.length {
			t.Errorf("%q: %q framing %d length %d", tc.in, got, m.Framing, m.Length)
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, data, end string }{
		{"5\r\nhello\r\n0\r\n\r\n", "hello", "0\r\n\r\n"},
		{"0000000000000000005;a=\"b\\\"\";c\r\nhello\r\n3  \r\nabc\r\n0\r\nFoo: Bar\r\n x\r\nHost: a\r\n\r\n", "helloabc", "0\r\nfoo: Bar   x\r\n\r\n"},
		{in: "\r\n"}, {in: "0x5\r\nhello"}, {in: "-1\r\n"}, {in: "+1\r\n"}, {in: "5_0\r\n"}, {in: " 5\r\n"},
		{in: "10000000000000\r\n"}, {in: "5\nhello"}, {in: "5\r;"}, {in: "5\r\nhelloX\r"}, {in: "5\r\r;"},
		{in: "5;a=\x01\r\n"}, {in: "5;a=b\n"}, {in: "5;\"\r\n\"\r\n"}, {in: "5;a\\b\r\n"},
		{in: "0\r\nA: b\x00\r\n\r\n"}, {in: "0\r\n: b\r\n\r\n"}, {in: "0\r\n a: b\r\n\r\n"},
	} {
		for _, step := range []int{1, 3, 1 << 20} {
			var c Chunks
			c.Reset(Options{})
			var data []byte
			var err *Error
			src := []byte(tc.in)
			for i := 0; i < len(src) && err == nil && !c.Done(); {
				var d []byte
				var n int
				d, n, err = c.Next(src[i:min(len(src), i+step)])
				data, i = append(data, d...), i+n
			}
			if tc.end == "" {
				if err == nil {
					t.Errorf("%q step %d: accepted", tc.in, step)
				}
				continue
			}
			if err != nil || !c.Done() || string(data) != tc.data || string(c.AppendTrailers(nil, false)) != tc.end {
				t.Errorf("%q step %d: %q %v %v %q", tc.in, step, data, err, c.Done(), c.AppendTrailers(nil, false))
			}
		}
	}
}
