package engine

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"testing"

	"tandem/proxy/config"
	"tandem/proxy/logformat"
	"tandem/proxy/logs"
)

// serveMany runs n requests over one connection and returns the allocations
// that each of them made in the whole process.
func serveMany(tb testing.TB, px *proxy, req string, answer int, n int) float64 {
	c, err := net.Dial("tcp", px.addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	in, buf := []byte(req), make([]byte, answer)
	once := func() {
		if _, err := c.Write(in); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			tb.Fatal(err)
		}
	}
	for range 50 {
		once()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		once()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n)
}

// rawOrigin answers every request with the same bytes and allocates nothing.
func rawOrigin(tb testing.TB, answer string) string {
	return serveTCP(tb, func(c *net.TCPConn) {
		r, out := bufio.NewReader(c), []byte(answer)
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

// Not parallel: it counts the allocations of the whole process.
func TestGetAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget on purpose")
	}
	p := testListen("p")
	p.ForwardFor = &config.AddrHeader{}
	p.LogFormat = &logformat.Format{}
	px := startProxy(t, p, rawOrigin(t, okAnswer))
	px.e.deps.onEnd = nil
	px.e.deps.Log = func(*config.Proxy, int, logs.Message) {}
	const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
	if n := serveMany(t, px, get, len(answer), 2000); n > 0.05 {
		t.Errorf("%v allocations per request", n)
	}
}

// Not parallel, as the one before.
func TestTCPAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget on purpose")
	}
	p := testListen("p")
	p.Mode = "tcp"
	px := startProxy(t, p, rawOrigin(t, okAnswer))
	if n := serveMany(t, px, get, len(okAnswer), 2000); n > 0.05 {
		t.Errorf("%v allocations per exchange", n)
	}
}

func BenchmarkGet(b *testing.B) {
	p := testListen("p")
	p.ForwardFor = &config.AddrHeader{}
	b.ReportAllocs()
	px := startProxy(b, p, rawOrigin(b, okAnswer))
	px.e.deps.onEnd = nil
	const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
	b.ResetTimer()
	serveMany(b, px, get, len(answer), b.N)
}
