package vrrp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
			playProcess(t, l, who == "C")
		})
	}
}

// processConf has every script say its name into a file.
func processConf(dir string, prio int) string {
	say := func(name string) string { return fmt.Sprintf("\"/usr/bin/sh -c 'echo %s >> %s/said'\"", name, dir) }
	return fmt.Sprintf("global_defs {\n script_user root\n vrrp_notify_fifo %s/fifo\n startup_script %s\n shutdown_script %s\n}\n", dir, say("startup"), say("shutdown")) +
		conf(3, "0.1", prio, "notify_master "+say("master")+"\n notify_stop "+say("stop"), vip)
}

func playProcess(t *testing.T, l *lab, ref bool) {
	file := func(name string) string { return filepath.Join(l.dir, "a", name) }
	if err := os.Mkdir(filepath.Join(l.dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := l.start("a", ref, processConf(filepath.Join(l.dir, "a"), 150))
	l.until("mastership", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrA, 2) && l.has("a", vip) })
	holds := func(name, text string) func() bool {
		return func() bool { b, _ := os.ReadFile(file(name)); return strings.Contains(string(b), text) }
	}
	p.signal(syscall.SIGUSR1)
	l.until("the data dump", 5*time.Second, holds("keepalived.data", "VRRP Instance = VI_1"))
	p.signal(syscall.SIGUSR2)
	l.until("the statistics", 5*time.Second, holds("keepalived.stats", "VRRP Instance: VI_1"))
	mark := time.Now()
	p.configure(processConf(filepath.Join(l.dir, "a"), 160))
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
