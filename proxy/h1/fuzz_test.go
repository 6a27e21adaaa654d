package h1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"tandem/proxy/tx"

	"github.com/valyala/fasthttp"
)

// forward does what the engine does with a request that arrived in in: scan,
// decode the body, write both. ok is false for what is refused or incomplete.
func forward(in []byte) (out []byte, body int, m *tx.Message, ok bool) {
	var p Parser
	m = &tx.Message{}
	n, err := p.Request(in, m)
	if err != nil || n == 0 || m.Version < 11 {
		return nil, 0, m, false
	}
	out = AppendRequest(nil, m, nil)
	switch m.Framing {
	case tx.ByLength:
		if uint64(len(in)-n) < m.Length {
			return nil, 0, m, false
		}
		body = int(m.Length)
		out = append(out, in[n:n+body]...)
	case tx.Chunked:
		var c Chunks
		c.Reset(Options{})
		for !c.Done() {
			d, k, err := c.Next(in[n:])
			if err != nil || k == 0 {
				return nil, 0, m, false
			}
			if n += k; len(d) > 0 {
				out = append(append(AppendChunkHead(out, len(d)), d...), "\r\n"...)
				body += len(d)
			}
		}
		out = c.AppendTrailers(out, false)
	}
	return out, body, m, true
}

// FuzzRequest holds the rule that what goes on is, for two other parsers, one
// message with the body length that we thought it had.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
		"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
		"GET http://u@a:80 HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\nA: b\r\n c\r\n\r\n",
		"GET http://: HTTP/1.1\r\nHost: :80\r\n\r\n",
		"OPTIONS * HTTP/1.1\nUpgrade: h2c\nConnection: upgrade\nTE: trailers\n\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, body, m, ok := forward(in)
		if !ok || string(m.Method) == "CONNECT" {
			return
		}
		br := bufio.NewReader(bytes.NewReader(out))
		r, err := http.ReadRequest(br)
		if err == nil { // net/http refuses more than it should; what it takes must agree
			b, err := io.ReadAll(r.Body)
			if err != nil && strings.Contains(err.Error(), "malformed MIME header") && len(b) == body {
				return // a control character in a trailer, which the original forwards too
			}
			if err != nil || len(b) != body {
				t.Fatalf("net/http: %d bytes (%v), want %d: %q", len(b), err, body, out)
			}
			if rest, _ := io.ReadAll(br); len(rest) > 0 {
				t.Fatalf("net/http: %q left of %q", rest, out)
			}
		}
		var fr fasthttp.Request
		fr.Header.DisableNormalizing()
		br = bufio.NewReaderSize(bytes.NewReader(out), 1<<16)
		if err := fr.ReadLimitBody(br, 1<<20); err == nil && string(m.Method) != "GET" && string(m.Method) != "HEAD" {
			if n := len(fr.Body()); n != body {
				t.Fatalf("fasthttp: %d bytes, want %d: %q", n, body, out)
			}
			if rest, _ := io.ReadAll(br); len(rest) > 0 {
				t.Fatalf("fasthttp: %q left of %q", rest, out)
			}
		}
		if bytes.Contains(m.URI, []byte(":///")) || bytes.HasSuffix(m.URI, []byte("://")) || bytes.Contains(m.URI, []byte("://?")) || bytes.Contains(m.URI, []byte("://#")) {
			return // an authority that was nothing but a default port, which the original cuts to nothing
		}
		// What we forward, we would accept, and forward the same.
		again, _, _, ok := forward(append([]byte(nil), out...))
		if !ok || !bytes.Equal(again, out) {
			t.Fatalf("not stable: %q becomes %q", out, again)
		}
	})
}
