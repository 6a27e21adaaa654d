package engine

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/listen"

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

// startTLS is startProxy for clients with TLS.
func startTLS(t testing.TB, p *config.Proxy, server string) (px *proxy, dial func() *client) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	px = startProxyWith(t, Deps{ServerTLS: func(*listen.Listener) *tls.Config { return cfg }}, p, server)
	return px, func() *client {
		c := px.dial()
		c.Conn = tls.Client(&halting{Conn: c.Conn}, &tls.Config{InsecureSkipVerify: true})
		c.r = bufio.NewReader(c.Conn)
		return c
	}
}

// halting sends a part of what is written, and the rest once that is asked for.
type halting struct {
	net.Conn
	first int // bytes of the next write that go at once; 0: all
	rest  func()
}

func (h *halting) Write(b []byte) (int, error) {
	n := h.first
	if n == 0 {
		return h.Conn.Write(b)
	}
	h.first = 0
	if _, err := h.Conn.Write(b[:n]); err != nil {
		return 0, err
	}
	h.rest()
	_, err := h.Conn.Write(b[n:])
	return len(b), err
}

// Connections with TLS rest as those in the clear do; they wake also for the
// beginning of a record.
func TestRestTLS(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	px, dial := startTLS(t, testListen("p"), o.addr)
	c := dial()
	under := c.Conn.(*tls.Conn).NetConn().(*halting)
	ask := func(c *client) {
		t.Helper()
		c.send(get)
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
		px.asleep(1)
	}
	for i := range 4 {
		if i > 0 {
			under.first, under.rest = i, func() { px.asleep(0) }
		}
		ask(c)
	}
	px.e.Sessions(func(s *tx.Session) {
		if s.Requests != 4 || s.TLS == nil {
			t.Errorf("%d requests, %v", s.Requests, s.TLS)
		}
	})
}

// Connections with TLS that rest end as others do.
func TestRestTLSEnds(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	p := testListen("p")
	p.Timeouts.HTTPKeepAlive = time.Second
	px, dial := startTLS(t, p, o.addr)
	ask := func() *client {
		c := dial()
		c.send(get)
		c.expect("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
		px.asleep(1)
		return c
	}
	began := time.Now()
	if s := ask().rest(); s != "" || time.Since(began) < time.Second {
		t.Errorf("%q after %v", s, time.Since(began))
	}
	px.asleep(0)
	px, dial = startTLS(t, testListen("q"), o.addr)
	c := ask()
	id := uint64(0)
	px.e.Sessions(func(s *tx.Session) { id = s.ID })
	if !px.e.Cut(id) {
		t.Error("no such session")
	}
	if s := c.rest(); s != "" {
		t.Errorf("%q", s)
	}
	px.asleep(0)
	c = ask()
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

// Connections at rest end with keep-alive timeouts, with their clients, and
// with the process.
func TestRestEnds(t *testing.T) {
	t.Parallel()
	o := startOrigin(t, always(okAnswer))
	p := testListen("p")
	p.Timeouts.HTTPKeepAlive = time.Second
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
	if s := c.rest(); s != "" || time.Since(began) < time.Second {
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

// Memory is given back behind many connections that went to rest, once no more
// do, and seldom.
func TestCalm(t *testing.T) {
	t.Parallel()
	var k calm
	now := time.Now()
	for i, x := range []struct {
		rested int64
		after  time.Duration
		want   bool
	}{
		{0, 0, false}, {calmConns - 1, 0, false}, {calmConns - 1, 0, false}, {calmConns, 0, false}, {calmConns, 0, true}, {calmConns, calmEvery, false},
		{2 * calmConns, 0, false}, {2 * calmConns, calmEvery - 1, false}, {2 * calmConns, calmEvery, true}, {2 * calmConns, 3 * calmEvery, false},
	} {
		if got := k.comes(x.rested, now.Add(x.after)); got != x.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
