package engine

import (
	"time"

	"tandem/proxy/tx"
)

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
	return c.shakeHands(cfg, hs)
}

func (c *conn) failHandshake(text string) {
	c.fe.st.ReqErr.Add(1)
	c.sess.Err = tx.ConnError{Code: 1, Text: text}
	c.logConnError()
}
