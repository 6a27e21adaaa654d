package engine

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// captures keeps the last malformed request of each frontend and the last
// malformed response of each backend, by name, so that they outlive a reload.
type captures struct {
	mu    sync.Mutex
	total uint64
	last  map[captureKey]*tx.BadMessage
}

type captureKey struct {
	proxy    string
	response bool
}

// BadMessages returns how many messages were captured, and those that are
// kept: by proxy, requests before responses.
func (e *Engine) BadMessages() (total uint64, list []*tx.BadMessage) {
	k := &e.captures
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.last {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b *tx.BadMessage) int {
		if n := cmp.Compare(a.ProxyID, b.ProxyID); n != 0 {
			return n
		}
		return cmp.Compare(a.Event, b.Event)
	})
	return k.total, list
}

func (k *captures) add(b *tx.BadMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == nil {
		k.last = map[captureKey]*tx.BadMessage{}
	}
	b.Event = k.total
	k.total++
	k.last[captureKey{b.Proxy, b.Response}] = b
}

// Bits of the original's parser flags that are known from its output.
const (
	flagLength    = 0x1
	flagChunked   = 0x2
	flagResponse  = 0x4
	flagHTTP11    = 0x10
	flagAlways    = 0x1400
	flagBody      = 0x10300
	streamRequest = 0x810
	streamNext    = 0x80
	streamReply   = 0x14810
)

// captureRequest keeps a request that err was found in; its head begins at
// from in the client's buffer.
func (c *conn) captureBadRequest(err *h1.Error, from int) {
	in := c.in
	b := &tx.BadMessage{Proxy: c.fe.name, ProxyID: c.fe.p.ID, OtherID: -1, ServerID: -1, StreamFlags: streamRequest}
	if c.be != nil {
		b.Other, b.OtherID = c.be.p.Name, c.be.p.ID
	}
	if c.sess.Requests > 1 || c.sess.Requests > 0 && !c.t.HasReq {
		b.StreamFlags |= streamNext
	}
	b.Data = rawMessage(in, from, &c.reqBody, &c.p)
	c.finishCapture(b, err, &c.p, &c.t.Req, &c.reqBody)
}

// captureBadResponse keeps a response that err was found in.
func (c *conn) captureBadResponse(err *h1.Error, u *buffer, from int) {
	b := &tx.BadMessage{Response: true, Proxy: c.be.p.Name, ProxyID: c.be.p.ID, Other: c.fe.name, OtherID: c.fe.p.ID,
		Server: c.srv.s.Name, ServerID: c.srv.s.ID, StreamFlags: streamReply, Flags: flagResponse}
	b.Data = rawMessage(u, from, &c.resBody, &c.rp)
	c.finishCapture(b, err, &c.rp, &c.t.Res, &c.resBody)
}

func (c *conn) finishCapture(b *tx.BadMessage, err *h1.Error, p *h1.Parser, m *tx.Message, body *body) {
	b.When, b.Src, b.BufSize = time.Now(), c.src, c.rt.bufSize
	b.Pos = min(err.Pos, len(b.Data))
	b.State, b.StateID = err.State()
	b.Flags |= flagAlways
	if p.Major == 1 && p.Minor == 1 {
		b.Flags |= flagHTTP11
	}
	if p.Flags&h1.HasLength != 0 {
		b.Flags |= flagLength
		b.ChunkLen, b.BodyLen = m.Length, m.Length
	}
	if m.Framing == tx.Chunked && body.buf != nil {
		b.Flags |= flagChunked | flagBody
		b.BodyLen = body.data
	}
	c.e.captures.add(b)
}

// rawMessage is the message as it was read: the field names with their
// letters, and data behind the head as chunks, where they were decoded.
func rawMessage(u *buffer, from int, b *body, p *h1.Parser) []byte {
	if b.bad == nil || b.buf != u { // the head is at fault
		data := append([]byte(nil), u.b[from:u.w]...)
		p.Restore(data)
		return data
	}
	data := append([]byte(nil), u.b[from:b.base]...)
	p.Restore(data)
	if d := b.ready(); len(d) > 0 {
		data = h1.AppendChunkHead(data, len(d))
		data = append(append(data, d...), "\r\n"...)
	}
	b.bad.Pos = len(data)
	return append(data, u.b[u.r:u.w]...)
}
