package main

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"tandem/vrrp"
	"tandem/vrrp/config"
)

// forwarded are the signals that the parent hands to its children.
var forwarded = []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, sigClear, sigJSON}

// parent keeps its children alive, hands signals on, and ends with them.
func parent(o *options, cfg *config.Config, files pidFiles) (int, error) {
	// The child dies with the thread that started it, so that must be the one
	// which lives as long as the process.
	runtime.LockOSThread()
	log := newLogger(o, ident("Keepalived", cfg))
	restrict(o, cfg)
	if err := writePid(files.parent, os.Getpid()); err != nil {
		return exitFatal, err
	}
	defer os.Remove(files.parent)

	signals := make(chan os.Signal, 16)
	signal.Notify(signals, append([]os.Signal{syscall.SIGTERM, syscall.SIGINT}, forwarded...)...)
	if o.ignoreINT {
		signal.Ignore(syscall.SIGINT)
	}
	s := newSupervisor(o, cfg, log, files, signals)
	g := &cfg.Global
	vrrp.RunScript(cfg, g.StartupScript, "startup script", g.StartupTimeout, log.line)
	code, err := s.loop()
	g = &s.cfg.Global
	vrrp.RunScript(s.cfg, g.ShutdownScript, "shutdown script", g.ShutdownTimeout, log.line)
	return code, err
}

// restrict limits what this process and its scripts create: by default to
// files that nobody else reads.
func restrict(o *options, cfg *config.Config) {
	mask := 0o177
	if o.umask >= 0 {
		mask = o.umask
	} else if cfg.Global.Umask != nil {
		mask = int(*cfg.Global.Umask)
	}
	syscall.Umask(mask)
}

// ident is a process's name in the log.
func ident(base string, cfg *config.Config) string {
	if ns := cfg.Process.NetNamespace; ns != "" {
		base += "_" + ns
	}
	if i := cfg.Process.Instance; i != "" {
		base += "_" + i
	}
	return base
}
