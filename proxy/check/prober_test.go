package check

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tandem/proxy/server"
)

// script is a Dialer that notes when it was asked and fails as told.
type script struct {
	mu    sync.Mutex
	at    []time.Duration
	start time.Time
	fail  func(n int) error
	slow  time.Duration
	line  func(n int) string // what an agent says
}

// Dial returns a pipe that closes at once, or an error.
func (s *script) Dial(ctx context.Context, _ *server.Server, _ Connect) (net.Conn, error) {
	s.mu.Lock()
	n := len(s.at)
	s.at = append(s.at, time.Since(s.start).Round(time.Millisecond))
	s.mu.Unlock()
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.fail != nil {
		if err := s.fail(n); err != nil {
			return nil, err
		}
	}
	a, b := net.Pipe()
	go func() {
		if s.line != nil {
			_, _ = b.Write([]byte(s.line(n) + "\r\n"))
		}
		_ = b.Close()
	}()
	return a, nil
}

func (s *script) times() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Duration(nil), s.at...)
}

func refused() error {
	return &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

func TestIntervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := testServer(func(p *server.Params) {
			p.Check.Inter, p.Check.FastInter, p.Check.DownInter = 10*time.Second, time.Second, 5*time.Second
			p.Rise, p.Fall = 2, 3
		})
		// 0 and 1 succeed: up. 2, 3 and 4 fail: down. From 7 on: up again.
		d := &script{start: time.Now(), fail: func(n int) error {
			if n >= 2 && n < 7 {
				return refused()
			}
			return nil
		}}
		p := &Prober{Dialer: d}
		p.Set([]Target{{Server: srv, Method: (*Setup)(nil).Method()}})
		time.Sleep(40 * time.Second)
		p.Stop()
		want := []time.Duration{0, 1, 11, 12, 13, 18, 23, 28, 29, 39} // seconds
		got := d.times()
		if len(got) != len(want) {
			t.Fatalf("checks at %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i]*time.Second {
				t.Errorf("check %d at %v, want %ds", i, got[i], want[i])
			}
		}
		if op, _ := srv.State(); op != server.Running {
			t.Errorf("state %v", op)
		}
	})
}

func TestCheckTimeouts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		connect, check time.Duration
		want           time.Duration
	}{
		"inter bounds all":            {0, 0, 2 * time.Second},
		"connect bounds the first":    {time.Second, 0, time.Second},
		"inter bounds a long connect": {5 * time.Second, time.Second, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := testServer(nil) // inter 2s
			var events []string
			d := &script{start: time.Now(), slow: time.Hour}
			p := &Prober{Dialer: d}
			p.Set([]Target{{Server: srv, Method: (*Setup)(nil).Method(), Connect: c.connect, Check: c.check}})
			time.Sleep(c.want - time.Millisecond)
			if v := srv.View(time.Now()); v.Check.Status != "" {
				t.Errorf("%s: too early: %s", name, v.Check.Status)
			}
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			if v := srv.View(time.Now()); v.Check.Status != "L4TOUT" || v.Op != server.Stopped {
				t.Errorf("%s: %s, %v %v", name, v.Check.Status, v.Op, events)
			}
			p.Stop()
		})
	}
}

func TestFirstChecksAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &script{start: time.Now()}
		p := &Prober{Dialer: d}
		var list []Target
		for range 4 {
			list = append(list, Target{Server: testServer(nil), Method: (*Setup)(nil).Method()})
		}
		p.Set(list)
		time.Sleep(1900 * time.Millisecond)
		got := d.times()
		for i, want := range []time.Duration{0, 500, 1000, 1500} {
			if i >= len(got) || got[i] != want*time.Millisecond {
				t.Fatalf("first checks at %v", got)
			}
		}
		p.Set(list[:1]) // the others are gone
		n := len(d.times())
		time.Sleep(4 * time.Second)
		if got := len(d.times()) - n; got != 2 {
			t.Errorf("%d checks in 4s of one server at 2s", got)
		}
		p.Stop()
	})
}

func TestNoChecksInMaintenance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := testServer(nil)
		srv.SetAdmin(server.ForcedMaint, time.Now())
		d := &script{start: time.Now()}
		p := &Prober{Dialer: d}
		p.Set([]Target{{Server: srv, Method: (*Setup)(nil).Method()}})
		time.Sleep(9 * time.Second)
		if n := len(d.times()); n != 0 {
			t.Errorf("%d checks in maintenance", n)
		}
		srv.ClearAdmin(server.ForcedMaint, time.Now())
		p.Now(srv)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := len(d.times()); n != 1 {
			t.Errorf("%d checks after maintenance", n)
		}
		p.Stop()
	})
}

