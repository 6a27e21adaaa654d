//go:build !linux

package daemon

// NewTimer makes a timer that is not set.
func NewTimer() (Timer, error) { return NewGoTimer() }
