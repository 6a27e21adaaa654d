package engine

import (
	"errors"
	"io"
	"time"

	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/h1"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
	"tandem/stats"
)

// serveHTTP reads one request after the other until the connection is over.
func (c *conn) serveHTTP() {
	c.cli.revive()
	c.serveRequests(true)
}

// serveRequests reads and answers requests; first says that none came before.
func (c *conn) serveRequests(first bool) {
	for ; ; first = false {
		if !first {
			c.nextTransaction()
		}
		if !c.readRequest(first) {
			return
		}
		c.transact()
		c.finishTransaction()
		if !c.keep {
			c.lingeringClose()
			return
		}
	}
}

// nextTransaction clears what the last request left.
func (c *conn) nextTransaction() {
	c.t.Reset()
	c.sess.Src, c.sess.Dst = c.src, c.dst
	c.setCaptures()
	c.be, c.srv, c.logged = nil, nil, false
	if rt := c.e.rt.Load(); rt != c.rt { // a new configuration: this connection goes on with it
		if fe := rt.fronts[c.sess.Front]; fe != nil && fe.http == c.fe.http {
			c.rt, c.fe = rt, fe
		} else {
			c.closing = true
		}
	}
}

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

// lingeringClose lets the client read the last answer although it may still
// be sending: closing with unread bytes would reset the connection.
func (c *conn) lingeringClose() {
	if c.cutting.Load() {
		return
	}
	unread := c.in != nil && c.in.w > c.in.r || c.reqBody.buf != nil && !c.reqBody.done
	if !unread {
		return
	}
	c.linger()
}

// linger closes the writing side and throws away what the client still sends,
// for a bounded time and amount.
func (c *conn) linger() {
	c.cli.closeWrite()
	buf := c.e.bufs.get()
	deadline := time.Now().Add(500 * time.Millisecond)
	for total := 0; total < 1<<20; {
		n, err := c.cli.read(buf.b, deadline)
		if err != nil {
			break
		}
		total += n
	}
	c.e.bufs.put(buf)
}

// transact takes one request from its rules to its answer.
func (c *conn) transact() {
	t := &c.t
	c.sent, c.reqDone, c.backSeen, c.srvSeen = false, false, false, false
	c.aborted.Store(false)
	c.asked = c.asked[:0]
	c.cookieServer, c.bodySent, c.upl.result = nil, false, okay
	c.keep = c.wantsKeepAlive()
	c.headReq = string(t.Req.Method) == "HEAD"
	t.LogURI = appendLogURI(t.LogURI[:0], &t.Req, &c.p, c.rt)
	fe := c.fe
	ms := c.e.nowMS(t.Now)
	fe.st.ReqTot.Add(1)
	fe.st.ReqVersion.Add(c.version())
	fe.st.ReqRate.Add(ms, 1)
	c.sess.CountRequest(t.Now)
	c.e.deps.Process.ReqTot.Add(1)
	if fe.needCaps {
		c.captureRequest()
	}
	if fe.p.UniqueID != nil {
		t.UniqueID = fe.p.UniqueID.Append(t.UniqueID[:0], t)
	}
	if fe.p.MonitorURI != "" && c.monitor() {
		return
	}
	c.logStep(logs.Accept)
	if !c.requestRules(&fe.side, true) {
		return
	}
	if fe.mayWait {
		c.look()
	}
	if c.be = c.route(); c.be == nil {
		t.Time.Request = time.Time{} // as the original's log shows it
		c.fail(503, 'S', 'C')
		return
	}
	c.enterBackend(ms)
	if c.be.p != fe.p {
		if !c.requestRules(&c.be.side, false) {
			return
		}
		if c.be.mayWait {
			c.look()
		}
	}
	if !c.prepareRequest() {
		return
	}
	c.exchange()
}

// wantsKeepAlive says what the client's head asks for (RFC 9112 9.3).
func (c *conn) wantsKeepAlive() bool {
	f := c.p.Flags
	switch {
	case c.closing || c.e.leaves(c.sess.ID):
		return false
	case f&(h1.ConnClose|h1.OldChunked) != 0:
		return false
	case f&h1.BothLengths != 0:
		return false
	case c.t.Req.Version < 11:
		return f&h1.ConnKeepAlive != 0 && c.t.Req.Version == 10
	}
	return true
}

