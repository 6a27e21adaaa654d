package socket

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Read implements net.Conn.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Recv(b, c.deadline(&c.in))
	return n, opError(err)
}

// Write implements net.Conn.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.Send(b, c.deadline(&c.out))
	return n, opError(err)
}

// opError makes errors of the system those that callers of net know.
func opError(err error) error {
	if no, ok := err.(syscall.Errno); ok {
		return &net.OpError{Op: "socket", Net: "stream", Err: no}
	}
	return err
}

func (c *Conn) deadline(s *side) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.deadline == 0 {
		return time.Time{}
	}
	return clock.time(s.deadline)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.setDeadline(&c.in, t)
	return c.setDeadline(&c.out, t)
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.in, t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.out, t) }

// setDeadline also moves the deadline of a wait under way, as net does.
func (c *Conn) setDeadline(s *side, t time.Time) error {
	if c.state.Load()&1 != 0 {
		return net.ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.deadline = 0
	if !t.IsZero() {
		s.deadline = max(clock.ns(t), 1)
	}
	if s.waiter == nil {
		return nil
	}
	s.until = s.deadline
	if at := c.until.Load(); s.until != 0 && (at == 0 || at > s.until) {
		clock.set(c, s.until)
	}
	return nil
}

// CloseWrite ends the direction to the peer.
func (c *Conn) CloseWrite() error {
	if !c.hold() {
		return net.ErrClosed
	}
	defer c.release()
	c.corked.Store(false)
	return unix.Shutdown(c.fd, unix.SHUT_WR)
}

// SetLinger is that of net.TCPConn; 0 seconds make Close reset the connection.
func (c *Conn) SetLinger(sec int) error {
	if !c.hold() {
		return net.ErrClosed
	}
	defer c.release()
	if sec == 0 {
		c.corked.Store(false) // what waits goes nowhere, either
	}
	l := unix.Linger{Onoff: 1, Linger: int32(sec)}
	if sec < 0 {
		l = unix.Linger{}
	}
	return unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &l)
}

// SyscallConn gives access to the descriptor, for options.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return rawConn{c}, nil }

type rawConn struct{ c *Conn }

var errNoRaw = errors.New("socket: use the connection's own methods")

func (r rawConn) Control(f func(fd uintptr)) error {
	if !r.c.hold() {
		return net.ErrClosed
	}
	defer r.c.release()
	f(uintptr(r.c.fd))
	return nil
}

func (r rawConn) Read(func(fd uintptr) bool) error  { return errNoRaw }
func (r rawConn) Write(func(fd uintptr) bool) error { return errNoRaw }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.local == nil {
		c.local = c.ask(syscall.Getsockname)
	}
	return c.local
}

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.remote == nil {
		c.remote = c.ask(syscall.Getpeername)
	}
	return c.remote
}

// ask uses syscall's call: that of x/sys asks for the protocol too.
func (c *Conn) ask(f func(int) (syscall.Sockaddr, error)) net.Addr {
	if c.hold() {
		defer c.release()
		if sa, err := f(c.fd); err == nil {
			return netAddr(sa)
		}
	}
	return &net.UnixAddr{Net: "unix"}
}

// netAddr is a system's address in the form of net.
func netAddr(sa syscall.Sockaddr) net.Addr {
	switch x := sa.(type) {
	case *syscall.SockaddrInet4:
		return &net.TCPAddr{IP: net.IP(x.Addr[:]), Port: x.Port}
	case *syscall.SockaddrInet6:
		a := &net.TCPAddr{IP: net.IP(x.Addr[:]), Port: x.Port}
		if x.ZoneId != 0 {
			if i, err := net.InterfaceByIndex(int(x.ZoneId)); err == nil {
				a.Zone = i.Name
			}
		}
		return a
	case *syscall.SockaddrUnix:
		return &net.UnixAddr{Name: x.Name, Net: "unix"}
	}
	return &net.UnixAddr{Net: "unix"}
}
