// Package vrrp is the door to everything that holds addresses: a program makes
// a [Router] from a configuration, runs it, and tells it what its signals mean.
package vrrp

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/daemon"
	"tandem/vrrp/netif"
	"tandem/vrrp/notify"
	"tandem/vrrp/track"
	"tandem/vrrp/wire"
)

// Options are what a Router stands on. Only Log is needed.
type Options struct {
	// Log writes one line, in the words of the original and without a time.
	Log func(line string)
	// Detail is -D.
	Detail bool
	// KeepVIPs is --dont-release-vrrp: addresses stay when the router ends.
	KeepVIPs bool
	// Plugins work beside the router, after those that track and notify.
	Plugins []daemon.Plugin
	// Sessions is where the states of BFD sessions come from, a [Detector] in
	// another process; nil: none are known, and sessions count as down.
	Sessions daemon.Feed
	// Network and Kernel are those of the system when nil, in the network
	// namespace of the process.
	Network wire.Network
	Kernel  netif.Kernel
	// StopDelay is how long Run goes on after it gave everything up; negative
	// is not at all, zero the original's second.
	StopDelay time.Duration
}

// Router runs the virtual routers of one configuration after another.
type Router struct {
	d   *daemon.Daemon
	log func(string)
}

// New prepares a router for cfg. The error says that the kernel cannot be
// talked to.
func New(cfg *config.Config, opt Options) (*Router, error) {
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	if opt.Network == nil {
		opt.Network = wire.Kernel{}
	}
	if opt.Kernel == nil {
		k, err := openKernel()
		if err != nil {
			return nil, err
		}
		opt.Kernel = k
	}
	switch {
	case opt.StopDelay == 0:
		opt.StopDelay = time.Second
	case opt.StopDelay < 0:
		opt.StopDelay = 0
	}
	// Who tells changes comes first: a reload begins what is told with the new
	// configuration before anything changes.
	plugins := append([]daemon.Plugin{
		daemon.NewNotifier(notify.Options{Log: opt.Log, Detail: opt.Detail}),
		daemon.NewTracker(track.Options{Log: opt.Log}),
	}, opt.Plugins...)
	if opt.Sessions != nil {
		plugins = append(plugins, daemon.NewFollower(opt.Sessions, opt.Log, opt.Detail))
	}
	d := daemon.New(cfg, daemon.Options{
		Network: opt.Network, Kernel: opt.Kernel, Log: opt.Log, Detail: opt.Detail,
		Plugins: plugins, KeepVIPs: opt.KeepVIPs, StopDelay: opt.StopDelay,
	})
	return &Router{d: d, log: opt.Log}, nil
}

// RunScript runs a startup or shutdown script to its end, or to that of the
// timeout; nil is none. what names it in the log.
func RunScript(cfg *config.Config, c *config.Command, what string, timeout time.Duration, log func(string)) {
	if cmd := daemon.CommandOf(cfg, c); cmd != nil {
		notify.Run(notify.StartProcess, cmd, what, timeout, log)
	}
}

// Run serves until ctx ends (SIGTERM, SIGINT): then masters say priority 0 and
// all that is held is removed. The error says that it could not start.
func (r *Router) Run(ctx context.Context) error { return r.d.Run(ctx) }

// Reload (SIGHUP) has all masters advertise, calls load for the new
// configuration, and goes over to it. An error of load leaves the old one in
// force.
func (r *Router) Reload(load func() (*config.Config, error)) error {
	r.log("Reloading")
	r.d.Advertise()
	cfg, err := load()
	if err != nil {
		return err
	}
	if err := r.d.Reload(cfg); err != nil {
		return err
	}
	r.log("Reload complete")
	return nil
}

// Dump (SIGUSR1) writes the state of everything to path, by default
// /tmp/keepalived.data.
func (r *Router) Dump(path string) error {
	r.log(fmt.Sprintf("Printing VRRP data for process(%d) on signal", os.Getpid()))
	return writeFile(path, "keepalived.data", r.d.WriteData)
}

// Stats (SIGUSR2) writes the counters to path, by default
// /tmp/keepalived.stats; with clear (SIGRTMAX-1) they begin again.
func (r *Router) Stats(path string, clear bool) error {
	r.log(fmt.Sprintf("Printing VRRP stats for process(%d) on signal", os.Getpid()))
	return writeFile(path, "keepalived.stats", func(w io.Writer) error { return r.d.WriteStats(w, clear) })
}

// JSON (SIGRTMIN+2) writes, without a line in the log, the state of everything to path, by default
// /tmp/keepalived.json.
func (r *Router) JSON(path string) error {
	return writeFile(path, "keepalived.json", r.d.WriteJSON)
}

// writeFile writes a file beside its place and moves it there, so that a link
// that somebody laid in a public directory is replaced, never followed.
func writeFile(path, name string, write func(io.Writer) error) error {
	if path == "" {
		dir := os.Getenv("TMPDIR")
		if dir == "" {
			dir = "/tmp"
		}
		path = filepath.Join(dir, name)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"*")
	if err != nil {
		return err
	}
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
