package vrrp

import (
	"context"
	"fmt"
	"os"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/daemon"
	"tandem/vrrp/wire"
)

// DetectorOptions are what a Detector stands on. Only Log is needed.
type DetectorOptions struct {
	// Log writes one line, in the words of the original and without a time.
	Log func(line string)
	// Detail is -D.
	Detail bool
	// Router and Balancer are the other ends of their Sessions; nil: nobody
	// there is told.
	Router, Balancer daemon.Feed
	// Network is that of UDP; nil: the system's, in the network namespace of
	// the process.
	Network wire.Datagrams
}

// Detector holds BFD sessions, for one configuration after another.
type Detector struct {
	s   *daemon.Sessions
	log func(string)
}

// NewDetector prepares for cfg.
func NewDetector(cfg *config.Config, opt DetectorOptions) *Detector {
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	d := &Detector{log: opt.Log}
	var router, balancer *daemon.Outlet
	d.s = daemon.NewSessions(cfg, daemon.SessionsOptions{
		Log: opt.Log, Detail: opt.Detail, Network: opt.Network,
		Tell: func(b *config.BFD, up bool) {
			if router != nil && b.VRRP {
				router.Tell(b.Name, up)
			}
			if balancer != nil && b.Checker {
				balancer.Tell(b.Name, up)
			}
		},
	})
	if opt.Router != nil {
		router = daemon.NewOutlet(opt.Router, d.s.Announce)
	}
	if opt.Balancer != nil {
		balancer = daemon.NewOutlet(opt.Balancer, d.s.Announce)
	}
	return d
}

// Run holds the sessions until ctx ends (SIGTERM).
func (d *Detector) Run(ctx context.Context) error { return d.s.Run(ctx) }

// Reload (SIGHUP) calls load for the new configuration and goes over to it. An
// error of load leaves the old one in force.
func (d *Detector) Reload(load func() (*config.Config, error)) error {
	d.log("Reloading")
	begun := time.Now()
	cfg, err := load()
	if err != nil {
		return err
	}
	if err := d.s.Reload(cfg); err != nil {
		return err
	}
	d.log(fmt.Sprintf("Reload finished in %d usec", time.Since(begun).Microseconds()))
	return nil
}

// Dump (SIGUSR1) writes the state of sessions to path, by default
// /tmp/keepalived_bfd.data.
func (d *Detector) Dump(path string) error {
	d.log(fmt.Sprintf("Printing BFD data for process(%d) on signal", os.Getpid()))
	return writeFile(path, "keepalived_bfd.data", d.s.WriteData)
}
