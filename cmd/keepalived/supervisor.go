package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"tandem/vrrp"
	"tandem/vrrp/config"
)

// supervisor is the parent's state.
type supervisor struct {
	o        *options
	cfg      *config.Config
	log      *logger
	files    pidFiles
	signals  chan os.Signal
	children []*kid
	exited   chan *kid
	feeds    *feedPairs
	again    chan *kid // one that waits no longer to be started again
}

// kid is a child process, or the place of one that is not wanted now.
type kid struct {
	part    *part
	cmd     *exec.Cmd // nil: it does not run
	started time.Time
	delay   time.Duration // before it is started again
}

func newSupervisor(o *options, cfg *config.Config, log *logger, files pidFiles, signals chan os.Signal) *supervisor {
	s := &supervisor{o: o, cfg: cfg, log: log, files: files, signals: signals, exited: make(chan *kid, len(parts)), again: make(chan *kid, len(parts))}
	feeds, err := newFeedPairs()
	if err != nil {
		log.linef("Unable to create BFD vrrp event pipe: %v", err)
	}
	s.feeds = feeds
	for _, p := range parts {
		s.children = append(s.children, &kid{part: p})
	}
	return s
}

// loop runs until a signal or a permanent error ends it.
func (s *supervisor) loop() (int, error) {
	if ok, err := s.startWanted(); err != nil {
		return exitFatal, err
	} else if !ok {
		s.log.line("Warning - keepalived has no configuration to run")
	} else {
		s.log.line("Startup complete")
	}
	for {
		select {
		case sig := <-s.signals:
			switch sig {
			case syscall.SIGTERM, syscall.SIGINT:
				return s.stop(), nil
			default:
				s.forward(sig)
			}
		case k := <-s.exited:
			code, permanent := s.reap(k)
			if permanent {
				s.end()
				return code, nil
			}
			if s.o.noRespawn {
				s.end()
				return exitFatal, nil
			}
			if time.Since(k.started) >= time.Minute {
				k.delay = 0
			}
			time.AfterFunc(k.delay, func() { s.again <- k })
			k.delay = min(max(2*k.delay, time.Second), time.Minute)
		case k := <-s.again:
			if k.cmd != nil || !k.part.wanted(s.o, s.cfg) {
				continue
			}
			s.log.line("Respawning")
			if err := s.start(k); err != nil {
				return exitFatal, err
			}
		}
	}
}

// startWanted starts the children that have something to do and do not run;
// ok says that there is one.
func (s *supervisor) startWanted() (ok bool, err error) {
	for _, k := range s.children {
		if k.cmd == nil && k.part.wanted(s.o, s.cfg) {
			if err := s.start(k); err != nil {
				return false, err
			}
		}
		ok = ok || k.cmd != nil
	}
	return ok, nil
}

// start starts a child.
func (s *supervisor) start(k *kid) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(environ(), stageVar+"="+k.part.stage)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	s.feeds.bequeath(cmd, k.part)
	if err := cmd.Start(); err != nil {
		return err
	}
	k.cmd, k.started = cmd, time.Now()
	s.log.linef("Starting %s child process, pid=%d", k.part.label, cmd.Process.Pid)
	go func() {
		_ = cmd.Wait()
		s.exited <- k
	}()
	return nil
}

// reap says how a child ended and whether that is for good.
func (s *supervisor) reap(k *kid) (code int, permanent bool) {
	st, pid := k.cmd.ProcessState, k.cmd.Process.Pid
	k.cmd = nil
	os.Remove(k.part.pid(&s.files))
	name := map[int]string{exitFatal: "FATAL", exitConfig: "CONFIG", exitPermission: "missing permission"}[st.ExitCode()]
	if st.Exited() && name != "" {
		s.log.linef("pid %d exited with permanent error %s. Terminating", pid, name)
		return st.ExitCode(), true
	}
	if st.Exited() {
		s.log.linef("%s exited with status %d", k.part.ident, st.ExitCode())
	} else if ws, ok := st.Sys().(syscall.WaitStatus); ok {
		s.log.linef("%s exited due to signal %d", k.part.ident, ws.Signal())
	}
	return 0, false
}

// forward hands a signal to the children.
func (s *supervisor) forward(sig os.Signal) {
	ran := make(map[*kid]bool)
	for _, k := range s.children {
		ran[k] = k.cmd != nil
	}
	switch sig {
	case syscall.SIGHUP:
		s.log.line("Reloading ...")
		s.log.linef("Configuration file %s", s.o.path())
		if res, err := vrrp.Load(s.o.path(), s.o.reading()); err == nil && !res.Fatal {
			s.cfg = res.Config
			for _, m := range vrrp.Messages(res, s.o.path()) {
				s.log.line(m)
			}
		}
		if _, err := s.startWanted(); err != nil {
			s.log.line(err.Error())
		}
	case syscall.SIGUSR1:
		s.log.linef("Printing parent data for process(%d) on signal", os.Getpid())
		if err := vrrp.WriteParentData("", s.cfg); err != nil {
			s.log.line(err.Error())
		}
	}
	for _, k := range s.children {
		// One that was started just now has read the new configuration.
		if ran[k] {
			_ = k.cmd.Process.Signal(sig)
		}
	}
}

// stop ends the children.
func (s *supervisor) stop() int {
	s.log.line("Stopping")
	s.end()
	return exitOK
}

// end ends all children that run and waits for them, for child_wait_time at
// most.
func (s *supervisor) end() {
	left := 0
	for _, k := range s.children {
		if k.cmd != nil {
			_ = k.cmd.Process.Signal(syscall.SIGTERM)
			left++
		}
	}
	late := time.After(max(s.cfg.Process.ChildWaitTime, time.Second))
	for left > 0 {
		select {
		case k := <-s.exited:
			k.cmd = nil
			os.Remove(k.part.pid(&s.files))
			left--
		case <-late:
			for _, k := range s.children {
				if k.cmd != nil {
					_ = k.cmd.Process.Kill()
				}
			}
		}
	}
	s.log.line(fmt.Sprintf("Stopped Keepalived %s (tandem)", version))
}
