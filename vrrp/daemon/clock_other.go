//go:build !linux

package daemon

import "time"

// monotonic is a clock that other processes share, as well as it can be.
func monotonic() time.Duration { return time.Duration(time.Now().UnixNano()) }
