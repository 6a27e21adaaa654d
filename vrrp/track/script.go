package track

import (
	"fmt"
	"syscall"
	"time"

	"tandem/vrrp/notify"
)

// Script is one vrrp_script.
type Script struct {
	Name     string
	Command  *notify.Command
	Interval time.Duration // zero: 1 s
	Timeout  time.Duration // zero: Interval
	Rise     int           // zero: 1
	Fall     int           // zero: 1
	InitFail bool          // bad until it succeeded once
}

// Waits between the steps of ending a program that takes too long.
const (
	killAfter  = 2 * time.Second  // from SIGTERM to SIGKILL
	againAfter = 2 * time.Second  // to the next SIGKILL
	lateAfter  = 10 * time.Second // to all further ones
)

// stage is how far the running program has been told to end.
type stage uint8

const (
	idle stage = iota
	running
	terminating
	killing
)

// String is the word of the log.
func (s stage) String() string {
	return [...]string{"idle", "already running", "being timed out", "being timed out"}[s]
}

// schedule decides when a script runs, when it is told to end, and what its
// results mean. Times are those of the caller's clock.
type schedule struct {
	Script
	health
	stage stage
	next  time.Duration // when it runs again
	end   time.Duration // when the program is told to end (once more)
	code  int           // the last exit status
}

// action is what is to be done now.
type action struct {
	start  bool
	signal syscall.Signal // to the process group; 0: none
	log    []string
	told   bool // the result is new
}

// newSchedule begins at now; the script is due at once.
func newSchedule(s Script, now time.Duration) *schedule {
	if s.Interval <= 0 {
		s.Interval = time.Second
	}
	if s.Timeout <= 0 {
		s.Timeout = s.Interval
	}
	s.Rise, s.Fall = max(s.Rise, 1), max(s.Fall, 1)
	return &schedule{Script: s, health: health{rise: s.Rise, fall: s.Fall}, next: now}
}

// deadline is when tick is due.
func (s *schedule) deadline() time.Duration {
	if s.stage == idle {
		return s.next
	}
	return min(s.next, s.end)
}

// tick does what is due at now. The script runs in steps of the interval; a
// step at which the last run has not ended is left out.
func (s *schedule) tick(now time.Duration) (a action) {
	if s.next <= now {
		if s.stage == idle {
			a.start = true
			s.stage, s.end = running, now+s.Timeout
		} else {
			a.log = append(a.log, fmt.Sprintf("Track script %s is %s, expect idle - skipping run", s.Name, s.stage))
		}
		for s.next <= now {
			s.next += s.Interval
		}
		if a.start {
			return a
		}
	}
	if s.stage == idle || s.end > now {
		return a
	}
	switch s.stage {
	case running:
		s.stage, s.end, a.signal = terminating, now+killAfter, syscall.SIGTERM
	case terminating:
		s.stage, s.end, a.signal = killing, now+againAfter, syscall.SIGKILL
	default:
		s.end, a.signal = now+lateAfter, syscall.SIGKILL
		a.log = append(a.log, fmt.Sprintf("Script %s child failed to terminate after kill", s.Name))
	}
	return a
}

// ended takes the end of the program.
func (s *schedule) ended(st notify.Status) (a action) {
	late := s.stage >= terminating
	s.stage = idle
	if st.Unstarted != nil {
		// So does the original: a check that cannot run must not take the
		// addresses away. It says so, unlike the original.
		a.log = append(a.log, fmt.Sprintf("Track script %s cannot run and counts as successful: %v", s.Name, st.Unstarted))
		st = notify.Status{}
	}
	ok := st.OK() && !late
	if !late && st.Signal == 0 && st.Code != s.code {
		s.code = st.Code
		a.log = append(a.log, fmt.Sprintf("Script `%s` now returning %d", s.Name, st.Code))
	}
	if !s.result(ok) {
		return a
	}
	a.told = true
	text := "succeeded"
	switch {
	case ok:
	case late:
		text = "timed_out"
	case st.Signal != 0:
		text = fmt.Sprintf("failed (due to signal %d)", st.Signal)
	default:
		text = fmt.Sprintf("failed (exited with status %d)", st.Code)
	}
	a.log = append(a.log, fmt.Sprintf("VRRP_Script(%s) %s", s.Name, text))
	return a
}
