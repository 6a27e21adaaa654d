package engine

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"tandem/proxy/fcgi"
	"tandem/proxy/filter"
	"tandem/proxy/h1"
	"tandem/proxy/h2"
	"tandem/proxy/tx"
)

// muxStream is one exchange on a connection that carries several: of HTTP/2
// or FastCGI. It is a net.Conn of the bodies' bytes.
type muxStream interface {
	net.Conn
	Request(m *tx.Message, end bool) error
	ReadHead(m *tx.Message, deadline time.Time) error
	Answered() bool // the server answered something
	Send(p []byte, last bool, deadline time.Time) error
	SendTrailers(fields []tx.Field) error
	Trailers() *tx.Message
	Ended() bool    // all was read
	Buffered() bool // a Read would not wait
}

// muxer is a connection that carries streams.
type muxer interface {
	Usable() (ok bool, streams int)
	GoAway()
}

// muxConn is a connection to a server that many requests share.
type muxConn struct {
	sock
	mux     muxer
	open    func(limit int) muxStream // nil: it takes no more, now or for ever
	srv     *srv
	key     uint64 // which requests may share it
	uses    int    // requests sent; guarded by the pool's lock
	since   time.Time
	private bool // of one request: http-reuse never
}

// Recv implements h2.Wire.
func (m *muxConn) Recv(b []byte, deadline time.Time) (int, error) { return m.read(b, deadline) }

// Send implements h2.Wire.
func (m *muxConn) Send(b []byte, deadline time.Time) error { return m.write(b, deadline) }

// Kick implements h2.Wire.
func (m *muxConn) Kick() { m.rearm() }

// muxes are the shared connections to one server.
type muxes struct {
	mu   sync.Mutex
	list []*muxConn
}

// open begins a stream on a connection with that key; proven asks for one that
// carried other requests before.
func (p *muxes) open(key uint64, proven bool, limit, maxReuse int) (*muxConn, muxStream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.list {
		if m.key != key || proven && m.uses < 2 || maxReuse >= 0 && m.uses > maxReuse {
			continue
		}
		if s := m.open(limit); s != nil {
			m.uses++
			m.since = time.Now()
			return m, s
		}
	}
	return nil, nil
}

func (p *muxes) add(m *muxConn) {
	p.mu.Lock()
	p.list = append(p.list, m)
	p.mu.Unlock()
}

func (p *muxes) remove(m *muxConn) {
	p.mu.Lock()
	if i := slices.Index(p.list, m); i >= 0 {
		p.list = slices.Delete(p.list, i, i+1)
	}
	p.mu.Unlock()
}

// retire says goodbye on one connection that carries nothing.
func (p *muxes) retire() {
	p.mu.Lock()
	var idle *muxConn
	for _, m := range p.list {
		if ok, n := m.mux.Usable(); ok && n == 0 {
			idle = m
			break
		}
	}
	p.mu.Unlock()
	if idle != nil {
		idle.mux.GoAway()
		idle.Kick()
	}
}

// sweep says goodbye on connections that carry nothing since before, and on
// those that may carry no more.
func (p *muxes) sweep(before time.Time, maxReuse int) {
	p.mu.Lock()
	var old []*muxConn
	for _, m := range p.list {
		ok, n := m.mux.Usable()
		if n == 0 && (!ok || m.since.Before(before) || maxReuse >= 0 && m.uses > maxReuse) {
			old = append(old, m)
		}
	}
	p.mu.Unlock()
	for _, m := range old {
		m.mux.GoAway()
		m.Kick()
	}
}

// wantsH2 says whether a request to s goes by HTTP/2 before anything is
// negotiated.
func (c *conn) wantsH2(s *srv) bool {
	p := s.s.Params
	if p == nil || !c.sess.HTTP || s.fcgi || c.needsH1(s) {
		return false
	}
	return p.Proto == "h2" || p.Proto == "" && p.TLS.Enabled && slices.Contains(p.TLS.ALPN, "h2")
}

