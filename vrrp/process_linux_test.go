package vrrp_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build builds one of our programs, for a test of whole processes.
func build(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", path, "tandem/cmd/"+name).CombinedOutput(); err != nil {
		t.Skipf("cannot build %s: %v: %s", name, err, bytes.TrimSpace(out))
	}
	return path
}

// TestProcess plays a process's life by its signals: start with a startup
// script, dumps, reload, end with a stop script and a shutdown script. Nothing
// may be left behind.
func TestProcess(t *testing.T) {
	t.Parallel()
	needs(t, "/usr/bin/sh")
	for _, who := range []string{"ours", "C"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			if who == "C" && reference() == "" {
				t.Skip("keepalived is not installed")
			}
			l := newLab(t)
			bin := reference()
			if who == "ours" {
				bin = build(t, "keepalived")
			}
			playProcess(t, l, bin)
		})
	}
}

// processConf has every script say its name into a file.
func processConf(dir string, prio int) string {
	say := func(name string) string { return fmt.Sprintf("\"/usr/bin/sh -c 'echo %s >> %s/said'\"", name, dir) }
	return fmt.Sprintf("global_defs {\n script_user root\n vrrp_notify_fifo %s/fifo\n startup_script %s\n shutdown_script %s\n}\n", dir, say("startup"), say("shutdown")) +
		conf(3, "0.1", prio, "notify_master "+say("master")+"\n notify_stop "+say("stop"), vip)
}

func playProcess(t *testing.T, l *lab, bin string) {
	file := func(name string) string { return filepath.Join(l.dir, name) }
	write(t, file("k.conf"), processConf(l.dir, 150), 0o600)
	args := []string{"-n", "-l", "-D", "-P", "-f", file("k.conf"), "-p", file("pid"), "-r", file("vrrp.pid")}
	if bin == reference() && hasBFD() {
		args = append(args, "-b", file("bfd.pid"))
	}
	p := &proc{l: l, node: "a", ref: true, pids: [2]string{file("pid"), file("vrrp.pid")}, cmd: exec.Command(bin, args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "TMPDIR="+l.dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := inNS(l.ns["a"], p.cmd.Start); err != nil {
		t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log:\n%s", p.log.String())
		}
	})
	l.until("mastership", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 2) && l.has("a", vip) })
	holds := func(name, text string) func() bool {
		return func() bool { b, _ := os.ReadFile(file(name)); return strings.Contains(string(b), text) }
	}
	p.signal(syscall.SIGUSR1)
	l.until("the data dump", 5*time.Second, holds("keepalived.data", "VRRP Instance = VI_1"))
	p.signal(syscall.SIGUSR2)
	l.until("the statistics", 5*time.Second, holds("keepalived.stats", "VRRP Instance: VI_1"))
	mark := time.Now()
	write(t, file("k.conf"), processConf(l.dir, 160), 0o600)
	p.signal(syscall.SIGHUP)
	l.until("the new priority", 8*time.Second, func() bool {
		s := l.adverts(mark)
		return len(s) > 0 && s[len(s)-1].prio == 160
	})
	l.until("the notify script", 5*time.Second, holds("said", "master"))
	for _, s := range l.adverts(mark) {
		if s.prio == 0 {
			t.Error("priority 0 during a reload")
		}
	}
	mark = time.Now()
	p.stop()
	l.until("the last advert", 2*time.Second, func() bool { return len(l.adverts(mark)) > 0 })
	if s := l.adverts(mark); s[len(s)-1].prio != 0 {
		t.Errorf("the last advert has priority %d", s[len(s)-1].prio)
	}
	if st := p.cmd.ProcessState; st.ExitCode() != 0 {
		t.Errorf("exit status %d", st.ExitCode())
	}
	if l.has("a", vip) {
		t.Error("the address is left behind")
	}
	for _, name := range []string{"fifo", "pid", "vrrp.pid"} {
		if _, err := os.Lstat(file(name)); err == nil {
			t.Errorf("%s is left behind", name)
		}
	}
	said, _ := os.ReadFile(file("said"))
	if got := strings.Fields(string(said)); strings.Join(got, " ") != "startup master stop shutdown" {
		t.Errorf("scripts said %q", got)
	}
}
