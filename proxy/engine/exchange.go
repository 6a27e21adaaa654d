package engine

import (
	"time"

	"tandem/proxy/fcgi"
	"tandem/proxy/filter"
	"tandem/proxy/h1"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
)

// exchange sends the request to a server and the response to the client, with
// as many attempts as the configuration allows.
func (c *conn) exchange() {
	t := &c.t
	retries := c.be.p.Retries
	if r := t.Settings.Retries; r != nil {
		retries = *r
	}
	var avoid *srv
	fresh := false
	for attempt := 0; ; attempt++ {
		f := c.attempt(avoid, fresh)
		if f == okay {
			c.respond()
			return
		}
		c.look()
		reused := t.SrvReused
		c.releaseServer(false)
		c.leaveServer()
		if f == redirected || c.use.cause.Load() != 0 {
			return
		}
		if f == clientGone || c.aborted.Load() {
			c.giveUp(clientGone)
			return
		}
		replayable := c.replayable()
		if reused && (f == sendFailed || f == emptyAnswer) && replayable && idempotent(&t.Req) && !fresh {
			fresh = true // an idle connection died: that costs no retry
			continue
		}
		c.countFailure(f)
		if attempt >= retries || !c.be.retry.retryable(f, replayable && !t.Settings.DisableL7Retry, reused, idempotent(&t.Req)) {
			c.giveUp(f)
			return
		}
		avoid = c.nextAttempt(f, attempt+1, retries)
		c.look()
		if c.aborted.Load() {
			c.giveUp(clientGone)
			return
		}
	}
}

// attempt makes one try: a server, a connection, the request, the response head.
func (c *conn) attempt(avoid *srv, fresh bool) failure {
	if avoid != nil {
		if f := c.assign(avoid.s); f != okay {
			return f
		}
	} else if f := c.assign(nil); f != okay {
		return f
	}
	if c.srv.redir != "" && (string(c.t.Req.Method) == "GET" || c.headReq) {
		c.redirect()
		return redirected
	}
	if f := c.connect(c.srv, fresh); f != okay {
		return f
	}
	c.logStep(logs.Connect)
	return c.roundTrip()
}

// redirect sends the client to where the server's "redir" says that it is
// itself (configuration manual 5.2).
func (c *conn) redirect() {
	uri := c.t.Req.PathQuery()
	if len(uri) == 0 {
		uri = []byte("/")
	}
	c.t.Term = [2]byte{'L', 'C'}
	if c.be.p.Cookie != nil {
		c.t.CookieOut = cookieNone
	}
	c.reply(&tx.Reply{Status: 302, Body: []byte{}, Reason: tx.Reason(302), Fields: []tx.Field{
		field("cache-control", "no-cache"), field("content-length", "0"), field("location", c.srv.redir+string(uri))}})
}

// nextAttempt counts a retry, decides whether the next one goes elsewhere,
// and waits before trying the same server again.
func (c *conn) nextAttempt(f failure, n, retries int) *srv {
	t := &c.t
	t.Retries = n
	redispatch := false
	switch d := c.be.p.Redispatch; {
	case d > 0:
		redispatch = n%d == 0
	case d < 0:
		redispatch = (retries+1-n)%(-d) == 0
	}
	if redispatch {
		t.Redispatched = true
		c.srv.s.Stats.Redisp.Add(1)
		c.be.st.Redisp.Add(1)
		c.cookieServer = nil
		return c.srv
	}
	c.srv.s.Stats.Retries.Add(1)
	c.be.st.Retries.Add(1)
	if f == connRefused { // a turn-around delay, so that a restarting server has a chance
		d := c.connectTimeout()
		if d <= 0 || d > time.Second {
			d = time.Second
		}
		c.pause(d)
	}
	t.Settings.ServerAllowed = c.srv.s
	return nil
}

