package stick

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// Changes collects the entries of tables that changed here, for those who
// tell peers. Each entry stands in it once until it is taken.
type Changes struct {
	mu   sync.Mutex
	list []*Entry
	wake chan struct{}
}

// NewChanges returns an empty log.
func NewChanges() *Changes { return &Changes{wake: make(chan struct{}, 1)} }

// Wake is written to when there is something to take.
func (c *Changes) Wake() <-chan struct{} { return c.wake }

// Take empties the log. What an entry holds is to be read after this.
func (c *Changes) Take() []*Entry {
	c.mu.Lock()
	list := c.list
	c.list = nil
	c.mu.Unlock()
	for _, e := range list {
		e.dirty.Store(false)
	}
	return list
}

func (c *Changes) add(e *Entry) {
	c.mu.Lock()
	c.list = append(c.list, e)
	first := len(c.list) == 1
	c.mu.Unlock()
	if first {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// mark notes a change.
func (e *Entry) mark() {
	if l := e.table.log.Load(); l != nil && !e.dirty.Load() && e.dirty.CompareAndSwap(false, true) {
		l.add(e)
	}
}

// Log has changes of the table's entries noted in c from now on; nil ends it.
func (s *store) Log(c *Changes) { s.log.Store(c) }

// In says whether the entry is one of t.
func (e *Entry) In(t *Table) bool { return e.table == t.store }

// Gone says that the entry was dropped.
func (e *Entry) Gone() bool { return e.gone.Load() }

// ShardOf returns the number of the peer that gets an entry where the peers
// section spreads entries over several: 1 up to Spread, 0 without one. It is
// the number that haproxy 3.5 gives it.
func (t *Table) ShardOf(e *Entry) int {
	if t.Spread <= 0 {
		return 0
	}
	d := xxhash.NewWithSeed(t.names)
	_, _ = d.WriteString(e.key)
	return int(d.Sum64()%uint64(t.Spread)) + 1
}

// Rate is a rate as peers tell it: how long ago its period began in
// milliseconds, the events in it, and those in the period before.
type Rate struct{ Age, Cur, Prev uint32 }

// Each calls f for every value of an entry: for each kind of data in order,
// each of its elements, at now (milliseconds). Counters come as n, rates as r,
// the server's key as key.
func (e *Entry) Each(now int64, f func(d Data, i int, n uint64, r Rate, key string)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for d := range numData {
		col := &e.table.layout.cols[d]
		for i := range col.n {
			switch {
			case d == ServerKey:
				f(d, i, 0, Rate{}, e.serverKey)
			case infos[d].rate:
				r := e.rates[col.at+i]
				f(d, i, 0, Rate{Age: uint32(now - r.start), Cur: uint32(r.cur), Prev: uint32(r.prev)}, "")
			default:
				f(d, i, e.nums[col.at+i], Rate{}, "")
			}
		}
	}
}

// Learn returns the entry of a key that a peer tells of, made where there is
// none; nobody is told of that. It lives left milliseconds from now on, its
// whole life where left is negative. It is nil where the table is full.
func (s *store) Learn(key []byte, left, now int64) *Entry {
	e := s.entry(key, now, false, false)
	if e == nil {
		return nil
	}
	if life := s.life.Load(); left >= 0 && life > 0 && left < life {
		sh := s.shard(key)
		sh.mu.Lock()
		if !e.gone.Load() {
			e.expire = max(now+left, 1)
			sh.sort(e)
		}
		sh.mu.Unlock()
	}
	return e
}

// maxPlace is how far from the end an entry is put at most: a list that is out
// of order costs memory for a while, a long way costs time at once.
const maxPlace = 64

// sort puts an entry where its expiry belongs in the list.
func (sh *shard) sort(e *Entry) {
	e.place.Leave()
	at := sh.places.Last()
	for n := 0; at != nil && at.Of.expire > e.expire && n < maxPlace; n++ {
		at = at.Prev()
	}
	if at == sh.places.Last() {
		sh.places.Touch(&e.place)
	} else {
		sh.places.PutBehind(at, &e.place)
	}
}

// LearnCount sets value i of a kind of data to what a peer says; kinds that the
// table does not store are dropped.
func (e *Entry) LearnCount(d Data, i int, v uint64) {
	col := &e.table.layout.cols[d]
	if !col.stored || i >= col.n || infos[d].rate || d == ServerKey {
		return
	}
	if !infos[d].wide {
		v = uint64(uint32(v))
	}
	e.mu.Lock()
	e.nums[col.at+i] = v
	e.mu.Unlock()
}

// LearnRate is LearnCount for rates.
func (e *Entry) LearnRate(d Data, i int, r Rate, now int64) {
	col := &e.table.layout.cols[d]
	if !col.stored || i >= col.n || !infos[d].rate {
		return
	}
	e.mu.Lock()
	e.rates[col.at+i] = rate{start: now - int64(r.Age), cur: uint64(r.Cur), prev: uint64(r.Prev)}
	e.mu.Unlock()
}

// LearnServerKey is LearnCount for the key of a server.
func (e *Entry) LearnServerKey(key string) {
	if !e.table.layout.cols[ServerKey].stored {
		return
	}
	e.mu.Lock()
	e.serverKey = key
	e.mu.Unlock()
}

// IsArray says whether entries hold several values of a kind of data.
func (d Data) IsArray() bool { return infos[d].array }

// NumData is how many kinds of data there are.
const NumData = numData
