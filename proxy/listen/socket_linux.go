package listen

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"tandem/parser/expr"
)

// control sets the options that must be there before bind.
func control(a expr.Addr, b *Bind, opt SocketOptions) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		set := func(fd, level, name, value int) {
			if err == nil {
				err = unix.SetsockoptInt(fd, level, name, value)
			}
		}
		cerr := c.Control(func(h uintptr) {
			fd := int(h)
			if a.Kind != expr.Inet {
				return
			}
			if !opt.NoReuse {
				set(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			}
			if b.Transparent {
				level, name := unix.SOL_IP, unix.IP_TRANSPARENT
				if a.IP.Is6() {
					level, name = unix.SOL_IPV6, unix.IPV6_TRANSPARENT
				}
				set(fd, level, name, 1)
			}
			if b.Interface != "" && err == nil {
				err = unix.BindToDevice(fd, b.Interface)
			}
			for _, o := range tcpOptions(b) {
				if o.value != 0 {
					set(fd, unix.IPPROTO_TCP, o.name, o.value)
				}
			}
			if b.CongestionControl != "" && err == nil {
				err = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, b.CongestionControl)
			}
		})
		if cerr != nil {
			return cerr
		}
		return err
	}
}

// tcpOption is a number of the TCP level; 0 is the kernel's own.
type tcpOption struct{ name, value int }

// tcpOptions are those that a bind line sets.
func tcpOptions(b *Bind) []tcpOption {
	list := []tcpOption{{unix.TCP_DEFER_ACCEPT, 0}, {unix.TCP_FASTOPEN, 0}, {unix.TCP_USER_TIMEOUT, int(b.TCPUserTimeout.Milliseconds())}}
	if b.DeferAccept {
		list[0].value = 60
	}
	if b.TFO {
		list[1].value = 1024
	}
	if b.MSS != 0 { // a socket that has had one keeps it
		list = append(list, tcpOption{unix.TCP_MAXSEG, abs(b.MSS)})
	}
	return list
}

// setBacklog changes how many connections may wait to be accepted, if the
// bind line or its proxy says so.
func setBacklog(c syscall.Conn, b *Bind, opt SocketOptions) error {
	n := b.Backlog
	if n <= 0 {
		n = opt.Backlog
	}
	if n <= 0 {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) { err = unix.Listen(int(fd), n) })
	return errors.Join(cerr, err)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
