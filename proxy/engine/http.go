package engine

import (
	"time"

	"tandem/proxy/h1"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
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

// close ends the connection without an answer.
func (c *conn) close() { c.keep = false }
