//go:build !linux

package lvs

import "syscall"

// control does nothing: marks and devices are Linux's.
func (c *Connection) control(_, _ string, _ syscall.RawConn) error { return nil }
