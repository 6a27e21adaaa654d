package engine

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/fcgi"
	"tandem/proxy/pattern"
	"tandem/proxy/tx"
)

// fcgiApp is a FastCGI application as a backend uses it.
type fcgiApp struct {
	conf  *config.FCGIApp
	app   fcgi.App
	names tx.FCGIApp
}

// newFCGIApp returns the application that p uses, nil for none.
func newFCGIApp(e *Engine, p *config.Proxy) *fcgiApp {
	conf := config.AppOf(p)
	if conf == nil {
		return nil
	}
	a := &fcgiApp{conf: conf, names: tx.FCGIApp{Docroot: conf.Docroot, Index: conf.Index}}
	a.app = fcgi.App{Docroot: conf.Docroot, Index: conf.Index, Software: "HAProxy " + e.deps.Version}
	if re := conf.PathInfo; re != nil {
		a.app.PathInfo = func(path []byte) (script, info []byte, ok bool) {
			loc := re.FindIndex(path, 0, nil)
			if len(loc) < 4 || loc[2] < 0 {
				return nil, nil, false
			}
			if len(loc) >= 6 && loc[4] >= 0 {
				info = path[loc[4]:loc[5]]
			}
			return path[loc[2]:loc[3]], info, true
		}
	}
	return a
}

// hidden are the fields that applications get only where pass-header says so:
// credentials, and what is about one connection (configuration manual 10.1.1);
// "proxy" would become HTTP_PROXY, which programs take for their own setting.
func hidden(f *tx.Field) bool {
	switch f.ID {
	case tx.HdrAuthorization, tx.HdrConnection, tx.HdrKeepAlive, tx.HdrProxyConnection, tx.HdrTransferEncoding, tx.HdrUpgrade, tx.HdrTE:
		return true
	}
	return string(f.Name) == "proxy" || string(f.Name) == "proxy-authorization"
}

// fcgiRequest evaluates the application's rules on a request that goes to a
// backend with one, wherever the server speaks.
func (c *conn) fcgiRequest(a *fcgiApp) {
	t, m := &c.t, &c.t.Req
	c.params = c.params[:0]
	c.authParams(m.GetID(tx.HdrAuthorization))
	for i := range a.conf.Params {
		p := &a.conf.Params[i]
		if p.Cond.Eval(t) != pattern.Pass {
			continue
		}
		c.setParam(p.Name, m.Store(p.Value.Append(c.lineBuf[:0], t)))
	}
	slices.SortStableFunc(c.params, func(a, b fcgi.Param) int { return bytes.Compare(a.Name, b.Name) })
	m.DelFunc(func(f *tx.Field) bool {
		if !hidden(f) {
			return false
		}
		for i := range a.conf.Pass {
			if p := &a.conf.Pass[i]; p.Name == string(f.Name) && p.Cond.Eval(t) == pattern.Pass {
				return false
			}
		}
		return true
	})
}

// setParam sets a parameter in place of one of the same name; an empty value
// takes it away.
func (c *conn) setParam(name string, value []byte) {
	c.params = slices.DeleteFunc(c.params, func(p fcgi.Param) bool { return string(p.Name) == name })
	if len(value) > 0 {
		c.params = append(c.params, fcgi.Param{Name: []byte(name), Value: value})
	}
}

// authParams tells of the client's credentials.
func (c *conn) authParams(v []byte) {
	scheme, data, ok := bytes.Cut(bytes.TrimSpace(v), []byte(" "))
	switch {
	case !ok:
	case bytes.EqualFold(scheme, []byte("bearer")):
		c.setParam("auth_type", []byte("Bearer"))
	case bytes.EqualFold(scheme, []byte("basic")):
		plain, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(data))
		if user, _, ok := bytes.Cut(plain, []byte(":")); ok && err == nil {
			c.setParam("auth_type", []byte("Basic"))
			c.setParam("remote_user", user)
		}
	}
}

