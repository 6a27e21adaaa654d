package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tutorialText returns a tutorial's file: the author's own where
// TANDEM_CORPUS names the directory that holds them, else a text of the same
// shape from testdata.
func tutorialText(t *testing.T, name string) string {
	t.Helper()
	read := func(path ...string) string {
		b, err := os.ReadFile(filepath.Join(path...))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	const shapes = "../../testdata/haproxy/tutorial"
	if dir := os.Getenv("TANDEM_CORPUS"); dir != "" {
		return read(dir, "tutorials", name)
	}
	if base, ok := strings.CutPrefix(name, "with-stock/"); ok {
		return read(shapes, "stock.cfg") + read(shapes, strings.Replace(base, "-stock", "", 1))
	}
	return read(shapes, name)
}

// site is a tutorial brought to life: its web servers, its proxy, its syslog
// receiver, all on loopback.
type site struct {
	t     *testing.T
	text  string // as the tutorial has it
	dir   string
	front string // address of port 80
	admin string // address of port 10086
	ports map[string]string
	ips   map[string]string
	webs  map[string]*web // by address as written
	log   net.PacketConn
	cmd   *exec.Cmd
	said  *lines
}

var (
	reServer = regexp.MustCompile(`(?m)^\s*server\s+(\S+)\s+(\d+\.\d+\.\d+\.\d+)(:\d+)?`)
	reCheck  = regexp.MustCompile(`(?m)^(\s*server\s.*)\bcheck\b`)
	rePort   = regexp.MustCompile(`(?m)^(\s*server\s.*\bport\s+)(\d+)`)
	rePath   = regexp.MustCompile(`(?m)^(\s*(?:pidfile|stats socket)\s+)\S*/(\S+)`)
)

// newSite starts the web servers of a tutorial and the proxy in front of them.
func newSite(t *testing.T, text string) *site {
	t.Helper()
	s := &site{t: t, text: text, dir: t.TempDir(), ports: map[string]string{}, ips: map[string]string{}, webs: map[string]*web{}, said: &lines{}}
	var files []*os.File
	open := func() string {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		return ln.Addr().String()
	}
	s.front, s.admin = open(), open()
	var err error
	if s.log, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.log.Close() })
	// A server without a port of its own is asked at the port that the client
	// came to: that is port 80 of the tutorial.
	_, s.ports["80"], _ = net.SplitHostPort(s.front)
	cfg := filepath.Join(s.dir, "haproxy.cfg")
	if err := os.WriteFile(cfg, []byte(s.rewrite(text)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, w := range s.webs {
		w.start()
	}
	s.cmd = exec.Command(os.Args[0], "-db", "-f", cfg)
	s.cmd.Env = append(os.Environ(), envPlay+"=1")
	s.cmd.ExtraFiles, s.cmd.Stderr, s.cmd.Stdout = files, s.said, s.said
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		f.Close()
	}
	ended := make(chan struct{})
	go func() { s.cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the proxy said:\n%s", s.said)
		}
	})
	return s
}

// rewrite moves the addresses and paths of a tutorial to this machine's
// loopback and to the test's own directory, and hurries its checks.
func (s *site) rewrite(text string) string {
	text = regexp.MustCompile(`(?m)^(\s*frontend\s+\S+|\s*listen\s+\S+)\s+\*:80\s*$`).ReplaceAllString(text, "$1 fd@3")
	text = regexp.MustCompile(`(?m)^(\s*bind\s+):80\s*$`).ReplaceAllString(text, "${1}fd@3")
	text = regexp.MustCompile(`(?m)^(\s*bind\s+):10086\s*$`).ReplaceAllString(text, "${1}fd@4")
	text = regexp.MustCompile(`(?m)^(\s*log\s+127\.0\.0\.1)\b`).ReplaceAllString(text, "${1}:"+port(s.log.LocalAddr().String()))
	text = rePath.ReplaceAllString(text, "${1}"+s.dir+"/$2")
	if os.Getuid() != 0 {
		text = regexp.MustCompile(`(?m)^\s*(chroot|user|group)\s.*$`).ReplaceAllString(text, "")
	} else {
		root := filepath.Join(s.dir, "empty")
		os.Mkdir(root, 0o755)
		text = regexp.MustCompile(`(?m)^(\s*chroot\s+)\S+`).ReplaceAllString(text, "${1}"+root)
	}
	if _, err := user.Lookup("haproxy"); err != nil {
		text = regexp.MustCompile(`(?m)^(\s*user\s+)haproxy`).ReplaceAllString(text, "${1}nobody")
		text = regexp.MustCompile(`(?m)^\s*group\s+haproxy`).ReplaceAllString(text, "")
	}
	text = reServer.ReplaceAllStringFunc(text, func(m string) string {
		p := reServer.FindStringSubmatch(m)
		ip, port := p[2], p[3]
		if port == "" {
			return strings.TrimSuffix(m, ip) + s.web(ip, "80", false)
		}
		return strings.TrimSuffix(m, ip+port) + s.web(ip, port[1:], true)
	})
	text = rePort.ReplaceAllStringFunc(text, func(m string) string {
		p := rePort.FindStringSubmatch(m)
		return p[1] + s.ports[p[2]]
	})
	return reCheck.ReplaceAllString(text, "${1}check inter 3s fastinter 100 downinter 100")
}

