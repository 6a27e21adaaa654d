package filter

import (
	"crypto/sha1"
	"sync"
	"time"

	"tandem/proxy/recent"
	"tandem/proxy/tx"
)

// CacheSettings are what a cache section says (configuration manual 6.2.1).
type CacheSettings struct {
	Size      int64 // total-max-size in bytes
	MaxObject int64 // max-object-size in bytes; 0: a 256th of Size
	MaxAge    int64 // max-age in seconds
	Variants  int   // max-secondary-entries
	Vary      bool  // process-vary
	Hints     bool  // early-hints on or only
	HintsOnly bool
	HintRatio int // percent of the blocks that entries of hints alone may take
}

// blockSize is what memory is counted in, as the original does.
const blockSize = 1024

// Cache keeps responses in memory. It never holds more than its size: who
// needs room takes it from what was used longest ago. It is not kept over a
// change of the configuration, as in the original.
type Cache struct {
	Name string
	CacheSettings

	mu      sync.Mutex
	entries map[cacheKey]*Object // the oldest of those with the key; next variants by nextVariant
	full    recent.List[Object]  // by their last use
	hints   recent.List[Object]  // entries of which only the hints are left
	blocks  int                  // all there are
	used    int                  // of entries, whole or growing
	hot     int                  // of entries that are being sent or grow
	hinted  int                  // of entries of hints
}

// cacheKey is the SHA-1 hash of the URI with its host, as the original has it:
// "show cache" prints a part of it.
type cacheKey = [sha1.Size]byte

// NewCache makes an empty cache.
func NewCache(name string, s CacheSettings) *Cache {
	c := &Cache{Name: name, CacheSettings: s, entries: map[cacheKey]*Object{}, blocks: int(s.Size / blockSize)}
	if c.MaxObject == 0 {
		c.MaxObject = c.Size >> 8
	}
	return c
}

// Object is a response that is kept. What it holds never changes once it is
// complete, so that those who send it need no lock.
type Object struct {
	key      cacheKey
	vary     variant
	complete bool
	dead     bool // no longer found
	hintOnly bool
	refs     int // transactions that send it
	blocks   int
	size     int // as the original counts it

	status   int
	version  int
	reason   []byte
	fields   []tx.Field
	framing  tx.Framing
	body     []byte
	trailers []tx.Field

	etag      []byte
	modified  time.Time // by Last-Modified, else Date, else when it came
	validated int64     // seconds; when its age was nought
	expire    int64     // seconds
	links     [][]byte  // what a 103 carries

	place       recent.Node[Object] // among those of its kind
	nextVariant *Object
}

// Sizes of the original's bookkeeping, in bytes; they decide what fits.
const (
	objectHead = 168 // of an entry
	blockHead  = 4   // of a start line, a field, a piece of data
	startLine  = 20
)

// headSize is what the original counts for a head.
func headSize(m *tx.Message) int {
	n := objectHead + blockHead + startLine + len("HTTP/1.1") + len("200") + len(m.Reason) + blockHead + 1
	for i := range m.Fields {
		n += fieldSize(&m.Fields[i])
	}
	return n
}

func fieldSize(f *tx.Field) int { return blockHead + len(f.Name) + len(f.Value) }

func blocksOf(size int) int { return (size + blockSize - 1) / blockSize }

// insert files the entry behind the others with its key.
func (c *Cache) insert(o *Object) {
	at := c.entries[o.key]
	if at == nil {
		c.entries[o.key] = o
		return
	}
	for at.nextVariant != nil {
		at = at.nextVariant
	}
	at.nextVariant = o
}

// remove forgets an entry and gives its memory free, at once or when the last
// one that sends it is done.
func (c *Cache) remove(o *Object) {
	if o.dead {
		return
	}
	o.dead = true
	o.place.Leave()
	if at := c.entries[o.key]; at == o {
		if o.nextVariant == nil {
			delete(c.entries, o.key)
		} else {
			c.entries[o.key] = o.nextVariant
		}
	} else {
		for at.nextVariant != o {
			at = at.nextVariant
		}
		at.nextVariant = o.nextVariant
	}
	o.nextVariant = nil
	if o.hintOnly {
		c.hinted -= o.blocks
	}
	if o.refs == 0 {
		c.used -= o.blocks
	}
}

// reserve takes n more blocks for an entry that grows; false: everything is
// in use.
func (c *Cache) reserve(o *Object, n int) bool {
	for c.used+n > c.blocks {
		if !c.makeRoom() {
			return false
		}
	}
	o.blocks += n
	c.used += n
	c.hot += n
	return true
}

// makeRoom gives up what was used longest ago, but not its hints where those
// are asked for and find room.
func (c *Cache) makeRoom() bool {
	if n := c.full.First(); n != nil {
		if !c.strip(n.Of) {
			c.remove(n.Of)
		}
		return true
	}
	if n := c.hints.First(); n != nil {
		c.remove(n.Of)
		return true
	}
	return false
}

// hintLimit is how many blocks entries of hints may take.
func (c *Cache) hintLimit() int {
	if c.HintsOnly {
		return c.blocks
	}
	return c.blocks * c.HintRatio / 100
}

// strip leaves nothing but its hints of an entry; false: it has none, or there
// is no room for them.
func (c *Cache) strip(o *Object) bool {
	if !c.Hints || len(o.links) == 0 || o.refs > 0 {
		return false
	}
	size := hintSize(o.links)
	blocks := blocksOf(size)
	for c.hinted+blocks > c.hintLimit() {
		n := c.hints.First()
		if n == nil {
			return false
		}
		c.remove(n.Of)
	}
	o.place.Leave()
	c.used += blocks - o.blocks
	c.hinted += blocks
	o.size, o.blocks, o.hintOnly = size, blocks, true
	o.fields, o.body, o.trailers, o.reason = nil, nil, nil, nil
	c.hints.Touch(&o.place)
	return true
}

// hold keeps an entry while it is sent.
func (c *Cache) hold(o *Object) {
	if o.refs++; o.refs == 1 {
		o.place.Leave()
		c.hot += o.blocks
	}
}

// Release ends what Use began: the object has been sent.
func (c *Cache) Release(o *Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.refs--; o.refs > 0 {
		return
	}
	c.hot -= o.blocks
	if o.dead {
		c.used -= o.blocks
		return
	}
	c.full.Touch(&o.place) // now the one used last
}
