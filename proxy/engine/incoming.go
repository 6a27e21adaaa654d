package engine

import (
	"errors"
	"io"
	"time"

	"tandem/proxy/h1"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
	"tandem/stats"
)

// readRequest waits for a request head and reads it. It returns false when the
// connection is over, having answered and logged what needs it.
func (c *conn) readRequest(first bool) bool {
	now := c.at
	if !c.since.IsZero() {
		now, c.since = c.since, time.Time{}
	}
	c.p.Options = h1.Options{MaxHeaders: c.rt.maxHeaders, Limit: c.rt.bufSize - c.rt.maxRewrite, Unsafe: c.fe.unsafe, Simple: c.rt.simple, KeepInsecure: c.rt.keepInsecure, AnyPayload: c.rt.anyPayload}
	c.p.Reset()
	c.t.Req.Reset()
	c.reqBody.buf, c.reqBody.bad = nil, nil
	if first {
		now = c.sess.Accepted
	}
	if in := c.in; in != nil {
		in.w = copy(in.b, in.b[in.r:in.w])
		in.r = 0
		if in.w == 0 {
			c.e.bufs.put(in)
			c.in = nil
		}
	}
	if c.in == nil && !c.waitFirst(first, now) {
		return false
	}
	start := c.look()
	if first && c.in.b[c.in.r] == 'P' && c.priorKnowledge(after(start, c.fe.reqT)) {
		if b := c.sess.Listener.Bind; c.fe.h2 && (b == nil || b.Proto != "h1") {
			c.serveH2()
		} else {
			c.failRequest(405, 'P', true)
		}
		return false
	}
	c.t.Time.Idle = start.Sub(now)
	if first {
		c.t.Time.Idle = start.Sub(c.sess.HandshakeDone)
	}
	c.t.Time.Start, c.t.Time.Date = start, start
	return c.readHead(start)
}

// waitFirst waits for the first byte of a request, without a buffer.
func (c *conn) waitFirst(first bool, now time.Time) bool {
	d := c.fe.kaT
	if first {
		d = c.fe.reqT
	}
	c.idleAt.Store(0)
	if !first && c.mayRest() {
		c.idleAt.Store(now.UnixNano())
	}
	c.idle.Store(!first) // who has not asked yet is served, also while the process ends
	if !first && (c.closing || c.e.leaves(c.sess.ID) && !c.fe.idleOnResponse) {
		return false
	}
	in, err := c.cli.readIdle(&c.e.bufs, after(now, d))
	c.idle.Store(false)
	if err == nil {
		c.in = in
		return true
	}
	if err == errRest {
		c.rests, c.since = true, now
		return false
	}
	if !first || c.fe.ignoreProbes {
		return false // an idle end is nobody's fault
	}
	switch {
	case isTimeout(err):
		c.failRequest(408, 'c', !c.fe.dontLogNull)
	case c.fe.dontLogNull:
	case errors.Is(err, io.EOF):
		c.failRequest(400, 'C', true)
	default:
		c.failRequest(400, 'C', true)
	}
	return false
}

// readHead reads until the head is complete.
func (c *conn) readHead(start time.Time) bool {
	in := c.in
	deadline := after(start, c.fe.reqT)
	now := start
	for {
		n, err := c.p.Request(in.b[in.r:in.w], &c.t.Req)
		if err == nil && n == 0 && in.w == len(in.b) {
			err = c.p.TooLong()
		}
		if err != nil {
			c.captureBadRequest(err, in.r)
			c.badRequest(err)
			return false
		}
		if n > 0 {
			if at := c.p.Pos(); at > 0 {
				c.captureBadRequest(&h1.Error{Pos: at, Text: "tolerated"}, in.r)
			}
			in.r += n
			break
		}
		k, rerr := c.cli.read(in.b[in.w:], deadline)
		in.w += k
		now = c.look()
		if k == 0 {
			switch {
			case isTimeout(rerr) && (c.p.Started() || c.sess.Requests == 0):
				c.failRequest(408, 'c', true)
			case isTimeout(rerr):
			case c.p.Started():
				c.failRequest(400, 'C', true)
			}
			return false
		}
	}
	c.t.Time.Request, c.t.Now = now, now
	c.t.HasReq = true
	c.t.Bytes.ReqIn = htxSize(&c.t.Req)
	c.sess.Requests++
	c.sess.Version = max(c.t.Req.Version, 9)
	c.reqBody.start(&c.cli, in, &c.t.Req, c.p.Options)
	if c.reqBody.bad != nil {
		c.captureBadRequest(c.reqBody.bad, 0)
		c.badRequest(c.reqBody.bad)
		return false
	}
	return true
}

// badRequest answers a request that cannot be understood and counts it.
func (c *conn) badRequest(err *h1.Error) { c.failRequest(err.Status, 'P', true) }

// failRequest ends a connection whose request never became one.
func (c *conn) failRequest(status int, cause byte, log bool) {
	t := &c.t
	now := time.Now()
	t.Now, t.Time.End = now, now
	t.HasReq = false
	c.sess.CountError(now)
	t.Status = status
	t.Term = [2]byte{cause, 'R'}
	t.LogURI = t.LogURI[:0]
	t.ReqCaps, t.ResCaps = nil, nil
	t.Time.Request = time.Time{}
	st := c.fe.st
	st.ReqTot.Add(1)
	st.ReqVersion.Add(stats.HTTP1)
	st.ReqRate.Add(c.e.nowMS(now), 1)
	if cause != 'C' || status != 408 {
		st.ReqErr.Add(1)
		c.sess.Listener.Stats.ReqErr.Add(1)
	}
	st.Resp.Add(status)
	c.keep = false
	raw := rawBuiltins[status]
	if r := c.fileReply(c.fe.p, status); r != nil {
		c.sendReplyRaw(r)
	} else if raw != nil {
		c.cli.write(raw, c.writeDeadline())
	}
	if log {
		c.logTxAs(logs.SessError, false)
	}
	c.lingeringClose()
}

func (c *conn) sendReplyRaw(r *tx.Reply) {
	if c.st != nil {
		if r.Raw == nil {
			_ = c.sendMessage(&tx.Message{Status: r.Status, Fields: r.Fields}, r.Body)
		}
		return
	}
	if r.Raw != nil {
		c.cli.write(r.Raw, c.writeDeadline())
		return
	}
	m := tx.Message{Status: r.Status, Reason: []byte(r.Reason), Version: 11, Fields: r.Fields}
	c.cli.write(append(h1.AppendResponse(nil, &m, nil), r.Body...), c.writeDeadline())
}
