package vrrp

import (
	"context"
	"fmt"
	"os"

	"tandem/vrrp/config"
	"tandem/vrrp/daemon"
	"tandem/vrrp/lvs"
	"tandem/vrrp/netif"
)

// ErrNoIPVS says that the kernel has no IPVS, or does not let us use it.
var ErrNoIPVS = daemon.ErrNoIPVS

// BalancerOptions are what a Balancer stands on. Only Log is needed.
type BalancerOptions struct {
	// Log writes one line, in the words of the original and without a time. It
	// is called from several goroutines.
	Log func(line string)
	// Detail is -D.
	Detail bool
	// KeepIPVS is --dont-release-ipvs: the kernel's table stays.
	KeepIPVS bool
	// Beside says that a Router of the same program says when a reload is
	// complete.
	Beside bool
	// Sessions is where the states of BFD sessions come from, a [Detector] in
	// another process; nil: none are known.
	Sessions daemon.Feed
	// IPVS connects to the kernel's balancer; nil: that of the network
	// namespace of the process.
	IPVS func() (lvs.Kernel, error)
}

// Balancer drives IPVS and checks servers, for one configuration after another.
type Balancer struct {
	h      *daemon.Health
	log    func(string)
	beside bool
}

// NewBalancer prepares for cfg.
func NewBalancer(cfg *config.Config, opt BalancerOptions) *Balancer {
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	return &Balancer{log: opt.Log, beside: opt.Beside, h: daemon.NewHealth(cfg, daemon.HealthOptions{
		Log: opt.Log, Detail: opt.Detail, KeepIPVS: opt.KeepIPVS, Open: opt.IPVS, Sessions: opt.Sessions,
		Net: func() (netif.Kernel, error) { return openKernel() },
	})}
}

// Run serves until ctx ends (SIGTERM): then the services leave the kernel.
func (b *Balancer) Run(ctx context.Context) error { return b.h.Run(ctx) }

// Reload (SIGHUP) calls load for the new configuration and goes over to it. An
// error of load leaves the old one in force.
func (b *Balancer) Reload(load func() (*config.Config, error)) error {
	b.log("Reloading")
	cfg, err := load()
	if err != nil {
		return err
	}
	if err := b.h.Reload(cfg); err != nil {
		return err
	}
	if !b.beside {
		b.log("Reload complete")
	}
	return nil
}

// Dump (SIGUSR1) writes the state of services and checks to path, by default
// /tmp/keepalived_check.data.
func (b *Balancer) Dump(path string) error {
	b.log(fmt.Sprintf("Printing checker data for process(%d) on signal", os.Getpid()))
	return writeFile(path, "keepalived_check.data", b.h.WriteData)
}
