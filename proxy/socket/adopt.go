package socket

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Adopt takes over the descriptor of a connection that net made and closes
// that; nil, with nc untouched, where it has none to take.
func Adopt(nc net.Conn) *Conn {
	switch x := nc.(type) {
	case *Conn:
		return x
	case *net.TCPConn, *net.UnixConn:
		raw, err := x.(syscall.Conn).SyscallConn()
		if err != nil {
			return nil
		}
		fd := -1
		if raw.Control(func(h uintptr) { fd, err = unix.FcntlInt(h, unix.F_DUPFD_CLOEXEC, 0) }) != nil || err != nil {
			return nil
		}
		nc.Close()
		return newConn(fd, true)
	}
	return nil
}
