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
)

// respond takes a response from its rules to the client.
func (c *conn) respond() {
	t := &c.t
	m := &t.Res
	c.serverCaptures()
	if c.rp.Flags&h1.NTLM != 0 {
		c.up.private = true
	}
	c.sess.CountStatus(m.Status, t.Now)
	c.storeSticks(true)
	if !c.responseRules() {
		return
	}
	if c.be.checkCache && leaksCookie(t) {
		c.blockCookie()
		return
	}
	if c.be.p.Cookie != nil {
		c.responseCookie()
	}
	if !c.afterRules() {
		c.dropServer()
		return
	}
	if c.zip.set != nil {
		c.compressResponse()
	}
	t.Status = m.Status
	if c.resBody.framing == tx.UntilClose && !c.chunksToClient() || c.fe.p.ConnMode == config.Close {
		c.keep = false
	}
	if c.rp.Flags&h1.OldChunked != 0 {
		c.keep = false
	}
	t.Bytes.ResOut += htxSize(m)
	c.connectionToClient(m)
	c.countResponse(m.Status)
	c.announce()
	c.keepResponse()
	c.forward()
}

// announce writes the log lines of a response that is about to go out.
func (c *conn) announce() {
	c.logASAP(logs.Response)
	c.logStep(logs.Response)
}

// dropServer closes the server side of a transaction that ends early.
func (c *conn) dropServer() {
	c.stopUpload()
	c.releaseServer(false)
	c.leaveServer()
}

// responseRules runs the backend's and the frontend's response rules.
func (c *conn) responseRules() bool {
	asks := len(c.fe.spoe)+len(c.be.spoe) > 0
	if asks {
		c.events(config.OnServerSession)
		c.events(config.OnTCPResponse)
	}
	if rs := c.be.p.TCPResponse; len(rs) > 0 {
		switch v, _ := rs.Run(&c.t, 0, true); v {
		case action.Close, action.Answer:
			c.be.st.DeniedResp.Add(1)
			c.fe.st.DeniedResp.Add(1)
			c.t.Term = [2]byte{'P', 'H'}
			c.keep = false
			c.dropServer()
			return false
		case action.Fail:
			return c.internal()
		}
	}
	if asks {
		c.events(config.OnHTTPResponse)
	}
	for _, p := range [2]*config.Proxy{c.be.p, c.fe.p} {
		if !c.responseSet(p.HTTPResponse) || !c.responseSet(p.OldResponse) {
			return false
		}
		if len(p.HTTPResponse) > 0 {
			c.look()
		}
		if c.be.p == c.fe.p {
			break
		}
	}
	return true
}

// responseSet runs one set of response rules and says whether to go on.
func (c *conn) responseSet(rules action.Rules) bool {
	if len(rules) == 0 {
		return true
	}
	v, i := rules.Run(&c.t, 0, true)
	switch v {
	case action.Answer:
		r := c.t.Reply
		name := rules[i].Name
		c.t.Bytes.ResIn += c.resBody.size()
		switch name {
		case "return", "redirect":
			c.t.Term = [2]byte{'L', 'H'}
		case "wait-for-body": // it came too late, which is no refusal
			c.t.Term = [2]byte{'s', 'H'}
		default:
			c.t.Term = [2]byte{'P', 'H'}
			c.be.st.DeniedResp.Add(1)
			c.fe.st.DeniedResp.Add(1)
			if c.srv != nil {
				c.srv.s.Stats.DeniedResp.Add(1)
			}
		}
		c.dropServerKeeping()
		if r == nil {
			return c.internal()
		}
		if r.Silent {
			c.keep = false
			c.silentDrop(r)
			return false
		}
		c.reply(c.page(r))
		return false
	case action.Close:
		return c.denyResponse(502)
	case action.Fail:
		return c.internal()
	}
	return true
}

// dropServerKeeping lets the server connection go after a response whose body
// nobody wants.
func (c *conn) dropServerKeeping() {
	if c.upl.running {
		c.keep = false
	}
	c.dropServer()
}

func (c *conn) denyResponse(status int) bool {
	c.be.st.DeniedResp.Add(1)
	c.fe.st.DeniedResp.Add(1)
	c.dropServerKeeping()
	c.t.Term = [2]byte{'P', 'H'}
	c.fail(status, 'P', 'H')
	return false
}

func (c *conn) internal() bool {
	c.dropServerKeeping()
	c.t.Term = [2]byte{'P', 'H'}
	c.fe.st.InternalErrs.Add(1)
	c.fail(500, 'P', 'H')
	return false
}

