package proxy

import (
	"context"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/parser/source"
	"tandem/proxy/config"
)

// patience bounds every wait of a test; one that meets it has failed.
const patience = 20 * time.Second

// stage is what one test or script plays on.
type stage struct {
	vars    map[string]string
	listens map[string]string // address of each frontend
	log     net.PacketConn
	marks   sync.Map // of signal and await: name → chan struct{}
}

// newStage makes an empty stage; vars are names and values in turn, as the
// configuration will call them: ${name}.
func newStage(vars ...string) *stage {
	s := &stage{vars: map[string]string{}, listens: map[string]string{}}
	for i := 0; i+1 < len(vars); i += 2 {
		s.vars[vars[i]] = vars[i+1]
	}
	return s
}

// openListeners makes the listeners that the configuration calls fd@${name}.
func (s *stage) openListeners(t *testing.T, cfg string) map[string]int {
	t.Helper()
	fds := map[string]int{}
	for _, m := range regexp.MustCompile(`fd@\$\{(\w+)\}`).FindAllStringSubmatch(cfg, -1) {
		name := m[1]
		if s.listens[name] != "" {
			continue
		}
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		// The proxy becomes the owner of the descriptor, so it must not belong
		// to an os.File, which would close the number once more.
		fd, err := syscall.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		ln.Close()
		s.listens[name], fds[name] = ln.Addr().String(), fd
	}
	return fds
}

// start serves the configuration until the test ends.
func (s *stage) start(t *testing.T, cfg string) *Proxy {
	t.Helper()
	for name, fd := range s.openListeners(t, cfg) {
		s.vars[name] = strconv.Itoa(fd)
	}
	diags := &diag.List{}
	deps := config.NewDeps()
	env := haproxy.NewEnviron(func(n string) (string, bool) { v, ok := s.vars[n]; return v, ok })
	c := config.Compile([]*source.File{source.New("test.cfg", []byte(cfg))}, config.Options{Env: env, Cond: CondEnv(os.LookupEnv)}, deps, diags)
	if diags.HasErrors() {
		t.Fatalf("configuration refused: %v", texts(diags))
	}
	p := New(c, deps, diags)
	if !diags.HasErrors() {
		p.Listen(diags)
	}
	if diags.HasErrors() {
		t.Fatalf("cannot start: %v", texts(diags))
	}
	soft, stop := context.WithCancel(context.Background())
	hard, cut := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.Run(soft, hard); close(done) }()
	t.Cleanup(func() {
		stop()
		cut()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("the proxy did not stop")
		}
	})
	return p
}

func texts(l *diag.List) []string {
	var out []string
	for _, d := range l.All {
		out = append(out, d.Text)
	}
	return out
}

func (s *stage) openLog(t *testing.T) {
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	s.log, s.vars["log"] = pc, pc.LocalAddr().String()
}

// wantLogs wants the next log lines to match.
func (s *stage) wantLogs(t *testing.T, want []string) {
	for _, pattern := range want {
		if line := s.oneLog(t); !regexp.MustCompile(pattern).MatchString(line) {
			t.Errorf("log line %q does not match %s", line, pattern)
		}
	}
}

// wantLogsInAnyOrder wants as many log lines as there are patterns, each
// matched by a pattern that is not used up.
func (s *stage) wantLogsInAnyOrder(t *testing.T, want []string) {
	rest := slices.Clone(want)
	for range want {
		line := s.oneLog(t)
		i := slices.IndexFunc(rest, func(p string) bool { return regexp.MustCompile(p).MatchString(line) })
		if i < 0 {
			t.Errorf("log line %q matches none of %q", line, rest)
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
}

// oneLog returns the next log line.
func (s *stage) oneLog(t *testing.T) string {
	b := make([]byte, 65536)
	s.log.SetReadDeadline(time.Now().Add(patience))
	n, _, err := s.log.ReadFrom(b)
	if err != nil {
		t.Fatalf("no log line: %v", err)
	}
	return strings.TrimSpace(string(b[:n]))
}

// serveTCP runs script for every connection to a server of the test, which
// ends with it, and returns the address.
func serveTCP(t *testing.T, script func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				script(c)
			}()
		}
	}()
	return ln.Addr().String()
}
