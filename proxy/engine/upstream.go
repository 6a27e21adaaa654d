package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// releaseServer gives the server connection back to where it can be used
// again, or closes it.
func (c *conn) releaseServer(reusable bool) {
	if !c.use.leave() {
		reusable = false
	}
	up := c.up
	if up == nil {
		return
	}
	c.up = nil
	srv := up.srv
	srv.s.Stats.Used.Add(-1)
	if up.buf != nil {
		if up.buf.w > up.buf.r { // bytes nobody asked for
			reusable = false
		}
		c.e.bufs.put(c.spent)
		c.spent, up.buf = up.buf, nil
	}
	if up.mux != nil {
		up.releaseStream(c.resBody.s == &up.sock && c.resBody.done)
		return
	}
	if !reusable || c.e.drain.Load() {
		up.Close()
		return
	}
	limit := -1
	if p := srv.s.Params; p != nil {
		if p.MaxReuse >= 0 && up.uses > p.MaxReuse {
			up.Close()
			return
		}
		limit = p.PoolMaxConn
	}
	if up.private || c.be != nil && c.be.reuse == reuseNever {
		limit := c.fe.p.MaxSessionSrvConns
		if limit == 0 {
			limit = 5
		}
		if len(c.mine) >= limit {
			up.Close()
			return
		}
		c.mine = append(c.mine, up)
		return
	}
	// More idle connections than requests ever needed at once are of no use.
	now := c.at
	if srv.pool.crowded(srv) && (srv.pool.n.Load() <= 4 || srv.pool.mayLook(now)) {
		srv.pool.sweep(now.Add(-time.Hour)) // those that died do not count
	}
	if srv.pool.crowded(srv) || !srv.pool.put(up, now, limit) {
		up.Close()
	}
}

// idleFor returns a connection to s that may carry this request, nil if a new
// one is needed.
func (c *conn) idleFor(s *srv, key uint64) *upConn {
	for i, m := range c.mine {
		if m.srv == s && m.key == key {
			c.mine = append(c.mine[:i], c.mine[i+1:]...)
			if m.quiet() {
				return m
			}
			m.Close()
			break
		}
	}
	if c.be.reuse == reuseNever {
		return nil
	}
	first := c.sess.Requests <= 1
	if first && c.be.reuse == reuseSafe {
		return nil
	}
	proven := first && c.be.reuse == reuseAggressive
	for {
		up := s.pool.get(key, proven)
		if up == nil {
			return nil
		}
		// A failed write or an early end is retried where that is safe; for
		// others, and for those long idle, look first.
		if (!idempotent(&c.t.Req) || c.reqBody.buf != nil && !c.reqBody.done || c.at.Sub(up.since) > 20*time.Millisecond || up.uses == 1) && !up.quiet() {
			up.Close()
			continue
		}
		return up
	}
}

// connect gets a connection to the server: an idle one or a new one.
func (c *conn) connect(s *srv, fresh bool) failure {
	t := &c.t
	key := c.shareKey(s)
	if c.sess.HTTP && !fresh {
		up := (*upConn)(nil)
		if s.fcgi || c.wantsH2(s) {
			up = c.sharedStream(s, key)
		}
		if up == nil {
			up = c.idleFor(s, key)
		}
		if up != nil {
			c.up = up
			t.SrvReused = true
			s.used()
			if !c.use.connect(up) {
				return killed
			}
			s.s.Stats.Reuses.Add(1)
			c.be.st.Reuses.Add(1)
			t.Time.Connect = t.Time.Queue
			c.addresses(up)
			return okay
		}
	}
	t.SrvReused = false
	s.s.Stats.Connects.Add(1)
	c.be.st.Connects.Add(1)
	if s.fcgi { // a process of the application waits on each: a new request may need its place
		s.pool.muxes.retire()
	}
	nc, f := c.dial(s)
	if f != okay {
		return f
	}
	var up *upConn
	if s.fcgi {
		if up, f = c.startFCGI(nc, s, key); f != okay {
			return f
		}
	} else if c.agreedH2(s, nc) {
		if up = c.startMux(nc, s, key); up == nil {
			return connRefused
		}
	} else {
		up = &upConn{srv: s, key: key}
		up.init(nc)
	}
	c.up = up
	s.used()
	if !c.use.connect(up) {
		return killed
	}
	t.Time.Connect = c.look()
	c.addresses(up)
	return okay
}

func (c *conn) addresses(up *upConn) {
	nc := up.Conn
	if up.muxConn != nil {
		nc = up.muxConn.Conn
	}
	c.t.SrvSrc, c.t.SrvDst = addrPort(nc.LocalAddr()), addrPort(nc.RemoteAddr())
	c.t.SrvTLS = nil
	if tc, ok := nc.(*tls.Conn); ok {
		st := tc.ConnectionState()
		c.t.SrvTLS = &st
	}
}

// shareKey tells connections apart that requests must not share: those made
// from a client's address, to a changed destination, or with another SNI.
func (c *conn) shareKey(s *srv) uint64 {
	p := s.s.Params
	if p == nil {
		return 0
	}
	var key uint64
	mix := func(b []byte) {
		for _, x := range b {
			key = (key ^ uint64(x)) * 1099511628211
		}
		key = (key ^ 0xff) * 1099511628211
	}
	if c.t.Settings.Dst.IsValid() {
		b := c.t.Settings.Dst.Addr().As16()
		mix(b[:])
		mix([]byte{byte(c.t.Settings.Dst.Port() >> 8), byte(c.t.Settings.Dst.Port())})
	}
	if p.SendProxy.Version > 0 {
		mix(c.proxyHeader(&p.SendProxy))
	}
	if from := c.foreign(c.sourceOf(s)); from.IsValid() {
		b := from.Addr().As16()
		mix(b[:])
		mix([]byte{byte(from.Port() >> 8), byte(from.Port())})
	}
	if p.TLS.Enabled {
		c.sni = c.serverName(s)
	}
	switch x, ok := p.PoolConnExpr.(stringer); {
	case ok: // it names the connection instead (configuration manual 5.2)
		b, _ := x.AppendString(nil, &c.t)
		mix(b)
	case p.TLS.Enabled:
		mix([]byte(c.sni))
	}
	return key
}