// web returns the real address of a server of the tutorial.
func (s *site) web(ip, port string, withPort bool) string {
	if s.ips[ip] == "" {
		s.ips[ip] = newLoopback()
	}
	if s.ports[port] == "" {
		// Any port that is free on this address now: nobody else uses it.
		ln, err := net.Listen("tcp4", s.ips[ip]+":0")
		if err != nil {
			s.t.Fatal(err)
		}
		_, s.ports[port], _ = net.SplitHostPort(ln.Addr().String())
		ln.Close()
	}
	real := s.ips[ip] + ":" + s.ports[port]
	if name := ip + ":" + port; s.webs[name] == nil {
		s.webs[name] = &web{t: s.t, addr: real, name: name}
	}
	if withPort {
		return real
	}
	return s.ips[ip]
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}

// server returns the web server that a backend calls by this name.
func (s *site) server(backend, name string) *web {
	s.t.Helper()
	in := ""
	for line := range strings.Lines(s.text) {
		f := strings.Fields(line)
		if len(f) > 1 && (f[0] == "backend" || f[0] == "listen") {
			in = f[1]
		}
		if m := reServer.FindStringSubmatch(line); m != nil && in == backend && m[1] == name {
			if m[3] == "" {
				m[3] = ":80"
			}
			return s.webs[m[2]+m[3]]
		}
	}
	s.t.Fatalf("no server %s/%s", backend, name)
	return nil
}

// try makes one request on a connection of its own, from this source address
// unless it is empty.
func try(from string, req *http.Request) (*http.Response, string, error) {
	d := &net.Dialer{}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c := &http.Client{
		Timeout:       patience,
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: d.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// ask is try where nothing may fail.
func (s *site) ask(from string, req *http.Request) (*http.Response, string) {
	s.t.Helper()
	res, b, err := try(from, req)
	if err != nil {
		s.t.Fatalf("%v\nthe proxy said: %s", err, s.said)
	}
	return res, b
}

// request builds a request to port 80 of the tutorial; header has names and
// values in turn.
func (s *site) request(method, path, body string, header ...string) *http.Request {
	s.t.Helper()
	req, err := http.NewRequest(method, "http://"+s.front+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

// answers makes n GETs and returns who answered, in order, or what failed.
func (s *site) answers(n int, path string, header ...string) string {
	s.t.Helper()
	var got []string
	for range n {
		_, b, err := try("", s.request("GET", path, "", header...))
		if err != nil {
			b = err.Error()
		}
		got = append(got, b)
	}
	return strings.Join(got, " ")
}

// names is what answers returns when these servers answer in turn.
func names(w ...*web) string {
	var out []string
	for _, x := range w {
		out = append(out, x.name)
	}
	return strings.Join(out, " ")
}

func (s *site) want(what, want, got string) {
	s.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// until repeats a question until it is answered with want.
func (s *site) until(what, want string, ask func() string) {
	s.t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if last = ask(); last == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Errorf("%s: got %q, want %q", what, last, want)
}

// wantLog waits for a log line that matches.
func (s *site) wantLog(pattern string) {
	s.t.Helper()
	re, b := regexp.MustCompile(pattern), make([]byte, 65536)
	var others []string
	s.log.SetReadDeadline(time.Now().Add(patience))
	for {
		n, _, err := s.log.ReadFrom(b)
		if err != nil {
			s.t.Errorf("no log line for %s among %q", pattern, others)
			return
		}
		if re.Match(b[:n]) {
			return
		}
		others = append(others, string(b[:n]))
	}
}

// lines guards what a proxy says while a test reads it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
