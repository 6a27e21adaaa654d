package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const stormConfig = `
global
    log "${logsock}" len 4096 local0
defaults
    mode http
    retries 2
    option redispatch
    option splice-auto
    timeout connect 1s
    timeout queue 2s
    timeout client 3s
    timeout server 3s
    timeout http-request 3s
    timeout http-keep-alive 3s
frontend fe
    bind "fd@${fe}"
    log global
    log-format "%HP %ST %tsc"
    default_backend be
backend be
    balance random
    http-reuse safe
    server s1 "${s1}" maxconn 20
    server s2 "${s2}" maxconn 20
    server s3 "${s3}"
`

// storm is what the clients know when it is over.
type storm struct {
	*stage
	ids   atomic.Int64
	mu    sync.Mutex
	sent  map[string]int // path of each request sent whole by a client that stayed: status, 0 where the connection ended without one
	other map[string]bool
}

// stormTime is how long the weather lasts.
func stormTime(t *testing.T) time.Duration {
	d := 3 * time.Second
	if v := os.Getenv("TANDEM_STORM"); v != "" {
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// TestStorm lets 200 clients that abort, stall and pipeline meet servers that
// die, reset and cut answers. Afterwards nothing may be left open, and every
// request was answered or logged with the state that it ended in.
// TANDEM_STORM=60s makes it last longer.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := &storm{stage: newStage(), sent: map[string]int{}, other: map[string]bool{}}
	lines := s.openLogSocket(t)
	ctx, cancel := context.WithTimeout(context.Background(), stormTime(t))
	defer cancel()
	farm := &stormFarm{t: t}
	for _, name := range []string{"s1", "s2", "s3"} {
		s.vars[name] = farm.add(ctx)
	}
	var p *Proxy
	pprof.Do(ctx, pprof.Labels("storm", "proxy"), func(context.Context) { p = s.start(t, stormConfig) })
	s.quick(t)
	begin := goroutinesOf("proxy")
	if begin == 0 {
		t.Fatal("no goroutine of the proxy found")
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for ctx.Err() == nil {
				s.visit(ctx, r)
			}
		})
	}
	wg.Wait()
	farm.calm.Store(true)
	until(t, "open sessions, queue, connections in use", "0 0 0 0 0", func() string { return p.levels() })
	until(t, "goroutines", "as before", func() string {
		if n := goroutinesOf("proxy"); n > begin {
			return fmt.Sprintf("%d more than %d", n-begin, begin)
		}
		return "as before"
	})
	s.quick(t)
	s.compare(t, lines, p.deps.Process.LogsDropped.Load)
}

// levels are the gauges that must be zero when nothing happens.
func (p *Proxy) levels() string {
	var sess, back, queue, used, conns uint64
	for _, px := range p.cfg.Proxies {
		if px.Front != nil {
			sess += px.Front.Stats.Sess.Load()
			conns += px.Front.Stats.H1.OpenConns.Load()
		}
		if px.Back != nil {
			back += px.Back.Stats.Sess.Load()
			queue += px.Back.Stats.Queue.Load()
			for _, srv := range px.Back.Servers() {
				queue += srv.Stats.Queue.Load()
				used += srv.Stats.Used.Load() + srv.Stats.Sess.Load()
			}
		}
	}
	return fmt.Sprint(sess, back, queue, used, conns)
}

var labelled = regexp.MustCompile(`^(\d+) @.*\n# labels: \{"storm":"(\w+)"\}`)

// parked are the goroutines that the engine keeps, in bounded number, for the
// connections of all proxies of the process: they serve nobody.
var parked = regexp.MustCompile(`\(\*crew\)\.work\S*\s`)

// goroutinesOf counts the goroutines that a labelled one started and that have
// something to do.
func goroutinesOf(label string) (n int) {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	for _, block := range strings.Split(b.String(), "\n\n") {
		m := labelled.FindStringSubmatch(block)
		if m != nil && m[2] == label && (!parked.MatchString(block) || strings.Contains(block, "(*Engine)") || strings.Contains(block, "(*conn)")) {
			k, _ := strconv.Atoi(m[1])
			n += k
		}
	}
	return n
}

