package engine

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tandem/proxy/action"
	"tandem/proxy/fcgi"
	"tandem/proxy/h1"
	"tandem/proxy/h2"
	"tandem/proxy/listen"
	"tandem/proxy/pattern"
	"tandem/proxy/server"
	"tandem/proxy/tx"
	"tandem/stats"
)

// conn is one client connection with the transaction that it carries. It is
// pooled; one goroutine at a time owns it, save where a field says otherwise.
type conn struct {
	e    *Engine
	rt   *setup
	fe   *front
	be   *back
	cli  sock
	in   *buffer // client bytes; nil while the connection is idle
	out  *buffer // what is being written to the client
	sess tx.Session
	t    tx.Tx
	p    h1.Parser // requests
	rp   h1.Parser // responses

	up         *upConn // to the server, while a transaction uses it
	mux        muxed
	parent     *conn          // of a stream: the connection that carries it
	st         *h2.Stream     // of a stream
	streamMu   sync.Mutex     // of a connection with streams: guards sess
	mine       []*upConn      // kept for this client alone (http-reuse never, NTLM)
	src, dst   netip.AddrPort // of the session, before rules of a request change them
	headReq    bool           // the client asked with HEAD, whatever rules made of it
	srv        *srv
	slot       slot
	reqBody    body
	resBody    body
	reqOut     framed
	resOut     framed
	zip        compression
	rel        *relay // nil until it is needed
	keep       bool   // the client connection may carry another request
	idle       atomic.Bool
	idleAt     atomic.Int64 // since when, in ns; 0: it must not go to rest
	since      time.Time    // of a conn that rested: when its wait began
	at         time.Time    // when the clock was last read; nothing was waited for since
	settled    bool         // the transaction is counted and has let the server go
	spent      *buffer      // of a server connection that was let go; the last bytes may be in it
	rests      bool         // the connection goes on as a resting
	cutting    atomic.Bool
	sent       bool // a response head went to the client
	reqDone    bool // the request's end was forwarded
	aborted    atomic.Bool
	backSeen   bool // counted in the backend
	srvSeen    bool // counted in the server
	inspecting bool // rules of TCP mode run: PeekRequest may look
	caps       [2][][]byte
	capMem     [2][]byte
	lineBuf    []byte
	upl        upload
	wireMethod []byte       // as the server got it
	wsKey      []byte       // of a websocket that came by HTTP/2
	params     []fcgi.Param // for an application
	asked      []asking     // of agents
	closing    bool         // no further request: a limit or a drain says so
	logged     bool
	sni        string

	cookieServer *server.Server // named by the persistence cookie
	cookieDate   []byte         // dates behind the cookie's value
	bodySent     bool           // parts of the request's body cannot be sent again
	watched      bool           // a goroutine looks after the client
	watchDone    chan struct{}
	place        server.Place // in a queue
	use          usage        // of a server, for those who end sessions
}

func newConn(e *Engine) *conn {
	c := &conn{e: e}
	c.t.Sess, c.t.Conn = &c.sess, c
	c.reqOut.told, c.resOut.told = e.compressed, e.compressed
	c.resOut.last = c.ahead
	return c
}

// ServeConn serves one accepted connection until it is over and closes it.
func (e *Engine) ServeConn(nc net.Conn, l *listen.Listener) {
	e.conns.Add(1)
	e.serve(nc, netip.AddrPort{}, l)
}

// serve is ServeConn for a connection that is counted and whose peer may be
// known already.
func (e *Engine) serve(nc net.Conn, peer netip.AddrPort, l *listen.Listener) {
	rt := e.rt.Load()
	fe := rt.fronts[l.Front]
	if fe == nil {
		nc.Close()
		e.conns.Done()
		return
	}
	c := e.free.Get().(*conn)
	c.begin(rt, fe, nc, peer, l)
	e.mu.Lock()
	e.live[c] = struct{}{}
	e.mu.Unlock()
	e.slots.add(1)
	defer c.end()
	c.serve()
}

