package engine

import (
	"bytes"
	"errors"
	"os"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/h2"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
	"tandem/stats"
)

// muxed is what a client connection adds when it carries streams (HTTP/2): it
// reads frames, and each stream is a conn of its own, with parent set.
type muxed struct {
	c *h2.Conn
}

// h2Tuning is the part of the tune.h2.* words that both sides share, for one.
type h2Tuning struct {
	maxStreams, window, maxTotal uint32
	rxBuf, glitches              int
}

func newH2Tuning(rt *setup, side string, tune func(name string, def int) int) h2Tuning {
	common := tune("h2.max-concurrent-streams", 100)
	win := tune("h2.initial-window-size", 16384)
	return h2Tuning{
		maxStreams: uint32(tune("h2."+side+".max-concurrent-streams", common)),
		window:     uint32(tune("h2."+side+".initial-window-size", win)),
		maxTotal:   uint32(tune("h2."+side+".max-total-streams", 0)),
		rxBuf:      tune("h2."+side+".rxbuf", 100*rt.bufSize),
		glitches:   tune("h2."+side+".glitches-threshold", 0),
	}
}

// config makes what one connection may do of the tuning.
func (h *h2Tuning) config(rt *setup) h2.Config {
	return h2.Config{
		MaxStreams: h.maxStreams, Window: h.window, MaxTotal: h.maxTotal, RxBuf: h.rxBuf, Glitches: h.glitches,
		FrameSize: uint32(rt.h2Frame), TableSize: uint32(rt.h2Table),
		MaxHead: rt.bufSize - rt.maxRewrite, MaxHeaders: rt.maxHeaders, NoExtConnect: rt.noExtConnect,
	}
}

// speaksH2 says whether the connection was agreed to be HTTP/2.
func (c *conn) speaksH2() bool {
	b := c.sess.Listener.Bind
	switch {
	case b != nil && b.Proto != "":
		return b.Proto == "h2"
	case c.sess.TLS != nil:
		return c.sess.TLS.NegotiatedProtocol == "h2"
	}
	return false
}

// priorKnowledge looks whether the client begins with HTTP/2's preface
// (RFC 9113 3.3), waiting for the rest of it where it begins like that.
func (c *conn) priorKnowledge(deadline time.Time) bool {
	in := c.in
	const least = len("PRI ")
	for in.w-in.r >= least {
		got := in.b[in.r:in.w]
		switch {
		case len(got) >= len(h2.Preface):
			return bytes.HasPrefix(got, prefaceBytes)
		case !bytes.HasPrefix(prefaceBytes, got):
			return false
		}
		n, _ := c.cli.read(in.b[in.w:], deadline)
		if n == 0 {
			return false
		}
		in.w += n
	}
	return false
}

var prefaceBytes = []byte(h2.Preface)

// frames is a client connection as the multiplexer uses it.
type frames struct{ c *conn }

// Recv implements h2.Wire. An interrupt means that the connection shall end
// gracefully.
func (f frames) Recv(b []byte, deadline time.Time) (int, error) {
	n, err := f.c.cli.read(b, deadline)
	if n == 0 && isTimeout(err) && f.c.cli.interrupted() && !f.c.cutting.Load() {
		f.c.cli.revive()
		f.c.mux.c.GoAway()
		return 0, os.ErrDeadlineExceeded
	}
	return n, err
}

// Send implements h2.Wire.
func (f frames) Send(b []byte, deadline time.Time) error { return f.c.cli.write(b, deadline) }

// Kick implements h2.Wire.
func (f frames) Kick() { f.c.cli.rearm() }

// serveH2 serves the connection as HTTP/2 until its end.
func (c *conn) serveH2() {
	cfg := c.rt.h2fe.config(c.rt)
	st := &c.fe.st.H2
	cfg.Stats = st
	cfg.Go = c.e.crew.run
	cfg.WriteEnd = func() time.Time { return after(time.Now(), c.fe.p.Timeouts.Client) }
	cfg.Accept = c.acceptStream
	cfg.Refused = c.refusedStream
	cfg.Glitch = func() {
		c.streamMu.Lock()
		c.sess.Glitches++
		c.sess.CountGlitch(time.Now())
		c.streamMu.Unlock()
	}
	cfg.Idle = func(first bool) time.Duration {
		if first {
			return c.fe.reqT
		}
		return c.fe.kaT
	}
	cfg.Close = c.closeH2
	c.sess.Version = 20
	c.mux.c = h2.New(frames{c}, cfg)
	st.OpenConns.Add(1)
	st.Conns.Add(1)
	defer st.OpenConns.Add(-1)
	c.cli.revive()
	c.e.rested.Add(1) // its streams' memory is to be given back, too
	c.idle.Store(true)
	if c.e.drain.Load() {
		c.mux.c.GoAway()
	}
	var first []byte
	if in := c.in; in != nil {
		first = append(first, in.b[in.r:in.w]...)
		c.e.bufs.put(in)
		c.in = nil
	}
	_ = c.mux.c.Serve(first)
	c.idle.Store(false)
	c.mux.c = nil
}

// closeH2 ends the connection; a client that is told of a fault can read that
// although it may still be sending.
func (c *conn) closeH2(err error) {
	var he *h2.Error
	if errors.As(err, &he) && !c.cutting.Load() {
		c.linger()
	}
	c.cli.Close()
}

