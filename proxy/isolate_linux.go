package proxy

import (
	"fmt"
	"os"
	"syscall"
)

// Isolate gives up what the process no longer needs once its sockets are
// bound: the file system outside of chroot, and the rights of root.
func (p *Proxy) Isolate() error {
	g := &p.cfg.Global
	if g.Chroot != "" {
		if err := syscall.Chroot(g.Chroot); err != nil {
			return fmt.Errorf("Cannot chroot(%s).", g.Chroot)
		}
		if err := os.Chdir("/"); err != nil {
			return fmt.Errorf("Cannot chroot(%s).", g.Chroot)
		}
	}
	if g.GID >= 0 {
		if os.Geteuid() == 0 {
			if err := syscall.Setgroups([]int{}); err != nil {
				return fmt.Errorf("Cannot set supplementary groups: %s", SysError(err))
			}
		}
		if err := syscall.Setgid(g.GID); err != nil {
			return fmt.Errorf("Cannot set gid %d.", g.GID)
		}
	}
	if g.UID >= 0 {
		if err := syscall.Setuid(g.UID); err != nil {
			return fmt.Errorf("Cannot set uid %d.", g.UID)
		}
	}
	return nil
}
