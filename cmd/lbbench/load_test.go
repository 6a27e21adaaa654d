package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// serveOrigin runs an origin within the test and gives its addresses.
func serveOrigin(t *testing.T) originAddrs {
	t.Helper()
	o, addrs, err := newOrigin()
	if err != nil {
		t.Fatal(err)
	}
	var stop [2]int
	if err := unix.Pipe2(stop[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := o.poll.add(stop[0], unix.EPOLLIN|unix.EPOLLHUP); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- o.serve(func(fd int) bool { return fd == stop[0] }) }()
	t.Cleanup(func() {
		unix.Close(stop[1])
		if err := <-ended; err != nil {
			t.Error(err)
		}
		unix.Close(stop[0])
		if err := o.close(); err != nil {
			t.Error(err)
		}
	})
	return addrs
}

// shortLoad runs the driver role on spec for a moment.
func shortLoad(t *testing.T, spec loadSpec) loadResult {
	t.Helper()
	spec.Time = 20 * time.Millisecond
	in, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runDriver(bytes.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var r loadResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %q", err, out.String())
	}
	return r
}

// TestDriverAndOrigin is the bench without a proxy.
func TestDriverAndOrigin(t *testing.T) {
	t.Parallel()
	addrs := serveOrigin(t)
	for name, spec := range map[string]loadSpec{
		"keep-alive": {Conns: 8, Requests: []request{{Path: "/"}, {Path: "/other"}}, Want: smallBody},
		"closing":    {Conns: 8, Requests: []request{{Path: "/"}}, Want: smallBody, Close: true},
		"pipelined":  {Conns: 4, Requests: []request{{Path: "/"}}, Want: smallBody, Depth: 16},
		"100 kB":     {Conns: 4, Requests: []request{{Path: "/100k"}}, Want: mediumBody},
		"8 MB":       {Conns: 2, Requests: []request{{Path: "/8m"}}, Want: largeBody},
		"upload":     {Conns: 4, Requests: []request{{Method: "POST", Path: "/up", Body: mediumBody}}, Want: smallBody},
		"two sizes":  {Conns: 2, Requests: []request{{Path: "/"}, {Path: "/100k"}}, Want: -1, Depth: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec.Addr = addrs.HTTP
			r := shortLoad(t, spec)
			if r.Requests < int64(spec.Conns) || r.Wrong+r.Broken > 0 {
				t.Errorf("%+v", r)
			}
			if r.P50 <= 0 || r.P99 < r.P50 || r.P999 < r.P99 || r.Wall < 20*time.Millisecond {
				t.Errorf("times do not fit: %+v", r)
			}
		})
	}
}

func TestDriverSeesWrongAnswers(t *testing.T) {
	t.Parallel()
	addrs := serveOrigin(t)
	r := shortLoad(t, loadSpec{Addr: addrs.HTTP, Conns: 2, Requests: []request{{Path: "/"}}, Want: smallBody + 1})
	if r.Requests != 0 || r.Wrong == 0 || !strings.Contains(r.FirstErr, "100 bytes instead of 101") {
		t.Errorf("%+v", r)
	}
	free, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	r = shortLoad(t, loadSpec{Addr: free, Conns: 2, Requests: []request{{Path: "/"}}})
	if r.Requests != 0 || r.Broken != 2 || r.FirstErr == "" {
		t.Errorf("nobody listens: %+v", r)
	}
}

func TestDriverRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "{}", `{"addr":"127.0.0.1:1","conns":1}`, `{"addr":"nowhere","conns":1,"requests":[{"path":"/"}]}`} {
		var out bytes.Buffer
		if err := runDriver(strings.NewReader(in), &out); err == nil {
			t.Errorf("runDriver(%q) told %q", in, out.String())
		}
	}
}

func TestDriverHolds(t *testing.T) {
	t.Parallel()
	addrs := serveOrigin(t)
	spec, err := json.Marshal(loadSpec{Addr: addrs.HTTP, Conns: 20, Requests: []request{{Path: "/"}}, Want: smallBody, Hold: true})
	if err != nil {
		t.Fatal(err)
	}
	in, feed := io.Pipe()
	told, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- runDriver(in, out) }()
	if _, err := feed.Write(spec); err != nil {
		t.Fatal(err)
	}
	var r loadResult
	if err := json.NewDecoder(told).Decode(&r); err != nil || r.Requests != 20 || r.Broken != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	select {
	case err := <-ended:
		t.Errorf("the driver let go: %v", err)
	default:
	}
	feed.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestDriverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := writeCerts(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{certP256, certRSA} {
		pem := filepath.Join(dir, file)
		cert, err := tls.LoadX509KeyPair(pem, pem)
		if err != nil {
			t.Fatal(err)
		}
		ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(pattern(smallBody))
		})}
		go func() { _ = srv.Serve(ln) }()
		t.Cleanup(func() { srv.Close() })
		for _, closing := range []bool{false, true} {
			r := shortLoad(t, loadSpec{Addr: ln.Addr().String(), TLS: true, Conns: 2, Close: closing, Requests: []request{{Path: "/"}}, Want: smallBody})
			if r.Requests < 2 || r.Wrong+r.Broken+r.Resumed > 0 || r.Handshake != wantHandshake {
				t.Errorf("%s, closing %v: %+v", file, closing, r)
			}
		}
	}
}

