package wire

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// tos is the type of service (traffic class) of adverts: internetwork control.
const tos = 0xc0

// Kernel is the network of the system, in the network namespace of the thread
// that opens connections.
type Kernel struct{}

// rawConn is a pair of raw sockets: one is bound to the group or address and
// receives, the other only sends.
type rawConn struct {
	spec   Spec
	rx, tx *os.File
	rxc    syscall.RawConn
	txc    syscall.RawConn
	ifi    int
	oob    [128]byte
}

// Open makes the sockets of spec. Errors are *os.SyscallError with the name of
// the call, or those of net.InterfaceByName.
func (Kernel) Open(spec Spec) (Conn, error) {
	c := &rawConn{spec: spec}
	if spec.Link != "" {
		ifi, err := net.InterfaceByName(spec.Link)
		if err != nil {
			return nil, err
		}
		c.ifi = ifi.Index
	}
	out, outName := c.ifi, spec.Link
	if spec.Via != "" {
		ifi, err := net.InterfaceByName(spec.Via)
		if err != nil {
			return nil, err
		}
		out, outName = ifi.Index, spec.Via
	}
	rx, err := c.openRx()
	if err != nil {
		return nil, err
	}
	tx, err := c.openTx(out, outName)
	if err != nil {
		unix.Close(rx)
		return nil, err
	}
	c.rx = os.NewFile(uintptr(rx), "vrrp-rx")
	c.tx = os.NewFile(uintptr(tx), "vrrp-tx")
	if c.rxc, err = c.rx.SyscallConn(); err == nil {
		c.txc, err = c.tx.SyscallConn()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (s Spec) protocol() int {
	if s.AH {
		return unix.IPPROTO_AH
	}
	return 112
}

func (s Spec) family() int {
	if s.IPv6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// setter applies socket options until one fails.
type setter struct {
	fd  int
	err error
}

func (s *setter) int(what string, level, opt, v int) {
	if s.err == nil {
		s.err = os.NewSyscallError("setsockopt "+what, unix.SetsockoptInt(s.fd, level, opt, v))
	}
}

func (s *setter) do(what string, f func() error) {
	if s.err == nil {
		s.err = os.NewSyscallError(what, f())
	}
}

// try applies an option that older kernels may not have.
func (s *setter) try(level, opt, v int) {
	if s.err == nil {
		_ = unix.SetsockoptInt(s.fd, level, opt, v)
	}
}

func (c *rawConn) socket() (*setter, error) {
	fd, err := unix.Socket(c.spec.family(), unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, c.spec.protocol())
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	return &setter{fd: fd}, nil
}

// openRx makes the receiving socket. It is bound to the device and to the
// group or address, so that it sees nothing else.
func (c *rawConn) openRx() (int, error) {
	s, err := c.socket()
	if err != nil {
		return -1, err
	}
	if c.spec.Link != "" {
		s.do("bind to device", func() error { return unix.BindToDevice(s.fd, c.spec.Link) })
	}
	if c.spec.Buffer > 0 {
		s.try(unix.SOL_SOCKET, unix.SO_RCVBUF, c.spec.Buffer)
	}
	if c.spec.IPv6 {
		c.receive6(s)
	} else {
		c.receive4(s)
	}
	s.do("bind", func() error { return unix.Bind(s.fd, c.bindAddr()) })
	if s.err != nil {
		unix.Close(s.fd)
		return -1, s.err
	}
	return s.fd, nil
}

func (c *rawConn) receive4(s *setter) {
	if c.spec.Unicast() {
		return
	}
	mreq := &unix.IPMreqn{Multiaddr: c.spec.Group.As4(), Ifindex: int32(c.ifi)}
	s.do("join group", func() error { return unix.SetsockoptIPMreqn(s.fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, mreq) })
	s.try(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
}

func (c *rawConn) receive6(s *setter) {
	s.int("recv hop limit", unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1)
	s.int("recv pktinfo", unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	if !c.spec.AH {
		s.int("checksum", unix.IPPROTO_IPV6, unix.IPV6_CHECKSUM, 6)
	}
	if c.spec.Unicast() {
		return
	}
	mreq := &unix.IPv6Mreq{Multiaddr: c.spec.Group.As16(), Interface: uint32(c.ifi)}
	s.do("join group", func() error { return unix.SetsockoptIPv6Mreq(s.fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, mreq) })
	s.try(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
}

func (c *rawConn) bindAddr() unix.Sockaddr {
	a := c.spec.Group
	if c.spec.Unicast() {
		a = c.spec.Local
	}
	if !c.spec.IPv6 {
		sa := &unix.SockaddrInet4{}
		if a.IsValid() {
			sa.Addr = a.As4()
		}
		return sa
	}
	sa := &unix.SockaddrInet6{}
	if a.IsValid() {
		sa.Addr = a.As16()
		if a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() {
			sa.ZoneId = uint32(c.ifi)
		}
	}
	return sa
}

// openTx makes the sending socket. It receives nothing: its filter drops all.
func (c *rawConn) openTx(out int, outName string) (int, error) {
	s, err := c.socket()
	if err != nil {
		return -1, err
	}
	drop, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	if err != nil {
		unix.Close(s.fd)
		return -1, err
	}
	s.do("attach filter", func() error { return attach(s.fd, drop) })
	s.try(unix.SOL_SOCKET, unix.SO_RCVBUF, 0)
	s.try(unix.SOL_SOCKET, unix.SO_PRIORITY, 6)
	if outName != "" {
		s.do("bind to device", func() error { return unix.BindToDevice(s.fd, outName) })
	}
	if c.spec.IPv6 {
		hops := 255
		if c.spec.Unicast() && c.spec.UnicastTTL > 0 {
			hops = c.spec.UnicastTTL
		}
		s.int("traffic class", unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
		s.int("unicast hops", unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, hops)
		s.int("checksum", unix.IPPROTO_IPV6, unix.IPV6_CHECKSUM, 6)
		if !c.spec.Unicast() {
			s.int("multicast hops", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255)
			s.int("multicast loop", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0)
			s.int("multicast interface", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, out)
		}
	} else {
		s.int("header included", unix.IPPROTO_IP, unix.IP_HDRINCL, 1)
		s.int("type of service", unix.IPPROTO_IP, unix.IP_TOS, tos)
		if !c.spec.Unicast() {
			s.int("multicast loop", unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0)
			mreq := &unix.IPMreqn{Ifindex: int32(out)}
			s.do("multicast interface", func() error { return unix.SetsockoptIPMreqn(s.fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, mreq) })
		}
	}
	if s.err != nil {
		unix.Close(s.fd)
		return -1, s.err
	}
	return s.fd, nil
}

// attach puts a BPF program on a socket.
func attach(fd int, prog []bpf.RawInstruction) error {
	p := make([]unix.SockFilter, len(prog))
	for i, r := range prog {
		p[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(p)), Filter: unsafe.SliceData(p)})
}

// Filter implements [Conn].
func (c *rawConn) Filter(vrids []uint8) error {
	var err error
	ctl := func(fd uintptr) {
		if vrids == nil {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
			return
		}
		ah := 0
		if c.spec.AH {
			ah = 24
		}
		var prog []bpf.RawInstruction
		if prog, err = vridFilter(vrids, !c.spec.IPv6, ah); err == nil {
			err = os.NewSyscallError("attach filter", attach(int(fd), prog))
		}
	}
	if e := c.rxc.Control(ctl); e != nil {
		return e
	}
	return err
}

// Send implements [Conn]. It never waits: an advert that the system cannot
// take at once is late, and the next one comes soon.
func (c *rawConn) Send(b []byte, src, dst netip.Addr) error {
	flags := unix.MSG_DONTWAIT
	if !c.spec.Unicast() {
		flags |= unix.MSG_DONTROUTE
	}
	var err error
	ctl := func(fd uintptr) {
		if !c.spec.IPv6 {
			sa := unix.SockaddrInet4{Addr: dst.As4()}
			err = unix.Sendto(int(fd), b, flags, &sa)
			return
		}
		sa := unix.SockaddrInet6{Addr: dst.As16()}
		if dst.IsLinkLocalUnicast() || dst.IsLinkLocalMulticast() {
			sa.ZoneId = uint32(c.ifi)
		}
		oob := unix.PktInfo6(&unix.Inet6Pktinfo{Addr: src.As16(), Ifindex: uint32(c.ifi)})
		_, err = unix.SendmsgN(int(fd), b, oob, &sa, flags)
	}
	if e := c.txc.Control(ctl); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("send advert: %w", err)
	}
	return nil
}

// Recv implements [Conn].
func (c *rawConn) Recv(list []Packet) (n int, err error) {
	e := c.rxc.Read(func(fd uintptr) bool {
		for n < len(list) {
			p := &list[n]
			p.Meta = Meta{Hops: -1}
			if c.spec.IPv6 {
				p.N, err = c.recv6(int(fd), p.Buf[:], &p.Meta)
			} else {
				p.N, err = unix.Read(int(fd), p.Buf[:])
			}
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				break
			}
			n++
		}
		return n > 0 || err != unix.EAGAIN
	})
	if e != nil {
		return 0, ErrClosed
	}
	if n > 0 {
		err = nil
	}
	return n, err
}

func (c *rawConn) recv6(fd int, buf []byte, m *Meta) (int, error) {
	n, oobn, _, from, err := unix.Recvmsg(fd, buf, c.oob[:], 0)
	if err != nil {
		return 0, err
	}
	if sa, ok := from.(*unix.SockaddrInet6); ok {
		m.Src = netip.AddrFrom16(sa.Addr)
	}
	msgs, err := unix.ParseSocketControlMessage(c.oob[:oobn])
	if err != nil {
		return n, nil
	}
	for _, cm := range msgs {
		if cm.Header.Level != unix.IPPROTO_IPV6 {
			continue
		}
		switch {
		case cm.Header.Type == unix.IPV6_HOPLIMIT && len(cm.Data) >= 4:
			m.Hops = int(*(*int32)(unsafe.Pointer(unsafe.SliceData(cm.Data))))
		case cm.Header.Type == unix.IPV6_PKTINFO && len(cm.Data) >= 16:
			m.Dst = netip.AddrFrom16([16]byte(cm.Data[:16]))
		}
	}
	return n, nil
}

// Close implements [Conn].
func (c *rawConn) Close() error {
	err := c.rx.Close()
	if e := c.tx.Close(); err == nil {
		err = e
	}
	return err
}

// Descriptors are the file descriptors of the receiving and of the sending
// socket, for logs.
func (c *rawConn) Descriptors() (rx, tx int) {
	_ = c.rxc.Control(func(fd uintptr) { rx = int(fd) })
	_ = c.txc.Control(func(fd uintptr) { tx = int(fd) })
	return rx, tx
}
