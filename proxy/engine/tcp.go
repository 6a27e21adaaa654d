package engine

import (
	"errors"
	"io"
	"time"

	"tandem/proxy/action"
	"tandem/proxy/config"
	"tandem/proxy/h1"
	"tandem/proxy/logs"
)

// serveTCP carries one session in TCP mode.
func (c *conn) serveTCP() {
	t := &c.t
	now := time.Now()
	t.Now, t.Time.Start, t.Time.Date = now, c.sess.Accepted, c.sess.Accepted
	t.Time.Request = now
	c.aborted.Store(false)
	c.backSeen, c.srvSeen, c.sent = false, false, false
	c.cookieServer = nil
	c.tcpSession()
	if c.sess.HTTP { // a rule switched: what was logged is the last request
		return
	}
	t.Time.End = time.Now()
	t.Now = t.Time.End
	c.releaseServer(false)
	c.leaveServer()
	c.endKilled()
	c.countEnd(t.Time.End)
	c.logTx()
	c.countTracked(&t.Bytes)
}

func (c *conn) tcpSession() {
	t := &c.t
	c.logStep(logs.Accept)
	c.asked = c.asked[:0]
	c.event(&c.fe.side, config.OnClientSession)
	c.event(&c.fe.side, config.OnFrontendTCP)
	if !c.inspect(c.fe.p) || c.switched() {
		return
	}
	if c.be = c.route(); c.be == nil {
		t.Term = [2]byte{'S', 'C'}
		return
	}
	c.enterBackend(c.e.nowMS(time.Now()))
	if c.be.p != c.fe.p {
		c.events(config.OnBackendTCP)
		if !c.inspect(c.be.p) {
			return
		}
	}
	if c.t.Settings.SwitchHTTP || c.be.p.Mode == "http" {
		c.be.st.Sess.Add(-1)
		c.backSeen = false
		c.t.Settings.SwitchHTTP = true
		c.switched()
		return
	}
	c.t.HasReq = false // what rules saw of a request is the server's business
	c.look()
	if f := c.connectTCP(); f != okay {
		v := judge(f)
		t.Term = [2]byte{v.cause, 'C'}
		if f == queueTimeout || f == queueFull {
			t.Term[1] = 'Q'
		}
		return
	}
	c.logASAP(logs.Connect)
	c.logStep(logs.Connect)
	c.storeSticks(false)
	c.events(config.OnServerSession)
	c.events(config.OnTCPResponse)
	var pending []byte
	if c.in != nil {
		pending = c.in.b[c.in.r:c.in.w]
	}
	var answer []byte
	if len(c.be.p.TCPResponse) > 0 {
		// The request's first bytes must reach the server before it can answer.
		if len(pending) > 0 {
			if c.up.write(pending, after(time.Now(), c.serverTimeout())) != nil {
				t.Term = [2]byte{'S', 'D'}
				return
			}
			t.Bytes.ReqIn += uint64(len(pending))
			c.in.r = c.in.w
			pending = nil
		}
		var ok bool
		if answer, ok = c.inspectResponse(); !ok {
			return
		}
	}
	c.tunnel(pending, answer)
}

// inspect runs tcp-request content rules, waiting for data as long as the
// inspect-delay allows.
func (c *conn) inspect(p *config.Proxy) bool {
	if len(p.TCPContent) == 0 {
		return true
	}
	t := &c.t
	c.inspecting = !c.sess.HTTP
	defer func() { c.inspecting = false }()
	deadline := time.Now().Add(p.InspectDelay)
	final := p.InspectDelay == 0
	from := 0
	for {
		t.Now = time.Now()
		v, i := p.TCPContent.Run(t, from, final)
		switch v {
		case action.Wait:
			from = i
			if c.in == nil {
				c.in = c.e.bufs.get()
			}
			if c.in.w == len(c.in.b) {
				final = true
				continue
			}
			n, err := c.cli.read(c.in.b[c.in.w:], deadline)
			c.in.w += n
			if n == 0 {
				final = true
				if !isTimeout(err) {
					c.reqBody.done = true
					if !errors.Is(err, io.EOF) {
						t.Term = [2]byte{'C', 'R'}
						return false
					}
				}
			}
		case action.Continue, action.Stop:
			t.Time.Request = time.Now()
			return true
		default:
			if t.Served { // a service had the connection
				return false
			}
			c.denied()
			t.Term = [2]byte{'P', 'R'}
			if v == action.Fail {
				t.Term[0] = 'I'
			}
			if t.Reply != nil && (t.Reply.Silent || t.Reply.Rst) {
				c.cli.reset()
			}
			return false
		}
	}
}

// PeekRequest finds a request's head in what the client of a session in TCP
// mode has sent so far; see sample.Peeker.
func (c *conn) PeekRequest() (has, undecided bool) {
	if !c.inspecting {
		return false, false
	}
	var data []byte
	if c.in != nil {
		data = c.in.b[c.in.r:c.in.w]
	}
	p := h1.Parser{Options: h1.Options{MaxHeaders: c.rt.maxHeaders, Limit: c.rt.bufSize - c.rt.maxRewrite}}
	n, err := p.Request(data, &c.t.Req)
	c.t.HasReq = n > 0 && err == nil
	return c.t.HasReq, err == nil && n == 0 && !c.reqBody.done
}

// inspectResponse runs tcp-response content rules and returns the bytes that
// it read for them.
func (c *conn) inspectResponse() ([]byte, bool) {
	t, p := &c.t, c.be.p
	c.up.buf = c.e.bufs.get()
	u := c.up.buf
	deadline := time.Now().Add(p.ResInspectDelay)
	final := p.ResInspectDelay == 0
	from := 0
	c.resBody.done = false
	for {
		t.Now = time.Now()
		v, i := p.TCPResponse.Run(t, from, final)
		switch v {
		case action.Wait:
			from = i
			n, err := c.up.read(u.b[u.w:], deadline)
			if u.w += n; n == 0 {
				final = true
				c.resBody.done = !isTimeout(err)
			}
			final = final || u.w == len(u.b)
		case action.Continue, action.Stop:
			out := append([]byte(nil), u.b[u.r:u.w]...)
			u.r = u.w
			return out, true
		default:
			c.be.st.DeniedResp.Add(1)
			t.Term = [2]byte{'P', 'D'}
			return nil, false
		}
	}
}

// connectTCP connects to a server with as many attempts as allowed.
func (c *conn) connectTCP() failure {
	t := &c.t
	retries := c.be.p.Retries
	if r := t.Settings.Retries; r != nil {
		retries = *r
	}
	var avoid *srv
	for n := 0; ; n++ {
		var f failure
		if avoid != nil {
			f = c.assign(avoid.s)
		} else {
			f = c.assign(nil)
		}
		if f == okay {
			if f = c.connect(c.srv, true); f == okay {
				c.up.uses++
				return okay
			}
			c.leaveServer()
		}
		if f == noServer || f == queueFull || f == queueTimeout || f == killed {
			return f
		}
		c.countFailure(f)
		if n >= retries || !c.be.retry.conn {
			return f
		}
		avoid = c.nextAttempt(f, n+1, retries)
		c.look()
	}
}

// switched goes on as an HTTP connection where a rule or the backend's mode
// says so ("switch-mode http").
func (c *conn) switched() bool {
	if !c.t.Settings.SwitchHTTP {
		return false
	}
	c.sess.HTTP = true
	c.nextTransaction()
	c.serveHTTP()
	return true
}
