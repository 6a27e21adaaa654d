package daemon

import "time"

// Timer wakes the loop once, as exactly as the system can.
type Timer interface {
	// Set makes C receive after d; zero or less: at once. It replaces what was
	// set before.
	Set(d time.Duration)
	Stop()
	C() <-chan struct{}
	Close() error
}

// goTimer is a timer of the runtime, for systems without a better one and for
// tests that play with time.
type goTimer struct {
	t *time.Timer
	c chan struct{}
}

// NewGoTimer makes a timer of the runtime that is not set.
func NewGoTimer() (Timer, error) { return &goTimer{c: make(chan struct{}, 1)}, nil }

// Set implements [Timer].
func (t *goTimer) Set(d time.Duration) {
	t.Stop()
	t.t = time.AfterFunc(d, func() {
		select {
		case t.c <- struct{}{}:
		default:
		}
	})
}

// Stop implements [Timer].
func (t *goTimer) Stop() {
	if t.t != nil {
		t.t.Stop()
	}
}

// C implements [Timer].
func (t *goTimer) C() <-chan struct{} { return t.c }

// Close implements [Timer].
func (t *goTimer) Close() error {
	t.Stop()
	return nil
}
