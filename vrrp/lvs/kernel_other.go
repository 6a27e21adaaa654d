//go:build !linux

package lvs

import "syscall"

// Open says that there is no IPVS here.
func Open(string) (Kernel, error) { return nil, syscall.ENOENT }