// forward writes the response's head and body to the client.
func (c *conn) forward() {
	t, b := &c.t, &c.resBody
	f := &c.resOut
	f.mux = nil
	if c.st != nil {
		f.mux = c.st
	} else if c.out == nil {
		c.out = c.e.bufs.get()
	}
	f.dst, f.chunked, f.drop, f.sent, f.out = &c.cli, b.framing == tx.Chunked || f.zip != nil || c.chunksToClient(), c.fe.dropTrail, 0, c.out
	f.closes = !c.keep && !c.upl.running && !c.fe.noLinger
	var head []byte
	var err error
	whole := false
	if f.mux != nil {
		whole = b.over(f.drop)
		if whole {
			f.copyKept(b)
			f.ended(b)
		}
		err = c.st.SendHead(&t.Res, whole || c.headReq && b.framing != tx.Tunnel)
	} else {
		head = h1.AppendResponse(c.out.b[:0], &t.Res, c.adjust())
	}
	c.sent = true
	if c.headReq && !b.finished() && b.framing != tx.Tunnel {
		c.bodyless(head)
		return
	}
	if b.framing == tx.Tunnel {
		c.tunnelHTTP(head)
		return
	}
	if b.framing == tx.UntilClose && len(b.ready()) == 0 {
		head = c.moreUntilClose(head)
	}
	if err == nil && !whole {
		err = f.pass(b, head, after(c.at, c.clientTimeout()))
	}
	if err == nil && !b.finished() {
		err = c.copyBody()
	}
	if err == nil {
		f.kept(b)
	}
	if !c.settled {
		c.countBody()
		c.unwatch()
	}
	if err != nil {
		c.bodyFailed(err)
	}
	if t.Term[0] != 0 && t.Term[0] != 'L' {
		c.keep = false
		c.dropServer()
		return
	}
	if c.settled {
		if f.mux != nil || c.cli.waited() { // the line tells when the client had it
			c.look()
		}
		return
	}
	c.finishUpload()
	c.settleForward()
}

// bodyless answers a HEAD that a rule turned into another method: the body
// goes nowhere.
func (c *conn) bodyless(head []byte) {
	b := &c.resBody
	err := c.cli.write(head, c.writeDeadline())
	for err == nil && !b.finished() {
		b.take(b.d1 - b.d0)
		if !b.fill(after(time.Now(), c.serverTimeout())) && !b.done {
			err = &serverError{io.ErrUnexpectedEOF}
		}
	}
	if err != nil {
		c.bodyFailed(err)
		c.keep = false
		c.dropServer()
		return
	}
	c.finishUpload()
	ok := c.reusable()
	c.look()
	c.releaseServer(ok)
	c.leaveServer()
}

// moreUntilClose lets a head without a body byte wait for nothing.
func (c *conn) moreUntilClose(head []byte) []byte { return head }

func trailerSize(b *body) uint64 {
	if b.framing != tx.Chunked || !b.done {
		return 0
	}
	n := 1
	for i := range b.ch.Trailers.Fields {
		n += len(b.ch.Trailers.Fields[i].Name) + len(b.ch.Trailers.Fields[i].Value)
	}
	return uint64(n)
}

// finishUpload waits for the end of a request whose response came first.
func (c *conn) finishUpload() {
	if !c.upl.running {
		return
	}
	if c.rp.Flags&h1.ConnClose != 0 {
		c.keep = false
		c.stopUpload()
		return
	}
	switch f := c.waitUpload(); f {
	case okay:
	case sendFailed:
		c.keep = false
	default:
		c.keep = false
		c.t.Term = [2]byte{judge(f).cause, 'L'}
		c.be.st.CliAborts.Add(1)
		c.srv.s.Stats.CliAborts.Add(1)
	}
}

// errServer wraps what went wrong on the server's side of a transfer.
type serverError struct{ err error }

func (e *serverError) Error() string { return e.err.Error() }
func (e *serverError) Unwrap() error { return e.err }

// copyBody streams the response's body until its end.
func (c *conn) copyBody() error {
	b, f := &c.resBody, &c.resOut
	to := c.serverTimeout()
	for !b.finished() {
		if n, ok := b.worth(c.fe.spliceRes || c.be.spliceRes); ok && f.zip == nil && f.keep == nil {
			done, err := f.splice(b, n, to, c.clientTimeout(), func(k uint64) {
				c.fe.st.H1.SplicedOut.Add(k)
				c.be.st.H1.SplicedIn.Add(k)
			})
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		if f.zip == nil && f.keep == nil && b.bulky() {
			return f.bulk(b, &c.e.bulks, to, c.clientTimeout())
		}
		if len(b.ready()) == 0 && !c.fillWatching(after(time.Now(), to)) && !b.done {
			err := b.err
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return &serverError{err}
		}
		if err := f.pass(b, nil, c.writeDeadline()); err != nil {
			return err
		}
	}
	return nil
}

// fillWatching is fill on the response's body; when the server makes it wait
// for long, it begins to look whether the client is still there.
func (c *conn) fillWatching(deadline time.Time) bool {
	b := &c.resBody
	if c.watched {
		return b.fill(deadline)
	}
	short := time.Now().Add(watchAfter)
	if !deadline.IsZero() && deadline.Before(short) {
		return b.fill(deadline)
	}
	if b.fill(short) || b.done || !isTimeout(b.err) {
		return b.err == nil
	}
	b.err = nil
	c.watch()
	return b.fill(deadline)
}

// bodyFailed turns an error of the transfer into a termination state.
func (c *conn) bodyFailed(err error) {
	var se *serverError
	cause := byte('C')
	switch {
	case c.aborted.Load():
		if c.resBody.framing == tx.UntilClose { // who reads until the end decides where that is
			return
		}
	case errors.As(err, &se) && c.upl.failed() != okay:
		cause = judge(c.upl.failed()).cause
	case errors.As(err, &se) && isTimeout(err):
		cause = 's'
	case errors.As(err, &se) && errors.Is(err, errBadBody):
		cause = 'P'
	case errors.As(err, &se):
		cause = 'S'
	case isTimeout(err):
		cause = 'c'
	}
	c.t.Term = [2]byte{cause, 'D'}
	switch cause {
	case 'S', 's', 'P':
		c.be.st.SrvAborts.Add(1)
		c.srv.s.Stats.SrvAborts.Add(1)
	default:
		c.be.st.CliAborts.Add(1)
		if c.srv != nil {
			c.srv.s.Stats.CliAborts.Add(1)
		}
	}
}
