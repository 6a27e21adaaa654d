package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"tandem/vrrp"
	"tandem/vrrp/config"
)

// child runs the virtual routers until SIGTERM.
func child(o *options) (int, error) {
	res, err := vrrp.Load(o.path(), o.reading())
	if err != nil {
		return exitNoConfig, err
	}
	if o.namespace != "" {
		res.Config.Process.NetNamespace = o.namespace
	}
	cfg := res.Config
	log := newLogger(o, ident("Keepalived_vrrp", cfg))
	for _, m := range vrrp.Messages(res, o.path()) {
		log.line(m)
	}
	switch {
	case res.Fatal:
		return fatalStatus(res), nil
	case res.VRRPFatal:
		return exitConfig, nil
	}
	files := pidPaths(o, &cfg.Process)
	if err := writePid(files.vrrp, os.Getpid()); err != nil {
		return exitFatal, err
	}
	defer os.Remove(files.vrrp)
	r, err := vrrp.New(cfg, vrrp.Options{Log: log.line, Detail: o.detail > 0, KeepVIPs: o.keepVIPs})
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
	go serve(o, r, cfg, log, signals, cancel)
	if err := r.Run(ctx); err != nil {
		log.line(err.Error())
		return exitFatal, nil
	}
	return exitOK, nil
}

// serve performs the signals of the VRRP child.
func serve(o *options, r *vrrp.Router, cfg *config.Config, log *logger, signals <-chan os.Signal, stop func()) {
	for sig := range signals {
		g := &cfg.Global
		var err error
		switch sig {
		case syscall.SIGTERM:
			stop()
			return
		case syscall.SIGHUP:
			err = r.Reload(func() (*config.Config, error) {
				res, err := vrrp.Load(o.path(), o.reading())
				switch {
				case err != nil:
					return nil, err
				case res.Fatal || res.VRRPFatal || res.Missing:
					return nil, errors.New("the new configuration cannot be used; the old one stays")
				}
				for _, m := range vrrp.Messages(res, o.path()) {
					log.line(m)
				}
				cfg = res.Config
				return cfg, nil
			})
		case syscall.SIGUSR1:
			err = r.Dump(g.StateDumpFile)
		case syscall.SIGUSR2:
			err = r.Stats(g.StatsDumpFile, false)
		case sigClear:
			err = r.Stats(g.StatsDumpFile, true)
		case sigJSON:
			err = r.JSON(g.JSONDumpFile)
		}
		if err != nil {
			log.line(err.Error())
		}
	}
}
