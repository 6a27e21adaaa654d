package notify

import (
	"os"
	"syscall"
	"unsafe"
)

// attributes puts a program in a process group of its own and, where this
// process may, under its account.
func attributes(c *Command) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() == 0 && (c.UID != 0 || c.GID != 0) {
		a.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	return a
}

const (
	pPID    = 1          // P_PID of waitid(2)
	wExited = 4          // WEXITED
	wNoWait = 0x01000000 // WNOWAIT: leave it to be waited for again
)

// waitUnreaped waits for the end of a child without burying it.
func waitUnreaped(pid int) error {
	var info [128]byte
	for {
		_, _, e := syscall.Syscall6(syscall.SYS_WAITID, pPID, uintptr(pid), uintptr(unsafe.Pointer(&info[0])), wExited|wNoWait, 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 {
			return e
		}
		return nil
	}
}
