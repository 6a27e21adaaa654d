package engine

import (
	"time"

	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// afterSendError looks whether the server answered before it closed.
func (c *conn) afterSendError() failure {
	n, err := c.up.read(c.up.buf.b, time.Now().Add(10*time.Millisecond))
	if n == 0 {
		return sendFailed
	}
	return c.readResponse(n, err, time.Now(), time.Second)
}

// readResponse reads until a final response head is complete. n and err are
// what the first read gave, made since start.
func (c *conn) readResponse(n int, err error, start time.Time, to time.Duration) failure {
	up, u := c.up, c.up.buf
	u.w = n
	wait := c.silent(start, to)
	defer wait.end()
	for {
		if n > 0 {
			if f, done := c.parseResponse(u); done {
				return f
			}
			wait.broken()
		} else if f, on := wait.judge(err); f != okay {
			return f
		} else if !on && u.w > u.r {
			return junkAnswer
		} else if !on {
			return emptyAnswer
		}
		if u.w == len(u.b) {
			return junkAnswer
		}
		n, err = up.read(u.b[u.w:], wait.until())
		u.w += n
	}
}

// passInterim counts an interim head, as the original does each, and sends it
// to the client; false: he is gone.
func (c *conn) passInterim() bool {
	t := &c.t
	t.Bytes.ResIn += htxSize(&t.Res)
	c.srv.s.Stats.ReqTot.Add(1)
	c.srv.s.Stats.Resp.Add(t.Res.Status)
	if c.sess.Version >= 11 && c.interim(&t.Res) != nil {
		c.aborted.Store(true)
		return false
	}
	t.Res.Reset()
	return true
}

// parseResponse reads as many heads as are in u: interim ones go to the
// client at once. done means a final head or a failure.
func (c *conn) parseResponse(u *buffer) (f failure, done bool) {
	t := &c.t
	for {
		n, err := c.rp.Response(u.b[u.r:u.w], &t.Res, t.Req.Method)
		if err != nil {
			c.captureBadResponse(err, u, u.r)
			return junkAnswer, true
		}
		if n == 0 {
			return okay, false
		}
		u.r += n
		s := t.Res.Status
		if s == 101 && c.p.Flags&h1.ConnUpgrade == 0 {
			t.Bytes.ResIn += htxSize(&t.Res)
			return junkAnswer, true
		}
		if s == 101 && (!c.webSocketAccepted(&t.Res) || !c.upl.soon()) { // no request's body may follow the switch
			return junkAnswer, true
		}
		if s < 100 || s >= 200 || s == 101 {
			return c.finalHead()
		}
		if !c.passInterim() {
			return clientGone, true
		}
		c.rp.Reset()
		u.w = copy(u.b, u.b[u.r:u.w])
		u.r = 0
		if u.w == 0 {
			return okay, false
		}
	}
}

// finalHead takes note of a complete response head.
func (c *conn) finalHead() (failure, bool) {
	t := &c.t
	now := c.look()
	t.Time.Response, t.Now = now, now
	t.HasRes = true
	t.Status = t.Res.Status
	if c.be.retry.codes != nil && c.be.retry.codes[t.Status] && c.replayable() && t.Retries < c.be.p.Retries {
		t.Res.Reset()
		t.HasRes = false
		return badStatus, true
	}
	if c.up.mux != nil {
		c.resBody.startStream(&c.up.sock, c.up.buf, &t.Res, c.up.mux)
	} else {
		c.resBody.start(&c.up.sock, c.up.buf, &t.Res, c.rp.Options)
	}
	if c.resBody.bad != nil {
		c.captureBadResponse(c.resBody.bad, c.up.buf, 0)
		t.Time.Response = time.Time{}
		return junkAnswer, true
	}
	t.Bytes.ResIn += htxSize(&t.Res)
	s := t.Status
	c.srv.s.Stats.ReqTot.Add(1) // only requests that were answered count here
	c.srv.s.Stats.Resp.Add(s)
	c.e.observe(c.srv, s < 500 || s == 501 || s == 505, true)
	return okay, true
}

// reusable says whether the server connection may carry another request.
func (c *conn) reusable() bool {
	f := c.rp.Flags
	m := &c.t.Res
	switch {
	case c.closesServer(), f&h1.ConnClose != 0, f&(h1.BothLengths|h1.OldChunked) != 0:
		return false
	case m.Version < 11 && f&h1.ConnKeepAlive == 0:
		return false
	case c.resBody.framing >= tx.UntilClose || !c.resBody.finished():
		return false
	}
	return !c.upl.running && c.upl.result == okay && (c.reqBody.buf == nil || c.reqBody.done)
}
