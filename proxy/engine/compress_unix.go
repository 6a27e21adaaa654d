//go:build unix

package engine

import (
	"runtime"
	"syscall"
	"time"
)

// cpuTime is the processor time that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processors is how many of them the process may use at the same time.
func processors() int { return runtime.GOMAXPROCS(0) }
