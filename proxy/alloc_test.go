//go:build !race

package proxy

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
)

// TestLoggedGetAllocatesNothing holds that a GET through the whole proxy, with
// forwardfor, an ACL that routes and httplog to a UDP receiver, allocates
// nothing per request in steady state. It is not parallel: it counts the
// allocations of the process. (The race detector makes pools forget.)
func TestLoggedGetAllocatesNothing(t *testing.T) {
	s := newStage()
	s.vars["s1"] = quietOrigin(t)
	s.openLog(t)
	s.start(t, strings.Replace(stock, "option http-server-close", "", 1)+`
frontend main
    bind "fd@${fe}"
    acl url_static path_beg -i /static /images
    use_backend webs if url_static
    default_backend other
backend webs
    http-reuse always
    server s1 "${s1}"
backend other
    server s1 "${s1}" disabled
`)
	c, err := net.Dial("tcp", s.listens["fe"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := []byte("GET /static/a HTTP/1.1\r\nHost: example\r\nUser-Agent: test\r\n\r\n")
	answer := make([]byte, len("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"))
	once := func() {
		if _, err := c.Write(in); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		once()
	}
	if string(answer[:15]) != "HTTP/1.1 200 OK" {
		t.Fatalf("got %q", answer)
	}
	const n = 2000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		once()
	}
	runtime.ReadMemStats(&after)
	if per := float64(after.Mallocs-before.Mallocs) / n; per > 0.05 {
		t.Errorf("%v allocations per request", per)
	}
}

// quietOrigin answers every request with the same bytes and allocates nothing.
func quietOrigin(t *testing.T) string {
	return serveTCP(t, func(c net.Conn) {
		r, out := bufio.NewReader(c), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) <= 2 {
				c.Write(out)
			}
		}
	})
}
