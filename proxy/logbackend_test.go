package proxy

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mailbox receives log messages.
type mailbox struct {
	pc net.PacketConn
	ln net.Listener
	in *bufio.Reader // of the stream, once it is there
}

// newMailbox makes a receiver and calls it name.
func (s *stage) newMailbox(t *testing.T, name string, stream bool) *mailbox {
	t.Helper()
	m := &mailbox{}
	var err error
	var at net.Addr
	if stream {
		if m.ln, err = net.Listen("tcp4", "127.0.0.1:0"); err == nil {
			at = m.ln.Addr()
			t.Cleanup(func() { m.ln.Close() })
		}
	} else if m.pc, err = net.ListenPacket("udp4", "127.0.0.1:0"); err == nil {
		at = m.pc.LocalAddr()
		t.Cleanup(func() { m.pc.Close() })
	}
	if err != nil {
		t.Fatal(err)
	}
	s.vars[name] = at.String()
	return m
}

// take returns the next message.
func (m *mailbox) take(t *testing.T) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	if m.pc != nil {
		b := make([]byte, 65536)
		m.pc.SetReadDeadline(deadline)
		n, _, err := m.pc.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	if m.in == nil {
		m.ln.(*net.TCPListener).SetDeadline(deadline)
		c, err := m.ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(deadline)
		m.in = bufio.NewReader(c)
	}
	line, err := m.in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// get makes a request for a path that the proxy answers itself.
func (s *stage) get(t *testing.T, name, path string) {
	t.Helper()
	res, err := http.Get("http://" + s.listens[name] + path)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

// command asks the stats socket.
func (s *stage) command(t *testing.T, line string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.listens["cli"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintln(c, line)
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(b), "\n\n")
}

const logBackendConfig = `
global
    stats socket "fd@${cli}" level admin
defaults
    mode http
    log-format "%%r"
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend fe
    bind "fd@${fe}"
    log backend@lb format raw local0
    http-request return status 200
backend lb
    mode log
    %s
`

// Messages go to the servers of a log backend as its algorithm says; the
// sequences are those of 3.5.
func TestLogBackend(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ balance, want string }{
		{"balance roundrobin", "b a b c b a b c"},
		{"balance sticky", "a a a a a a a a"},
		{`balance log-hash 'field(2,/),field(1,\ )'`, "a b b c a b b c"},
		{"balance log-hash 'field(2,/),field(1,\\ )'\n    hash-type map-based none", "a b b c a b b c"},
	} {
		t.Run(strings.Fields(x.balance)[1], func(t *testing.T) {
			t.Parallel()
			s := newStage()
			boxes := map[string]*mailbox{}
			servers := ""
			for _, n := range []string{"a", "b", "c"} {
				boxes[n] = s.newMailbox(t, n, false)
				servers += fmt.Sprintf("\n    server %s udp@\"${%s}\"", n, n)
				if n == "b" {
					servers += " weight 2"
				}
			}
			s.start(t, fmt.Sprintf(logBackendConfig, x.balance+servers))
			for i, n := range strings.Fields(x.want) {
				s.get(t, "fe", fmt.Sprintf("/%d", i))
				want(t, n, fmt.Sprintf("GET /%d HTTP/1.1\n", i), boxes[n].take(t))
			}
		})
	}
}

// A sticky backend changes its server only when that one fails; who comes back
// waits behind the others. Without a server messages are lost and counted.
func TestLogBackendSticky(t *testing.T) {
	t.Parallel()
	s := newStage()
	boxes := map[string]*mailbox{}
	servers := "balance sticky"
	for _, n := range []string{"a", "b", "c"} {
		boxes[n] = s.newMailbox(t, n, false)
		servers += fmt.Sprintf("\n    server %s udp@\"${%s}\"", n, n)
	}
	servers += " backup"
	p := s.start(t, fmt.Sprintf(logBackendConfig, servers))
	for i, x := range []struct{ command, to string }{
		{"", "a"}, {"disable server lb/a", "b"}, {"enable server lb/a", "b"}, {"disable server lb/b", "a"},
		{"disable server lb/a", "c"}, {"enable server lb/b", "b"}, {"enable server lb/a", "b"},
	} {
		if x.command != "" {
			s.command(t, x.command)
		}
		s.get(t, "fe", fmt.Sprintf("/%d", i))
		want(t, x.command, fmt.Sprintf("GET /%d HTTP/1.1\n", i), boxes[x.to].take(t))
	}
	s.command(t, "disable server lb/a; disable server lb/b; disable server lb/c")
	before := p.deps.Process.LogsDropped.Load()
	s.get(t, "fe", "/lost")
	until(t, "dropped", "1", func() string { return fmt.Sprint(p.deps.Process.LogsDropped.Load() - before) })
}

// A ring keeps what is logged, shows it, and a server gets all of it over TLS.
func TestRingSection(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.vars["lf"] = strconv.Itoa(s.openListeners(t, "fd@${lf}")["lf"])
	s.vars["in"] = s.listens["lf"]
	out := s.newMailbox(t, "out", false)
	stream := s.newMailbox(t, "stream", true)
	s.vars["pem"] = writePEM(t)
	s.start(t, `
global
    stats socket "fd@${cli}" level admin
defaults
    mode http
    log-format "%r"
    timeout client 5s
frontend fe
    bind "fd@${fe}"
    log ring@keep format raw local2
    log "tcp@${stream}" format raw local0
    http-request return status 200
ring keep
    description "what came"
    format priority
    size 3000
    maxlen 60
    timeout connect 5s
    timeout server 5s
    server s "${in}" ssl verify none log-proto octet-count
log-forward lf
    bind "fd@${lf}" ssl crt "${pem}"
    log "${out}" local0
`)
	s.get(t, "fe", "/0")
	s.get(t, "fe", "/"+strings.Repeat("x", 100))
	want(t, "forwarded", "<150>GET /0 HTTP/1.1\n", withoutDate(out.take(t)))
	want(t, "cut", "<150>GET /"+strings.Repeat("x", 50)+"\n", withoutDate(out.take(t)))
	want(t, "stream", "GET /0 HTTP/1.1\n", stream.take(t))
	want(t, "ring", "<150>GET /0 HTTP/1.1\n<150>GET /"+strings.Repeat("x", 50)+"\n", s.command(t, "show events keep")+"\n")
	want(t, "zero", "<150>GET /0 HTTP/1.1\x00<150>GET /"+strings.Repeat("x", 50)+"\x00", s.command(t, "show events keep -0"))
	list := s.command(t, "show events")
	for _, l := range []string{
		"    buf0       : type=buffer, 0 dropped, in-memory ring buffer\n",
		"    keep       : type=buffer, 0 dropped, what came\n",
		"    ring#1     : type=buffer, 0 dropped, created from log directive declared into 'test.cfg' at line 11",
	} {
		if !strings.Contains(list, l) {
			t.Errorf("%q is not in\n%s", l, list)
		}
	}
	want(t, "unknown", "No such event sink", strings.TrimSpace(s.command(t, "show events nope")))

	// -w waits for what is new, until the client says something.
	c, err := net.Dial("tcp", s.listens["cli"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(c)
	fmt.Fprintln(c, "show events keep -w")
	var got []string
	for len(got) < 3 {
		if len(got) == 2 {
			s.get(t, "fe", "/new")
		}
		l, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l)
	}
	if diff := cmp.Diff("<150>GET /new HTTP/1.1\n", got[2]); diff != "" {
		t.Error(diff)
	}
	fmt.Fprintln(c, "enough")
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "\n" {
		t.Errorf("after a word: %q, %v", rest, err)
	}
}

// withoutDate cuts the header of RFC 3164 behind the priority.
func withoutDate(m string) string {
	pri, rest, _ := strings.Cut(m, ">")
	if f := strings.SplitN(rest, " ", 5); len(f) == 5 {
		rest = f[4]
	}
	return pri + ">" + strings.TrimPrefix(rest, "127.0.0.1 ")
}

// writePEM makes a certificate that nobody trusts, with its key.
func writePEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), DNSNames: []string{"a"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kder})...)
	if err := os.WriteFile(path, both, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
