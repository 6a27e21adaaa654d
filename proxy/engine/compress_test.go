package engine

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"tandem/proxy/filter"
)

// What a server sends can be decompressed before it sends more, and long
// bodies arrive whole, however they are framed.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line of text, and another; ", 20_000)
	read := make(chan struct{})
	chunks := func(body string) string {
		var b strings.Builder
		for ; len(body) > 0; body = body[min(len(body), 9999):] {
			p := body[:min(len(body), 9999)]
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(p), p)
		}
		return b.String() + "0\r\n\r\n"
	}
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		const ok = "HTTP/1.1 200 OK\r\n"
		next()
		io.WriteString(c, ok+"Content-Length: 15\r\n\r\npiece")
		for range 2 {
			<-read
			io.WriteString(c, "piece")
		}
		<-read
		next()
		fmt.Fprintf(c, ok+"Content-Length: %d\r\n\r\n%s", len(long), long)
		next()
		io.WriteString(c, ok+"Transfer-Encoding: chunked\r\n\r\n"+chunks(long))
	})
	p := testListen("p")
	p.Compression = &filter.Compression{Algos: []filter.Algo{filter.Gzip}}
	px := startProxy(t, p, o.addr)
	c := px.dial()
	ask := func() (io.ReadCloser, io.Reader) {
		t.Helper()
		c.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
		res, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.Body, z
	}
	body, z := ask()
	for range 3 {
		var piece [5]byte
		if _, err := io.ReadFull(z, piece[:]); err != nil || string(piece[:]) != "piece" {
			t.Fatalf("%q, %v", piece, err)
		}
		read <- struct{}{}
	}
	io.Copy(io.Discard, body)
	for range 2 {
		body, z := ask()
		if all, err := io.ReadAll(z); err != nil || string(all) != long {
			t.Errorf("%d of %d bytes, %v", len(all), len(long), err)
		}
		io.Copy(io.Discard, body)
	}
}
