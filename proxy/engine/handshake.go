package engine

import (
	"crypto/tls"
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
