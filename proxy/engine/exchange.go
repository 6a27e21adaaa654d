package engine

import (
	"errors"
	"io"
	"time"

	"tandem/proxy/fcgi"
	"tandem/proxy/filter"
	"tandem/proxy/h1"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
)

// watchAfter is how long a server may think before the engine begins to look
// whether the client is still there.
const watchAfter = 200 * time.Millisecond

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

// afterSendError looks whether the server answered before it closed.
func (c *conn) afterSendError() failure {
	n, err := c.up.read(c.up.buf.b, time.Now().Add(10*time.Millisecond))
	if n == 0 {
		return sendFailed
	}
	return c.readResponse(n, err, time.Now(), time.Second)
}

func (c *conn) serverTimeout() time.Duration {
	if d := c.t.Settings.TimeoutServer; d != nil {
		return *d
	}
	return c.be.p.Timeouts.Server
}

// readResponse reads until a final response head is complete. n and err are
// what the first read gave, made since start.
func (c *conn) readResponse(n int, err error, start time.Time, to time.Duration) failure {
	t, up := &c.t, c.up
	u := up.buf
	u.w = n
	deadline := after(start, to)
	watching := false
	defer func() {
		if watching {
			c.unwatch()
		}
	}()
	for {
		if n == 0 {
			switch {
			case c.aborted.Load():
				return clientGone
			case c.upl.failed() != okay:
				return c.upl.failed()
			case isTimeout(err) && !watching && (deadline.IsZero() || time.Now().Before(deadline)):
				watching = true
				c.watch()
			case isTimeout(err) && c.upl.running: // the server cannot answer what it does not have yet
				deadline = after(time.Now(), to)
			case isTimeout(err):
				return answerTimeout
			case u.w > 0 && u.w > u.r:
				return junkAnswer
			default:
				return emptyAnswer
			}
		} else if f, done := c.parseResponse(u); done {
			return f
		}
		if u.w == len(u.b) {
			return junkAnswer
		}
		if n > 0 { // bytes came: the server's silence begins anew
			deadline = after(time.Now(), to)
		}
		until := deadline
		if !watching {
			if d := time.Now().Add(watchAfter); until.IsZero() || d.Before(until) {
				until = d
			}
		}
		n, err = up.read(u.b[u.w:], until)
		u.w += n
		_ = t
	}
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
		if s == 101 && !c.webSocketAccepted(&t.Res) {
			return junkAnswer, true
		}
		if s < 100 || s >= 200 || s == 101 {
			return c.finalHead()
		}
		t.Bytes.ResIn += htxSize(&t.Res)
		c.srv.s.Stats.ReqTot.Add(1) // the original counts each head
		c.srv.s.Stats.Resp.Add(s)
		if c.sess.Version >= 11 {
			if c.interim(&t.Res) != nil {
				c.aborted.Store(true)
				return clientGone, true
			}
		}
		t.Res.Reset()
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

// upload forwards the rest of a request's body while the response is awaited.
type upload struct {
	running bool
	result  failure
	isDone  chan failure
	got     bool
}

// startUpload begins the second direction, unless the body is complete.
func (c *conn) startUpload(to time.Duration) {
	c.upl.got, c.upl.result = false, okay
	if c.reqBody.finished() {
		return
	}
	if c.upl.isDone == nil {
		c.upl.isDone = make(chan failure, 1)
	}
	c.upl.running = true
	up := c.up
	go func() {
		f := c.uploadAll(to)
		if f == clientGone || f == clientTimeout || f == badBody {
			defer up.interrupt()
		}
		c.upl.isDone <- f
	}()
}

func (c *conn) uploadAll(to time.Duration) failure {
	b := &c.reqBody
	for !b.finished() {
		if n, ok := b.worth(c.fe.spliceReq || c.be.spliceReq); ok && c.reqOut.zip == nil {
			done, err := c.reqOut.splice(b, n, c.clientTimeout(), to, func(k uint64) {
				c.fe.st.H1.SplicedIn.Add(k)
				c.be.st.H1.SplicedOut.Add(k)
			})
			switch {
			case err != nil:
				return uploadFailure(err)
			case done:
				continue
			}
		}
		if c.reqOut.zip == nil && b.bulky() {
			return uploadFailure(c.reqOut.bulk(b, &c.e.bulks, c.clientTimeout(), to))
		}
		if len(b.ready()) == 0 && !b.fill(after(time.Now(), c.clientTimeout())) && !b.done {
			switch {
			case b.bad != nil:
				return badBody
			case isTimeout(b.err):
				return clientTimeout
			case b.err == nil || errors.Is(b.err, io.EOF):
				return clientGone
			}
			return clientGone
		}
		if err := c.reqOut.pass(b, nil, after(time.Now(), to)); err != nil {
			return sendFailed
		}
	}
	return okay
}

// uploadFailure tells whose fault the end of an upload is: errors of the
// source are wrapped.
func uploadFailure(err error) failure {
	var se *serverError
	switch {
	case err == nil:
		return okay
	case errors.As(err, &se) && isTimeout(err):
		return clientTimeout
	case errors.As(err, &se):
		return clientGone
	}
	return sendFailed
}

// failed returns how the upload ended, okay while it runs.
func (u *upload) failed() failure {
	if u.running {
		select {
		case u.result = <-u.isDone:
			u.running, u.got = false, true
		default:
		}
	}
	if u.result == sendFailed {
		return okay // the server may still answer
	}
	return u.result
}

// waitUpload waits for the request's end after the response was forwarded.
func (c *conn) waitUpload() failure {
	if c.upl.running {
		c.upl.result = <-c.upl.isDone
		c.upl.running = false
	}
	return c.upl.result
}

// stopUpload ends the upload at once; the client connection is then of no use.
func (c *conn) stopUpload() {
	if c.upl.running {
		c.cli.interrupt()
		if c.up != nil {
			c.up.Close()
		}
		<-c.upl.isDone
		c.upl.running = false
		c.cli.revive()
	}
}

// watch looks whether the client goes away while a server thinks.
func (c *conn) watch() {
	up := c.up
	c.watchFor(func() { up.interrupt() })
}

// watchFor calls gone once the client is gone, until unwatch.
func (c *conn) watchFor(gone func()) {
	if c.st != nil {
		if !c.upl.running && (c.be == nil || c.be.abortOnClose) {
			c.watched = true
			c.st.OnReset(func() {
				c.aborted.Store(true)
				gone()
			})
		}
		return
	}
	if c.upl.running || c.in == nil || c.be != nil && !c.be.abortOnClose {
		return
	}
	if c.watchDone == nil {
		c.watchDone = make(chan struct{}, 1)
	}
	c.watched = true
	in := c.in
	go func() {
		for in.w < len(in.b) {
			n, err := c.cli.read(in.b[in.w:], time.Time{})
			in.w += n
			if err != nil {
				if !c.cli.interrupted() {
					c.aborted.Store(true)
					gone()
				}
				break
			}
		}
		c.watchDone <- struct{}{}
	}()
}

func (c *conn) unwatch() {
	if !c.watched {
		return
	}
	c.watched = false
	if c.st != nil {
		c.st.OnReset(nil)
		return
	}
	c.cli.interrupt()
	<-c.watchDone
	c.cli.revive()
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
