package engine

import (
	"sync/atomic"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/filter"
	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// compression is what is to be done with the bodies of one transaction.
type compression struct {
	set *filter.Compression // nil: nothing
	res filter.Algo         // for the response, where it qualifies
	req filter.Algo         // for the request
	byp bool                // the response would be compressed, but limits forbid it
}

// compressionOf returns what holds between a frontend and a backend.
func (rt *setup) compressionOf(fe, be *config.Proxy) *filter.Compression {
	f, b := fe.Compression, be.Compression
	if f == nil && b == nil {
		return nil
	}
	key := [2]*filter.Compression{f, b}
	if z, ok := rt.zips.Load(key); ok {
		return z.(*filter.Compression)
	}
	z := f.Over(b)
	rt.zips.Store(key, z)
	return z
}

// chooseCompression looks at a request that is about to leave for a server.
func (c *conn) chooseCompression() {
	z := c.compressionOfBoth()
	if c.zip = (compression{set: z}); z == nil {
		return
	}
	m := &c.t.Req
	c.chooseAnswerCompression()
	if size, whole := c.reqBody.length(); z.WantsRequest(m, size, whole) && c.e.mayCompress(c.rt) {
		c.zip.req = z.ReqAlgo
		filter.Mark(m, c.zip.req, false)
	}
}

// compressionOfBoth returns what holds between the frontend and the backend.
func (c *conn) compressionOfBoth() *filter.Compression {
	if c.fe.p.Compression == nil && c.be.p.Compression == nil {
		return nil
	}
	return c.rt.compressionOf(c.fe.p, c.be.p)
}

// chooseAnswerCompression looks whether the client can take a compressed answer.
func (c *conn) chooseAnswerCompression() {
	c.zip.res = c.zip.set.Choose(&c.t.Req)
	if c.headReq || c.sess.Version < 11 {
		c.zip.res = filter.Off
	}
}

// length returns how long the body is as far as that is known; whole says
// that it is not longer.
func (b *body) length() (n uint64, whole bool) {
	if b.framing == tx.Chunked {
		return b.data, b.done
	}
	return b.in + b.left, b.framing <= tx.ByLength
}

// compressResponse decides about a response that is about to leave for the
// client, behind all rules.
func (c *conn) compressResponse() {
	m := &c.t.Res
	size, whole := c.resBody.length()
	switch {
	case c.zip.res == filter.Off || !c.zip.set.WantsResponse(m, size, whole):
	case !c.e.mayCompress(c.rt):
		c.zip.byp = true
	default:
		filter.Mark(m, c.zip.res, true)
		c.resOut.zip = filter.NewCompressor(c.zip.res, c.rt.zipLevel)
		c.resOut.zipped = 0
		c.t.Compressed = c.zip.res.String()
	}
}

// countCompression counts what became of the response's body.
func (c *conn) countCompression() {
	in, out, byp := c.resOut.zipped, c.resOut.sent, uint64(0)
	responses := uint64(1)
	switch {
	case c.zip.byp:
		in, out, byp, responses = 0, 0, c.resOut.sent, 0
	case c.resOut.zip == nil:
		return
	case c.zip.res == filter.Identity:
		in, out, byp = 0, 0, in
	}
	st := &c.fe.st.Comp
	for range 2 {
		st.In.Add(in)
		st.Out.Add(out)
		st.Bypassed.Add(byp)
		st.Responses.Add(responses)
		st = &c.be.st.Comp
	}
}

// endCompression gives the compressors of a transaction back.
func (c *conn) endCompression() {
	for _, f := range [2]*framed{&c.reqOut, &c.resOut} {
		if f.zip != nil {
			f.zip.Free()
			f.zip = nil
		}
	}
	c.zip = compression{}
}

// squeeze is pass for a body that is compressed on the way. What arrived can
// be read by the receiver before anybody waits for more; while more is there,
// the compressor need not be flushed, which would cost time and bytes.
func (f *framed) squeeze(b *body, prefix []byte, deadline time.Time) error {
	z := f.zip
	z.Out = append(z.Out[:0], chunkRoom[:]...)
	for {
		if data := b.ready(); len(data) > 0 {
			z.Write(data)
			f.zipped += uint64(len(data))
			f.tell(len(data), false)
			b.take(len(data))
		}
		if b.finished() {
			z.Close()
			break
		}
		if !b.more() {
			z.Flush()
			break
		}
		f.copyKept(b)
		if len(z.Out) >= zipPiece { // what is ready comes with the next call
			break
		}
	}
	n := len(z.Out) - len(chunkRoom)
	f.sent += uint64(n)
	f.tell(n, true)
	if f.mux != nil {
		last := b.finished()
		f.ended(b)
		return f.toMux(z.Out[len(chunkRoom):], b, last, deadline)
	}
	out := z.Out[len(chunkRoom):]
	if n > 0 { // the chunk's head goes in front of it
		var head [len(chunkRoom)]byte
		h := h1.AppendChunkHead(head[:0], n)
		out = z.Out[len(chunkRoom)-len(h):]
		copy(out, h)
		out = append(out, "\r\n"...)
	}
	if b.finished() {
		out = b.appendEnd(out, f.drop)
	}
	switch {
	case len(prefix) == 0:
	case len(prefix)+len(out) <= cap(f.out.b): // the head was built there
		out = append(append(f.out.b[:0], prefix...), out...)
	default:
		if err := f.dst.write(prefix, deadline); err != nil {
			return err
		}
	}
	if len(out) == 0 {
		return nil
	}
	f.ended(b)
	return f.dst.write(out, deadline)
}

// chunkRoom is the room for a chunk's head before the compressed bytes.
var chunkRoom [h1.ChunkHeadLen]byte

// zipPiece is how many compressed bytes are sent as soon as there are that
// many.
const zipPiece = 16 << 10

// tell counts bytes into and out of the compressor for the whole process.
func (f *framed) tell(n int, out bool) {
	if n > 0 && f.told != nil {
		f.told(n, out)
	}
}

// compressed counts what goes into and out of all compressors.
func (e *Engine) compressed(n int, out bool) {
	r := &e.deps.Process.CompIn
	if out {
		r = &e.deps.Process.CompOut
	}
	r.Add(e.NowMS(), uint32(n))
}

// SetCompressionRate changes how many bytes per second may go into the
// compressors; 0: any number.
func (e *Engine) SetCompressionRate(n int64) { e.zipRate.Store(n) }

// mayCompress says whether limits let another body be compressed: maxcomprate
// and maxcompcpuusage (configuration manual 3.2).
func (e *Engine) mayCompress(rt *setup) bool {
	if n := e.zipRate.Load(); n > 0 && int64(e.deps.Process.CompIn.Read(e.NowMS())) > n {
		return false
	}
	return rt.zipCPU <= 0 || rt.zipCPU >= 100 || e.cpu.percent() <= rt.zipCPU
}

// cpuMeter measures how busy the process is, at most ten times a second.
type cpuMeter struct {
	at   atomic.Int64 // when it was measured, Unix ns
	used atomic.Int64 // processor time up to then, ns
	now  atomic.Int64 // percent of all processors that the process may use
}

// percent returns the last measurement.
func (m *cpuMeter) percent() int {
	at, now := m.at.Load(), time.Now().UnixNano()
	if past := now - at; past > int64(100*time.Millisecond) && m.at.CompareAndSwap(at, now) {
		used := int64(cpuTime())
		before := m.used.Swap(used)
		if at != 0 {
			m.now.Store((used - before) * 100 / (past * int64(processors())))
		}
	}
	return int(m.now.Load())
}
