package lvs

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// control sets what a socket of a check needs before it is bound.
func (c *Connection) control(_, _ string, raw syscall.RawConn) error {
	var err error
	if e := raw.Control(func(fd uintptr) { err = c.options(int(fd)) }); e != nil {
		return e
	}
	return err
}

func (c *Connection) options(fd int) error {
	if c.From.Port() != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if c.Device != "" {
		if err := unix.BindToDevice(fd, c.Device); err != nil {
			return err
		}
	}
	if c.Mark != 0 {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(c.Mark))
	}
	return nil
}
