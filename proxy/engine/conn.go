package engine

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

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
	c.cli.Conn, c.cli.fd, c.cli.raw = nil, nil, nil
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