func (c *conn) begin(rt *setup, fe *front, nc net.Conn, peer netip.AddrPort, l *listen.Listener) {
	now := time.Now()
	c.rt, c.fe, c.be = rt, fe, nil
	c.cli.init(nc)
	if fe.cliKA {
		c.control(func(fd int) { setKeepAlive(fd, fe.p.ClientTCPKA) })
	}
	vars := c.sess.Vars
	vars.Reset()
	c.sess = tx.Session{ID: c.e.nextID.Add(1), Front: fe.f, Listener: l, Proc: rt.cfg.Proc, Vars: vars,
		Accepted: now, HandshakeDone: now, HTTP: fe.http, Version: 11, Codes: rt.codes()}
	c.sess.RealSrc, c.sess.RealDst = peer, l.Fixed()
	if !peer.IsValid() {
		c.sess.RealSrc = addrPort(nc.RemoteAddr())
	}
	if !c.sess.RealDst.IsValid() {
		local := nc.LocalAddr()
		c.sess.RealDst = addrPort(local)
		if u, ok := local.(*net.UnixAddr); ok {
			c.sess.UnixPath = u.Name
		}
	}
	c.sess.Src, c.sess.Dst = c.sess.RealSrc, c.sess.RealDst
	c.t.Reset()
	c.at, c.t.Now, c.t.Time.Start, c.t.Time.Date = now, now, now, now
	c.keep, c.closing, c.logged, c.up = true, false, false, nil
	c.idle.Store(false)
	c.cutting.Store(false)
	c.use.cause.Store(0)
	c.setCaptures()
	ms := c.e.nowMS(now)
	st := fe.st
	st.ConnTot.Add(1)
	st.ConnRate.Add(ms, 1)
	st.Sess.Add(1)
	l.Stats.Sess.Add(1)
	l.Stats.ConnTot.Add(1)
	pr := c.e.deps.Process
	pr.Conns.Add(1)
	pr.ConnTot.Add(1)
	pr.ConnRate.Add(ms, 1)
}

// end gives everything back.
func (c *conn) end() {
	if c.rests {
		c.lieDown()
		return
	}
	c.sess.EndTracking(time.Now())
	c.releaseServer(false)
	for _, up := range c.mine {
		up.Close()
	}
	c.mine = c.mine[:0]
	if c.fe.noLinger {
		c.cli.noLinger()
	}
	c.fe.st.Sess.Add(-1)
	c.sess.Listener.Stats.Sess.Add(-1)
	c.e.deps.Process.Conns.Add(-1)
	e := c.e
	e.mu.Lock()
	delete(e.live, c)
	e.mu.Unlock()
	c.cli.Close() // whoever sees it finds the connection counted no more
	c.recycle()
	e.slots.add(-1)
	e.conns.Done()
}

// recycle gives c to the next connection.
func (c *conn) recycle() {
	c.dropBuffers()
	c.cli.Conn, c.cli.fd = nil, nil
	c.sess.Listener, c.sess.TLS, c.sess.Proxy = nil, nil, nil
	c.t.Reply = nil
	c.rests, c.since = false, time.Time{}
	c.idleAt.Store(0)
	c.e.free.Put(c)
}

func (c *conn) dropBuffers() {
	c.e.bufs.put(c.in)
	c.e.bufs.put(c.out)
	c.in, c.out = nil, nil
}

// wakeIdle ends a connection that waits for a request; other goroutines call it.
func (c *conn) wakeIdle() {
	if c.idle.Load() {
		c.cli.interrupt()
	}
}

// cut ends the connection at once; other goroutines call it.
func (c *conn) cut() {
	c.cutting.Store(true)
	c.cli.Conn.Close()
}

