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
