package listen

import (
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
			if b.MSS != 0 {
				set(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, abs(b.MSS))
			}
			if b.CongestionControl != "" && err == nil {
				err = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, b.CongestionControl)
			}
			if b.DeferAccept {
				set(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60)
			}
			if b.TFO {
				set(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 1024)
			}
			if b.TCPUserTimeout > 0 {
				set(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(b.TCPUserTimeout.Milliseconds()))
			}
		})
		if cerr != nil {
			return cerr
		}
		return err
	}
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
