package stick

import (
	"sync"
	"sync/atomic"

	"tandem/proxy/recent"
)

// Entry is one key's data. It is safe for concurrent use; it stays usable,
// though no longer found, when its table dropped it.
type Entry struct {
	table *store
	key   string
	users atomic.Int32 // sessions and requests that track it
	dirty atomic.Bool  // stands in the table's log of changes
	gone  atomic.Bool  // its table dropped it

	mu        sync.Mutex // protects below
	nums      []uint64
	rates     []rate
	serverKey string

	// Protected by the shard's lock.
	expire int64 // milliseconds; 0: never
	place  recent.Node[Entry]
}

// rate counts events over a period: those of the current and the last one.
type rate struct {
	start     int64 // of the current period, in milliseconds
	cur, prev uint64
}

// turn opens a new period where the current one is over.
func (r *rate) turn(now, period int64) {
	switch age := now - r.start; {
	case age < period:
	case age < 2*period:
		r.prev, r.cur, r.start = r.cur, 0, r.start+period
	default:
		r.prev, r.cur, r.start = 0, 0, now
	}
}

// read returns the events of the period that ends now: the last one counts
// for the part that still overlaps.
func (r *rate) read(now, period int64) uint64 {
	cur, past, age := r.cur, r.prev, now-r.start
	switch {
	case age >= 2*period || period <= 0:
		return 0
	case age >= period:
		past, cur, age = cur, 0, age-period
	}
	if past <= 1 && cur == 0 {
		return past // one event reads 1 for the whole period rather than flicker
	}
	return cur + past*uint64(period-max(age, 0))/uint64(period)
}

// Key returns the key in the table's own form: 4 or 16 bytes of an address, 4
// bytes of an integer in network order, or the bytes.
func (e *Entry) Key() string { return e.key }

// Use notes that somebody tracks the entry: it does not expire meanwhile.
func (e *Entry) Use() { e.users.Add(1) }

// Users returns how many track the entry.
func (e *Entry) Users() int { return int(e.users.Load()) }

// Get returns value i of a kind of data; ok is false if the table does not
// store it. Rates are those of the period that ends at now (milliseconds).
func (e *Entry) Get(d Data, i int, now int64) (v uint64, ok bool) {
	col, at, ok := e.table.layout.find(d, i)
	if !ok || d == ServerKey {
		return 0, false
	}
	e.mu.Lock()
	if infos[d].rate {
		v = e.rates[at].read(now, col.period)
	} else {
		v = e.nums[at]
	}
	e.mu.Unlock()
	return v, true
}

// Set gives value i of a kind of data; it returns false if the table does not
// store it. A rate set to n reads n now.
func (e *Entry) Set(d Data, i int, v uint64, now int64) bool {
	_, at, ok := e.table.layout.find(d, i)
	if !ok || d == ServerKey {
		return false
	}
	if !infos[d].wide {
		v = uint64(uint32(v))
	}
	e.mu.Lock()
	if infos[d].rate {
		e.rates[at] = rate{start: now, cur: v}
	} else {
		e.nums[at] = v
	}
	e.mu.Unlock()
	e.mark()
	return true
}

// Add adds n to value i of a kind of data, and returns what it is then; ok is
// false if the table does not store it.
func (e *Entry) Add(d Data, i int, n uint64, now int64) (v uint64, ok bool) {
	col, at, ok := e.table.layout.find(d, i)
	if !ok || d == ServerKey {
		return 0, false
	}
	e.mu.Lock()
	if infos[d].rate {
		r := &e.rates[at]
		r.turn(now, col.period)
		r.cur += n
		v = r.read(now, col.period)
	} else {
		v = e.nums[at] + n
		if !infos[d].wide {
			v = uint64(uint32(v))
		}
		e.nums[at] = v
	}
	e.mu.Unlock()
	e.mark()
	return v, true
}

// Sub takes 1 from a counter that is not 0: connections that end.
func (e *Entry) Sub(d Data) {
	_, at, ok := e.table.layout.find(d, 0)
	if !ok || d == ServerKey || infos[d].rate {
		return
	}
	e.mu.Lock()
	if e.nums[at] > 0 {
		e.nums[at]--
	}
	e.mu.Unlock()
	e.mark()
}

// Count adds n to a counter and to the rate that belongs to it, those that
// the table stores.
func (e *Entry) Count(counter, rate Data, n uint64, now int64) {
	if n == 0 {
		return
	}
	e.Add(counter, 0, n, now)
	if f := e.table.factor.Load(); f > 1 && (rate == BytesInRate || rate == BytesOutRate) {
		n = (n + f - 1) / f
	}
	e.Add(rate, 0, n, now)
}

// Server returns the server that the key sticks to: its number, 0 for none,
// and its name or address, "" for none.
func (e *Entry) Server() (id int, key string) {
	n, _ := e.Get(ServerID, 0, 0)
	e.mu.Lock()
	key = e.serverKey
	e.mu.Unlock()
	return int(n), key
}

// SetServer makes the key stick to a server.
func (e *Entry) SetServer(id int, key string) {
	e.Set(ServerID, 0, uint64(id), 0)
	if e.table.layout.cols[ServerKey].stored {
		e.mu.Lock()
		e.serverKey = key
		e.mu.Unlock()
	}
}
