package engine

import (
	"net/netip"
	"time"

	"tandem/proxy/action"
	"tandem/proxy/h1"
	"tandem/proxy/pattern"
	"tandem/proxy/tx"
)

const passResult = pattern.Pass

// route chooses the backend: the first use_backend that applies, else the
// default one.
func (c *conn) route() *back {
	for i := range c.fe.uses {
		u := &c.fe.uses[i]
		if u.cond.Eval(&c.t) != pattern.Pass {
			continue
		}
		to := u.to
		if u.format != nil {
			c.lineBuf = u.format.Append(c.lineBuf[:0], &c.t)
			if to = c.rt.byName[string(c.lineBuf)]; to == nil {
				// An unknown dynamic name means the default backend (manual, use_backend).
				break
			}
		}
		if c.open(to) {
			return to
		}
	}
	if c.open(c.fe.def) {
		return c.fe.def
	}
	return c.fe.own
}

// open says whether a rule may choose a backend: it is neither disabled nor
// unpublished, or a force-be-switch rule lets it be chosen nevertheless.
func (c *conn) open(b *back) bool {
	if b == nil || b == c.fe.own || !b.p.Disabled && (b.b == nil || !b.b.Unpublished.Load()) {
		return true
	}
	for _, f := range c.fe.p.ForceSwitch {
		if f.Eval(&c.t) == passResult {
			return true
		}
	}
	return false
}

// prepareRequest makes the changes that the proxy itself makes to a request
// between the rules and the server.
func (c *conn) prepareRequest() bool {
	m := &c.t.Req
	if h := uniqueIDHeader(c); h != "" && len(c.t.UniqueID) > 0 {
		m.Append(m.StoreLower([]byte(h)), m.Store(c.t.UniqueID))
	}
	c.addAddr(c.fe.fwd, c.be.fwd, c.sess.Src.Addr())
	c.addAddr(c.fe.orig, c.be.orig, c.sess.Dst.Addr())
	if f := c.be.p.Forwarded; f != nil {
		c.addForwarded(f)
	}
	if c.be.p.Cookie != nil {
		c.requestCookie()
	}
	if c.be.fcgi != nil {
		c.fcgiRequest(c.be.fcgi)
	}
	c.chooseCompression()
	c.place.Class, c.place.Offset = c.t.Settings.PriorityClass, time.Duration(c.t.Settings.PriorityOffset)*time.Millisecond
	return true
}

func uniqueIDHeader(c *conn) string {
	if h := c.fe.p.UniqueIDHeader; h != "" {
		return h
	}
	return ""
}

// addAddr adds x-forwarded-for or x-original-to. The frontend's option wins
// over the backend's (manual, "option forwardfor").
func (c *conn) addAddr(fe, be *addrHeader, a netip.Addr) {
	h := be
	if h == nil || fe != nil && len(fe.name) > 0 && be == nil {
		h = fe
	}
	if h == nil || !a.IsValid() {
		return
	}
	a = a.Unmap()
	if (h.ifNone && (fe == nil || fe.ifNone)) && c.t.Req.Has(h.name) {
		return
	}
	for _, x := range [2]*addrHeader{fe, be} {
		if x == nil {
			continue
		}
		for _, p := range x.except {
			if p.Contains(a) {
				return
			}
		}
	}
	buf := c.t.Scratch.Alloc(46)[:0]
	c.t.Req.Append(h.name, a.AppendTo(buf))
}

// connectionToServer adds what the server must know about the connection.
func (c *conn) connectionToServer(m *tx.Message) {
	if m.Version >= 20 && m.Framing == tx.Chunked {
		m.Append(nameTE, valueChunked)
	}
	switch {
	case c.closesServer() && !c.be.pretendKA:
		if m.Version >= 11 && c.p.Flags&h1.ConnUpgrade == 0 {
			m.Append(nameConnection, valueClose)
		}
	case m.Version < 11 && c.p.Flags&h1.OldChunked == 0:
		m.Append(nameConnection, valueKeepAlive)
	}
}

var (
	nameConnection = []byte("connection")
	valueClose     = []byte("close")
	valueKeepAlive = []byte("keep-alive")
)

// fail answers with the error page of a status. cause and state are the first
// two characters of the termination state.
func (c *conn) fail(status int, cause, state byte) {
	if c.t.Term[0] == 0 {
		c.t.Term = [2]byte{cause, state}
	}
	if cause == 'I' {
		c.fe.st.InternalErrs.Add(1)
	}
	c.reply(c.errorReply(status))
}