// needsH1 says whether a request for a websocket must go by HTTP/1: the
// default where the protocol is negotiated and HTTP/1 offered ("ws",
// configuration manual 5.2).
func (c *conn) needsH1(s *srv) bool {
	p := s.s.Params
	if c.p.Flags&h1.ConnUpgrade == 0 {
		return false
	}
	ws := c.p.Flags&h1.WebSocket != 0
	switch {
	case p.Proto != "":
		return p.WebSocket == "h1" && ws
	case !ws, p.WebSocket == "h2":
		return false
	case p.WebSocket == "h1":
		return true
	}
	return slices.Contains(p.TLS.ALPN, "http/1.1")
}

// sharedStream begins a stream on a connection that other requests use, too.
func (c *conn) sharedStream(s *srv, key uint64) *upConn {
	first := c.sess.Requests <= 1
	if c.be.reuse == reuseNever || first && c.be.reuse == reuseSafe {
		return nil
	}
	limit := int(c.rt.h2be.maxStreams)
	if s.fcgi && c.be.reuse == reuseSafe { // what others use may keep a request waiting
		limit = 1
	}
	m, st := s.pool.muxes.open(key, first && c.be.reuse == reuseAggressive, limit, maxReuse(s))
	if st == nil {
		return nil
	}
	return c.streamConn(m, st)
}

func maxReuse(s *srv) int {
	if p := s.s.Params; p != nil {
		return p.MaxReuse
	}
	return -1
}

func (c *conn) streamConn(m *muxConn, st muxStream) *upConn {
	up := &upConn{srv: m.srv, key: m.key, mux: st, muxConn: m}
	up.init(st)
	return up
}

// startMux makes an HTTP/2 connection of a new one and begins a stream on it.
func (c *conn) startMux(nc net.Conn, s *srv, key uint64) *upConn {
	m := &muxConn{srv: s, key: key, uses: 1, since: time.Now(), private: c.be.reuse == reuseNever}
	m.init(nc)
	cfg := c.rt.h2be.config(c.rt)
	be, to := c.be.st, c.be.p.Timeouts.Server
	cfg.Client = true
	cfg.Stats = &be.H2
	cfg.Go = c.e.crew.run
	cfg.WriteEnd = func() time.Time { return after(time.Now(), to) }
	cfg.Close = func(error) { m.Close() }
	hc := h2.New(m, cfg)
	m.mux, m.open = hc, func(limit int) muxStream {
		if st := hc.Open(limit); st != nil {
			return st
		}
		return nil
	}
	be.H2.OpenConns.Add(1)
	be.H2.Conns.Add(1)
	p := &s.pool.muxes
	hc.Start(func(error) {
		p.remove(m)
		be.H2.OpenConns.Add(-1)
	})
	st := m.open(int(c.rt.h2be.maxStreams) + 1)
	hc.Ready()
	if st == nil {
		return nil
	}
	if !m.private {
		p.add(m)
	}
	return c.streamConn(m, st)
}

// releaseStream ends the use of a stream; its connection goes on. Done says
// that the response was read to its end.
func (up *upConn) releaseStream(done bool) {
	if st, ok := up.mux.(*fcgi.Stream); ok && done {
		st.Finish()
	}
	up.mux.Close()
	if up.muxConn.private {
		up.muxConn.mux.GoAway()
		up.muxConn.Kick()
	}
}

