package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ports to send from (RFC 5881 section 4).
const (
	firstPort = 49152
	lastPort  = 65535
)

// OpenUDP implements [Datagrams].
func (Kernel) OpenUDP(spec UDPSpec) (UDPConn, error) {
	local := spec.Local
	if local.Port() != 0 {
		return openUDP(spec, local)
	}
	const ports = lastPort - firstPort + 1
	first := rand.N(ports)
	for i := range ports {
		c, err := openUDP(spec, netip.AddrPortFrom(local.Addr(), uint16(firstPort+(first+i)%ports)))
		if !errors.Is(err, unix.EADDRINUSE) {
			return c, err
		}
	}
	return nil, ErrNoPort
}

func openUDP(spec UDPSpec, local netip.AddrPort) (UDPConn, error) {
	six := local.Addr().Is6()
	network := "udp4"
	if six {
		network = "udp6"
	}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var s setter
		if err := c.Control(func(fd uintptr) {
			s.fd = int(fd)
			if six {
				s.int("IPV6_RECVHOPLIMIT", unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1)
			} else {
				s.int("IP_RECVTTL", unix.IPPROTO_IP, unix.IP_RECVTTL, 1)
			}
			switch {
			case spec.Hops == 0:
			case six:
				s.int("IPV6_UNICAST_HOPS", unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, spec.Hops)
			default:
				s.int("IP_TTL", unix.IPPROTO_IP, unix.IP_TTL, spec.Hops)
			}
		}); err != nil {
			return err
		}
		return s.err
	}}
	c, err := lc.ListenPacket(context.Background(), network, local.String())
	if err != nil {
		return nil, err
	}
	return udpConn{c.(*net.UDPConn)}, nil
}

type udpConn struct{ c *net.UDPConn }

// Send implements [UDPConn].
func (u udpConn) Send(b []byte, to netip.AddrPort) error {
	_, err := u.c.WriteToUDPAddrPort(b, to)
	return err
}

// Recv implements [UDPConn].
func (u udpConn) Recv(b []byte) (int, netip.AddrPort, int, error) {
	var oob [64]byte
	n, oobn, _, from, err := u.c.ReadMsgUDPAddrPort(b, oob[:])
	if errors.Is(err, net.ErrClosed) {
		return 0, from, -1, ErrClosed
	}
	hops := -1
	if msgs, e := unix.ParseSocketControlMessage(oob[:oobn]); e == nil {
		for _, m := range msgs {
			ttl := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_TTL
			limit := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_HOPLIMIT
			if (ttl || limit) && len(m.Data) >= 4 {
				hops = int(binary.NativeEndian.Uint32(m.Data))
			}
		}
	}
	return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), hops, err
}

// Close implements [UDPConn].
func (u udpConn) Close() error { return u.c.Close() }
