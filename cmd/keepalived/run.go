package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"tandem/parser/diag"
	"tandem/vrrp"
	"tandem/vrrp/config"
)

// stageVar tells a process started by this program which part it plays. Go
// cannot fork, so each part is the same file executed again.
const stageVar = "TANDEM_KEEPALIVED_STAGE"

// The parts.
const (
	stageStart  = ""       // what the user started
	stageSpace  = "netns"  // the same, inside its network namespace
	stageParent = "parent" // the daemon's parent, in a session of its own
	stageVRRP   = "vrrp"   // the child that runs the virtual routers
	stageCheck  = "check"  // the child that balances and checks servers
	stageBFD    = "bfd"    // the child that holds BFD sessions
)

// run plays the part that the environment says and returns the exit status.
func run(o *options) (int, error) {
	stage := os.Getenv(stageVar)
	if p := partOf(stage); p != nil {
		return child(o, p)
	}
	res, err := vrrp.Load(o.path(), o.reading())
	switch {
	case err != nil:
		return exitNoConfig, err
	case res.Missing:
		log := newLogger(o, "Keepalived")
		begin(o, log, res)
		log.linef("Config files missing '%s'.", o.path())
		log.linef("Stopped Keepalived %s (tandem)", version)
		return exitNoConfig, nil
	}
	if o.namespace != "" {
		res.Config.Process.NetNamespace = o.namespace
	}
	if ns := res.Config.Process.NetNamespace; ns != "" && stage == stageStart {
		return enter(ns)
	}
	files := pidPaths(o, &res.Config.Process)
	if stage != stageParent {
		log := newLogger(o, "Keepalived")
		begin(o, log, res)
		if res.Fatal {
			return fatalStatus(res), nil
		}
		for _, held := range []string{files.parent, files.vrrp, files.checkers, files.bfd} {
			if running(held) {
				log.linef("Another process has pid file %s locked", held)
				log.line("daemon is already running")
				return exitOK, nil
			}
		}
		if os.Geteuid() != 0 {
			log.line("keepalived must be run as root")
			return exitPermission, nil
		}
		if !o.foreground {
			return daemonise()
		}
	}
	return parent(o, res.Config, files)
}

// fatalStatus is the exit status for a configuration that cannot be started.
func fatalStatus(res *config.Result) int {
	if res.Status == 2 {
		return exitConfig
	}
	return exitNoConfig
}

// begin logs what the original logs first, and what is wrong with the configuration.
func begin(o *options, log *logger, res *config.Result) {
	log.linef("Starting Keepalived %s (tandem)", version)
	log.linef("Running on %s", kernel())
	log.linef("Command line: '%s'", strings.Join(o.args, "' '"))
	log.linef("Configuration file %s", o.path())
	for _, name := range o.idle {
		log.linef("Option %s has no effect here", name)
	}
	for i := range res.Diags.All {
		d := &res.Diags.All[i]
		if d.Pass == "" || d.Ours {
			log.line(diag.KeepalivedLine(d, o.path()))
		}
	}
}

// enter executes the program again inside a network namespace. A namespace
// belongs to a thread; a new image starts from the one that executes it.
func enter(name string) (int, error) {
	runtime.LockOSThread()
	path := name
	if !strings.Contains(name, "/") {
		path = filepath.Join("/run/netns", name)
	}
	if err := setns(path); err != nil {
		return exitFatal, fmt.Errorf("Failed to set network namespace %s: %w", name, err)
	}
	self, err := os.Executable()
	if err != nil {
		return exitFatal, err
	}
	return exitFatal, syscall.Exec(self, os.Args, append(os.Environ(), stageVar+"="+stageSpace))
}

// daemonise starts the parent in a session of its own and leaves. What could
// go wrong with the configuration was said before, so that the caller sees it.
func daemonise() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return exitFatal, err
	}
	cmd := exec.Command(self, absolute(os.Args[1:])...)
	cmd.Args[0] = os.Args[0]
	cmd.Dir = "/"
	cmd.Env = append(environ(), stageVar+"="+stageParent)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return exitFatal, err
	}
	return exitOK, cmd.Process.Release()
}

// environ is the environment without the part that this process plays.
func environ() []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, stageVar+"=") {
			out = append(out, e)
		}
	}
	return out
}

// absolute makes the -f file's name independent of the directory.
func absolute(args []string) []string {
	out := append([]string(nil), args...)
	fix := func(s string) string {
		if abs, err := filepath.Abs(s); err == nil {
			return abs
		}
		return s
	}
	for i, a := range out {
		long, isLong := strings.CutPrefix(a, "--use-file=")
		short, isShort := strings.CutPrefix(a, "-f")
		switch {
		case isLong:
			out[i] = "--use-file=" + fix(long)
		case (a == "-f" || a == "--use-file") && i+1 < len(out):
			out[i+1] = fix(out[i+1])
		case isShort && short != "":
			out[i] = "-f" + fix(short)
		}
	}
	return out
}