// pause waits, in HTTP no longer than the client does.
func (c *conn) pause(d time.Duration) {
	if !c.sess.HTTP {
		time.Sleep(d)
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	gone := make(chan struct{})
	c.watchFor(func() { close(gone) })
	defer c.unwatch()
	select {
	case <-timer.C:
	case <-gone:
	}
}

// replayable says whether the whole request is still at hand.
func (c *conn) replayable() bool { return !c.upl.running && !c.bodySent }

func (c *conn) countFailure(f failure) {
	if c.srv == nil {
		return
	}
	switch f {
	case connRefused, connTimeout, connInternal:
		c.srv.s.Stats.ConnErr.Add(1)
		c.be.st.ConnErr.Add(1)
	case sendFailed, emptyAnswer, answerTimeout, junkAnswer:
		n := uint64(1)
		if f == junkAnswer { // the original counts it where it reads and where it judges
			n = 2
		}
		c.srv.s.Stats.RespErr.Add(n)
		c.be.st.RespErr.Add(n)
		c.e.observe(c.srv, false, true)
	}
}

// giveUp answers a request that no server answered.
func (c *conn) giveUp(f failure) {
	v := judge(f)
	state := byte('H')
	switch f {
	case noServer, connRefused, connTimeout, connInternal:
		state = 'C'
	case queueFull, queueTimeout:
		state = 'Q'
	case clientGone:
		if c.t.Time.Connect.IsZero() {
			state = 'C'
			if c.t.Time.Queue.IsZero() {
				state = 'Q'
				c.t.Time.Queue = time.Now() // the time in the queue is logged
			}
		}
		c.be.st.CliAborts.Add(1)
		if c.srv != nil {
			c.srv.s.Stats.CliAborts.Add(1)
		}
		c.keep = false
	}
	if f == clientTimeout || f == badBody {
		c.keep = false
	}
	if c.upl.running {
		c.keep = false
		c.stopUpload()
	}
	c.t.Term = [2]byte{v.cause, state}
	if f == clientGone && state != 'H' { // nobody is answered who left before a server heard of him
		c.t.Status = -1
		return
	}
	c.fail(v.status, v.cause, state)
}

// roundTrip sends the request on c.up and reads the response's head.
func (c *conn) roundTrip() failure {
	t, up := &c.t, c.up
	up.uses++
	up.buf = c.e.bufs.get()
	if c.reqOut.out == nil {
		c.reqOut.out = c.e.bufs.get()
	}
	m := &t.Req
	t.Bytes.ReqOut = htxSize(m)
	nf := len(m.Fields)
	if up.mux == nil {
		c.connectionToServer(m)
		c.webSocketKey(m)
	}
	if name := c.be.p.SendName; name != "" {
		m.Del(lowered(name))
		nf = min(nf, len(m.Fields))
		m.Append(lowered(name), []byte(c.srv.s.Name))
	}
	if st, ok := up.mux.(*fcgi.Stream); ok {
		return c.roundTripFCGI(st, m, nf)
	}
	if up.mux != nil {
		f := c.roundTripMux(m)
		return f
	}
	adj := h1.Adjust(nil)
	if c.be.adjust {
		adj = c.rt.adjust
	}
	head := h1.AppendRequest(c.reqOut.out.b[:0], m, adj)
	m.Fields = m.Fields[:nf] // another attempt adds its own
	c.reqOut.mux = nil
	c.reqOut.dst, c.reqOut.chunked, c.reqOut.drop, c.reqOut.sent = &up.sock, m.Framing == tx.Chunked, c.be.dropTrail, 0
	c.rp.Options = c.parserOptions()
	c.rp.Reset()
	if c.zip.req != filter.Off && c.reqOut.zip == nil {
		c.reqOut.zip = filter.NewCompressor(c.zip.req, c.rt.zipLevel)
	}
	now := c.at
	to := c.serverTimeout()
	short := after(now, min(orForever(to), watchAfter))
	b := &c.reqBody
	b.prefetch()
	var n int
	var err error
	if out, whole := c.wholeRequest(head); whole {
		var werr error
		n, err, werr = up.send(out, up.buf.b, short, after(now, to))
		if werr != nil {
			return c.afterSendError()
		}
	} else {
		if werr := c.reqOut.pass(b, head, after(now, to)); werr != nil {
			return c.afterSendError()
		}
		c.bodySent = true
		c.startUpload(to)
		n, err = up.read(up.buf.b, short)
	}
	return c.readResponse(n, err, now, to)
}

// orForever turns "no timeout" into a long time.
func orForever(d time.Duration) time.Duration {
	if d <= 0 {
		return 1 << 60
	}
	return d
}

// wholeRequest puts head and body together where the whole body is buffered
// and both fit one write. The body stays in its buffer, for another attempt.
func (c *conn) wholeRequest(head []byte) ([]byte, bool) {
	b := &c.reqBody
	if b.framing == tx.NoBody {
		return head, true
	}
	data := b.ready()
	if !b.done || c.bodySent || c.reqOut.zip != nil || len(head)+len(data)+h1.ChunkHeadLen+256 > cap(c.reqOut.out.b) {
		return nil, false
	}
	if !c.reqOut.chunked {
		return append(head, data...), true
	}
	if len(data) > 0 {
		head = h1.AppendChunkHead(head, len(data))
		head = append(append(head, data...), "\r\n"...)
	}
	head = b.appendEnd(head, c.be.dropTrail)
	return head, len(head) <= len(c.reqOut.out.b)
}

func (c *conn) serverTimeout() time.Duration {
	if d := c.t.Settings.TimeoutServer; d != nil {
		return *d
	}
	return c.be.p.Timeouts.Server
}
