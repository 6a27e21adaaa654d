package socket

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Dialer says how connections are made.
type Dialer struct {
	Deadline time.Time      // zero: as long as the system tries
	Source   netip.AddrPort // address to come from; zero: the system's choice
	Control  func(fd int)   // sets options before the connection is made
	Near     *Conn          // waits where this one does; nil: anywhere

	// Transparent says that Source may be no address of this machine
	// (ip(7), IP_TRANSPARENT; CAP_NET_ADMIN is needed).
	Transparent bool
}

// TCP connects to an address.
func (d *Dialer) TCP(to netip.AddrPort) (*Conn, error) {
	a := to.Addr().Unmap()
	family := unix.AF_INET6
	if a.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if d.Control != nil {
		d.Control(fd)
	}
	if s := d.Source; s.IsValid() {
		if s.Port() == 0 { // let the port be chosen when the peer is known
			_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		} else {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		}
		if d.Transparent {
			level, name := unix.SOL_IP, unix.IP_TRANSPARENT
			if family == unix.AF_INET6 {
				level, name = unix.SOL_IPV6, unix.IPV6_TRANSPARENT
			}
			if err := unix.SetsockoptInt(fd, level, name, 1); err != nil {
				unix.Close(fd)
				return nil, os.NewSyscallError("setsockopt", err)
			}
		}
		if err := syscall.Bind(fd, sockaddr(netip.AddrPortFrom(s.Addr().Unmap(), s.Port()))); err != nil {
			unix.Close(fd)
			return nil, os.NewSyscallError("bind", err)
		}
	}
	c, err := d.connect(fd, sockaddr(netip.AddrPortFrom(a, to.Port())))
	if err == nil {
		c.remote = net.TCPAddrFromAddrPort(to)
	}
	return c, err
}

// Unix connects to a unix socket; a name that begins with @ is abstract, of up
// to the full length (x/sys takes no such name, so package syscall connects).
func (d *Dialer) Unix(path string) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if d.Control != nil {
		d.Control(fd)
	}
	return d.connect(fd, &syscall.SockaddrUnix{Name: path})
}

// connect completes a connection. A connection within the machine often
// stands at once: asking a second time is cheaper than waiting for the word.
func (d *Dialer) connect(fd int, to syscall.Sockaddr) (*Conn, error) {
	c := newConn(fd, false)
	if d.Near != nil {
		c.poll = d.Near.where()
	}
	err := syscall.Connect(fd, to)
	if err == unix.EINPROGRESS {
		err = syscall.Connect(fd, to)
	}
	for err == unix.EALREADY || err == unix.EINTR {
		if err = c.await(&c.out, d.Deadline, false); err != nil {
			break
		}
		switch err = syscall.Connect(fd, to); err {
		case unix.EISCONN:
			err = nil
		}
	}
	if err != nil {
		c.Close()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, err
		}
		return nil, os.NewSyscallError("connect", err)
	}
	return c, nil
}

// sockaddr is an address in the system's form.
func sockaddr(a netip.AddrPort) syscall.Sockaddr {
	if a.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	s := &syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if z := a.Addr().Zone(); z != "" {
		if i, err := net.InterfaceByName(z); err == nil {
			s.ZoneId = uint32(i.Index)
		}
	}
	return s
}
