package engine

import (
	"time"

	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
)

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
