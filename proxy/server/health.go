package server

import (
	"io"
	"time"
)

// CheckState is what a prober last found; guarded by the state lock.
type CheckState struct {
	Enabled  bool   // configured
	Status   string // L4OK, L7STS …; "INI" before the first
	Code     int    // layer 7 status, 0 for none
	Duration time.Duration
	Desc     string // details as the stats page shows them
	Result   int    // 0 unknown, 1 neutral, 2 failed, 3 passed, 4 passed conditionally
	Running  bool
	Paused   bool // disabled at run time
	Start    time.Time

	changed bool // the last result was of another kind than the one before
}

// CheckResult is what one check found.
type CheckResult struct {
	Status   string // L4OK, L7STS …
	OK       bool
	Drain    bool // conditional success: 404 under disable-on-404
	Code     int  // layer 7 status, 0 for none
	HasCode  bool // print the code even where it is 0
	Desc     string
	Duration time.Duration
}

// IdleConn is a connection to a server that waits for its next request.
type IdleConn interface {
	io.Closer
}

// Health counts successes and failures of one kind of check (configuration
// manual 5.2, rise and fall). It owns no clock.
type Health struct {
	Rise, Fall int
	Value      int // 0 to Rise+Fall-1; Rise and above mean healthy
}

// Good says whether enough checks succeeded.
func (h *Health) Good() bool { return h.Value >= h.Rise }

// Full makes the server as healthy as can be.
func (h *Health) Full() { h.Value = h.Rise + h.Fall - 1 }

// Pass counts a successful check and says whether it crossed the border.
func (h *Health) Pass() (rose bool) {
	was := h.Good()
	if h.Value < h.Rise+h.Fall-1 {
		h.Value++
	}
	if h.Good() {
		h.Full()
	}
	return !was && h.Good()
}

// Fail counts a failed check and says whether it crossed the border.
func (h *Health) Fail() (fell bool) {
	was := h.Good()
	if h.Value > h.Rise {
		h.Value--
		return false
	}
	h.Value = 0
	return was
}

// Changing says whether the state may change at the next check, which asks
// for the fast interval.
func (h *Health) Changing() bool { return h.Value != 0 && h.Value != h.Rise+h.Fall-1 }

// Progress returns the fraction that messages print: "2/3 UP" is two failures
// left of three, "1/2 DOWN" one success of two.
func (h *Health) Progress() (n, of int, up bool) {
	if h.Good() {
		return h.Value - h.Rise + 1, h.Fall, true
	}
	return h.Value, h.Rise, false
}

// statusInfo is a check status with its number in "show servers state" and
// its words in messages.
type statusInfo struct {
	number int
	words  string
}

var statuses = map[string]statusInfo{
	"UNK": {0, "Unknown"}, "INI": {1, "Initializing"}, "": {1, "Initializing"},
	"HANA": {4, "Health analyze"}, "SOCKERR": {5, "Socket error"},
	"L4OK": {6, "Layer4 check passed"}, "L4TOUT": {7, "Layer4 timeout"}, "L4CON": {8, "Layer4 connection problem"},
	"L6OK": {9, "Layer6 check passed"}, "L6TOUT": {10, "Layer6 timeout"}, "L6RSP": {11, "Layer6 invalid response"},
	"L7TOUT": {12, "Layer7 timeout"}, "L7RSP": {13, "Layer7 invalid response"},
	"L7OK": {14, "Layer7 check passed"}, "L7OKC": {15, "Layer7 check conditionally passed"}, "L7STS": {16, "Layer7 wrong status"},
	"PROCERR": {17, "External check error"}, "PROCTOUT": {18, "External check timeout"}, "PROCOK": {19, "External check passed"},
}

// StatusText returns what a check status means, in the words of the stats
// page and of the logs.
func StatusText(status string) string { return statuses[status].words }
