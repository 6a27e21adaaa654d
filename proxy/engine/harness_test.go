package engine

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/proxy/socket"
	"tandem/proxy/tx"
)

// proxy is an engine with one listen section in front of scripted servers.
type proxy struct {
	ln   net.Listener
	t    testing.TB
	e    *Engine
	p    *config.Proxy
	addr string
	logC chan logged
}

// logged is what a finished transaction would have put into its line.
type logged struct {
	Term, URI, Server string
	Status            int
}

// testListen returns a listen section with the built-in defaults.
func testListen(name string) *config.Proxy {
	return &config.Proxy{Kind: "listen", Name: name, Caps: keyword.Frontend | keyword.Backend, Mode: "http",
		Retries: 3, Reuse: "safe", Options: map[string]bool{}, ErrorFiles: map[int]*config.ErrorFile{},
		Timeouts: config.Timeouts{Client: 20 * time.Second, Server: 20 * time.Second, Connect: 20 * time.Second}}
}

// startProxy serves p on a loopback port, with servers at the given addresses.
func startProxy(t testing.TB, p *config.Proxy, servers ...string) *proxy {
	t.Helper()
	return startProxyWith(t, Deps{}, p, servers...)
}

// startProxyWith is startProxy with something else beside the engine.
func startProxyWith(t testing.TB, deps Deps, p *config.Proxy, servers ...string) *proxy {
	t.Helper()
	var fronts listen.Registry
	var backs server.Registry
	p.Front, p.Back = fronts.Frontend(p.Name), backs.Backend(p.Name)
	var list []server.Declared
	for i, a := range servers {
		name := "s" + string(rune('1'+i))
		params := server.DefaultParams()
		ap := netip.MustParseAddrPort(a)
		s := p.Back.Prepare(name, params)
		list = append(list, server.Declared{Server: s, Params: params,
			Addr: &server.Endpoint{Network: "tcp4", Host: ap.Addr().String(), Port: int(ap.Port())}})
		p.Servers = append(p.Servers, &config.ServerLine{Name: name, Params: params, Server: s})
	}
	p.Back.Commit(list, server.Settings{}, time.Now())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if ln, err = socket.Take(ln); err != nil {
		t.Fatal(err)
	}
	px := &proxy{t: t, p: p, addr: ln.Addr().String(), ln: ln, logC: make(chan logged, 1000)}
	deps.onEnd = func(x *tx.Tx) {
		l := logged{URI: string(x.LogURI), Status: x.Status}
		for _, b := range []byte{x.Term[0], x.Term[1], x.CookieIn, x.CookieOut} {
			if b == 0 {
				b = '-'
			}
			l.Term += string(rune(b))
		}
		if x.Server != nil {
			l.Server = x.Server.Name
		}
		select {
		case px.logC <- l:
		default:
		}
	}
	px.e = New(&config.Config{Proxies: []*config.Proxy{p}, Proc: &tx.ProcVars{}}, deps)
	go px.e.Serve(ln, &listen.Listener{Front: p.Front, Name: "l"})
	t.Cleanup(func() { ln.Close() })
	return px
}

// log returns the next finished transaction.
func (px *proxy) log() logged {
	px.t.Helper()
	select {
	case l := <-px.logC:
		return l
	case <-time.After(20 * time.Second):
		px.t.Fatal("no log line")
		return logged{}
	}
}

// dial connects a client.
func (px *proxy) dial() *client {
	px.t.Helper()
	c, err := net.Dial("tcp", px.addr)
	if err != nil {
		px.t.Fatal(err)
	}
	px.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{px.t, c, bufio.NewReader(c)}
}

type client struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatal(err)
	}
}

// head reads a message head.
func (c *client) head() string {
	c.t.Helper()
	var b strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}

// expect reads exactly want.
func (c *client) expect(want string) {
	c.t.Helper()
	buf := make([]byte, len(want))
	n, err := io.ReadFull(c.r, buf)
	if string(buf[:n]) != want {
		c.t.Fatalf("got %q (%v), want %q", buf[:n], err, want)
	}
}

// rest reads until the end.
func (c *client) rest() string {
	b, _ := io.ReadAll(c.r)
	return string(b)
}

// origin is a server that answers each request with what its script says.
type origin struct {
	addr  string
	mu    sync.Mutex
	reqs  []string // heads received
	conns int
}

// serveTCP runs script for every connection to it.
func serveTCP(t testing.TB, script func(c *net.TCPConn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
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
				script(c.(*net.TCPConn))
			}()
		}
	}()
	return ln.Addr().String()
}

// startOrigin runs script for every connection; it gets the connection and a
// function that reads one request head.
func startOrigin(t *testing.T, script func(c net.Conn, next func() (string, *bufio.Reader))) *origin {
	t.Helper()
	o := &origin{}
	o.addr = serveTCP(t, func(c *net.TCPConn) {
		o.mu.Lock()
		o.conns++
		o.mu.Unlock()
		r := bufio.NewReader(c)
		script(c, func() (string, *bufio.Reader) {
			var b bytes.Buffer
			for {
				line, err := r.ReadBytes('\n')
				b.Write(line)
				if err != nil {
					return "", r
				}
				if len(line) <= 2 {
					break
				}
			}
			o.mu.Lock()
			o.reqs = append(o.reqs, b.String())
			o.mu.Unlock()
			return b.String(), r
		})
	})
	return o
}

func (o *origin) seen() (conns int, reqs []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.conns, append([]string(nil), o.reqs...)
}

// always answers every request with the same bytes.
func always(answer string) func(net.Conn, func() (string, *bufio.Reader)) {
	return func(c net.Conn, next func() (string, *bufio.Reader)) {
		for {
			if h, _ := next(); h == "" {
				return
			}
			io.WriteString(c, answer)
		}
	}
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
