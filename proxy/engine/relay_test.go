package engine

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Both directions at once carry pieces of all sizes, through waits for room
// and back, and each one's end reaches the other side after its last byte.
func TestRelay(t *testing.T) {
	t.Parallel()
	const total = 3 << 20
	p := testListen("p")
	p.Mode = "tcp"
	// pour writes total bytes in pieces and sums them up.
	pour := func(c net.Conn, seed uint64) [sha256.Size]byte {
		r := rand.New(rand.NewPCG(seed, 1))
		h := sha256.New()
		for left := total; left > 0; {
			n := min(left, 1+r.IntN(1<<r.IntN(18)))
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			h.Write(b)
			c.Write(b)
			left -= n
		}
		c.(*net.TCPConn).CloseWrite()
		return [sha256.Size]byte(h.Sum(nil))
	}
	// drain reads until the end.
	drain := func(c net.Conn) (sum [sha256.Size]byte, n int64) {
		h := sha256.New()
		n, _ = io.Copy(h, c)
		return [sha256.Size]byte(h.Sum(nil)), n
	}
	up := make(chan [sha256.Size]byte, 4)
	addr := serveTCP(t, func(c *net.TCPConn) {
		done := make(chan bool)
		go func() { pour(c, 9); close(done) }()
		sum, _ := drain(c)
		up <- sum
		<-done
	})
	px := startProxy(t, p, addr)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sums := map[[sha256.Size]byte]bool{}
	for i := range 4 {
		wg.Go(func() {
			c := px.dial().Conn
			sent := make(chan [sha256.Size]byte, 1)
			go func() { sent <- pour(c, uint64(i)) }()
			_, n := drain(c)
			if n != total {
				t.Errorf("%d bytes came", n)
			}
			mu.Lock()
			sums[<-sent] = true
			mu.Unlock()
			if l := px.log(); l.Term != "----" {
				t.Error(l)
			}
		})
	}
	wg.Wait()
	for range 4 {
		if !sums[<-up] {
			t.Error("the server got something else")
		}
	}
}

// How a session ends, and who is to blame, does not depend on whether a
// goroutine waits.
func TestRelayEnds(t *testing.T) {
	t.Parallel()
	wait := make(chan struct{})
	t.Cleanup(func() { close(wait) })
	for _, tc := range []struct {
		name   string
		server func(c *net.TCPConn)
		client func(t *testing.T, c *client)
		quick  string // timeout that is short
		term   string
	}{
		{"the server ends", func(c *net.TCPConn) { io.WriteString(c, "x") }, func(t *testing.T, c *client) {
			if s := c.rest(); s != "x" {
				t.Errorf("%q", s)
			}
			c.Close()
		}, "", "----"},
		{"the client ends first", func(c *net.TCPConn) { b, _ := io.ReadAll(c); c.Write(b) }, func(t *testing.T, c *client) {
			c.send("echo")
			c.Conn.(*net.TCPConn).CloseWrite()
			if s := c.rest(); s != "echo" {
				t.Errorf("%q", s)
			}
		}, "", "----"},
		{"the server resets", func(c *net.TCPConn) { c.Read(make([]byte, 1)); c.SetLinger(0) }, func(t *testing.T, c *client) {
			c.send("x")
			c.rest()
		}, "", "SD--"},
		{"the client resets", func(c *net.TCPConn) { io.WriteString(c, "x"); io.Copy(io.Discard, c) }, func(t *testing.T, c *client) {
			c.expect("x")
			c.Conn.(*net.TCPConn).SetLinger(0)
			c.Close()
		}, "", "CD--"},
		{"the client is silent", func(c *net.TCPConn) { io.WriteString(c, "x"); io.Copy(io.Discard, c) }, func(t *testing.T, c *client) { c.rest() }, "client", "cD--"},
		{"the server is silent", func(c *net.TCPConn) { io.Copy(io.Discard, c) }, func(t *testing.T, c *client) {
			c.rest()
			c.send("still heard")
			c.Close()
		}, "server", "sD--"},
		{"the server is silent after the client's end", func(c *net.TCPConn) { io.Copy(io.Discard, c); <-wait }, func(t *testing.T, c *client) {
			c.Conn.(*net.TCPConn).CloseWrite()
			c.rest()
		}, "server-fin", "sD--"},
		{"the client reads nothing", func(c *net.TCPConn) {
			for b := bytes.Repeat([]byte("x"), 64<<10); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}, func(*testing.T, *client) {}, "client", "cD--"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := testListen("p")
			p.Mode = "tcp"
			const short = 50 * time.Millisecond
			switch tc.quick {
			case "client":
				p.Timeouts.Client = short
			case "server":
				p.Timeouts.Server = short
			case "server-fin":
				p.Timeouts.ServerFin = short
			}
			px := startProxy(t, p, serveTCP(t, tc.server))
			c := px.dial()
			tc.client(t, c)
			if l := px.log(); l.Term != tc.term {
				t.Error(fmt.Sprint(l))
			}
		})
	}
}
