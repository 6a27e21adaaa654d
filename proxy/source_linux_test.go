package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// peerOrigin answers each request with the address that it came from, and
// closes.
func peerOrigin(t *testing.T) string {
	return serveTCP(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			l, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if l == "\r\n" {
				break
			}
		}
		a := c.RemoteAddr().String()
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(a), a)
	})
}

// askFrom sends a request from an address of its own and returns the body.
func askFrom(t *testing.T, from, to, fields string) string {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience, Control: func(_, _ string, c syscall.RawConn) error {
		// The proxy is on this machine too and will want the same address.
		return c.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
	}}
	c, err := d.Dial("tcp4", to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+fields+"\r\n")
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	_, body, ok := strings.Cut(got, "\r\n\r\n")
	if !ok || !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Fatalf("answer %q", got)
	}
	return body + " " + c.LocalAddr().String()
}

// "source … usesrc" comes from addresses that the socket need not own, which
// takes the right to bind to them.
func TestUseSrc(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("IP_TRANSPARENT needs root")
	}
	s := newStage("s1", peerOrigin(t))
	s.start(t, `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend ip
    bind "fd@${ip}"
    default_backend ip
frontend port
    bind "fd@${port}"
    default_backend port
frontend field
    bind "fd@${field}"
    default_backend field
frontend fixed
    bind "fd@${fixed}"
    default_backend fixed
backend ip
    source 0.0.0.0 usesrc clientip
    server s1 "${s1}"
backend port
    server s1 "${s1}" source 0.0.0.0 usesrc client
backend field
    source 0.0.0.0 usesrc hdr_ip(x-ip,-1)
    server s1 "${s1}"
backend fixed
    source 0.0.0.0 usesrc 127.0.0.33
    server s1 "${s1}"
`)
	ip := func(who string) string { return netip.MustParseAddrPort(who).Addr().String() }
	for range 2 {
		server, client, _ := strings.Cut(askFrom(t, "127.0.0.7", s.listens["ip"], ""), " ")
		if ip(server) != "127.0.0.7" || server == client {
			t.Errorf("clientip: the server saw %s, the client is %s", server, client)
		}
		if server, client, _ = strings.Cut(askFrom(t, "127.0.0.7", s.listens["port"], ""), " "); server != client {
			t.Errorf("client: the server saw %s, the client is %s", server, client)
		}
	}
	server, _, _ := strings.Cut(askFrom(t, "127.0.0.7", s.listens["field"], "X-IP: 127.0.0.8, 127.0.0.9\r\n"), " ")
	if ip(server) != "127.0.0.9" {
		t.Errorf("hdr_ip: the server saw %s", server)
	}
	if server, _, _ = strings.Cut(askFrom(t, "127.0.0.7", s.listens["field"], ""), " "); ip(server) != "127.0.0.1" {
		t.Errorf("hdr_ip without field: the server saw %s", server)
	}
	if server, _, _ = strings.Cut(askFrom(t, "127.0.0.7", s.listens["fixed"], ""), " "); ip(server) != "127.0.0.33" {
		t.Errorf("address: the server saw %s", server)
	}
}

// A range of source ports is used up in turn, busy ones left out.
func TestSourcePorts(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp4", "127.0.0.44:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	low := busy.Addr().(*net.TCPAddr).Port
	if low > 65000 {
		low -= 3
	}
	s := newStage("s1", peerOrigin(t), "low", fmt.Sprint(low), "high", fmt.Sprint(low+3))
	s.start(t, `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind "fd@${fe}"
    default_backend be
backend be
    server s1 "${s1}" source "127.0.0.44:${low}-${high}"
`)
	seen := map[int]bool{}
	for range 3 {
		server, _, _ := strings.Cut(askFrom(t, "127.0.0.1", s.listens["fe"], ""), " ")
		a := netip.MustParseAddrPort(server)
		if p := int(a.Port()); a.Addr().String() != "127.0.0.44" || p < low || p > low+3 || p == busy.Addr().(*net.TCPAddr).Port {
			t.Errorf("the server saw %s, not a free one of 127.0.0.44:%d-%d", server, low, low+3)
		}
		seen[int(a.Port())] = true
	}
	if len(seen) != 3 {
		t.Errorf("ports %v for three connections, want three", seen)
	}
}

// A dropped client is told nothing where the process may repair sockets;
// elsewhere the reset reaches a client on the same machine.
func TestSilentDrop(t *testing.T) {
	t.Parallel()
	s := newStage()
	p := s.start(t, `
defaults
    mode http
    timeout client 5s
frontend fe
    bind "fd@${fe}"
    http-request silent-drop rst-ttl 3 if { path /ttl }
    http-request silent-drop
`)
	f := func(path string, want int) {
		t.Helper()
		c, err := net.Dial("tcp4", s.listens["fe"])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path)
		front := p.cfg.Proxies[0].Front
		until(t, "open sessions", "0 of 1", func() string {
			return fmt.Sprintf("%d of %d", front.Stats.Sess.Load(), min(front.Stats.DeniedReq.Load(), 1))
		})
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		until(t, path+": state of the client's socket", fmt.Sprint(want), func() (state string) {
			raw.Control(func(fd uintptr) {
				info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
				if err != nil {
					t.Error(err)
					return
				}
				state = fmt.Sprint(info.State)
			})
			return state
		})
		front.Stats.DeniedReq.Store(0)
	}
	const established, closed = 1, 7
	if os.Getuid() == 0 {
		f("/", established)
	} else {
		f("/", closed)
	}
	f("/ttl", closed)
}