func addrPort(a net.Addr) netip.AddrPort {
	switch x := a.(type) {
	case *net.TCPAddr:
		p := x.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// serve runs the session: rules of the connection, handshakes, then requests.
func (c *conn) serve() {
	p := c.fe.p
	if src := c.sess.Src; c.rt.noLowPorts && src.Port() > 0 && src.Port() < 1024 {
		return
	}
	if len(p.TCPConnection) > 0 {
		if v, _ := p.TCPConnection.Run(&c.t, 0, true); v != action.Continue && v != action.Stop {
			c.refuse(v, &c.fe.st.DeniedConn)
			return
		}
	}
	for i := range p.Raw {
		if a := &p.Raw[i]; a.Cond == nil || a.Cond.Eval(&c.t) == pattern.Pass {
			c.answerRaw(a.Bytes)
			return
		}
	}
	c.sess.RealSrc, c.sess.RealDst = c.sess.Src, c.sess.Dst
	if !c.handshakes() {
		return
	}
	now := time.Now()
	c.sess.HandshakeDone = now
	if len(p.TCPSession) > 0 {
		if v, _ := p.TCPSession.Run(&c.t, 0, true); v != action.Continue && v != action.Stop {
			c.refuse(v, &c.fe.st.DeniedSess)
			return
		}
	}
	c.sess.CountSession(now)
	c.src, c.dst = c.sess.Src, c.sess.Dst
	ms := c.e.nowMS(now)
	c.fe.st.SessTot.Add(1)
	c.fe.st.SessRate.Add(ms, 1)
	c.e.deps.Process.SessRate.Add(ms, 1)
	c.sess.Listener.Stats.SessTot.Add(1)
	if c.fe.http {
		if c.speaksH2() {
			c.fe.st.SessVersion.Add(stats.HTTP2)
			c.serveH2()
			return
		}
		c.fe.st.SessVersion.Add(stats.HTTP1)
		c.serveHTTP()
		return
	}
	c.fe.st.SessVersion.Add(stats.OtherVersion)
	c.serveTCP()
}

// answerRaw sends what a monitor waits for. What the client may have sent
// before it closes, within a second, is thrown away: unread it would turn the
// close into a reset, which can overtake the answer.
func (c *conn) answerRaw(b []byte) {
	c.cli.SetDeadline(time.Now().Add(time.Second))
	if len(b) > 0 {
		c.cli.Conn.Write(b)
		c.cli.closeWrite()
		io.Copy(io.Discard, io.LimitReader(c.cli.Conn, 1<<16))
	}
	c.close()
}

// refuse ends a session that a layer 4 rule does not want.
func (c *conn) refuse(v action.Verdict, n *stats.Counter) {
	n.Add(1)
	if r := c.t.Reply; v == action.Answer && r != nil {
		if r.Silent {
			c.silentDrop(r)
			return
		}
		if r.Rst {
			c.cli.reset()
		}
	}
}

// silentDrop closes the connection without a word to the client
// (configuration manual 4.3, silent-drop): a socket in repair mode sends
// nothing when it is closed. Where that needs rights that we lack, and with
// "rst-ttl", a reset leaves that lives for so many hops only.
func (c *conn) silentDrop(r *tx.Reply) {
	if c.parent != nil {
		c.parent.silentDrop(r)
		return
	}
	ttl := r.RstTTL
	c.control(func(fd int) {
		if ttl == 0 {
			if unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) == nil {
				return
			}
			ttl = 1
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, ttl)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, ttl)
	})
	c.cli.reset()
}

// handshakes reads a PROXY header and negotiates TLS where the listener says so.
func (c *conn) handshakes() bool {
	l := c.sess.Listener
	hs := c.fe.p.Timeouts.ClientHS
	if hs == 0 {
		hs = c.fe.p.Timeouts.Client
	}
	if l.Bind != nil && (l.Bind.AcceptProxy || c.sess.ExpectProxy) && c.e.deps.ReadProxy != nil {
		if hs > 0 {
			c.cli.SetDeadline(time.Now().Add(hs))
		}
		h, nc, err := c.e.deps.ReadProxy(c.cli.Conn, l)
		if err != nil {
			c.failHandshake("Received something which does not look like a PROXY protocol header")
			return false
		}
		c.cli.SetDeadline(time.Time{})
		c.cli.init(nc)
		c.sess.Proxy = h
		if h != nil && !h.Local {
			if h.Src.IsValid() {
				c.sess.Src = h.Src
			}
			if h.Dst.IsValid() {
				c.sess.Dst = h.Dst
			}
			if len(c.fe.p.TCPConnection) == 0 { // else its rules said what the connection's address is
				c.sess.RealSrc, c.sess.RealDst = c.sess.Src, c.sess.Dst
			}
		}
	}
	if c.e.deps.ServerTLS == nil {
		return true
	}
	cfg := c.e.deps.ServerTLS(l)
	if cfg == nil {
		return true
	}
	seen := &witness{Conn: c.cli.Conn}
	tc := tls.Server(seen, cfg)
	if hs > 0 {
		tc.SetDeadline(time.Now().Add(hs))
	}
	st, pr := c.fe.st, c.e.deps.Process
	pr.SSLTot.Add(1)
	if err := tc.Handshake(); err != nil {
		st.SSL.FailedHandshake.Add(1)
		c.failHandshake("SSL handshake failure")
		return false
	}
	tc.SetDeadline(time.Time{})
	state := tc.ConnectionState()
	if seen.leaf == nil && seen.hello != nil && cfg.GetCertificate != nil {
		cfg.GetCertificate(seen.hello) // a resumed session shows none; it tells which one it would be
	}
	c.sess.TLS, c.sess.OwnCert, c.sess.OwnCertFile = &state, seen.leaf, seen.file
	if seen.hello != nil && c.rt.keepHello {
		c.sess.TLSHello = tlsHello(seen.hello)
	}
	seen.hello = nil
	if len(state.PeerCertificates) > 0 && c.e.deps.ClientVerdict != nil {
		c.sess.Verdict = c.e.deps.ClientVerdict(l, &state)
	}
	st.SSL.Sess.Add(1)
	if state.DidResume {
		st.SSL.Reused.Add(1)
	}
	c.cli.init(tc)
	return true
}

