package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// poller is one epoll set. Origin and driver are single loops over raw
// sockets: on their shared core each microsecond that they save leaves the
// proxy more work to do.
type poller struct {
	fd     int
	events [256]unix.EpollEvent
}

// newPoller makes an empty set.
func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	return &poller{fd: fd}, nil
}

// add begins to watch fd for events such as unix.EPOLLIN.
func (p *poller) add(fd int, events uint32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// set changes what fd is watched for.
func (p *poller) set(fd int, events uint32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// wait returns what is ready, after at most ms milliseconds (-1: no limit).
// The slice is valid until the next call.
func (p *poller) wait(ms int) ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(p.fd, p.events[:], ms)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	return p.events[:n], nil
}

// listenLoopback opens a non-blocking listener on a free port of 127.0.0.1.
func listenLoopback() (fd int, addr netip.AddrPort, err error) {
	return bindLoopback(unix.SOCK_STREAM)
}

// bindLoopback binds a free port of 127.0.0.1 for TCP (SOCK_STREAM, then
// listening) or UDP (SOCK_DGRAM).
func bindLoopback(kind int) (fd int, addr netip.AddrPort, err error) {
	fd, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, addr, fmt.Errorf("socket: %w", err)
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, addr, fmt.Errorf("bind: %w", err)
	}
	if kind == unix.SOCK_STREAM {
		if err = unix.Listen(fd, 4096); err != nil {
			return -1, addr, fmt.Errorf("listen: %w", err)
		}
	} else {
		// Room for bursts: nothing waits for a log receiver.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return -1, addr, fmt.Errorf("getsockname: %w", err)
	}
	in4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return -1, addr, fmt.Errorf("getsockname: not an IPv4 address")
	}
	return fd, netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port)), nil
}
