package track

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tandem/vrrp/notify"
)

// TestHealth plays results: + and - are results, the state is shown behind
// each that changes it.
func TestHealth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rise, fall    int
		results, want string
	}{
		{1, 1, "++-+", "+U+-D+U"},
		{1, 2, "+-+--+", "+U-+--D+U"},
		// The first result decides, whatever rise and fall say.
		{3, 3, "-++-+++", "-D++-+++U"},
		{3, 3, "+--+---", "+U--+---D"},
	}
	for _, tc := range tests {
		h := health{rise: tc.rise, fall: tc.fall}
		var got strings.Builder
		for _, r := range tc.results {
			got.WriteRune(r)
			if h.result(r == '+') {
				got.WriteByte(map[bool]byte{true: 'U', false: 'D'}[h.up])
			}
		}
		if got.String() != tc.want {
			t.Errorf("rise %d fall %d: %s, want %s", tc.rise, tc.fall, got.String(), tc.want)
		}
	}
}

// play runs a schedule with programs that end after a time each, and returns
// what happens with its times in seconds.
func play(s Script, until time.Duration, run func(at time.Duration) (time.Duration, notify.Status), ignoreTerm bool) []string {
	sched := newSchedule(s, 0)
	var out []string
	var ends time.Duration = -1
	var st notify.Status
	for now := time.Duration(0); ; {
		at := sched.deadline()
		isEnd := ends >= 0 && ends <= at
		if isEnd {
			at = ends
		}
		if now = at; now > until {
			return out
		}
		var a action
		if isEnd {
			a = sched.ended(st)
			ends = -1
		} else {
			a = sched.tick(now)
		}
		say := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("%g "+format, append([]any{now.Seconds()}, args...)...))
		}
		for _, l := range a.log {
			say("%s", l)
		}
		if a.told {
			say("told %v", sched.up)
		}
		if a.start {
			d, status := run(now)
			ends, st = now+d, status
			say("run")
		}
		if a.signal == syscall.SIGKILL || a.signal == syscall.SIGTERM && !ignoreTerm {
			ends, st = now, notify.Status{Code: -1, Signal: int(a.signal)}
		}
		if a.signal != 0 {
			say("signal %d", a.signal)
		}
	}
}

func TestScheduleResults(t *testing.T) {
	t.Parallel()
	codes := []int{3, 0, 0, 1, 1}
	i := -1
	got := play(Script{Name: "chk", Interval: time.Second, Fall: 2}, 4*time.Second, func(time.Duration) (time.Duration, notify.Status) {
		i++
		return 0, notify.Status{Code: codes[i]}
	}, false)
	equal(t, got, "0 run", "0 Script `chk` now returning 3", "0 VRRP_Script(chk) failed (exited with status 3)", "0 told false",
		"1 run", "1 Script `chk` now returning 0", "1 VRRP_Script(chk) succeeded", "1 told true",
		"2 run", "3 run", "3 Script `chk` now returning 1", "4 run", "4 VRRP_Script(chk) failed (exited with status 1)", "4 told false")
}

func TestScheduleSignal(t *testing.T) {
	t.Parallel()
	got := play(Script{Name: "k"}, 0, func(time.Duration) (time.Duration, notify.Status) { return 0, notify.Status{Code: -1, Signal: 9} }, false)
	equal(t, got, "0 run", "0 VRRP_Script(k) failed (due to signal 9)", "0 told false")
	got = play(Script{Name: "k"}, 0, func(time.Duration) (time.Duration, notify.Status) {
		return 0, notify.Status{Code: -1, Unstarted: errors.New("no interpreter")}
	}, false)
	equal(t, got, "0 run", "0 Track script k cannot run and counts as successful: no interpreter", "0 VRRP_Script(k) succeeded", "0 told true")
}

func TestScheduleTimeout(t *testing.T) {
	t.Parallel()
	long := func(time.Duration) (time.Duration, notify.Status) { return time.Hour, notify.Status{} }
	got := play(Script{Name: "s", Interval: time.Second, Timeout: time.Second}, 3*time.Second+1, long, true)
	equal(t, got, "0 run", "1 Track script s is already running, expect idle - skipping run", "1 signal 15",
		"2 Track script s is being timed out, expect idle - skipping run", "3 Track script s is being timed out, expect idle - skipping run",
		"3 signal 9", "3 VRRP_Script(s) timed_out", "3 told false")
	// One that heeds SIGTERM is run again at the next step.
	got = play(Script{Name: "s", Interval: 2 * time.Second, Timeout: time.Second, Fall: 2}, 3*time.Second+1, long, false)
	equal(t, got, "0 run", "1 signal 15", "1 VRRP_Script(s) timed_out", "1 told false", "2 run", "3 signal 15")
}

// One that not even SIGKILL ends is killed again, ever more rarely, and never
// run beside itself.
func TestScheduleUnkillable(t *testing.T) {
	t.Parallel()
	s := newSchedule(Script{Name: "s", Interval: time.Hour, Timeout: time.Second}, 0)
	var at []string
	for range 6 {
		now := s.deadline()
		a := s.tick(now)
		at = append(at, fmt.Sprintf("%g %d %d", now.Seconds(), a.signal, len(a.log)))
	}
	equal(t, at, "0 0 0", "1 15 0", "3 9 0", "5 9 1", "15 9 1", "25 9 1")
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// theatre plays the programs of a Tracker in memory.
type theatre struct {
	mu    sync.Mutex
	lines []string
	ok    map[string]bool // by path; missing: succeeds
	hang  map[string]bool
	begin time.Time
}

func (h *theatre) add(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf("%g ", time.Since(h.begin).Seconds())+fmt.Sprintf(format, args...))
}

