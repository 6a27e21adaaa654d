package engine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tandem/proxy/config"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/socket"
)

// sourceOf is the "source" of the server's line, else the backend's; nil for
// none.
func (c *conn) sourceOf(s *srv) *server.Source {
	if p := s.s.Params; p != nil && (p.Source.Addr != "" || p.Source.UseSrc != "" || p.Source.Interface != "") {
		return &p.Source
	}
	return c.be.p.Source
}

// foreign is the address that "usesrc" wants connections to come from
// (configuration manual 4.2, source); the zero address for none, as where the
// header field is missing.
func (c *conn) foreign(src *server.Source) netip.AddrPort {
	if src == nil {
		return netip.AddrPort{}
	}
	switch src.UseSrc {
	case "":
		return netip.AddrPort{}
	case "client":
		return c.sess.Src
	case "clientip":
		return netip.AddrPortFrom(c.sess.Src.Addr(), 0)
	case "hdr_ip":
		if ip, ok := sample.HeaderIP(&c.t.Req, src.Hdr, src.HdrOcc); ok {
			return netip.AddrPortFrom(ip, 0)
		}
		return netip.AddrPort{}
	}
	return src.Foreign
}

// dialNet opens the socket, from the source address that the server or the
// backend asks for.
func (c *conn) dialNet(network, addr string, s *srv, deadline time.Time) (net.Conn, error) {
	if c.e.deps.Dial != nil {
		ctx := context.Background()
		if !deadline.IsZero() {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
		return c.e.deps.Dial(ctx, network, addr, &c.t)
	}
	d := socket.Dialer{Deadline: deadline, Near: c.cli.fd}
	src := c.sourceOf(s)
	ports := 0
	if src != nil && network == "tcp" {
		if from := c.foreign(src); from.IsValid() {
			d.Source, d.Transparent = from, true
		} else if src.Addr != "" {
			if a := src.IP; a.IsValid() && (!a.IsUnspecified() || src.PortLow > 0) {
				d.Source = netip.AddrPortFrom(a, uint16(src.PortLow))
				ports = src.PortHigh - src.PortLow
			}
		}
	}
	if set := &c.t.Settings; set.BCMark != nil || set.BCTOS != nil || src != nil && src.Interface != "" || c.be.srvKA || userTimeout(s) > 0 {
		d.Control = c.socketOptions(src, userTimeout(s))
	}
	if network == "unix" {
		if len(addr) > 0 && addr[0] == 0 {
			addr = "@" + addr[1:]
		}
		return asConn(d.Unix(addr))
	}
	to, err := netip.ParseAddrPort(addr)
	if err != nil { // a name: ask for its address
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			return nil, err
		}
		to = a.AddrPort()
	}
	if ports > 0 {
		return asConn(dialRange(d, to, uint32(ports)+1, s.pool))
	}
	return asConn(d.TCP(to))
}

// dialRange tries the n ports from d.Source's upwards, beginning behind the
// one that the last connection took, until one is free.
func dialRange(d socket.Dialer, to netip.AddrPort, n uint32, p *pool) (c *socket.Conn, err error) {
	low := d.Source
	for range n {
		d.Source = netip.AddrPortFrom(low.Addr(), low.Port()+uint16((p.port.Add(1)-1)%n))
		if c, err = d.TCP(to); !errors.Is(err, unix.EADDRINUSE) && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return c, err
		}
	}
	return c, err
}

// asConn keeps a failure from becoming an interface that is not nil.
func asConn(c *socket.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// userTimeout is for how long a server may leave data unacknowledged ("tcp-ut");
// 0 leaves it to the system.
func userTimeout(s *srv) time.Duration {
	if p := s.s.Params; p != nil {
		return p.TCPUserTimeout
	}
	return 0
}

// socketOptions sets what must be set before a connection is made.
func (c *conn) socketOptions(src *server.Source, silence time.Duration) func(fd int) {
	return func(fd int) {
		if m := c.t.Settings.BCMark; m != nil {
			setMark(fd, *m)
		}
		if tos := c.t.Settings.BCTOS; tos != nil {
			setTOS(fd, *tos)
		}
		if src != nil && src.Interface != "" {
			syscall.SetsockoptString(fd, syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, src.Interface)
		}
		if c.be.srvKA {
			setKeepAlive(fd, c.be.p.ServerTCPKA)
		}
		if silence > 0 {
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
		}
	}
}

// setMark sets the netfilter mark of a socket's packets. As with the original,
// a failure (CAP_NET_ADMIN is needed) changes nothing else.
func setMark(fd, mark int) { _ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, mark) }

// setTOS sets the type of service, or traffic class, of a socket's packets.
func setTOS(fd, tos int) {
	if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, tos)
}

// setKeepAlive makes the system probe a silent peer ("option clitcpka",
// "option srvtcpka"); zero values stay the system's.
func setKeepAlive(fd int, k config.KeepAliveProbes) {
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	set := func(name, v int) {
		if v > 0 {
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, name, v)
		}
	}
	set(unix.TCP_KEEPCNT, k.Count)
	set(unix.TCP_KEEPIDLE, int(k.Idle.Seconds()))
	set(unix.TCP_KEEPINTVL, int(k.Intvl.Seconds()))
}

// control runs f on the client's descriptor, where there is one.
func (c *conn) control(f func(fd int)) {
	if sc, ok := netConn(c.Client()).(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { f(int(fd)) })
		}
	}
}

// ClientMark implements tx.Conn.
func (c *conn) ClientMark(mark int) { c.control(func(fd int) { setMark(fd, mark) }) }

// ClientTOS implements tx.Conn.
func (c *conn) ClientTOS(tos int) { c.control(func(fd int) { setTOS(fd, tos) }) }
