package proxy

import (
	"fmt"
	"syscall"

	"tandem/proxy/config"
)

// AutoMaxConn sets the global maxconn where neither file nor command line
// does: half of the descriptors that are left once listeners have theirs, as a
// connection takes two (configuration manual 3.2, maxconn). It returns the
// notice to print, "" where nothing was set.
func AutoMaxConn(g *config.Config) string {
	if g.Global.MaxConn > 0 {
		return ""
	}
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return ""
	}
	g.Global.MaxConn = maxConnFor(lim, g.Listeners())
	return fmt.Sprintf("Automatically setting global.maxconn to %d.", g.Global.MaxConn)
}

// maxConnFor counts the connections that a descriptor limit allows.
func maxConnFor(lim syscall.Rlimit, listeners int) int {
	const reserved = 25 // epoll, pipes, logs, standard streams
	fds := min(max(lim.Cur, lim.Max), 1048576)
	return max((int(fds)-reserved-2*listeners)/2, 100)
}