// appendLogURI keeps the request line as logs print it.
func appendLogURI(dst []byte, m *tx.Message, p *h1.Parser, rt *setup) []byte {
	dst = append(append(dst, m.Method...), ' ')
	dst = append(append(dst, m.URI...), " HTTP/"...)
	dst = append(dst, '0'+p.Major, '.', '0'+p.Minor)
	return dst[:min(len(dst), rt.uriLen)]
}

// enterBackend counts the transaction in its backend.
func (c *conn) enterBackend(ms int64) {
	be := c.be
	c.t.Back = be.b
	if be.fcgi != nil {
		c.t.FCGI = &be.fcgi.names
	}
	if be.p != c.fe.p {
		o := &c.t.Settings // each backend begins with its own
		o.Retries, o.TimeoutServer, o.TimeoutConnect, o.TimeoutQueue, o.TimeoutTunnel = nil, nil, nil, nil, nil
	}
	c.backSeen = true
	be.st.Sess.Add(1)
	be.st.SessTot.Add(1)
	be.st.SessRate.Add(ms, 1)
	be.st.ReqTot.Add(1)
	be.st.Last.Touch(ms)
	if c.be.p.UniqueID != nil && len(c.t.UniqueID) == 0 {
		c.t.UniqueID = c.be.p.UniqueID.Append(c.t.UniqueID[:0], &c.t)
	}
}

// monitor answers the monitor-uri.
func (c *conn) monitor() bool {
	uri := c.t.Req.URI
	if c.fe.p.MonitorURI[0] == '/' {
		uri = c.t.Req.PathQuery()
	}
	if string(uri) != c.fe.p.MonitorURI {
		return false
	}
	c.t.LogLevel = 8
	for _, cond := range c.fe.p.MonitorFail {
		if cond.Eval(&c.t) == passResult {
			c.t.Term = [2]byte{'L', 'R'}
			c.reply(c.errorReply(503))
			return true
		}
	}
	c.t.Term = [2]byte{'L', 'R'}
	c.reply(c.errorReply(200))
	return true
}

// requestRules runs the request rules of one side. It returns false when the
// transaction was answered.
func (c *conn) requestRules(s *side, front bool) bool {
	p := s.p
	asks := len(s.spoe) > 0 || !front && len(c.fe.spoe) > 0
	if asks {
		if front {
			c.event(s, config.OnClientSession)
			c.event(s, config.OnFrontendTCP)
		} else {
			c.events(config.OnBackendTCP)
		}
	}
	if len(p.TCPContent) > 0 && !c.contentRules(p) {
		return false
	}
	if front {
		c.logStep(logs.Request)
	}
	if s.bufferReq && !c.reqBody.done {
		if !c.bufferRequest() {
			return false
		}
	}
	if asks {
		if front {
			c.event(s, config.OnFrontendHTTP)
		} else {
			c.events(config.OnBackendHTTP)
		}
	}
	if len(p.HTTPRequest) > 0 {
		v, i := p.HTTPRequest.Run(&c.t, 0, true)
		c.countCache(front)
		if !c.handle(v, p.HTTPRequest, i) {
			return false
		}
	}
	if p.Stats != nil && c.e.deps.Service != nil && c.e.deps.Service.Serve(p, &c.t) {
		c.fe.st.Intercepted.Add(1)
		c.t.Term = [2]byte{'L', 'R'}
		c.reply(c.page(c.t.Reply))
		return false
	}
	if len(p.OldRequest) > 0 {
		v, i := p.OldRequest.Run(&c.t, 0, true)
		if !c.handle(v, p.OldRequest, i) {
			return false
		}
	}
	return s.restrict == preserveNames || c.restrictNames(s)
}