func (h *theatre) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.lines
	h.lines = nil
	return out
}

func (h *theatre) set(path string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ok[path] = ok
}

type actor struct {
	h    *theatre
	path string
	end  chan notify.Status
}

func (a *actor) Wait() notify.Status { return <-a.end }
func (a *actor) Signal(s syscall.Signal) {
	a.h.add("signal %d %s", s, a.path)
	select {
	case a.end <- notify.Status{Code: -1, Signal: int(s)}:
	default:
	}
}

func (h *theatre) start(c *notify.Command, _ ...string) (notify.Process, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.Path == "missing" {
		return nil, errors.New("no such file")
	}
	a := &actor{h: h, path: c.Path, end: make(chan notify.Status, 1)}
	ok, set := h.ok[c.Path]
	switch {
	case h.hang[c.Path]:
	case set && !ok:
		a.end <- notify.Status{Code: 1}
	default:
		a.end <- notify.Status{}
	}
	return a, nil
}

func script(name string, change func(*Script)) Script {
	s := Script{Name: name, Command: &notify.Command{Path: name, Argv: []string{name}}, Interval: time.Second}
	if change != nil {
		change(&s)
	}
	return s
}

func inTheatre(t *testing.T, f func(h *theatre, tr *Tracker)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &theatre{ok: make(map[string]bool), hang: make(map[string]bool), begin: time.Now()}
		tr := New(Options{
			Log:   func(s string) { h.add("%s", s) },
			Tell:  func(r Result) { h.add("tell %s %v %d", r.Name, r.Up, r.Value) },
			Start: h.start, Proc: t.TempDir(),
		})
		f(h, tr)
		tr.Close()
		tr.Close()
	})
}

func TestTrackerScripts(t *testing.T) {
	inTheatre(t, func(h *theatre, tr *Tracker) {
		known := tr.Configure(Config{Scripts: []Script{script("a", nil), script("missing", nil), script("bad", func(s *Script) { s.InitFail = true })}}, false)
		if len(known) != 1 || known[0] != (Result{Kind: KindScript, Name: "bad"}) {
			t.Errorf("known at the start: %v", known)
		}
		time.Sleep(2500 * time.Millisecond)
		got := h.take()
		slices.Sort(got)
		equal(t, got, "0 Track script missing cannot run and counts as successful: no such file",
			"0 VRRP_Script(a) succeeded", "0 VRRP_Script(bad) succeeded", "0 VRRP_Script(missing) succeeded",
			"0 tell a true 0", "0 tell bad true 0", "0 tell missing true 0",
			"1 Track script missing cannot run and counts as successful: no such file",
			"2 Track script missing cannot run and counts as successful: no such file")
		h.set("a", false)
		time.Sleep(time.Second)
		tr.Configure(Config{Scripts: []Script{script("a", nil)}}, true)
		synctest.Wait()
		got = slices.DeleteFunc(h.take(), func(s string) bool { return strings.Contains(s, "missing") })
		equal(t, got, "3 Script `a` now returning 1", "3 VRRP_Script(a) failed (exited with status 1)", "3 tell a false 0",
			"3.5 VRRP_Script(a) considered unsuccessful on reload")
		// Changed, it is run at once, and what was known of it still holds.
		known = tr.Configure(Config{Scripts: []Script{script("a", func(s *Script) { s.Rise = 2 })}}, true)
		if len(known) != 1 || known[0].Up {
			t.Errorf("known after a reload: %v", known)
		}
		h.set("a", true)
		time.Sleep(1500 * time.Millisecond)
		equal(t, h.take(), "3.5 VRRP_Script(a) considered unsuccessful on reload", "4.5 VRRP_Script(a) succeeded", "4.5 tell a true 0")
	})
}

// A program that runs when its script is not wanted any more is told to end,
// and nobody waits for it; nor does anybody who stops wait for who is told.
func TestTrackerStops(t *testing.T) {
	inTheatre(t, func(h *theatre, tr *Tracker) {
		h.hang["slow"] = true
		tr.Configure(Config{Scripts: []Script{script("slow", func(s *Script) { s.Timeout = time.Hour })}}, false)
		synctest.Wait()
		tr.Configure(Config{}, true)
		synctest.Wait()
		equal(t, h.take(), "0 signal 15 slow")
	})
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		h := &theatre{ok: map[string]bool{}, hang: map[string]bool{}, begin: time.Now()}
		tr := New(Options{Log: func(string) {}, Tell: func(Result) { <-block }, Start: h.start})
		tr.Configure(Config{Scripts: []Script{script("a", nil), script("b", nil), script("c", nil)}}, false)
		synctest.Wait()
		tr.Configure(Config{}, true) // hangs if it waits for Tell
		tr.Close()
		close(block)
	})
}
