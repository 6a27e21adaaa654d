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

// RaiseDescriptors lets the process have as many descriptors as "ulimit-n"
// wants. Fewer than there are already are not enforced. It returns what to say
// where the system refuses; under strict-limits, the default, that is a reason
// not to start (configuration manual 3.1).
func RaiseDescriptors(g *config.Config) error {
	want := uint64(max(g.Global.ULimitN, 0))
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil || want <= lim.Cur {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: want, Max: max(want, lim.Max)}); err != nil {
		return fmt.Errorf("[haproxy.main()] Cannot raise FD limit to %d, current limit is %d and hard limit is %d. Leave 'ulimit-n' out to take what there is, or raise the hard limit.", want, lim.Cur, lim.Max)
	}
	return nil
}

// maxConnFor counts the connections that a descriptor limit allows.
func maxConnFor(lim syscall.Rlimit, listeners int) int {
	const reserved = 25 // epoll, pipes, logs, standard streams
	fds := min(max(lim.Cur, lim.Max), 1048576)
	return max((int(fds)-reserved-2*listeners)/2, 100)
}
