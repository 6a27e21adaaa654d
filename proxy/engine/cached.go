package engine

import (
	"tandem/proxy/filter"
	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// serveCached answers with what cache-use found. The answer passes the rules
// and the compression that a server's would pass.
func (c *conn) serveCached() {
	t, m := &c.t, &c.t.Res
	if c.be == nil { // found by the frontend's rules
		c.be = c.fe.stub
		c.fe.st.Intercepted.Add(1)
	}
	now := c.look()
	t.Now, t.Time.Queue, t.Time.Connect, t.Time.Response = now, now, now, now
	data, trailers, framing := t.Cached.Hit.(*filter.Object).Answer(t)
	c.resBody.startKept(data, trailers, framing)
	t.HasRes, t.Status = true, m.Status
	t.Term = [2]byte{'L', 'R'}
	t.Bytes.ResIn += htxSize(m)
	c.captureResponse()
	c.sess.CountStatus(m.Status, now)
	if !c.responseRules() || !c.afterRules() {
		return
	}
	if c.zip = (compression{set: c.compressionOfBoth()}); c.zip.set != nil {
		c.chooseAnswerCompression()
		c.compressResponse()
	}
	t.Status = m.Status
	if framing == tx.UntilClose {
		c.keep = false
	}
	if !c.drainRequest() {
		c.keep = false
	}
	t.Bytes.ResOut += htxSize(m)
	c.connectionToClient(m)
	c.countResponse(m.Status)
	c.announce()
	c.forward()
}

// countCache counts what a rule set looked for in caches.
func (c *conn) countCache(front bool) {
	u := &c.t.Cached
	if !u.Looked {
		return
	}
	u.Looked = false
	n := &c.fe.st.Cache
	if !front {
		n = &c.be.st.Cache
	}
	n.Lookups.Add(1)
	if u.Hit != nil {
		n.Hits.Add(1)
	}
	if u.Hinted {
		u.Hinted = false
		n.HintHits.Add(1)
	}
}

// keepResponse gives the response's body to the cache, too, where a rule said so.
func (c *conn) keepResponse() {
	c.resOut.keep, _ = c.t.Cached.Storing.(*filter.Storing)
}

// kept completes what the cache has, once all of the body is there. It comes
// before the client has the last of it: who asks again finds it.
func (f *framed) kept(b *body) {
	if f.keep != nil && b.done {
		f.keep.Commit(b.trailers())
		f.keep = nil
	}
}

// copyKept gives a cache what is ready of b.
func (f *framed) copyKept(b *body) {
	if f.keep != nil {
		f.keep.Write(b.ready())
		f.kept(b)
	}
}

// endCached lets go of what the transaction had of caches.
func (c *conn) endCached() {
	u := &c.t.Cached
	if o, ok := u.Hit.(*filter.Object); ok {
		u.From.(*filter.Cache).Release(o)
		c.resBody.buf = nil
	}
	if s, ok := u.Storing.(*filter.Storing); ok {
		s.Abort()
		c.resOut.keep = nil
	}
	u.Hit, u.Storing = nil, nil
}

// startKept makes b a body that is all there already.
func (b *body) startKept(data []byte, trailers []tx.Field, framing tx.Framing) {
	b.mem = buffer{b: data, r: len(data), w: len(data)}
	b.s, b.buf, b.base, b.d0, b.d1, b.mux = nil, &b.mem, 0, 0, len(data), nil
	b.framing, b.left, b.done, b.err, b.bad, b.in, b.data = framing, 0, true, nil, nil, uint64(len(data)), uint64(len(data))
	if framing == tx.Chunked {
		b.ch.Reset(h1.Options{})
		b.ch.Trailers.Fields = append(b.ch.Trailers.Fields[:0], trailers...)
	}
}