// reply sends an answer of the proxy's own making.
func (c *conn) reply(r *tx.Reply) {
	t := &c.t
	if c.sent || r == nil {
		c.keep = false
		return
	}
	t.Reply = r
	t.Res.Reset()
	m := &t.Res
	body := r.Body
	if r.Raw != nil && len(r.Raw) == 0 { // an empty error file: no answer at all
		c.keep = false
		t.Status = r.Status
		return
	}
	if r.Raw != nil {
		raw := append([]byte(nil), r.Raw...)
		var p h1.Parser
		p.Unsafe = true
		p.Limit = 1 << 30 // the file was measured when it was read
		n, err := p.Response(raw, m, nil)
		if err != nil || n == 0 {
			c.sendReplyRaw(r)
			c.keep = false
			t.Status, c.sent = r.Status, true
			return
		}
		body = raw[n:]
		if p.Flags&h1.ConnClose != 0 {
			c.keep = false
		}
	} else {
		m.Status, m.Version = r.Status, 11
		m.Reason = []byte(r.Reason)
		if r.Reason == "" {
			m.Reason = []byte(tx.Reason(r.Status))
		}
		m.Fields = append(m.Fields, r.Fields...)
		if r.Close {
			c.keep = false
		}
	}
	if m.GetID(tx.HdrContentLength) == nil && m.Status >= 200 && m.Status != 204 && m.Status != 304 && m.GetID(tx.HdrTransferEncoding) == nil {
		buf := t.Scratch.Alloc(20)[:0]
		m.Append(nameLength, appendInt(buf, len(body)))
	}
	t.HasRes = true
	t.Status = m.Status
	if t.Served && !c.serviceRules() {
		return
	}
	c.serverCaptures()
	if !c.afterRules() {
		return
	}
	t.Status = m.Status
	if !c.drainRequest() {
		c.keep = false
	}
	t.Bytes.ResOut += htxSize(m)
	c.connectionToClient(m)
	c.countResponse(m.Status)
	c.sent = true
	if c.headReq || m.Status == 204 || m.Status == 304 {
		body = nil
	}
	t.Bytes.ResOut += uint64(len(body))
	if !c.upl.running {
		c.settle(false)
	}
	if err := c.sendAnswer(m, body); err != nil {
		c.keep = false
		if t.Term[0] == 0 || t.Term[0] == 'L' {
			t.Term = [2]byte{'C', 'D'}
		}
	}
}

// sendAnswer writes a whole answer.
func (c *conn) sendAnswer(m *tx.Message, body []byte) error {
	if c.st != nil {
		return c.sendMessage(m, body)
	}
	if c.out == nil {
		c.out = c.e.bufs.get()
	}
	head := h1.AppendResponse(c.out.b[:0], m, c.adjust())
	if len(head)+len(body) <= cap(c.out.b) {
		head = append(head, body...)
		body = nil
	}
	err := c.cli.write(head, c.writeDeadline())
	if err == nil && len(body) > 0 {
		err = c.cli.write(body, c.writeDeadline())
	}
	return err
}

var nameLength = []byte("content-length")

func appendInt(b []byte, n int) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, '0'+byte(n%10))
}

// afterRules runs the http-after-response rules, which see every response.
func (c *conn) afterRules() bool {
	if c.be != nil && c.be.p != c.fe.p && !c.runAfter(c.be.p.HTTPAfterResponse) {
		return false
	}
	return c.runAfter(c.fe.p.HTTPAfterResponse)
}

func (c *conn) runAfter(rules action.Rules) bool {
	if len(rules) == 0 {
		return true
	}
	c.t.Now = time.Now()
	switch v, _ := rules.Run(&c.t, 0, true); v {
	case action.Fail:
		c.t.Term = [2]byte{'I', c.t.Term[1]}
		c.fe.st.InternalErrs.Add(1)
		c.keep = false
		r := builtinReplies[500]
		c.t.Status, c.sent = 500, true
		c.sendReplyRaw(r)
		return false
	case action.Close:
		c.keep = false
		return false
	}
	return true
}

// maxDrain bounds how much of an unwanted request body is read so that the
// connection can go on, bytes.
const maxDrain = 1 << 20

// drainRequest throws the rest of the request's body away; false: too long or
// not coming, so the connection must end.
func (c *conn) drainRequest() bool {
	b := &c.reqBody
	if !c.keep || b.buf == nil || c.st != nil {
		return true
	}
	if c.p.Flags&h1.Expect100 != 0 && !b.done && b.in == 0 {
		return false // the client may or may not send it
	}
	deadline := c.writeDeadline()
	for !b.done {
		b.take(b.d1 - b.d0)
		if b.in > maxDrain || !b.fill(deadline) && !b.done {
			return false
		}
	}
	b.take(b.d1 - b.d0)
	return true
}

// connectionToClient adds what the client must know about its connection.
func (c *conn) connectionToClient(m *tx.Message) {
	if c.chunksToClient() && m.GetID(tx.HdrTransferEncoding) == nil {
		m.Append(nameTE, valueChunked)
	}
	switch {
	case c.st != nil || m.Status == 101 || m.Status < 200 || m.Framing == tx.Tunnel:
	case !c.keep:
		if m.Version >= 11 {
			m.Append(nameConnection, valueClose)
		}
	case c.sess.Version < 11 || m.Version < 11:
		m.Append(nameConnection, valueKeepAlive)
	}
}

// htxSize is the size that the original's accounting (%B, %U, bytes_in …)
// gives a head: its start line with 20 bytes of bookkeeping, names, values, one
// byte for the end of the fields.
func htxSize(m *tx.Message) uint64 {
	n := 20 + 8 + 1 + len(m.Method) + len(m.URI)
	if m.Status > 0 {
		n += 3 + len(m.Reason)
		if m.Status < 100 {
			n--
		}
	}
	for i := range m.Fields {
		n += len(m.Fields[i].Name) + len(m.Fields[i].Value)
	}
	return uint64(n)
}
