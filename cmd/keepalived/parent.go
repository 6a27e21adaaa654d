package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"tandem/vrrp"
	"tandem/vrrp/config"
)

// forwarded are the signals that the parent hands to its child.
var forwarded = []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, sigClear, sigJSON}

// parent keeps the VRRP child alive, hands signals on, and ends with it.
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
	s := &supervisor{o: o, cfg: cfg, log: log, files: files, signals: signals}
	wanted := (len(cfg.Instances) > 0 || len(cfg.StaticAddresses)+len(cfg.StaticRoutes)+len(cfg.StaticRules) > 0 || o.all) && !o.checkOnly
	if !wanted {
		log.line("No VRRP configuration: nothing to run")
	}
	g := &cfg.Global
	vrrp.RunScript(cfg, g.StartupScript, "startup script", g.StartupTimeout, log.line)
	code, err := s.loop(wanted)
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

// supervisor is the parent's state.
type supervisor struct {
	o       *options
	cfg     *config.Config
	log     *logger
	files   pidFiles
	signals chan os.Signal

	child   *exec.Cmd
	started time.Time
	delay   time.Duration // before the child is started again
	exited  chan error
}

// loop runs until a signal or a permanent error ends it.
func (s *supervisor) loop(wanted bool) (int, error) {
	s.exited = make(chan error, 1)
	if wanted {
		if err := s.start(); err != nil {
			return exitFatal, err
		}
	}
	s.log.line("Startup complete")
	var again <-chan time.Time
	for {
		select {
		case sig := <-s.signals:
			switch sig {
			case syscall.SIGTERM, syscall.SIGINT:
				return s.stop(), nil
			default:
				s.forward(sig)
			}
		case <-s.exited:
			code, permanent := s.reap()
			if permanent {
				return code, nil
			}
			if s.o.noRespawn {
				return exitFatal, nil
			}
			if time.Since(s.started) >= time.Minute {
				s.delay = 0
			}
			again = time.After(s.delay)
			s.delay = min(max(2*s.delay, time.Second), time.Minute)
		case <-again:
			again = nil
			s.log.line("Respawning")
			if err := s.start(); err != nil {
				return exitFatal, err
			}
		}
	}
}

// start starts the VRRP child.
func (s *supervisor) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(environ(), stageVar+"="+stageVRRP)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.child, s.started = cmd, time.Now()
	s.log.linef("Starting VRRP child process, pid=%d", cmd.Process.Pid)
	go func() { s.exited <- cmd.Wait() }()
	return nil
}

// reap says how the child ended and whether that is for good.
func (s *supervisor) reap() (code int, permanent bool) {
	st, pid := s.child.ProcessState, s.child.Process.Pid
	s.child = nil
	os.Remove(s.files.vrrp)
	name := map[int]string{exitFatal: "FATAL", exitConfig: "CONFIG", exitPermission: "missing permission"}[st.ExitCode()]
	if st.Exited() && name != "" {
		s.log.linef("pid %d exited with permanent error %s. Terminating", pid, name)
		s.log.linef("Stopped Keepalived %s (tandem)", version)
		return st.ExitCode(), true
	}
	if st.Exited() {
		s.log.linef("Keepalived_vrrp exited with status %d", st.ExitCode())
	} else if ws, ok := st.Sys().(syscall.WaitStatus); ok {
		s.log.linef("Keepalived_vrrp exited due to signal %d", ws.Signal())
	}
	return 0, false
}

// forward hands a signal to the child.
func (s *supervisor) forward(sig os.Signal) {
	switch sig {
	case syscall.SIGHUP:
		s.log.line("Reloading ...")
		if res, err := vrrp.Load(s.o.path(), s.o.reading()); err == nil && !res.Fatal {
			s.cfg = res.Config
			for _, m := range vrrp.Messages(res, s.o.path()) {
				s.log.line(m)
			}
		}
		if s.child == nil && len(s.cfg.Instances) > 0 && !s.o.checkOnly {
			if err := s.start(); err != nil {
				s.log.line(err.Error())
			}
			return
		}
	case syscall.SIGUSR1:
		s.log.linef("Printing parent data for process(%d) on signal", os.Getpid())
		if err := vrrp.WriteParentData("", s.cfg); err != nil {
			s.log.line(err.Error())
		}
	}
	if s.child != nil {
		_ = s.child.Process.Signal(sig)
	}
}

// stop ends the child and waits for it, for child_wait_time at most.
func (s *supervisor) stop() int {
	s.log.line("Stopping")
	if s.child != nil {
		_ = s.child.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
		case <-time.After(max(s.cfg.Process.ChildWaitTime, time.Second)):
			_ = s.child.Process.Kill()
			<-s.exited
		}
		os.Remove(s.files.vrrp)
	}
	s.log.line(fmt.Sprintf("Stopped Keepalived %s (tandem)", version))
	return exitOK
}
