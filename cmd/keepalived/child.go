package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"tandem/vrrp"
	"tandem/vrrp/config"
)

// part is one of the processes that do the work.
type part struct {
	stage string // of the environment
	ident string // its name in the log
	label string // what messages of the parent call it
	pid   func(*pidFiles) string
	// wanted says whether a configuration gives it anything to do.
	wanted func(*options, *config.Config) bool
	// open makes what the process does.
	open func(o *options, cfg *config.Config, log *logger, f *feeds) (worker, error)
	// feeds are the ends of the supervisor's feeds that it inherits.
	feeds func(*feedPairs) []*os.File
	// fatal says that it cannot start with a configuration.
	fatal func(*config.Result) bool
}

// worker is what a process does, by its signals.
type worker interface {
	Run(ctx context.Context) error
	Reload(load func() (*config.Config, error)) error
	Dump(path string) error
}

// counter is a worker that counts.
type counter interface {
	Stats(path string, clear bool) error
	JSON(path string) error
}

// parts are the processes in the order in which they are started.
var parts = []*part{
	{
		stage: stageCheck, ident: "Keepalived_healthcheckers", label: "Healthcheck",
		pid: func(f *pidFiles) string { return f.checkers },
		wanted: func(o *options, cfg *config.Config) bool {
			return !o.vrrpOnly && (len(cfg.VirtualServers) > 0 || o.all)
		},
		feeds: func(p *feedPairs) []*os.File { return []*os.File{p.checker[1]} },
		open: func(o *options, cfg *config.Config, log *logger, f *feeds) (worker, error) {
			return vrrp.NewBalancer(cfg, vrrp.BalancerOptions{
				Log: log.line, Detail: o.detail > 0, KeepIPVS: o.keepIPVS, Beside: vrrpWanted(o, cfg),
				Sessions: f.at(0),
			}), nil
		},
		fatal: func(*config.Result) bool { return false },
	},
	{
		stage: stageVRRP, ident: "Keepalived_vrrp", label: "VRRP",
		pid:    func(f *pidFiles) string { return f.vrrp },
		wanted: vrrpWanted,
		feeds:  func(p *feedPairs) []*os.File { return []*os.File{p.vrrp[1]} },
		open: func(o *options, cfg *config.Config, log *logger, f *feeds) (worker, error) {
			r, err := vrrp.New(cfg, vrrp.Options{Log: log.line, Detail: o.detail > 0, KeepVIPs: o.keepVIPs, Sessions: f.at(0)})
			if err != nil {
				return nil, err
			}
			return r, nil
		},
		fatal: func(res *config.Result) bool { return res.VRRPFatal },
	},
	{
		stage: stageBFD, ident: "Keepalived_bfd", label: "BFD",
		pid: func(f *pidFiles) string { return f.bfd },
		wanted: func(o *options, cfg *config.Config) bool {
			return !o.noBFD && (len(cfg.BFDs) > 0 || o.all)
		},
		feeds: func(p *feedPairs) []*os.File { return []*os.File{p.vrrp[0], p.checker[0]} },
		open: func(o *options, cfg *config.Config, log *logger, f *feeds) (worker, error) {
			return vrrp.NewDetector(cfg, vrrp.DetectorOptions{
				Log: log.line, Detail: o.detail > 0, Router: f.at(0), Balancer: f.at(1),
			}), nil
		},
		fatal: func(*config.Result) bool { return false },
	},
}

// vrrpWanted says whether a configuration gives virtual routers, or what stands
// beside them, something to do.
func vrrpWanted(o *options, cfg *config.Config) bool {
	has := len(cfg.Instances) > 0 || len(cfg.StaticAddresses)+len(cfg.StaticRoutes)+len(cfg.StaticRules) > 0
	return !o.checkOnly && (has || o.all)
}

// partOf is the part that a process was started for.
func partOf(stage string) *part {
	for _, p := range parts {
		if p.stage == stage {
			return p
		}
	}
	return nil
}

