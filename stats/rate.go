package stats

import "sync/atomic"

// Rate counts events over a sliding period of one second (or another period
// given to [NewRate]). Between two period borders the past period weighs for
// the part that still overlaps the window, so the value is smooth and needs
// two words of memory only. Callers pass the time; the zero value counts per
// second.
//
// Each word packs the number of a period (high half) with the events counted
// in it (low half), so that an Add in an already opened period is one atomic
// load and one atomic add.
type Rate struct {
	cur    atomic.Uint64
	prev   atomic.Uint64
	max    atomic.Int64
	period int64 // milliseconds; 0: one second
}

// NewRate returns a rate over period milliseconds.
func NewRate(period int64) *Rate { return &Rate{period: period} }

func (r *Rate) split(nowMS int64) (index uint32, elapsed, period int64) {
	period = r.period
	if period <= 0 {
		period = 1000
	}
	if nowMS < 0 {
		nowMS = 0
	}
	return uint32(nowMS / period), nowMS % period, period
}

// Add counts n events at nowMS (milliseconds of a clock that does not go
// back), and returns how many the current period holds now. The highest such
// count is kept for [Rate.Max].
func (r *Rate) Add(nowMS int64, n uint32) uint32 {
	index, _, _ := r.split(nowMS)
	for {
		old := r.cur.Load()
		oldIndex := uint32(old >> 32)
		// A caller whose clock was read a moment earlier than somebody
		// else's counts into the period already opened.
		if oldIndex == index || int32(index-oldIndex) < 0 {
			v := uint32(r.cur.Add(uint64(n)))
			raise(&r.max, int64(v))
			return v
		}
		if oldIndex+1 == index {
			r.prev.Store(old)
		} else {
			r.prev.Store(uint64(index-1) << 32)
		}
		if r.cur.CompareAndSwap(old, uint64(index)<<32|uint64(n)) {
			raise(&r.max, int64(n))
			return n
		}
	}
}

// Read returns the events of the period that ends at nowMS.
func (r *Rate) Read(nowMS int64) uint32 {
	index, elapsed, period := r.split(nowMS)
	curWord, prevWord := r.cur.Load(), r.prev.Load()
	cur, past := uint32(curWord), uint32(0)
	switch uint32(curWord >> 32) {
	case index:
		if uint32(prevWord>>32)+1 == index {
			past = uint32(prevWord)
		}
	case index - 1: // nothing yet in this period
		past, cur = cur, 0
	default:
		if int32(index-uint32(curWord>>32)) > 0 {
			return 0
		}
		return cur // a reader with an older clock
	}
	// One lonely event shall read 1 for its whole second rather than
	// flicker between 1 and 0.
	if past <= 1 && cur == 0 {
		return past
	}
	return cur + uint32(uint64(past)*uint64(period-elapsed)/uint64(period))
}

// Max returns the highest count that one period reached.
func (r *Rate) Max() uint32 { return uint32(r.max.Load()) }

// Wait returns for how many milliseconds after nowMS a caller must hold back
// so that pending more events keep the rate at or below limit per period; 0
// when they may happen now. A limit of 0 means no limit.
func (r *Rate) Wait(nowMS int64, limit, pending uint32) int64 {
	if limit == 0 {
		return 0
	}
	have := uint64(r.Read(nowMS)) + uint64(pending)
	if have <= uint64(limit) {
		return 0
	}
	_, _, period := r.split(nowMS)
	wait := int64((have - uint64(limit)) * uint64(period) / uint64(limit))
	return max(wait, 1)
}

func (r *Rate) clear(all bool) {
	r.max.Store(0)
	if all {
		r.cur.Store(0)
		r.prev.Store(0)
	}
}
