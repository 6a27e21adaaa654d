package engine

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Clients that abort at random, servers that die at random: afterwards every
// counter is back to where it began, and every request that was begun was
// logged.
func TestRandomAborts(t *testing.T) {
	t.Parallel()
	script := func(c net.Conn, next func() (string, *bufio.Reader)) {
		for {
			h, r := next()
			if h == "" {
				return
			}
			if i := strings.Index(h, "content-length: "); i >= 0 {
				n, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(h[i+16:], "\r", 2)[0]))
				if rand.IntN(5) == 0 {
					n /= 2
				}
				io.CopyN(io.Discard, r, int64(n))
			}
			switch rand.IntN(8) {
			case 0:
				return
			case 1:
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
				return
			case 2:
				io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
			case 3:
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
				fallthrough
			default:
				io.WriteString(c, okAnswer)
			}
		}
	}
	p := testListen("p")
	p.Retries = 1
	p.Timeouts.Client, p.Timeouts.Server, p.Timeouts.Connect = 400*time.Millisecond, 400*time.Millisecond, time.Second
	px := startProxy(t, p, startOrigin(t, script).addr, startOrigin(t, script).addr)
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			for range 12 {
				c, err := net.Dial("tcp", px.addr)
				if err != nil {
					continue
				}
				c.SetDeadline(time.Now().Add(800 * time.Millisecond))
				for range rand.IntN(4) + 1 {
					req := get
					if rand.IntN(2) == 0 {
						n := rand.IntN(60000)
						req = "POST / HTTP/1.1\r\nContent-Length: " + strconv.Itoa(n) + "\r\n\r\n" + strings.Repeat("x", n)
					}
					if rand.IntN(4) == 0 {
						req = req[:rand.IntN(len(req))]
					}
					io.WriteString(c, req)
					if rand.IntN(3) > 0 {
						c.Read(make([]byte, rand.IntN(200)+1))
					}
				}
				c.Close()
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	px.ln.Close()
	if err := px.e.Drain(ctx); err != nil {
		t.Errorf("drain: %v", err)
	}
	if n := p.Front.Stats.Sess.Load(); n != 0 {
		t.Errorf("%d sessions in the frontend", n)
	}
	if n := p.Back.Stats.Sess.Load(); n != 0 {
		t.Errorf("%d sessions in the backend", n)
	}
	for _, s := range p.Back.Servers() {
		if s.Cur() != 0 || s.Stats.Sess.Load() != 0 || s.Stats.Used.Load() != 0 {
			t.Errorf("server %s: %d places, %d sessions, %d connections in use", s.Name, s.Cur(), s.Stats.Sess.Load(), s.Stats.Used.Load())
		}
	}
}