// refusedStream counts and logs a request that could not be understood.
func (c *conn) refusedStream(conn bool) {
	now := time.Now()
	st := c.fe.st
	st.ReqErr.Add(1)
	c.sess.Listener.Stats.ReqErr.Add(1)
	c.streamMu.Lock()
	c.sess.CountError(now)
	c.streamMu.Unlock()
	if c.rt.h2LogErrors == "none" || c.rt.h2LogErrors == "connection" && !conn {
		return
	}
	t := &c.t
	t.Reset()
	t.Now, t.Time.Start, t.Time.Date, t.Time.End = now, now, now, now
	t.Status, t.Term = 400, [2]byte{'P', 'R'}
	c.logged = false
	c.logTxAs(logs.SessError, false)
}

// acceptStream gives a stream to a conn of its own. The reader calls it.
func (c *conn) acceptStream(s *h2.Stream) {
	x := c.e.free.Get().(*conn)
	x.beginStream(c, s)
	c.e.crew.run(x.serveStream)
}

// beginStream prepares x for a stream of c.
func (x *conn) beginStream(c *conn, s *h2.Stream) {
	e := c.e
	x.rt, x.fe, x.be, x.srv = c.rt, c.fe, nil, nil
	if rt := e.rt.Load(); rt != c.rt { // a new configuration: new streams go on with it
		if fe := rt.fronts[c.sess.Front]; fe != nil && fe.http {
			x.rt, x.fe = rt, fe
		}
	}
	x.parent, x.st = c, s
	x.cli.init(s)
	x.src, x.dst = c.src, c.dst
	now := time.Now()
	vars := x.sess.Vars
	c.streamMu.Lock()
	idle := c.sess.HandshakeDone
	if c.sess.Requests > 0 {
		idle = c.since
	}
	c.since = now
	c.sess.Requests++
	x.sess = c.sess
	vars.CopyFrom(&c.sess.Vars)
	c.streamMu.Unlock()
	x.sess.Vars = vars
	x.sess.ID = e.nextID.Add(1)
	x.sess.Src, x.sess.Dst = c.src, c.dst
	x.keep, x.closing, x.logged, x.up, x.rests = true, false, false, nil, false
	x.idle.Store(false)
	x.cutting.Store(false)
	x.use.cause.Store(0)
	x.at = now
	t := &x.t
	t.Reset()
	x.setCaptures()
	t.Req, s.Head = s.Head, t.Req
	t.Now, t.Time.Start, t.Time.Date, t.Time.Request = now, now, now, now
	if t.Time.Idle = now.Sub(idle); t.Time.Idle < 0 {
		t.Time.Idle = 0
	}
	e.mu.Lock()
	e.live[x] = struct{}{}
	e.mu.Unlock()
}

// serveStream takes the stream's request to its end.
func (x *conn) serveStream() {
	t, s := &x.t, x.st
	t.HasReq = true
	t.Bytes.ReqIn = htxSize(&t.Req)
	x.p.Reset()
	x.p.Major, x.p.Minor = 2, 0
	x.streamFlags()
	if t.Req.Framing != tx.NoBody {
		x.in = x.e.bufs.get()
		x.reqBody.startStream(&x.cli, x.in, &t.Req, s)
	} else {
		x.reqBody.start(&x.cli, &noBuffer, &t.Req, x.p.Options)
	}
	if s.Flags&h2.BadStart != 0 {
		x.badStream()
	} else {
		x.transact()
	}
	x.finishTransaction()
	x.endStream()
}

// noBuffer stands for the buffer of a message without a body; nobody writes to it.
var noBuffer buffer

// badStream answers a request that no rule may see.
func (x *conn) badStream() {
	t, st := &x.t, x.fe.st
	x.sent = false
	t.LogURI = appendLogURI(t.LogURI[:0], &t.Req, &x.p, x.rt)
	st.ReqTot.Add(1)
	st.ReqVersion.Add(stats.HTTP2)
	st.ReqErr.Add(1)
	x.sess.CountError(t.Now)
	t.HasReq = false
	t.Term = [2]byte{'P', 'R'}
	x.reply(x.errorReply(400))
}

// endStream gives everything back and lets go of the stream.
func (x *conn) endStream() {
	c, s, e := x.parent, x.st, x.e
	x.releaseServer(false)
	for _, up := range x.mine {
		up.Close()
	}
	x.mine = x.mine[:0]
	c.streamMu.Lock()
	c.sess.Vars.CopyFrom(&x.sess.Vars)
	c.streamMu.Unlock()
	e.mu.Lock()
	delete(e.live, x)
	e.mu.Unlock()
	x.parent, x.st = nil, nil
	x.reqBody.mux, x.resOut.mux = nil, nil
	x.recycle()
	s.Close() // from here on c may end, and serve another connection
	if e.drain.Load() {
		e.mu.Lock()
		if _, ok := e.live[c]; ok {
			c.wakeIdle()
		}
		e.mu.Unlock()
	}
}

// version is what statistics call the client's protocol.
func (c *conn) version() stats.Version {
	if c.st != nil {
		return stats.HTTP2
	}
	return stats.HTTP1
}

// loadH2 takes what the configuration says about HTTP/2.
func (rt *setup) loadH2(cfg *config.Config) {
	n := func(name string, def int) int { return tune(cfg, name, def) }
	rt.h2fe, rt.h2be = newH2Tuning(rt, "fe", n), newH2Tuning(rt, "be", n)
	rt.h2Frame = n("h2.max-frame-size", 16384)
	rt.h2Table = n("h2.header-table-size", 4096)
	rt.h2LogErrors = cfg.Global.TuneText["h2.log-errors"]
	rt.noExtConnect = n("h2-workaround-bogus-websocket-clients", 0) > 0
}