func (c *conn) failHandshake(text string) {
	c.fe.st.ReqErr.Add(1)
	c.sess.Err = tx.ConnError{Code: 1, Text: text}
	c.logConnError()
}

// setCaptures gives the transaction its capture slots.
func (c *conn) setCaptures() {
	for i, n := range [2]int{len(c.fe.p.ReqCaptures), len(c.fe.p.ResCaptures)} {
		for len(c.caps[i]) < n {
			c.caps[i] = append(c.caps[i], nil)
		}
		clear(c.caps[i])
		c.capMem[i] = c.capMem[i][:0]
	}
	c.t.ReqCaps, c.t.ResCaps = c.caps[0][:len(c.fe.p.ReqCaptures)], c.caps[1][:len(c.fe.p.ResCaptures)]
}

// Client implements tx.Conn.
func (c *conn) Client() net.Conn {
	if c.parent != nil {
		return c.parent.cli.Conn
	}
	return c.cli.Conn
}

// BufferSize implements tx.Conn: what the body takes of the buffer is not
// there for heads.
func (c *conn) BufferSize() int {
	n := c.rt.bufSize
	for _, b := range [2]*body{&c.reqBody, &c.resBody} {
		if b.buf != nil && (b == &c.resBody) == c.t.HasRes {
			n -= b.d1 - b.d0
		}
	}
	return n
}

// MaxRewrite implements tx.Conn.
func (c *conn) MaxRewrite() int { return c.rt.maxRewrite }

// Body implements tx.Conn.
func (c *conn) Body(response bool) ([]byte, bool) {
	b := &c.reqBody
	if response {
		b = &c.resBody
	}
	if b.buf == nil {
		return nil, false
	}
	return b.ready(), b.done
}

// WaitBody implements tx.Conn.
func (c *conn) WaitBody(response bool, n int, timeout time.Duration) tx.BodyState {
	b := &c.reqBody
	if response {
		b = &c.resBody
	} else {
		c.continue100()
	}
	if b.buf == nil {
		return tx.BodyComplete
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	for {
		switch {
		case b.done:
			return tx.BodyComplete
		case n > 0 && b.d1-b.d0 >= n:
			return tx.BodyPartial
		case b.err != nil && isTimeout(b.err):
			b.err = nil
			return tx.BodyTimeout
		case b.err != nil:
			return tx.BodyError
		}
		if !b.fill(deadline) && !b.done && b.err == nil {
			return tx.BodyFull
		}
	}
}

// continue100 asks a client that waits for permission to send its body. Only
// needed where the proxy itself wants the body before a server is known.
func (c *conn) continue100() {
	if c.p.Flags&h1.Expect100 == 0 || c.sess.Version < 11 || c.reqBody.buf == nil || c.reqBody.done || c.reqBody.in > 0 {
		return
	}
	c.p.Flags &^= h1.Expect100
	if c.st != nil {
		_ = c.st.SendHead(&tx.Message{Status: 100}, false)
	} else {
		c.cli.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"), c.writeDeadline())
	}
	c.t.Req.DelID(tx.HdrExpect)
}

// Content implements tx.Conn.
func (c *conn) Content(response bool) ([]byte, bool) {
	if response {
		if c.up == nil || c.up.buf == nil {
			return nil, false
		}
		return c.up.buf.b[c.up.buf.r:c.up.buf.w], c.resBody.done
	}
	if c.in == nil {
		return nil, c.reqBody.done
	}
	return c.in.b[c.in.r:c.in.w], c.reqBody.done
}

// Interim implements tx.Conn.
func (c *conn) Interim(status int, fields []tx.Field) {
	if c.sess.Version < 11 {
		return
	}
	m := tx.Message{Status: status, Reason: []byte(tx.Reason(status)), Version: 11, Fields: fields}
	_ = c.interim(&m)
}

// look reads the clock, which costs as much as some of the smaller steps of a
// request: once after each wait is enough.
func (c *conn) look() time.Time {
	c.at = time.Now()
	return c.at
}

func (c *conn) adjust() h1.Adjust {
	if c.fe.adjust {
		return c.rt.adjust
	}
	return nil
}

// clientTimeout is "timeout client" as rules may have changed it.
func (c *conn) clientTimeout() time.Duration {
	if d := c.t.Settings.TimeoutClient; d != nil {
		return *d
	}
	return c.fe.p.Timeouts.Client
}

func (c *conn) writeDeadline() time.Time { return after(time.Now(), c.clientTimeout()) }

// after is now+d, or never for no timeout.
func after(now time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return now.Add(d)
}
