package main

import (
	"math/bits"
	"time"
)

// histSub is the number of buckets per power of two: a recorded latency is
// off by at most 1/64 of itself.
const (
	histBits = 6
	histSub  = 1 << histBits
	histLen  = histSub * (64 - histBits)
)

// hist counts latencies in log-linear buckets, so that adding one costs a
// few nanoseconds and no allocation however long the run is.
type hist struct {
	count  [histLen]uint32
	total  uint64
	maxVal time.Duration
}

// histIndex gives the bucket of a latency in nanoseconds.
func histIndex(v uint64) int {
	if v < histSub {
		return int(v)
	}
	shift := bits.Len64(v) - histBits - 1
	return shift*histSub + int(v>>shift)
}

// histValue gives the middle of a bucket, in nanoseconds.
func histValue(i int) uint64 {
	if i < 2*histSub {
		return uint64(i)
	}
	shift := i/histSub - 1
	low := uint64(i-shift*histSub) << shift
	return low + 1<<(shift-1)
}

// add records one latency; a negative one counts as zero.
func (h *hist) add(d time.Duration) {
	d = max(d, 0)
	h.count[histIndex(uint64(d))]++
	h.total++
	h.maxVal = max(h.maxVal, d)
}

// merge adds all that other counted.
func (h *hist) merge(other *hist) {
	for i, n := range other.count {
		h.count[i] += n
	}
	h.total += other.total
	h.maxVal = max(h.maxVal, other.maxVal)
}

// quantile gives the latency below which the share q (0..1) of all lies, and
// zero when nothing was counted.
func (h *hist) quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q * float64(h.total))
	rank = min(rank, h.total-1)
	var seen uint64
	for i, n := range h.count {
		seen += uint64(n)
		if seen > rank {
			return min(time.Duration(histValue(i)), h.maxVal)
		}
	}
	return h.maxVal
}