func TestHurry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := testServer(func(p *server.Params) { p.Check.Inter, p.Check.FastInter, p.Rise = time.Minute, time.Second, 1 })
		d := &script{start: time.Now()}
		p := &Prober{Dialer: d}
		p.Set([]Target{{Server: srv, Method: (*Setup)(nil).Method()}})
		time.Sleep(10 * time.Second)
		p.Hurry(srv)
		time.Sleep(1100 * time.Millisecond)
		if got := d.times(); len(got) != 2 || got[1] != 11*time.Second {
			t.Errorf("checks at %v", got)
		}
		p.Stop()
	})
}

func TestSpreadStaysInItsBounds(t *testing.T) {
	t.Parallel()
	p := &Prober{Spread: 20}
	for range 1000 {
		if d := p.spread(time.Second); d < 800*time.Millisecond || d > 1200*time.Millisecond {
			t.Fatalf("20%% of a second gave %v", d)
		}
	}
	p.MaxSpread = 10 * time.Millisecond
	for range 1000 {
		if d := p.spread(time.Second); d < 990*time.Millisecond || d > 1010*time.Millisecond {
			t.Fatalf("a spread of 10ms at most gave %v", d)
		}
	}
}

func TestConnectErrors(t *testing.T) {
	t.Parallel()
	op := func(no syscall.Errno) error { return &net.OpError{Op: "dial", Err: no} }
	for want, err := range map[string]error{
		`L4CON ECONNREFUSED returned by OS (Connection refused)`:   op(syscall.ECONNREFUSED),
		`SOCKERR General socket error (No such file or directory)`: op(syscall.ENOENT),
		`L4CON General socket error (Network is unreachable)`:      op(syscall.ENETUNREACH),
		`L6RSP SSL handshake failure`:                              &TLSError{errors.New("bad")},
		`L4TOUT `:                                                  context.DeadlineExceeded,
		`L6TOUT `:                                                  &TLSError{context.DeadlineExceeded},
	} {
		if r := connectError(t.Context(), err); r.Status+" "+r.Desc != want {
			t.Errorf("%v: %s %s, want %s", err, r.Status, r.Desc, want)
		}
	}
	s := &Setup{}
	for _, l := range []string{"option tcp-check", "tcp-check connect port 1"} {
		if err := apply(s, l); err != nil {
			t.Fatal(err)
		}
	}
	r := s.Method().Run(t.Context(), &Probe{Server: testServer(nil), Dialer: &fake{err: op(syscall.ECONNREFUSED)}})
	if r.Desc != "ECONNREFUSED returned by OS (Connection refused) at step 1 of tcp-check (connect port 1)" {
		t.Error(r.Desc)
	}
}

func TestAgentReports(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]agentReport{
		"up":                     {status: "L7OK", desc: "via agent : up", maxConn: -1},
		"down#oh no\r\nx":        {status: "L7STS", desc: "via agent : down (oh no)", maxConn: -1},
		"stopped":                {status: "L7STS", desc: "via agent : stopped", maxConn: -1},
		"UP ready, 75%":          {status: "L7OK", desc: "via agent : up", admin: "ready", weight: "75%", maxConn: -1},
		"drain":                  {admin: "drain", maxConn: -1},
		"weight:20 maxconn:30":   {weight: "20", maxConn: 30},
		"maint\tweight:50%,junk": {admin: "maint", weight: "50%", maxConn: -1},
		"":                       {maxConn: -1},
	} {
		if got := parseAgent(in); got != want {
			t.Errorf("%q: %+v, want %+v", in, got, want)
		}
	}
}

func TestAgentMovesTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := testServer(func(p *server.Params) {
			p.Check.Enabled = false
			p.Agent.Enabled, p.Agent.Port, p.Weight = true, 1, 10
		})
		says := []string{"50%", "down#oh", "up", "drain", "ready", "maxconn:7", "maint"}
		d := &script{start: time.Now(), line: func(n int) string { return says[min(n, len(says)-1)] }}
		p := &Prober{Dialer: d}
		p.Set([]Target{{Server: srv, Method: (*Setup)(nil).Method()}})
		step := func() (server.OpState, server.Admin) {
			time.Sleep(time.Second)
			synctest.Wait()
			op, admin := srv.State()
			time.Sleep(time.Second)
			return op, admin
		}
		if op, _ := step(); op != server.Running || srv.Weight() != 5 {
			t.Errorf("50%%: %v, weight %d", op, srv.Weight())
		}
		if op, _ := step(); op != server.Stopped {
			t.Errorf("down: %v", op)
		}
		if op, _ := step(); op != server.Running {
			t.Errorf("up: %v", op)
		}
		if _, a := step(); a != server.ForcedDrain {
			t.Errorf("drain: %x", a)
		}
		if _, a := step(); a != 0 {
			t.Errorf("ready: %x", a)
		}
		if step(); srv.MaxConn() != 7 {
			t.Errorf("maxconn: %d", srv.MaxConn())
		}
		if _, a := step(); a != server.ForcedMaint {
			t.Errorf("maint: %x", a)
		}
		p.Stop()
	})
}

func TestWeightTexts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"300": "Absolute weight can only be between 0 and 256 inclusive.",
		"-1%": "Relative weight must be positive.",
		"x":   "Trailing garbage in weight string",
	} {
		if _, err := Weight(in, 10); err == nil || err.Error() != want {
			t.Errorf("%s: %v", in, err)
		}
	}
	for in, want := range map[string]int{"50%": 5, "5": 5, "256": 256, "0": 0, "9999%": 256} {
		if w, err := Weight(in, 10); err != nil || w != want {
			t.Errorf("%s: %d, %v", in, w, err)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(*server.Params)
		to     Connect
		want   string
		own    bool
	}{
		{nil, Connect{}, "127.0.0.1:80", true},
		{func(p *server.Params) { p.Check.Port = 8080 }, Connect{}, "127.0.0.1:8080", false},
		{func(p *server.Params) { p.Check.AddrPort, p.Check.Port = 81, 8080 }, Connect{}, "127.0.0.1:8080", false},
		{func(p *server.Params) { p.Check.Addr = "::1" }, Connect{}, "[::1]:80", false},
		{func(p *server.Params) { p.Check.Port = 8080 }, Connect{Explicit: true, Port: 443, Addr: "10.0.0.1"}, "10.0.0.1:443", false},
	} {
		if _, addr, own := target(testServer(c.change), c.to); addr != c.want || own != c.own {
			t.Errorf("%s, own %v; want %s, %v", addr, own, c.want, c.own)
		}
	}
	tlsServer := testServer(func(p *server.Params) { p.TLS.Enabled = true })
	if !wantsTLS(tlsServer.Params, Connect{}, true) || wantsTLS(tlsServer.Params, Connect{}, false) || wantsTLS(tlsServer.Params, Connect{Explicit: true}, true) {
		t.Error("ssl of the server's line holds for its own port and implicit connections alone")
	}
}

func TestProxyHeaders(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback: ", err)
	}
	defer func() { _ = ln.Close() }()
	got := make(chan string, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		buf := make([]byte, 100)
		n, _ := c.Read(buf)
		got <- string(buf[:n])
		_ = c.Close()
	}()
	port := ln.Addr().(*net.TCPAddr).Port
	srv := testServer(func(p *server.Params) { p.SendProxy.Version = 1 })
	srv.SetAddr(&server.Endpoint{Network: "tcp4", Host: "127.0.0.1", Port: port})
	c, err := (&NetDialer{}).Dial(t.Context(), srv, Connect{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if h := <-got; !strings.HasPrefix(h, "PROXY TCP4 127.0.0.1 127.0.0.1 ") || !strings.HasSuffix(h, "\r\n") {
		t.Errorf("%q", h)
	}
}

// The server name of a check is what "sni" or "check-sni" says, else the Host
// of the request, unless "no-check-sni-auto" forbids that.
func TestCheckServerName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		to   Connect
		line string // check-sni
		off  bool
		want string
	}{
		{Connect{Host: "host"}, "", false, "host"},
		{Connect{Host: "host"}, "", true, ""},
		{Connect{Host: "host"}, "line", true, "line"},
		{Connect{Host: "host", SNI: "step"}, "line", false, "step"},
	} {
		got := "not asked"
		d := &NetDialer{TLS: func(_ *server.Server, name string) *tls.Config { got = name; return nil }}
		a, b := net.Pipe()
		srv := testServer(func(p *server.Params) { p.Check.SNI, p.Check.NoSNIAuto = c.line, c.off })
		if _, err := d.startTLS(t.Context(), a, srv, c.to); err == nil {
			t.Error("a handshake without configuration")
		}
		_ = b.Close()
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
