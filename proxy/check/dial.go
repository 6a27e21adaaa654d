package check

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"tandem/proxy/server"
)

// NetDialer makes the connections of checks over the network.
type NetDialer struct {
	// TLS returns the configuration of a TLS connection to a server that is
	// named so ("": no name is sent); nil: there is none.
	TLS func(s *server.Server, name string) *tls.Config
}

// Dial connects as the server's line and the step ask (configuration manual
// 5.2: addr, port, check-ssl, check-send-proxy and what they inherit).
func (d *NetDialer) Dial(ctx context.Context, s *server.Server, to Connect) (net.Conn, error) {
	p := s.Params
	network, address, own := target(s, to)
	if network == "" {
		return nil, fmt.Errorf("no address")
	}
	var nd net.Dialer
	if a := p.Source.IP; network == "tcp" && a.IsValid() && !a.IsUnspecified() {
		nd.LocalAddr = &net.TCPAddr{IP: a.AsSlice()}
	}
	var c net.Conn
	var err error
	if to.Socks4 || p.Check.ViaSocks4 && !to.Explicit {
		c, err = socks4(ctx, &nd, p.Socks4, address)
	} else {
		c, err = nd.DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	if err := sendProxy(c, p, to, own); err != nil {
		_ = c.Close()
		return nil, err
	}
	if !wantsTLS(p, to, own) {
		return c, nil
	}
	return d.startTLS(ctx, c, s, to)
}

// target returns where to connect, and whether that is the server's own
// address and port, so that its words for traffic hold too.
func target(s *server.Server, to Connect) (network, address string, own bool) {
	e := s.Addr()
	if e == nil {
		return "", "", false
	}
	p := &s.Params.Check
	host, port := e.Host, e.Port
	own = !s.Dynamic() // what is added at run time takes over nothing by itself
	if p.Addr != "" {
		host, own = p.Addr, false
	}
	if p.AddrPort > 0 {
		port, own = p.AddrPort, false
	}
	if p.Port > 0 {
		port, own = p.Port, false
	}
	if to.Addr != "" {
		host, own = to.Addr, false
	}
	if to.Port > 0 {
		port, own = to.Port, false
	}
	if e.Network == "unix" && p.Addr == "" && to.Addr == "" {
		return "unix", e.Host, own
	}
	if strings.HasPrefix(host, "/") {
		return "unix", host, own
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(port)), own
}

// wantsTLS says whether the connection is ciphered.
func wantsTLS(p *server.Params, to Connect, own bool) bool {
	if to.Explicit && !to.Default {
		return to.SSL
	}
	return to.SSL || p.Check.SSL || p.TLS.Enabled && own && !p.Check.NoSSL
}

// errNoTLS: the server's line asks for no TLS anywhere.
var errNoTLS = errors.New("no TLS configuration")

// startTLS makes the handshake.
func (d *NetDialer) startTLS(ctx context.Context, c net.Conn, s *server.Server, to Connect) (net.Conn, error) {
	p := s.Params
	var cfg *tls.Config
	if d.TLS != nil {
		host := to.Host
		if p.Check.NoSNIAuto {
			host = ""
		}
		cfg = d.TLS(s, first(to.SNI, p.Check.SNI, host))
	}
	if cfg == nil {
		_ = c.Close()
		return nil, &TLSError{errNoTLS}
	}
	cfg.NextProtos = nil // a check speaks HTTP/1 or no HTTP at all
	if v := first(to.ALPN, p.Check.ALPN); v != "" {
		cfg.NextProtos = strings.Split(v, ",")
	}
	t := tls.Client(c, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &TLSError{err}
	}
	return t, nil
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// sendProxy writes the PROXY protocol header, if the connection begins with
// one. Checks are no client's: version 2 says LOCAL, version 1 the addresses
// of the check's own connection.
func sendProxy(c net.Conn, p *server.Params, to Connect, own bool) error {
	version := 0
	switch {
	case to.SendProxy:
		version = max(1, p.SendProxy.Version)
	case to.Explicit && !to.Default:
	case p.Check.SendProxy:
		version = max(1, p.SendProxy.Version)
	case own:
		version = p.SendProxy.Version
	}
	var header []byte
	switch version {
	case 0:
		return nil
	case 1:
		header = proxyV1(c)
	default:
		header = []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00")
	}
	_, err := c.Write(header)
	return err
}

// proxyV1 is a version 1 header about the connection itself.
func proxyV1(c net.Conn) []byte {
	local, ok1 := c.LocalAddr().(*net.TCPAddr)
	remote, ok2 := c.RemoteAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return []byte("PROXY UNKNOWN\r\n")
	}
	family := "TCP4"
	if local.IP.To4() == nil {
		family = "TCP6"
	}
	return fmt.Appendf(nil, "PROXY %s %s %s %d %d\r\n", family, local.IP, remote.IP, local.Port, remote.Port)
}

// socks4 connects through a SOCKS4 proxy.
func socks4(ctx context.Context, d *net.Dialer, proxy, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().Unmap().Is4() {
		return nil, fmt.Errorf("socks4 needs an IPv4 address, not %s", address)
	}
	c, err := d.DialContext(ctx, "tcp", proxy)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	ip := to.Addr().Unmap().As4()
	req := binary.BigEndian.AppendUint16([]byte{4, 1}, to.Port())
	req = append(append(append(req, ip[:]...), "HAProxy"...), 0)
	if _, err = c.Write(req); err == nil {
		var answer [8]byte
		for n := 0; n < len(answer) && err == nil; {
			var k int
			k, err = c.Read(answer[n:])
			n += k
		}
		if err == nil && answer[1] != 90 {
			err = fmt.Errorf("socks4 proxy refused the connection (code %d)", answer[1])
		}
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
