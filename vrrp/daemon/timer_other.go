//go:build !linux

package daemon

import "time"

// goTimer is a timer of the runtime.
type goTimer struct {
	t *time.Timer
	c chan struct{}
}

// NewTimer makes a timer that is not set.
func NewTimer() (Timer, error) { return &goTimer{c: make(chan struct{}, 1)}, nil }

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
func (t *goTimer) Close() error { t.Stop(); return nil }
