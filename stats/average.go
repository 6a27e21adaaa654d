package stats

import "sync/atomic"

// AverageSamples is the width of the sliding average of the time columns.
const AverageSamples = 1024

// Average is a sliding average over the last [AverageSamples] values, with
// the highest value beside it. Until the window is full every value weighs
// the same; from then on a new value replaces one average share, so that the
// memory of a value decays exponentially. The unit is the caller's:
// milliseconds in the time columns.
type Average struct {
	sum atomic.Uint64
	n   atomic.Uint64
	max atomic.Int64
}

// Add takes one value in. Negative values (time not measured) are dropped.
func (a *Average) Add(v int64) {
	if v < 0 {
		return
	}
	raise(&a.max, v)
	if a.n.Load() < AverageSamples && a.n.Add(1) <= AverageSamples {
		a.sum.Add(uint64(v))
		return
	}
	for {
		old := a.sum.Load()
		share := (old + AverageSamples - 1) / AverageSamples
		if a.sum.CompareAndSwap(old, old-share+uint64(v)) {
			return
		}
	}
}

// Load returns the average, rounded up as the original does, or 0 without
// samples.
func (a *Average) Load() uint64 {
	n := min(a.n.Load(), AverageSamples)
	if n == 0 {
		return 0
	}
	return (a.sum.Load() + n - 1) / n
}

// Max returns the highest value seen.
func (a *Average) Max() uint64 { return clampNeg(a.max.Load()) }

func (a *Average) clear(all bool) {
	a.max.Store(0)
	if all {
		a.n.Store(0)
		a.sum.Store(0)
	}
}