// contentRules runs tcp-request content rules in HTTP mode, where the request
// is complete already.
func (c *conn) contentRules(p *config.Proxy) bool {
	v, i := p.TCPContent.Run(&c.t, 0, true)
	switch v {
	case action.Close:
		c.denied()
		c.t.Term = [2]byte{'P', 'R'}
		c.t.Status = -1
		c.keep = false
		c.close()
		return false
	case action.Answer:
		return c.handle(v, p.TCPContent, i)
	case action.Fail:
		c.fail(500, 'I', 'R')
		return false
	}
	return true
}

// bufferRequest waits for the body ("option http-buffer-request").
func (c *conn) bufferRequest() bool {
	left := c.fe.reqT
	if left > 0 {
		if left -= time.Since(c.t.Time.Start); left <= 0 {
			left = 1
		}
	}
	switch c.WaitBody(false, 0, left) {
	case tx.BodyTimeout:
		c.keep = false
		c.fail(408, 'c', 'R')
		return false
	case tx.BodyError:
		if c.be == nil && c.reqBody.bad == nil { // the log names where it would have gone
			if c.be = c.route(); c.be != nil {
				c.enterBackend(c.e.nowMS(time.Now()))
			}
		}
		c.bodyError()
		return false
	}
	return true
}

// bodyError answers a request whose body did not come whole.
func (c *conn) bodyError() {
	c.keep = false
	c.t.Term = [2]byte{'C', 'R'}
	if c.reqBody.bad != nil {
		c.t.Term[0] = 'P'
	}
	c.fail(400, 'C', 'R')
}

// handle acts on the verdict of a request rule; true: go on.
func (c *conn) handle(v action.Verdict, rules action.Rules, i int) bool {
	t := &c.t
	switch v {
	case action.Continue, action.Stop, action.Wait:
		return true
	case action.Answer:
		c.answer(rules, i)
	case action.Close:
		if c.reqBody.err != nil { // a rule waited for the body in vain
			c.bodyError()
			return false
		}
		c.denied()
		t.Term = [2]byte{'P', 'R'}
		c.keep = false
		c.close()
	default:
		t.Term = [2]byte{}
		c.fe.st.InternalErrs.Add(1)
		c.fail(500, 'P', 'R')
	}
	return false
}

// answer sends what a rule put into t.Reply.
func (c *conn) answer(rules action.Rules, i int) {
	t := &c.t
	if t.Cached.Hit != nil {
		c.serveCached()
		return
	}
	r := t.Reply
	name := ""
	if i < len(rules) {
		name = rules[i].Name
	}
	if r == nil {
		c.fail(500, 'I', 'R')
		return
	}
	switch name {
	case "wait-for-body": // the rule has said what the log shows
		c.keep = false
		c.fe.st.ReqErr.Add(1)
		c.sess.Listener.Stats.ReqErr.Add(1)
	case "redirect", "return", "auth", "use-service":
		if name == "auth" {
			c.sess.CountError(t.Now)
		}
		t.Term = [2]byte{'L', 'R'}
		c.fe.st.Intercepted.Add(1)
	default:
		t.Term = [2]byte{'P', 'R'}
		c.denied()
	}
	if r.Tarpit || r.Delay > 0 {
		t.Term[1] = 'T'
		c.tarpit(c.tarpitTime(r))
		c.keep = false
	}
	if r.Silent {
		c.keep = false
		c.silentDrop(r)
		c.close()
		return
	}
	c.reply(c.page(r))
}

// denied counts a refused request.
func (c *conn) denied() {
	c.sess.CountError(c.t.Now)
	c.fe.st.DeniedReq.Add(1)
	c.sess.Listener.Stats.DeniedReq.Add(1)
	if c.backSeen {
		c.be.st.DeniedReq.Add(1)
	}
}

// tarpit holds the client for d, unless it leaves.
func (c *conn) tarpit(d time.Duration) {
	deadline := time.Now().Add(d)
	if c.st != nil {
		c.st.WaitReset(deadline)
		return
	}
	buf := c.e.bufs.get()
	defer c.e.bufs.put(buf)
	for {
		if _, err := c.cli.read(buf.b, deadline); err != nil {
			return
		}
	}
}

// close ends the connection without an answer.
func (c *conn) close() { c.keep = false }
