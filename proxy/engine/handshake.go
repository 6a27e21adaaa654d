package engine

import (
	"errors"
	"net/netip"
	"time"

	"tandem/proxy/listen"
	"tandem/proxy/tx"
)

// handshakes reads the headers that come before a connection's data and
// negotiates TLS, where the listener or a rule says so.
func (c *conn) handshakes() bool {
	l := c.sess.Listener
	hs := c.fe.p.Timeouts.ClientHS
	if hs == 0 {
		hs = c.fe.p.Timeouts.Client
	}
	if !c.readHeaders(l, hs) {
		return false
	}
	if c.e.deps.ServerTLS == nil {
		return true
	}
	cfg := c.e.deps.ServerTLS(l)
	if cfg == nil {
		return true
	}
	return c.shakeHands(cfg, hs)
}

// readHeaders reads a NetScaler's header and a PROXY header; within is the
// longest time that both may take, 0 for no limit.
func (c *conn) readHeaders(l *listen.Listener, within time.Duration) bool {
	magic := uint32(0)
	if l.Bind != nil {
		magic = l.Bind.AcceptCIP
	}
	cip := magic != 0 || c.sess.ExpectCIP
	proxied := l.Bind != nil && (l.Bind.AcceptProxy || c.sess.ExpectProxy) && c.e.deps.ReadProxy != nil
	if !cip && !proxied {
		return true
	}
	if within > 0 {
		c.cli.SetDeadline(time.Now().Add(within))
	}
	if cip {
		src, dst, err := listen.ReadCIP(c.cli.Conn, magic)
		if err != nil {
			c.failHandshake(err)
			return false
		}
		c.speaksFor(src, dst)
	}
	if proxied {
		h, nc, err := c.e.deps.ReadProxy(c.cli.Conn, l)
		if err != nil {
			c.failHandshake(err)
			return false
		}
		c.cli.init(nc)
		if c.sess.Proxy = h; h != nil && !h.Local {
			c.speaksFor(h.Src, h.Dst)
		}
	}
	c.cli.SetDeadline(time.Time{})
	return true
}

// speaksFor takes the addresses that a header gives the connection.
func (c *conn) speaksFor(src, dst netip.AddrPort) {
	if src.IsValid() {
		c.sess.Src = src
	}
	if dst.IsValid() {
		c.sess.Dst = dst
	}
	if len(c.fe.p.TCPConnection) == 0 { // else its rules said what the connection's address is
		c.sess.RealSrc, c.sess.RealDst = c.sess.Src, c.sess.Dst
	}
}

// failHandshake counts and logs the end of a connection before its data.
func (c *conn) failHandshake(err error) {
	c.fe.st.ReqErr.Add(1)
	c.sess.Err = tx.ConnError{Code: 6, Text: "General socket error"}
	if f := (*listen.Fault)(nil); errors.As(err, &f) {
		c.sess.Err = tx.ConnError{Code: f.Code, Text: f.Text}
	}
	c.logConnError()
}