// openLogSocket receives log lines losslessly and returns them, by path.
func (s *storm) openLogSocket(t *testing.T) func() map[string][]string {
	dir, err := os.MkdirTemp("", "storm") // a test's own directory has too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.vars["logsock"] = filepath.Join(dir, "log")
	pc, err := net.ListenPacket("unixgram", s.vars["logsock"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	var mu sync.Mutex
	lines := map[string][]string{}
	go func() {
		b := make([]byte, 65536)
		for {
			n, _, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			if f := strings.Fields(string(b[:n])); len(f) >= 3 {
				mu.Lock()
				path := f[len(f)-3]
				lines[path] = append(lines[path], f[len(f)-2]+" "+f[len(f)-1])
				mu.Unlock()
			}
		}
	}()
	return func() map[string][]string {
		mu.Lock()
		defer mu.Unlock()
		out := map[string][]string{}
		for k, v := range lines {
			out[k] = v
		}
		return out
	}
}

// quick makes one plain request that must succeed.
func (s *storm) quick(t *testing.T) {
	until(t, "a plain request", "200", func() string {
		return exchangeOnce(t, s.listens["fe"], "GET /calm HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", nil)
	})
}

// compare holds what clients saw against the log. Lines that the receiver's
// queue had no room for (ten datagrams, for a unix socket) may be missing, as
// many as the proxy has counted as lost.
func (s *storm) compare(t *testing.T, lines func() map[string][]string, lost func() uint64) {
	last := fmt.Sprintf("/last%d", s.ids.Add(1))
	until(t, "the last log line", "200 ----", func() string {
		exchangeOnce(t, s.listens["fe"], "GET "+last+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", nil)
		line := strings.Join(lines()[last], "")
		return line[:min(8, len(line))]
	})
	log := lines()
	answered, bad, missing := 0, 0, uint64(0)
	for path, status := range s.sent {
		l := log[path]
		switch {
		case len(l) == 1 && (status == 0 || strings.HasPrefix(l[0], strconv.Itoa(status)+" ")):
			answered++
			if status != 0 || !strings.HasSuffix(l[0], " ----") {
				continue
			}
		case len(l) == 0 && status == 0: // never read: the connection was over before
			continue
		case len(l) == 0 && missing < lost():
			missing++
			continue
		}
		if bad++; bad <= 5 {
			t.Errorf("request %s: the client saw %d, the log says %q", path, status, l)
		}
	}
	for path := range s.other {
		if l := log[path]; len(l) > 1 {
			t.Errorf("aborted request %s was logged %d times: %q", path, len(l), l)
		}
	}
	t.Logf("%d requests, %d of them aborted by clients, %d answered, %d log lines lost", len(s.sent)+len(s.other), len(s.other), answered, lost())
	if answered < 100 {
		t.Errorf("only %d requests were answered", answered)
	}
}

// visit is one connection of one client.
func (s *storm) visit(ctx context.Context, r *rand.Rand) {
	c, err := net.Dial("tcp", s.listens["fe"])
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	path := func() string { return fmt.Sprintf("/%d", s.ids.Add(1)) }
	aborted := func(p string) {
		s.mu.Lock()
		s.other[p] = true
		s.mu.Unlock()
	}
	get := func(p string) string { return "GET " + p + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	br := bufio.NewReader(c)
	switch r.IntN(8) {
	case 0, 1: // keep-alive
		for range 1 + r.IntN(5) {
			p := path()
			io.WriteString(c, get(p))
			if !s.answer(br, p) {
				return
			}
		}
	case 2: // a slow upload in pieces
		p := path()
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", p)
		piece := strings.Repeat("x", 1+r.IntN(5000))
		for range 5 {
			fmt.Fprintf(c, "%x\r\n%s\r\n", len(piece), piece)
			pause(ctx, time.Duration(r.IntN(3))*time.Millisecond)
		}
		io.WriteString(c, "0\r\n\r\n")
		s.answer(br, p)
	case 3: // pipelined
		var ps []string
		var b strings.Builder
		for range 5 {
			p := path()
			ps = append(ps, p)
			b.WriteString(get(p))
		}
		io.WriteString(c, b.String())
		for i, p := range ps {
			if !s.answer(br, p) {
				for _, p := range ps[i+1:] {
					aborted(p)
				}
				return
			}
		}
	case 4: // gone at once, or while the server thinks
		p := path()
		aborted(p)
		io.WriteString(c, get(p))
		if r.IntN(2) == 0 {
			pause(ctx, time.Duration(r.IntN(4))*time.Millisecond)
		}
		if r.IntN(2) == 0 {
			c.(*net.TCPConn).SetLinger(0)
		}
	case 5: // gone in the middle of a body
		p := path()
		aborted(p)
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n%s", p, strings.Repeat("y", r.IntN(60000)))
		pause(ctx, time.Duration(r.IntN(3))*time.Millisecond)
	case 6: // gone in the middle of an answer
		p := path()
		aborted(p)
		io.WriteString(c, get(p))
		io.CopyN(io.Discard, br, int64(r.IntN(2000)))
		c.(*net.TCPConn).SetLinger(0)
	case 7: // half a head
		io.WriteString(c, "GET /half HTTP/1.1\r\nHo")
	}
}

// pause is how slow writers write; it ends with the storm.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// answer reads one answer; false: the connection is over.
func (s *storm) answer(br *bufio.Reader, path string) bool {
	res, err := http.ReadResponse(br, nil)
	status := 0
	if err == nil {
		status = res.StatusCode
		_, err = io.Copy(io.Discard, res.Body)
	}
	s.mu.Lock()
	s.sent[path] = status
	s.mu.Unlock()
	return err == nil && !res.Close
}

// stormFarm are the servers.
type stormFarm struct {
	t    *testing.T
	calm atomic.Bool
}

// add starts a server that goes down and comes back on the same address.
func (f *stormFarm) add(ctx context.Context) string {
	addr := freeAddress(f.t) // of its own: others must not find it free while it is down
	ln, err := net.Listen("tcp4", addr)
	if err != nil {
		f.t.Fatal(err)
	}
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	accept := func(ln net.Listener) {
		for n := uint64(0); ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[c] = true
			mu.Unlock()
			go func() {
				f.serve(c, rand.New(rand.NewPCG(n, 2)))
				mu.Lock()
				delete(conns, c)
				mu.Unlock()
			}()
		}
	}
	go accept(ln)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := rand.New(rand.NewPCG(3, 3))
		for ctx.Err() == nil {
			pause(ctx, time.Duration(100+r.IntN(300))*time.Millisecond)
			ln.Close() // dies, with all of its connections
			mu.Lock()
			for c := range conns {
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
			mu.Unlock()
			pause(ctx, time.Duration(r.IntN(50))*time.Millisecond)
			for ctx.Err() == nil || ln != nil {
				next, err := net.Listen("tcp4", addr)
				if err == nil {
					ln = next
					go accept(ln)
					break
				}
			}
		}
	}()
	f.t.Cleanup(func() { <-done; ln.Close() })
	return addr
}

// serve answers, mostly.
func (f *stormFarm) serve(c net.Conn, r *rand.Rand) {
	defer c.Close()
	br := bufio.NewReader(c)
	big := strings.Repeat("z", 200000)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		fate := r.IntN(12)
		if f.calm.Load() {
			fate = 0
		}
		if fate == 1 { // answers before the body is there, and closes
			io.WriteString(c, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		io.Copy(io.Discard, req.Body)
		switch fate {
		case 2:
			return
		case 3:
			c.(*net.TCPConn).SetLinger(0)
			return
		case 4:
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+big[:50000])
			return
		case 5:
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"+big)
		case 6:
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			time.Sleep(time.Millisecond)
			io.WriteString(c, "3e8\r\n"+big[:1000]+"\r\n0\r\n\r\n")
		case 7:
			io.WriteString(c, "garbage\r\n\r\n")
			return
		case 8:
			io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nuntil the end")
			return
		default:
			io.WriteString(c, plainReply)
		}
	}
}
