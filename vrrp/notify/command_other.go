//go:build !linux

package notify

import (
	"os"
	"syscall"
)

// attributes puts a program in a process group of its own and, where this
// process may, under its account.
func attributes(c *Command) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 && (c.UID != 0 || c.GID != 0) {
		a.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	return a
}

// waitUnreaped is not known here.
func waitUnreaped(int) error { return nil }
