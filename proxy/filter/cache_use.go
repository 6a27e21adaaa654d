package filter

import (
	"bytes"
	"crypto/sha1"
	"time"

	"tandem/proxy/tx"
)

// Use looks a request up, for cache-use. It returns true where the response
// in t.Cached.Hit is to be sent; Release must follow. early allows hints to be
// sent while the request goes on to a server.
func (c *Cache) Use(t *tx.Tx, early bool) bool {
	u := &t.Cached
	u.Reset()
	m := &t.Req
	get, head := string(m.Method) == "GET", string(m.Method) == "HEAD"
	if m.Version < 11 {
		return false
	}
	u.Key, u.Keyed = keyOf(m), true
	if !get && !head {
		u.Unsafe = string(m.Method) != "OPTIONS" && string(m.Method) != "TRACE"
		return false
	}
	store, use := wishes(m)
	u.MayStore = store && get
	if !use {
		return false
	}
	v, whole := variantOf(m, c.Vary)
	u.Encodings, u.Referer, u.Origin, u.Varied = v.encodings, v.referer, v.origin, whole && c.Vary
	u.Looked = true

	c.mu.Lock()
	o, links := c.find(u.Key, v, whole, t.Now.Unix())
	if o != nil {
		c.hold(o)
	}
	c.mu.Unlock()
	if o != nil {
		u.Hit, u.Name, u.From = o, c.Name, c
		return true
	}
	if len(links) > 0 && early && t.Conn != nil {
		u.Hinted = true
		fields := make([]tx.Field, len(links))
		for i, l := range links {
			fields[i] = tx.Field{Name: nameLink, Value: l}
		}
		t.Conn.Interim(103, fields)
	}
	return false
}

var nameLink = []byte("link")

// keyOf returns what a response is found by: its URI, which for one without a
// scheme is made with the host.
func keyOf(m *tx.Message) cacheKey {
	if len(m.URI) == 0 || m.URI[0] != '/' {
		return sha1.Sum(m.URI)
	}
	var room [512]byte
	b := append(room[:0], "https://"...)
	b = append(append(b, m.GetID(tx.HdrHost)...), m.URI...)
	return sha1.Sum(b)
}

// wishes returns what a request allows: that its response is kept, and that it
// is answered by one that was (RFC 9111 5.2.1, 5.4). The original takes any
// wish for a fresh response as one for the server.
func wishes(m *tx.Message) (store, use bool) {
	store, use = true, true
	pragma, fresh, controlled := false, false, false
	for i := range m.Fields {
		f := &m.Fields[i]
		switch f.ID {
		case tx.HdrAuthorization:
			return false, false
		case tx.HdrCacheControl:
			controlled = true
			for w := range listOf(f.Value) {
				switch {
				case hasPrefixFold(w, "no-store"):
					store = false
				case hasPrefixFold(w, "no-cache"), hasPrefixFold(w, "max-age"), hasPrefixFold(w, "max-stale"), hasPrefixFold(w, "min-fresh"):
					use = false
				}
			}
		case tx.HdrOther:
			if string(f.Name) == "pragma" && !pragma {
				pragma, fresh = true, equalFold(f.Value, "no-cache")
			}
		}
	}
	if fresh && !controlled { // Pragma counts only where nothing newer does
		use = false
	}
	return store, use
}

// find returns the response that answers, or the hints that are known.
func (c *Cache) find(key cacheKey, v variant, whole bool, now int64) (*Object, [][]byte) {
	var links [][]byte
	plain := true // a response that does not vary answers only where none before it does
	for o := c.entries[key]; o != nil; {
		next := o.nextVariant
		switch {
		case !o.complete:
		case o.hintOnly:
			if links == nil {
				links = o.links
			}
		case o.expire <= now:
			if links == nil {
				links = o.links
			}
			if !c.strip(o) && o.refs == 0 {
				c.remove(o)
			}
		case o.vary.fields == 0:
			if plain {
				return o, nil
			}
		case whole && o.vary.answers(&v):
			return o, nil
		default:
			plain = false
		}
		o = next
	}
	if !c.Hints {
		links = nil
	}
	return nil, links
}

// Answer puts the response into t.Res: the kept one with its age, or a 304
// where the client has it (RFC 9110 13.1).
func (o *Object) Answer(t *tx.Tx) (body []byte, trailers []tx.Field, framing tx.Framing) {
	m := &t.Res
	m.Reset()
	m.Status, m.Version, m.Reason = o.status, o.version, o.reason
	m.Framing, m.Length = o.framing, uint64(len(o.body))
	m.Fields = append(m.Fields, o.fields...)
	age := max(t.Now.Unix()-o.validated, 0)
	m.Append(nameAge, appendUint(t.Scratch.Alloc(20)[:0], uint64(age)))
	switch {
	case o.known(&t.Req):
		m.Status, m.Reason = 304, reasonNotModified
		m.Framing, m.Length = tx.NoBody, 0
		return nil, nil, tx.NoBody
	case string(t.Req.Method) == "HEAD":
		return nil, nil, tx.NoBody
	}
	return o.body, o.trailers, o.framing
}

var (
	nameAge           = []byte("age")
	reasonNotModified = []byte("Not Modified")
)

func appendUint(b []byte, n uint64) []byte {
	if n >= 10 {
		b = appendUint(b, n/10)
	}
	return append(b, '0'+byte(n%10))
}

// known says whether the conditions of a request find the response unchanged.
func (o *Object) known(m *tx.Message) bool {
	tagged := false
	var since []byte
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != tx.HdrOther {
			continue
		}
		switch string(f.Name) {
		case "if-none-match":
			tagged = true
			for w := range listOf(f.Value) {
				if string(w) == "*" || o.etag != nil && len(w) > 0 && sameTag(w, o.etag) {
					return true
				}
			}
		case "if-modified-since":
			if since == nil {
				since = f.Value
			}
		}
	}
	if tagged || since == nil {
		return false
	}
	at, ok := httpDate(since)
	return ok && !at.Before(o.modified)
}

// sameTag compares entity tags weakly (RFC 9110 8.8.3.2).
func sameTag(a, b []byte) bool {
	a, b = bytes.TrimPrefix(a, weak), bytes.TrimPrefix(b, weak)
	return len(a) > 0 && a[0] == '"' && bytes.Equal(a, b)
}

var weak = []byte("W/")

// httpDate reads the three forms of RFC 9110 5.6.7.
func httpDate(b []byte) (time.Time, bool) {
	for _, layout := range [...]string{"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if at, err := time.Parse(layout, string(b)); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
