package socket

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Listener is a listening socket.
type Listener struct {
	c    *Conn // only waits
	addr net.Addr
	peer unix.RawSockaddrAny
}

// Take takes the descriptor of a listener that net opened over, and closes
// that without removing a unix socket's name. It returns ln itself where it
// has no descriptor.
func Take(ln net.Listener) (net.Listener, error) {
	x, ok := ln.(syscall.Conn)
	if !ok {
		return ln, nil
	}
	raw, err := x.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if cerr := raw.Control(func(h uintptr) { fd, err = unix.FcntlInt(h, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	l := &Listener{c: newConn(fd, true), addr: ln.Addr()}
	l.c.shared = true // handed over at reload
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	ln.Close()
	if _, tcp := l.addr.(*net.TCPAddr); tcp { // connections inherit it
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// Next waits for a connection. Only one goroutine at a time may call it. The
// peer's address is the zero value where it has none.
func (l *Listener) Next() (c *Conn, peer netip.AddrPort, err error) {
	if !l.c.hold() {
		return nil, peer, l.failed(net.ErrClosed)
	}
	defer l.c.release()
	for {
		if err := l.c.await(&l.c.in, time.Time{}, false); err != nil {
			return nil, peer, l.failed(err)
		}
		fd, err := l.accept()
		switch err {
		case nil:
			l.c.mu.Lock()
			l.c.in.ready = true // there may be more
			l.c.mu.Unlock()
			c = newConn(fd, true)
			return c, l.from(c), nil
		case unix.EAGAIN:
			l.c.mu.Lock()
			l.c.ended = false // it was stopped for a while
			l.c.mu.Unlock()
		default:
			l.c.mu.Lock()
			l.c.in.ready = true
			l.c.mu.Unlock()
			return nil, peer, l.failed(err)
		}
	}
}

func (l *Listener) accept() (int, error) {
	for {
		size := uint32(unsafe.Sizeof(l.peer))
		n, _, e := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(l.c.fd), uintptr(unsafe.Pointer(&l.peer)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch e {
		case 0:
			return int(n), nil
		case unix.EINTR, unix.ECONNABORTED: // it went before it was accepted
		default:
			return -1, e
		}
	}
}

// from reads the address that accept left.
func (l *Listener) from(c *Conn) netip.AddrPort {
	switch l.peer.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&l.peer))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), port(&sa.Port))
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(&l.peer))
		a := netip.AddrFrom16(sa.Addr)
		if a.Is4In6() {
			a = a.Unmap()
		} else if sa.Scope_id != 0 {
			if i, err := net.InterfaceByIndex(int(sa.Scope_id)); err == nil {
				a = a.WithZone(i.Name)
			}
		}
		return netip.AddrPortFrom(a, port(&sa.Port))
	}
	c.remote = &net.UnixAddr{Net: "unix"}
	return netip.AddrPort{}
}

// port reads a port in the network's byte order.
func port(p *uint16) uint16 { return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:]) }

func (l *Listener) failed(err error) error {
	return &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: err}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	c, _, err := l.Next()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close implements net.Listener.
func (l *Listener) Close() error { return l.c.Close() }

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.addr }

// SyscallConn gives access to the descriptor, for options.
func (l *Listener) SyscallConn() (syscall.RawConn, error) { return rawConn{l.c}, nil }

// File returns a copy of the descriptor.
func (l *Listener) File() (*os.File, error) {
	if !l.c.hold() {
		return nil, net.ErrClosed
	}
	defer l.c.release()
	fd, err := unix.FcntlInt(uintptr(l.c.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	return os.NewFile(uintptr(fd), l.addr.String()), nil
}