// child does the work of a part until SIGTERM.
func child(o *options, p *part) (int, error) {
	res, err := vrrp.Load(o.path(), o.reading())
	if err != nil {
		return exitNoConfig, err
	}
	if o.namespace != "" {
		res.Config.Process.NetNamespace = o.namespace
	}
	cfg := res.Config
	log := newLogger(o, ident(p.ident, cfg))
	for _, m := range messagesOf(res, o, p) {
		log.line(m)
	}
	switch {
	case res.Fatal:
		return fatalStatus(res), nil
	case p.fatal(res):
		return exitConfig, nil
	}
	files := pidPaths(o, &cfg.Process)
	pidFile := p.pid(&files)
	if err := writePid(pidFile, os.Getpid()); err != nil {
		return exitFatal, err
	}
	defer os.Remove(pidFile)
	w, err := p.open(o, cfg, log, inherited(p))
	if err != nil {
		log.line(err.Error())
		if errors.Is(err, os.ErrPermission) {
			return exitPermission, nil
		}
		return exitFatal, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, append([]os.Signal{syscall.SIGTERM}, forwarded...)...)
	// SIGINT is the parent's to act on. It is not ignored, since scripts would
	// inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT)
	go serve(o, p, w, cfg, log, signals, cancel)
	if err := w.Run(ctx); err != nil {
		if !errors.Is(err, vrrp.ErrNoIPVS) { // said already
			log.line(err.Error())
		}
		return exitFatal, nil
	}
	return exitOK, nil
}

// passes are the readings of the configuration whose findings a part's process
// logs.
var passes = map[string]string{stageCheck: "checker", stageVRRP: "vrrp", stageBFD: "bfd"}

// messagesOf are the lines about a configuration that a part's process logs:
// each says its own and leaves the rest to the others, unless one of those does
// not run for lack of anything to do.
func messagesOf(res *config.Result, o *options, p *part) []string {
	says := map[string]bool{passes[p.stage]: true}
	if p.stage != stageBFD {
		says[""] = true
		for _, q := range parts {
			unasked := (o.checkOnly || o.vrrpOnly) && q.stage != stageBFD
			if !unasked && !q.wanted(o, res.Config) {
				says[passes[q.stage]] = true
			}
		}
	}
	return vrrp.MessagesOf(res, o.path(), func(pass string) bool { return says[pass] })
}

// serve performs the signals of a child.
func serve(o *options, p *part, w worker, cfg *config.Config, log *logger, signals <-chan os.Signal, stop func()) {
	c, counts := w.(counter)
	for sig := range signals {
		g := &cfg.Global
		var err error
		switch sig {
		case syscall.SIGTERM:
			stop()
			return
		case syscall.SIGHUP:
			err = w.Reload(func() (*config.Config, error) {
				res, err := vrrp.Load(o.path(), o.reading())
				switch {
				case err != nil:
					return nil, err
				case res.Fatal || p.fatal(res) || res.Missing:
					return nil, errors.New("the new configuration cannot be used; the old one stays")
				}
				for _, m := range messagesOf(res, o, p) {
					log.line(m)
				}
				cfg = res.Config
				return cfg, nil
			})
		case syscall.SIGUSR1:
			path := g.StateDumpFile
			switch {
			case path == "":
			case p.stage == stageCheck:
				path = besideFile(path, "_check")
			case p.stage == stageBFD:
				path = besideFile(path, "_bfd")
			}
			err = w.Dump(path)
		case syscall.SIGUSR2, sigClear:
			if counts {
				err = c.Stats(g.StatsDumpFile, sig == sigClear)
			}
		case sigJSON:
			if counts {
				err = c.JSON(g.JSONDumpFile)
			}
		}
		if err != nil {
			log.line(err.Error())
		}
	}
}

// besideFile is where a part's dump goes if a file is named for all: its name
// gets what tells it apart before the ending.
func besideFile(path, mark string) string {
	slash, dot := strings.LastIndexByte(path, '/'), strings.LastIndexByte(path, '.')
	if dot > slash+1 {
		return path[:dot] + mark + path[dot:]
	}
	return path + mark
}
