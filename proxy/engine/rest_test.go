package engine

import (
	"context"
	"testing"
	"time"

	"tandem/proxy/tx"
)

// asleep waits until n connections rest.
func (px *proxy) asleep(n int) {
	px.t.Helper()
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		px.e.putToRest(time.Now().Add(time.Hour))
		px.e.mu.Lock()
		k := len(px.e.resting)
		px.e.mu.Unlock()
		if k == n {
			return
		}
		if time.Now().After(until) {
			px.t.Fatalf("%d connections rest, not %d", k, n)
		}
	}
}

// A connection that waits for long gives its memory back and goes on with the
// next request as if it had not; it is listed and can be cut meanwhile.
func TestRest(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	px := startProxy(t, testListen("p"), o.addr)
	c := px.dial()
	for i := range 5 {
		c.send(get)
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
		if l := px.log(); l.Status != 200 || l.Term != "----" {
			t.Errorf("%+v", l)
		}
		px.asleep(1)
		n, id := 0, uint64(0)
		px.e.Sessions(func(s *tx.Session) {
			if n, id = n+1, s.ID; s.Requests != i+1 {
				t.Errorf("%d requests after %d", s.Requests, i+1)
			}
		})
		if n != 1 {
			t.Fatalf("%d sessions", n)
		}
		if i == 4 && !px.e.Cut(id) {
			t.Error("no such session")
		}
	}
	if s := c.rest(); s != "" {
		t.Errorf("%q", s)
	}
	px.asleep(0)
}

// Connections at rest end with keep-alive timeouts, with their clients, and
// with the process.
func TestRestEnds(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	p := testListen("p")
	p.Timeouts.HTTPKeepAlive = 300 * time.Millisecond
	px := startProxy(t, p, o.addr)
	ask := func() *client {
		c := px.dial()
		c.send(get)
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
		return c
	}
	began := time.Now()
	c := ask()
	px.asleep(1)
	if s := c.rest(); s != "" || time.Since(began) < 300*time.Millisecond {
		t.Errorf("%q after %v", s, time.Since(began))
	}
	c = ask()
	px.asleep(1)
	c.Close()
	px.asleep(0)

	p = testListen("q")
	px = startProxy(t, p, o.addr)
	c = ask()
	px.asleep(1)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	px.ln.Close()
	if err := px.e.Drain(ctx); err != nil {
		t.Error(err)
	}
	if s := c.rest(); s != "" {
		t.Errorf("%q", s)
	}
}