// startFCGI makes a connection to an application of a new one and begins a
// request on it.
func (c *conn) startFCGI(nc net.Conn, s *srv, key uint64) (*upConn, failure) {
	a := c.be.fcgi
	m := &muxConn{srv: s, key: key, uses: 1, since: time.Now(), private: c.be.reuse == reuseNever}
	m.init(nc)
	cfg := fcgi.Config{KeepConn: !a.conf.CloseConn, Mpxs: a.conf.Mpxs, MaxReqs: a.conf.MaxReqs, MaxHead: c.rt.bufSize - c.rt.maxRewrite}
	cfg.Close = func(error) { m.Close() }
	if e := c.e; len(a.conf.Stderr) > 0 && e.deps.LogAs != nil {
		cfg.Stderr = func(text []byte) { e.deps.LogAs(a.conf, levelErr, printable(text)) }
	}
	fc := fcgi.New(m, cfg)
	if a.conf.GetValues {
		if err := fc.Ask(after(time.Now(), c.connectTimeout())); err != nil {
			m.Close()
			switch {
			case isTimeout(err):
				return nil, connTimeout
			case errors.Is(err, fcgi.ErrBadRecord):
				return nil, connRefused
			}
			return nil, emptyAnswer
		}
	}
	m.mux, m.open = fc, func(limit int) muxStream {
		if st := fc.Open(limit); st != nil {
			return st
		}
		return nil
	}
	st := m.open(1)
	if !m.private && cfg.KeepConn {
		s.pool.muxes.add(m)
	}
	p := &s.pool.muxes
	c.e.crew.run(func() {
		_ = fc.Serve()
		p.remove(m)
	})
	return c.streamConn(m, st), okay
}

// printable makes a message of a log line: bytes that would end or spoil the
// line become dots.
func printable(text []byte) []byte {
	for i, x := range text {
		if x < ' ' || x == 0x7f {
			text[i] = '.'
		}
	}
	return text
}

// roundTripFCGI sends the request to an application and reads the response's
// head. The first fields fields of m are the client's, what follows is ours.
func (c *conn) roundTripFCGI(st *fcgi.Stream, m *tx.Message, fields int) failure {
	b, a := &c.reqBody, c.be.fcgi
	c.rp.Options = c.parserOptions()
	c.rp.Reset()
	c.reqOut.dst, c.reqOut.mux, c.reqOut.chunked, c.reqOut.drop, c.reqOut.sent = &c.up.sock, st, false, true, 0
	if string(m.Method) == "CONNECT" {
		return emptyAnswer // as the original's log shows what it cannot send
	}
	b.prefetch()
	r := fcgi.Request{Params: c.params, Fields: fields, SrcPort: int(c.sess.Src.Port()), DstPort: int(c.sess.Dst.Port()), TLS: c.sess.TLS != nil}
	r.Src, r.Dst = addrText(c.sess.Src.Addr()), addrText(c.sess.Dst.Addr())
	switch {
	case m.Framing == tx.ByLength:
		r.Length = int(m.Length)
	case b.framing == tx.NoBody:
	case !b.done: // CGI programs must know how much to read
		return noLength
	default:
		r.Length = len(b.readyBytes())
	}
	params, err := fcgi.AppendParams(c.lineBuf[:0], m, &a.app, &r)
	if err != nil || len(params) > c.rt.bufSize-8 {
		return unsendable
	}
	c.lineBuf = params
	now := time.Now()
	to := c.serverTimeout()
	st.SetParams(params)
	st.SetWriteDeadline(after(now, to))
	if whole := b.done && !c.bodySent && c.reqOut.zip == nil; whole {
		_ = st.Begin(m, b.readyBytes(), true) // the application may have answered before it closed
		return c.readMux(now, to)
	}
	if st.Begin(m, nil, false) == nil {
		c.bodySent = true
		if c.reqOut.pass(b, nil, after(now, to)) == nil {
			c.startUpload(to)
		}
	}
	return c.readMux(now, to)
}

func addrText(a netip.Addr) []byte {
	if !a.IsValid() {
		return nil
	}
	return a.Unmap().AppendTo(nil)
}

// fcgiHead completes the head of a response that came from an application: it
// gets a date, and the length where that is known although the application
// did not say it.
func (c *conn) fcgiHead(st *fcgi.Stream) {
	m := &c.t.Res
	counted := htxSize(m) + st.Dropped() // accounting knows what the application sent
	if !m.Has(nameDate) {
		m.Append(nameDate, m.Store(time.Now().UTC().AppendFormat(nil, httpDate)))
	}
	if m.Framing == tx.ByLength && st.Whole() && m.GetID(tx.HdrContentLength) == nil {
		buf := c.t.Scratch.Alloc(20)[:0]
		m.Append(nameLength, appendInt(buf, int(m.Length)))
	}
	if m.Framing == tx.ByLength && m.Length == 0 {
		m.Framing = tx.NoBody
	}
	c.t.Bytes.ResIn += counted - htxSize(m)
}

var nameDate = []byte("date")

// httpDate is the preferred form of dates (RFC 9110 5.6.7).
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"