// roundTripMux sends the request on the stream and reads the response's head.
func (c *conn) roundTripMux(m *tx.Message) failure {
	t, up, b := &c.t, c.up, &c.reqBody
	st := up.mux
	c.upgradeToH2(m)
	c.rp.Options = c.parserOptions()
	c.rp.Reset()
	c.reqOut.dst, c.reqOut.mux, c.reqOut.chunked, c.reqOut.drop, c.reqOut.sent = &up.sock, st, false, c.be.dropTrail, 0
	if c.zip.req != filter.Off && c.reqOut.zip == nil {
		c.reqOut.zip = filter.NewCompressor(c.zip.req, c.rt.zipLevel)
	}
	b.prefetch()
	now := c.at
	to := c.serverTimeout()
	tunnel := c.p.Flags&h1.ConnUpgrade != 0 || string(t.Req.Method) == "CONNECT"
	c.wireMethod = t.Req.Method
	if s, ok := st.(*h2.Stream); ok && c.p.Flags&h1.ConnUpgrade != 0 && (!s.ExtConnect(after(now, to)) || t.Req.Framing != tx.NoBody) {
		s.Refuse()
		return junkAnswer
	}
	if err := st.Request(m, !tunnel && b.over(c.be.dropTrail)); err != nil {
		return sendFailed
	}
	switch data := b.readyBytes(); {
	case tunnel || b.over(c.be.dropTrail):
	case b.done && c.reqOut.zip == nil && (c.be.dropTrail || len(b.trailers()) == 0): // kept for another attempt
		if st.Send(data, true, after(now, to)) != nil {
			return c.readMux(now, to)
		}
	default:
		c.bodySent = true
		if c.reqOut.pass(b, nil, after(now, to)) != nil {
			return c.readMux(now, to)
		}
		c.startUpload(to)
	}
	return c.readMux(now, to)
}

// readyBytes is ready for bodies that may have no buffer.
func (b *body) readyBytes() []byte {
	if b.buf == nil {
		return nil
	}
	return b.ready()
}

// readMux waits for the final head of the response, as readResponse does.
func (c *conn) readMux(start time.Time, to time.Duration) failure {
	t, st := &c.t, c.up.mux
	wait := c.silent(start, to)
	defer wait.end()
	for {
		err := c.up.readHead(&t.Res, wait.until())
		if err == nil && t.Res.Status >= 200 {
			if f, ok := st.(*fcgi.Stream); ok {
				c.fcgiHead(f)
			} else {
				c.muxUpgraded()
			}
			return first(c.finalHead())
		}
		if err == nil {
			if !c.passInterim() {
				return clientGone
			}
			wait.broken()
			continue
		}
		f, on := wait.judge(err)
		var he *h2.Error
		switch {
		case f != okay:
			return f
		case on:
		case errors.As(err, &he) && !he.Remote, errors.Is(err, fcgi.ErrBadHead), errors.Is(err, fcgi.ErrTooLong):
			return junkAnswer
		case errors.As(err, &he) && he.Code == h2.RefusedStream && !st.Answered():
			t.SrvReused = true // nothing was done: another attempt costs nothing
			return emptyAnswer
		default:
			return emptyAnswer
		}
	}
}

func first(f failure, _ bool) failure { return f }

// readHead is ReadHead on a connection that others may interrupt.
func (up *upConn) readHead(m *tx.Message, deadline time.Time) error {
	up.sock.mu.Lock()
	killed := up.sock.killed
	up.sock.mu.Unlock()
	if killed {
		return errInterrupted
	}
	return up.mux.ReadHead(m, deadline)
}

// errInterrupted ends a wait that another goroutine gave up.
var errInterrupted = errors.New("interrupted")

// agreedH2 says whether a new connection to s speaks HTTP/2.
func (c *conn) agreedH2(s *srv, nc net.Conn) bool {
	if !c.wantsH2(s) {
		return false
	}
	if s.s.Params.Proto == "h2" {
		return true
	}
	tc, ok := nc.(*tls.Conn)
	return ok && tc.ConnectionState().NegotiatedProtocol == "h2"
}

// chunksToClient says whether a response that came on a stream without a
// length goes on in chunks.
func (c *conn) chunksToClient() bool {
	return c.resBody.mux != nil && c.t.Res.Framing == tx.Chunked && c.st == nil && c.sess.Version >= 11
}
