package stick

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"tandem/proxy/recent"
)

// store is the entries of a table.
type store struct {
	layout *Config
	factor atomic.Uint64 // bytes that count as one in the rates of bytes
	seed   maphash.Seed
	limit  atomic.Int64
	used   atomic.Int64
	life   atomic.Int64            // milliseconds; 0: for ever
	keep   atomic.Bool             // nopurge
	log    atomic.Pointer[Changes] // nil: nobody wants to know
	names  uint64                  // seed of the shard numbers: a hash of the name
	shards []shard
}

// shard is a part of a table with its own lock. Its list is in order of the
// last refresh, which is the order of expiry too, since all entries of a
// table live equally long.
type shard struct {
	mu     sync.Mutex
	m      map[string]*Entry
	places recent.List[Entry]
	_      [64]byte
}

func (s *store) shard(key []byte) *shard {
	if len(s.shards) == 1 {
		return &s.shards[0]
	}
	return &s.shards[maphash.Bytes(s.seed, key)%uint64(len(s.shards))]
}

// Lookup returns the entry of a key as Append… made it, nil if there is none.
// It does not refresh it. now is in milliseconds.
func (s *store) Lookup(key []byte, now int64) *Entry {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.expire(sh, now, 2)
	e := sh.m[string(key)]
	if e != nil && e.expired(now) {
		return nil
	}
	return e
}

// expired says whether an entry's time is over; a tracked one's never is.
func (e *Entry) expired(now int64) bool {
	return e.expire != 0 && now >= e.expire && e.users.Load() == 0
}

// Touch is Lookup with a refresh: the entry's life begins anew.
func (s *store) Touch(key []byte, now int64) *Entry {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.expire(sh, now, 2)
	e := sh.m[string(key)]
	if e != nil && !e.expired(now) {
		s.refresh(sh, e, now)
		return e
	}
	return nil
}

// Refresh begins an entry's life anew.
func (s *store) Refresh(e *Entry, now int64) {
	sh := s.shard([]byte(e.key))
	sh.mu.Lock()
	if !e.gone.Load() {
		s.refresh(sh, e, now)
	}
	sh.mu.Unlock()
}

// refresh is renew for what happens here: peers are to know.
func (s *store) refresh(sh *shard, e *Entry, now int64) {
	s.renew(sh, e, now)
	e.mark()
}

// renew begins an entry's life anew; the shard's lock is held.
func (s *store) renew(sh *shard, e *Entry, now int64) {
	if life := s.life.Load(); life > 0 {
		e.expire = now + life
	} else {
		e.expire = 0
	}
	sh.places.Touch(&e.place)
}

// Entry returns the entry of a key, refreshed, and makes it where there is
// none. It is nil where the table is full and may not drop others.
func (s *store) Entry(key []byte, now int64) *Entry { return s.entry(key, now, false, true) }

// Track is Entry for somebody who tracks the entry: it counts as in use until
// Release.
func (s *store) Track(key []byte, now int64) *Entry { return s.entry(key, now, true, true) }

// entry finds or makes an entry and renews its life; tell says that peers are
// to know.
func (s *store) entry(key []byte, now int64, use, tell bool) *Entry {
	sh := s.shard(key)
	sh.mu.Lock()
	s.expire(sh, now, 2)
	e := sh.m[string(key)]
	if e != nil && !e.expired(now) {
		if use {
			e.Use()
		}
		s.renew(sh, e, now)
		if tell {
			e.mark()
		}
		sh.mu.Unlock()
		return e
	}
	if e != nil {
		s.remove(sh, e)
	}
	full := s.used.Load() >= s.limit.Load()
	if full {
		full = !s.purge(sh, now)
	}
	if full {
		sh.mu.Unlock()
		if !s.purgeOther(sh, now) {
			return nil
		}
		sh.mu.Lock()
		if e = sh.m[string(key)]; e != nil { // somebody else was quicker
			if use {
				e.Use()
			}
			sh.mu.Unlock()
			return e
		}
	}
	e = &Entry{table: s, key: string(key), nums: make([]uint64, s.layout.nums), rates: make([]rate, s.layout.rates)}
	e.place.Of = e
	if use {
		e.Use()
	}
	sh.m[e.key] = e
	s.renew(sh, e, now)
	if tell {
		e.mark()
	}
	s.used.Add(1)
	sh.mu.Unlock()
	return e
}

// purge makes room in a shard: what is expired, else the oldest entry that
// nobody tracks, unless the table keeps its entries.
func (s *store) purge(sh *shard, now int64) bool {
	if s.expire(sh, now, 8) > 0 {
		return true
	}
	if s.keep.Load() {
		return false
	}
	for n := sh.places.First(); n != nil; n = n.Next() {
		if n.Of.users.Load() == 0 {
			s.remove(sh, n.Of)
			return true
		}
	}
	return false
}

// purgeOther makes room in the shards other than sh.
func (s *store) purgeOther(sh *shard, now int64) bool {
	for i := range s.shards {
		if o := &s.shards[i]; o != sh {
			o.mu.Lock()
			ok := s.purge(o, now)
			o.mu.Unlock()
			if ok {
				return true
			}
		}
	}
	return false
}

// expire drops up to n expired entries of a shard and returns how many.
// Tracked entries whose time is over are refreshed instead.
func (s *store) expire(sh *shard, now int64, n int) int {
	dropped := 0
	for range n {
		first := sh.places.First()
		if first == nil {
			break
		}
		e := first.Of
		if e.expire == 0 || now < e.expire {
			break
		}
		if e.users.Load() > 0 {
			s.renew(sh, e, now)
			continue
		}
		s.remove(sh, e)
		dropped++
	}
	return dropped
}

func (s *store) remove(sh *shard, e *Entry) {
	delete(sh.m, e.key)
	e.place.Leave()
	e.gone.Store(true)
	s.used.Add(-1)
}

// Release ends a Track. The entry's life begins anew.
func (s *store) Release(e *Entry, now int64) {
	s.Refresh(e, now)
	e.users.Add(-1)
}

// Delete drops an entry; it returns false if somebody tracks it.
func (s *store) Delete(e *Entry) bool {
	sh := s.shard([]byte(e.key))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if e.users.Load() > 0 {
		return false
	}
	if !e.gone.Load() {
		s.remove(sh, e)
	}
	return true
}

// Sweep drops everything that is expired at now (milliseconds).
func (s *store) Sweep(now int64) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		s.expire(sh, now, len(sh.m))
		sh.mu.Unlock()
	}
}

// Used returns the number of entries at now (milliseconds).
func (s *store) Used(now int64) int {
	s.Sweep(now)
	return int(s.used.Load())
}

// Entries returns all entries at now (milliseconds), those refreshed longest
// ago first within each part of the table.
func (s *store) Entries(now int64) []*Entry {
	s.Sweep(now)
	out := make([]*Entry, 0, s.used.Load())
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for n := sh.places.First(); n != nil; n = n.Next() {
			if e := n.Of; !e.expired(now) { // learned ones may stand before their turn
				out = append(out, e)
			}
		}
		sh.mu.Unlock()
	}
	return out
}

// Left returns for how many milliseconds an entry still lives, 0 where it has
// no end.
func (s *store) Left(e *Entry, now int64) int64 {
	sh := s.shard([]byte(e.key))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if e.expire == 0 {
		return 0
	}
	return max(e.expire-now, 0)
}
