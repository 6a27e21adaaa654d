package engine

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Bodies that are longer than a message's buffer arrive whole in both
// directions, and the connections carry the next request.
func TestLongBodies(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	for i := 0; body.Len() < 200_000; i++ {
		fmt.Fprintf(&body, "%d,", i)
	}
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		for {
			h, r := next()
			if h == "" {
				return
			}
			b := make([]byte, body.Len())
			io.ReadFull(r, b)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(b), b)
		}
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	for range 3 {
		go fmt.Fprintf(c.Conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", body.Len(), body.String())
		c.expect(fmt.Sprintf("HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n", body.Len()))
		c.expect(body.String())
		if d := cmp.Diff(logged{"----", "POST / HTTP/1.1", "s1", 200}, px.log()); d != "" {
			t.Error(d)
		}
	}
	if conns, _ := o.seen(); conns != 1 {
		t.Errorf("%d connections to the server", conns)
	}
}

// A long body that breaks off is whose end broke it.
func TestLongBodyBreaks(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("z", 100_000)
	o := startOrigin(t, func(c net.Conn, next func() (string, *bufio.Reader)) {
		h, _ := next()
		if strings.HasPrefix(h, "GET") {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"+long)
			return
		}
		io.Copy(io.Discard, c)
	})
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	c.send(get)
	c.expect("HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n" + long)
	if s := c.rest(); s != "" {
		t.Errorf("%d bytes more", len(s))
	}
	if d := cmp.Diff(logged{"SD--", "GET / HTTP/1.1", "s1", 200}, px.log()); d != "" {
		t.Error(d)
	}
	c = px.dial()
	c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + long)
	c.Close()
	if l := px.log(); l.Term != "CH--" && l.Term != "CD--" || l.Status != 400 && l.Status != -1 {
		t.Errorf("%+v", l)
	}
}
