package filter

import (
	"bytes"
	"time"

	"tandem/proxy/tx"
)

// Store begins to keep the response of t, for cache-store: its head as it is
// now, its body as Storing.Write gets it. A response to a request that may
// have changed something makes the cache forget what it answers.
func (c *Cache) Store(t *tx.Tx) {
	u, m := &t.Cached, &t.Res
	if u.Name != "" || !u.Keyed || u.Storing != nil {
		return
	}
	if u.Unsafe {
		if m.Status >= 200 && m.Status < 400 {
			c.forget(u.Key)
		}
		return
	}
	if !u.MayStore || m.Status != 200 {
		return
	}
	life, ok := lifeOf(m, t.Now)
	if !ok {
		return
	}
	o := &Object{key: u.Key, framing: m.Framing}
	o.place.Of = o
	if o.vary, ok = c.variantKept(t); !ok {
		return
	}
	age, ok := ageOf(m, life.told)
	if !ok {
		return
	}
	now := t.Now.Unix()
	o.validated = now - age
	o.expire = now + min(life.seconds, c.MaxAge)
	if c.Hints {
		o.links = linksOf(m)
	}
	if c.HintsOnly {
		c.keepHints(o)
		return
	}
	if age > 0 {
		dropFirst(m, nameAge)
	}
	c.begin(t, o)
}

// begin keeps the head and waits for the body.
func (c *Cache) begin(t *tx.Tx, o *Object) {
	u, m := &t.Cached, &t.Res
	o.size = headSize(m)
	if int64(o.size) > c.MaxObject || m.Framing == tx.ByLength && int64(o.size)+blockHead+int64(m.Length) > c.MaxObject && m.Length > 0 {
		return
	}
	o.copyHead(m, t.Now)
	s := &Storing{c: c, o: o}
	if m.Framing == tx.ByLength {
		s.body = make([]byte, 0, m.Length)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.admit(o, t.Now.Unix()) || !c.reserve(o, blocksOf(o.size)) {
		return
	}
	c.insert(o)
	u.Storing = s
}

// admit makes place for a variant: another response of the same kind gives way
// to it unless it is just coming. Varying responses stay until they are over
// or their number is reached.
func (c *Cache) admit(o *Object, now int64) bool {
	if o.vary.fields == 0 {
		if old := c.entries[o.key]; old != nil {
			if !old.complete {
				return false
			}
			c.remove(old)
		}
		return true
	}
	n := 0
	for x := c.entries[o.key]; x != nil; {
		next := x.nextVariant
		switch {
		case x.hintOnly && x.vary == o.vary, x.complete && x.expire <= now:
			c.remove(x)
		case x.complete && x.vary == o.vary:
			c.remove(x)
		default:
			n++
		}
		x = next
	}
	return n < c.Variants
}

// variantKept returns which variant a response is; ok is false where it cannot
// be told from others.
func (c *Cache) variantKept(t *tx.Tx) (v variant, ok bool) {
	m, u := &t.Res, &t.Cached
	if !m.Has(nameVary) {
		return v, true
	}
	if !c.Vary || !u.Varied {
		return v, false
	}
	if v.fields, ok = varies(m); !ok {
		return v, false
	}
	if v.fields&byEncoding != 0 {
		if v.encodings, ok = encodedIn(m); !ok || v.encodings&^u.Encodings != 0 {
			return v, false
		}
	}
	if v.fields&byReferer != 0 {
		v.referer = u.Referer
	}
	if v.fields&byOrigin != 0 {
		v.origin = u.Origin
	}
	return v, true
}

var nameVary = []byte("vary")

// forget drops the oldest response to a URI.
func (c *Cache) forget(key cacheKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.entries[key]; o != nil && o.complete {
		c.remove(o)
	}
}

// keepHints keeps what a 103 can tell of a response, and no more.
func (c *Cache) keepHints(o *Object) {
	if len(o.links) == 0 {
		return
	}
	o.size, o.complete, o.hintOnly = hintSize(o.links), true, true
	c.mu.Lock()
	defer c.mu.Unlock()
	for x := c.entries[o.key]; x != nil; x = x.nextVariant {
		if x.vary == o.vary {
			c.remove(x)
			break
		}
	}
	n := blocksOf(o.size)
	if n > c.blocks || !c.reserve(o, n) {
		return
	}
	c.hot -= n
	c.hinted += n
	c.insert(o)
	c.hints.Touch(&o.place)
}

// copyHead copies the head into one piece of memory.
func (o *Object) copyHead(m *tx.Message, now time.Time) {
	n := len(m.Reason)
	for i := range m.Fields {
		n += len(m.Fields[i].Name) + len(m.Fields[i].Value)
	}
	room := make([]byte, 0, n)
	put := func(b []byte) []byte {
		k := len(room)
		room = append(room, b...)
		return room[k:len(room):len(room)]
	}
	o.status, o.version, o.reason = m.Status, m.Version, put(m.Reason)
	o.fields = make([]tx.Field, len(m.Fields))
	var date []byte
	for i := range m.Fields {
		f := &m.Fields[i]
		k := tx.Field{Name: put(f.Name), Value: put(f.Value), ID: f.ID}
		o.fields[i] = k
		if f.ID != tx.HdrOther {
			continue
		}
		switch string(f.Name) {
		case "etag":
			o.etag = k.Value
		case "last-modified":
			if at, ok := httpDate(f.Value); ok && o.modified.IsZero() {
				o.modified = at
			}
		case "date":
			date = k.Value
		}
	}
	if !o.modified.IsZero() {
		return
	}
	if at, ok := httpDate(date); ok {
		o.modified = at
	} else {
		o.modified = now
	}
}

// Storing is a response that is being kept.
type Storing struct {
	c     *Cache
	o     *Object
	body  []byte
	ended bool
}

// Write takes the next piece of the body.
func (s *Storing) Write(p []byte) {
	if s.ended || len(p) == 0 {
		return
	}
	o := s.o
	if o.size += blockHead + len(p); int64(o.size) > s.c.MaxObject || !s.grow() {
		s.Abort()
		return
	}
	s.body = append(s.body, p...)
}

func (s *Storing) grow() bool {
	n := blocksOf(s.o.size) - s.o.blocks
	if n <= 0 {
		return true
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.c.reserve(s.o, n)
}

// Commit says that the response is complete; from now on it is found.
func (s *Storing) Commit(trailers []tx.Field) {
	if s.ended {
		return
	}
	o := s.o
	for i := range trailers {
		f := &trailers[i]
		o.size += fieldSize(f)
		o.trailers = append(o.trailers, tx.Field{Name: bytes.Clone(f.Name), Value: bytes.Clone(f.Value), ID: f.ID})
	}
	if len(trailers) > 0 {
		o.size += blockHead + 1
	}
	if int64(o.size) > s.c.MaxObject || !s.grow() {
		s.Abort()
		return
	}
	s.ended = true
	if o.body = s.body; cap(o.body)-len(o.body) > len(o.body)/8+blockSize {
		o.body = bytes.Clone(o.body)
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.hot -= o.blocks
	o.complete = true
	s.c.full.Touch(&o.place)
}

// Abort gives the response up.
func (s *Storing) Abort() {
	if s.ended {
		return
	}
	s.ended = true
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.hot -= s.o.blocks
	s.c.remove(s.o)
}

// dropFirst deletes the first field of a name.
func dropFirst(m *tx.Message, name []byte) {
	for i := range m.Fields {
		if bytes.Equal(m.Fields[i].Name, name) {
			m.Fields = append(m.Fields[:i], m.Fields[i+1:]...)
			return
		}
	}
}
