package main

import (
	"fmt"
	"io"
	"runtime"
	"syscall"
	"unsafe"
)

// Version is the release of the original whose language and behaviour this
// program has; scripts read it from the first line of -v.
const version = "v2.4.3"

// about prints -v or -h, as the original does, to standard error.
func about(what, self string, w io.Writer) int {
	if what == "help" {
		fmt.Fprintf(w, usage, self)
		return exitOK
	}
	fmt.Fprintf(w, "Keepalived %s (tandem)\n\n", version)
	fmt.Fprintf(w, "Built with %s for %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(w, "Running on %s\n\n", kernel())
	fmt.Fprintf(w, "Config options:  LVS REGEX VRRP VRRP_AUTH VRRP_VMAC\n")
	return exitOK
}

// kernel is the running kernel, as uname(2) tells it.
func kernel() string {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return runtime.GOOS
	}
	text := func(f *[65]int8) string {
		b := (*[65]byte)(unsafe.Pointer(f))[:]
		for i, c := range b {
			if c == 0 {
				return string(b[:i])
			}
		}
		return string(b)
	}
	return text(&u.Sysname) + " " + text(&u.Release) + " " + text(&u.Version)
}

// usage has the layout of the original's -h.
const usage = `Usage: %s [OPTION...]
  -f, --use-file=FILE          Read this configuration file
                                default '/etc/keepalived/keepalived.conf'
  -P, --vrrp                   Run only VRRP
  -C, --check                  Run only the health checkers
  -B, --no_bfd                 Do not run BFD
      --all                    Run every part, even without configuration
  -l, --log-console            Log to the console
  -D, --log-detail             Log more; twice for still more
  -S, --log-facility=([0-7]|local[0-7]|user|daemon)
                               Facility of syslog messages, daemon by default
  -g, --log-file=FILE          Log to this file
      --flush-log-file         Flush the file after each line
  -G, --no-syslog              Do not log to syslog
  -u, --umask=MASK             File mode creation mask, as a number
  -X, --release-vips           Drop addresses on a signal's transition
  -V, --dont-release-vrrp      Leave addresses and routes at stop
  -I, --dont-release-ipvs      Leave the IPVS table at stop
  -R, --dont-respawn           Do not start children again
  -n, --dont-fork              Stay in the foreground
  -d, --dump-conf              Log the configuration
  -p, --pid=FILE               Pid file of the parent process
  -r, --vrrp_pid=FILE          Pid file of the VRRP process
  -T, --genhash                Be genhash (this should be the first option)
  -c, --checkers_pid=FILE      Pid file of the checkers' process
  -a, --address-monitoring     Log addresses that come and go
  -b, --bfd_pid=FILE           Pid file of the BFD process
  -s, --namespace=NAME         Run in this network namespace, whatever the configuration says
  -m, --core-dump              Dump core on a crash
  -M, --core-dump-pattern=PATN Set the kernel's core_pattern too
  -e, --all-config             Refuse to start if an included file is missing
  -i, --config-id id           Skip lines that begin '@' with another id,
                                and lines that begin '@^' with this one.
                                The host name without its domain by default
      --ignore-sigint          Ignore SIGINT, for debuggers
      --signum=SIGFUNC         Print the signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON
  -t, --config-test[=LOG_FILE] Check the configuration; messages go to
                                standard error by default
      --debug[=...]            Enable debug options
  -v, --version                Print the version
  -h, --help                   Print this
`