// stringer is what a compiled "sni" expression can do.
type stringer interface {
	AppendString(dst []byte, t *tx.Tx) ([]byte, bool)
}

// serverName is the SNI towards a server: the expression's value, else the
// request's host.
func (c *conn) serverName(s *srv) string {
	p := s.s.Params
	if x, ok := p.TLS.SNI.(stringer); ok {
		b, ok := x.AppendString(nil, &c.t)
		if ok {
			return string(b)
		}
		return ""
	}
	if p.TLS.NoSNIAuto {
		return ""
	}
	h := string(c.t.Req.GetID(tx.HdrHost))
	if host, _, err := net.SplitHostPort(h); err == nil {
		return host
	}
	return h
}

// endpoint is where a server is now.
func (c *conn) endpoint(s *srv) (network, addr string) {
	ep := s.s.Addr()
	if ep == nil {
		return "", ""
	}
	if ep.Network == "unix" {
		return "unix", ep.Host
	}
	host, port := ep.Host, ep.Port
	dst := c.sess.Dst
	if c.t.Settings.Dst.IsValid() {
		dst = c.t.Settings.Dst
	}
	if ep.Mapped {
		port = int(dst.Port()) + ep.MapPort
	} else if port == 0 {
		port = int(dst.Port())
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = dst.Addr().String() // "0.0.0.0": wherever the client wanted to go
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(port))
}

// dial makes a new connection with all that goes before the first request.
func (c *conn) dial(s *srv) (net.Conn, failure) {
	d := c.connectTimeout()
	deadline := after(c.at, d)
	network, addr := c.endpoint(s)
	if addr == "" {
		return nil, connRefused
	}
	nc, err := c.dialNet(network, addr, s, deadline)
	if err != nil {
		c.e.observe(s, false, false)
		return nil, dialFailure(err)
	}
	p := s.s.Params
	if p != nil && p.SendProxy.Version > 0 {
		hdr := c.proxyHeader(&p.SendProxy)
		if !deadline.IsZero() {
			nc.SetWriteDeadline(deadline)
		}
		if _, err := nc.Write(hdr); err != nil {
			nc.Close()
			return nil, connRefused
		}
		nc.SetWriteDeadline(time.Time{})
	}
	if c.e.deps.ClientTLS != nil {
		if cfg := c.e.deps.ClientTLS(s.s, &c.t); cfg != nil {
			if c.sni != "" && cfg.ServerName != c.sni {
				cfg = cfg.Clone()
				cfg.ServerName = c.sni
			}
			if slices.Contains(cfg.NextProtos, "h2") && !c.wantsH2(s) {
				cfg = cfg.Clone()
				cfg.NextProtos = []string{"http/1.1"}
				if !c.sess.HTTP {
					cfg.NextProtos = p.TLS.ALPN
				}
			}
			under := cipher(nc, c.e.deps.Process)
			tc := tls.Client(&under, cfg)
			if !deadline.IsZero() {
				tc.SetDeadline(deadline)
			}
			s.s.Stats.SSL.Sess.Add(1)
			if err := tc.Handshake(); err != nil {
				s.s.Stats.SSL.FailedHandshake.Add(1)
				under.Close()
				return nil, dialFailure(err)
			}
			if tc.ConnectionState().DidResume {
				s.s.Stats.SSL.Reused.Add(1)
			} else {
				c.e.deps.Process.BackKey.Add(c.e.nowMS(time.Now()), 1)
			}
			tc.SetDeadline(time.Time{})
			nc = tc
		}
	}
	c.e.observe(s, true, false)
	return nc, okay
}

func (c *conn) connectTimeout() time.Duration {
	if d := c.t.Settings.TimeoutConnect; d != nil {
		return *d
	}
	return c.be.p.Timeouts.Connect
}

func (e *Engine) observe(s *srv, ok, layer7 bool) {
	if p := s.s.Params; p == nil || p.Observe == "" {
		return
	}
	if e.deps.Marked != nil {
		e.deps.Marked(s.s, ok, layer7)
		return
	}
	s.s.Observed(ok, layer7, time.Now())
}

func dialFailure(err error) failure {
	var ne net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return connTimeout
	case isResource(err) || errors.Is(err, syscall.EADDRNOTAVAIL):
		return connInternal
	case errors.As(err, &ne) && ne.Timeout():
		return connTimeout
	}
	return connRefused
}

// parserOptions are those of responses.
func (c *conn) parserOptions() h1.Options {
	return h1.Options{MaxHeaders: c.rt.maxHeaders, Limit: c.rt.bufSize - c.rt.maxRewrite, Unsafe: c.be.unsafe, KeepInsecure: c.rt.keepInsecure}
}

// closesServer says whether the server's connection ends with its response:
// "option http-server-close" of either side, "option httpclose" of the backend.
// A frontend's httpclose is about its clients only.
func (c *conn) closesServer() bool {
	return c.fe.p.ConnMode == config.ServerClose || c.be.p.ConnMode != config.KeepAlive
}
