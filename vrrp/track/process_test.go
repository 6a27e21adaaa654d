package track

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	line := func(s ...string) []string { return s }
	tests := []struct {
		p    Process
		name string
		line []string
		want bool
	}{
		{Process{Path: "haproxy"}, "haproxy", nil, true},
		{Process{Path: "/usr/sbin/haproxy"}, "haproxy", nil, true},
		{Process{Path: "ssh"}, "sshd", nil, false},
		{Process{Path: "a-very-long-program-name"}, "a-very-long-pro", nil, true},
		{Process{Path: "haproxy", FullCommand: true}, "haproxy", line("/usr/sbin/haproxy", "-D"), false},
		{Process{Path: "/usr/sbin/haproxy", FullCommand: true}, "x", line("/usr/sbin/haproxy", "-D"), true},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamExact}, "p", line("p", "a", "b"), true},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamExact}, "p", line("p", "a", "b", "c"), false},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamExact}, "p", line("p", "a"), false},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamPartial}, "p", line("p", "a", "b", "c"), true},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamPartial}, "p", line("p", "a", "bc"), false},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamInitial}, "p", line("p", "a", "bc"), true},
		{Process{Path: "p", Params: line("a", "b"), Match: ParamInitial}, "p", line("p", "ax", "b"), false},
		{Process{Path: "p", Match: ParamExact}, "p", line("p"), true},
		{Process{Path: "p", Match: ParamExact}, "p", line("p", "x"), false},
		{Process{Path: "p", Match: ParamInitial}, "p", line("p"), true},
		{Process{Path: "p", Match: ParamExact}, "p", nil, false},
	}
	for i, tc := range tests {
		if got := tc.p.matches(tc.name, tc.line); got != tc.want {
			t.Errorf("%d: %+v and %s %q: %v", i, tc.p, tc.name, tc.line, got)
		}
	}
}

// TestQuorum plays processes that come (+pid, by fork f+pid) and go (-pid) at
// times in seconds.
func TestQuorum(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		p      Process
		events string
		want   string
	}{
		{"plain", Process{QuorumMax: -1}, "1:+1 2:+2 3:-1 4:-2", "1:up 4:down"},
		{"two", Process{Quorum: 2, QuorumMax: -1}, "1:+1 2:+2 3:-1 4:-1", "2:up 3:down"},
		{"not too many", Process{Quorum: 1, QuorumMax: 1}, "1:+1 2:+2 3:-1", "1:up 2:down 3:up"},
		{"none", Process{QuorumMax: 0}, "1:+1 3:-1", "0:up 1:down 3:up"},
		{"terminate delay", Process{QuorumMax: -1, TerminateDelay: 2 * time.Second}, "1:+1 2:-1 3:+2 4:-2 7:+9", "1:up 6:down 7:up"},
		{"fork delay", Process{QuorumMax: -1, ForkDelay: 2 * time.Second}, "1:f+1 2:-1 4:f+2 9:-2", "6:up 9:down"},
		{"fork, then exec", Process{QuorumMax: -1, ForkDelay: 5 * time.Second}, "1:f+1 2:+2", "2:up"},
	}
	for _, tc := range tests {
		q := newQuorum(tc.p)
		q.settle()
		var got []string
		if q.up {
			got = append(got, "0:up")
		}
		note := func(now time.Duration) {
			if q.due(now) {
				got = append(got, fmt.Sprintf("%g:%s", now.Seconds(), map[bool]string{true: "up", false: "down"}[q.up]))
			}
		}
		for _, ev := range append(strings.Fields(tc.events), "100:+0") {
			var sec, pid int
			at, what, _ := strings.Cut(ev, ":")
			fmt.Sscan(at, &sec)
			now := time.Duration(sec) * time.Second
			if q.pending && q.at <= now {
				note(q.at)
			}
			why := other
			if strings.HasPrefix(what, "f") {
				why, what = forked, what[1:]
			}
			if what[0] == '-' {
				why = exited
			}
			fmt.Sscan(what[1:], &pid)
			if pid > 0 {
				q.set(pid, what[0] == '+', now, why)
			}
			note(now)
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, s, tc.want)
		}
	}
}

// proc makes a process below a directory that looks like /proc.
func proc(t *testing.T, root string, pid int, name, state string, line ...string) {
	t.Helper()
	dir := filepath.Join(root, fmt.Sprint(pid))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	stat := fmt.Sprintf("%d (%s) %s 1 1", pid, name, state)
	if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cmdline"), []byte(strings.Join(line, "\x00")+"\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProcs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	proc(t, root, 1, "init", "S", "/sbin/init")
	proc(t, root, 10, "a) b (c", "S", "odd", "x")
	proc(t, root, 11, "gone", "Z")
	if err := os.MkdirAll(filepath.Join(root, "self"), 0o700); err != nil {
		t.Fatal(err)
	}
	list := []Process{{Name: "odd", Path: "a) b (c", QuorumMax: -1}, {Name: "zombie", Path: "gone", QuorumMax: -1}, {Name: "line", Path: "odd", Params: []string{"x"}, Match: ParamExact, QuorumMax: -1}}
	run := func(t *testing.T, reports chan procEvent, report func(procEvent), wait func()) {
		var mu sync.Mutex
		var told []string
		w, known := newProcs(list, root, reports, func(string) {}, func(r Result) {
			mu.Lock()
			told = append(told, fmt.Sprintf("%s %v", r.Name, r.Up))
			mu.Unlock()
		})
		if got := fmt.Sprint(known); got != "[{2 odd true 0} {2 zombie false 0} {2 line true 0}]" {
			t.Errorf("known at the start: %s", got)
		}
		proc(t, root, 12, "gone", "R")
		report(procEvent{pid: 12})
		wait()
		if err := os.RemoveAll(filepath.Join(root, "10")); err != nil {
			t.Fatal(err)
		}
		report(procEvent{pid: 10, why: exited})
		wait()
		w.stop()
		equal(t, told, "zombie true", "odd false", "line false")
		// As before, for the other run.
		os.RemoveAll(filepath.Join(root, "12"))
		proc(t, root, 10, "a) b (c", "S", "odd", "x")
	}
	t.Run("reported", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := make(chan procEvent)
			run(t, c, func(ev procEvent) { c <- ev }, synctest.Wait)
		})
	})
	t.Run("looked at", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			run(t, nil, func(procEvent) {}, func() { time.Sleep(rescanEvery + time.Millisecond); synctest.Wait() })
		})
	})
	t.Run("reports lost and ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := make(chan procEvent)
			n := 0
			run(t, c, func(procEvent) {
				if n++; n == 1 {
					c <- procEvent{}
				} else {
					close(c)
				}
			}, func() { time.Sleep(rescanEvery + time.Millisecond); synctest.Wait() })
		})
	})
}