func TestOriginEchoAndLogs(t *testing.T) {
	t.Parallel()
	addrs := serveOrigin(t)
	echo := []string{"X-Echo: 1", "X-Thing: Value"}
	f := func(p probe, wantErr string) {
		t.Helper()
		_, err := p.ask(addrs.HTTP, false)
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%+v: error %v, want %q", p, err, wantErr)
		}
	}
	f(probe{Req: request{Path: "/e", Header: echo}, Body: -1, Echo: []string{"get /e ", "x-thing: value"}, NotEcho: []string{"cookie"}}, "")
	f(probe{Req: request{Path: "/e", Header: echo}, Body: -1, Echo: []string{"cookie"}}, "did not receive")
	f(probe{Req: request{Path: "/e", Header: echo}, Body: -1, NotEcho: []string{"x-thing"}}, "received")
	f(probe{Req: request{Path: "/100k"}, Body: mediumBody, Header: []string{"Server: origin"}}, "")
	f(probe{Req: request{Path: "/"}, Body: mediumBody}, "100 bytes instead of")
	f(probe{Req: request{Path: "/"}, Body: smallBody, Status: 403}, "status 200 instead of 403")
	f(probe{Req: request{Path: "/"}, Body: smallBody, Header: []string{"Server: other"}}, `"origin" instead of "other"`)
	f(probe{Req: request{Path: "/e", Header: echo}, Body: len("GET /e HTTP/1.1\r\nHost: bench.example\r\nX-Echo: 1\r\nX-Thing: Value\r\n")}, "body differs")

	c, err := net.Dial("udp", addrs.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("<134>a log line")); err != nil {
		t.Fatal(err)
	}
	// The loopback delivers before the write returns, and the origin may
	// answer one turn of its loop earlier than it reads the line.
	var s originStats
	for range 100 {
		if s, err = askStats(addrs.HTTP); err != nil || s.Logs > 0 {
			break
		}
	}
	if err != nil || s.Logs != 1 || s.LastLog != "<134>a log line" || s.Requests < 8 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestOriginDropsNonsense(t *testing.T) {
	t.Parallel()
	addrs := serveOrigin(t)
	for _, text := range []string{"\r\n\r\n", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"} {
		c, err := net.Dial("tcp", addrs.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(text)); err != nil {
			t.Error(err)
		}
		if got, _ := io.ReadAll(c); len(got) > 0 {
			t.Errorf("%q is answered by %.60q", text, got)
		}
		c.Close()
	}
}

func TestRunMeasured(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := runMeasured([]string{os.Args[0], "-test.run=^$"}, &out); err != nil {
		t.Fatal(err)
	}
	r, err := parseRan(out.Bytes())
	if err != nil || r.Exit != 0 || r.Wall <= 0 || r.CPU <= 0 || r.Peak < 1<<20 {
		t.Errorf("%+v, %v", r, err)
	}
	out.Reset()
	if err := runMeasured([]string{os.Args[0], "-test.unknown"}, &out); err != nil {
		t.Fatal(err)
	}
	if r, err = parseRan(out.Bytes()); err != nil || r.Exit == 0 || r.Output == "" || len(r.Output) > 2048 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := runMeasured([]string{"/nowhere/at-all"}, io.Discard); err == nil {
		t.Error("a program that is not there runs")
	}
	if _, err := parseRan([]byte("no JSON")); err == nil {
		t.Error("nonsense is read")
	}
}

func TestRunRole(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-row", "x"}, {"other"}} {
		if is, err := runRole(args); is || err != nil {
			t.Errorf("runRole(%q) = %v, %v", args, is, err)
		}
	}
	if is, err := runRole([]string{roleRun}); !is || err == nil {
		t.Errorf("nothing to run: %v, %v", is, err)
	}
}
