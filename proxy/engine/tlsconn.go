package engine

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"tandem/proxy/listen"
	"tandem/stats"
)

// ciphered is the connection below TLS; it counts as long as it is open.
type ciphered struct {
	net.Conn
	open *stats.Gauge
	gone atomic.Bool
}

// cipher counts a connection that begins to speak TLS.
func cipher(nc net.Conn, p *stats.Process) ciphered {
	p.SSLTot.Add(1)
	p.SSLConns.Add(1)
	return ciphered{Conn: nc, open: &p.SSLConns}
}

// Close closes the connection.
func (c *ciphered) Close() error {
	if !c.gone.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// NetConn returns the connection below, as that of tls.Conn does.
func (c *ciphered) NetConn() net.Conn { return c.Conn }

// witness is the connection below a TLS server: it keeps what crypto/tls does
// not tell afterwards (certs.Witness).
type witness struct {
	ciphered
	hello *tls.ClientHelloInfo
	leaf  *x509.Certificate
	file  string
}

// Hello keeps what the client said.
func (w *witness) Hello(h *tls.ClientHelloInfo) { w.hello = h }

// Presented keeps what the client was shown.
func (w *witness) Presented(leaf *x509.Certificate, file string) { w.leaf, w.file = leaf, file }

// extension numbers of a ClientHello.
const extVersions = 43

// tlsHello returns what fetches ask of a ClientHello.
func tlsHello(h *tls.ClientHelloInfo) *listen.Hello {
	out := &listen.Hello{ServerName: h.ServerName, ALPN: h.SupportedProtos, Ciphers: h.CipherSuites, Extensions: h.Extensions, Points: h.SupportedPoints}
	for _, c := range h.SupportedCurves {
		out.Curves = append(out.Curves, uint16(c))
	}
	for _, s := range h.SignatureSchemes {
		out.SigAlgs = append(out.SigAlgs, uint16(s))
	}
	// Without the extension, crypto/tls makes the list of the highest version.
	if slices.Contains(h.Extensions, extVersions) {
		out.Versions, out.Version = h.SupportedVersions, tls.VersionTLS12
	} else if len(h.SupportedVersions) > 0 {
		out.Version = slices.Max(h.SupportedVersions)
	}
	return out
}

// shakeHands negotiates TLS with the client; within is the longest time that
// it may take, 0 for no limit.
func (c *conn) shakeHands(cfg *tls.Config, within time.Duration) bool {
	st, pr := c.fe.st, c.e.deps.Process
	seen := &witness{ciphered: cipher(c.cli.Conn, pr)}
	tc := tls.Server(seen, cfg)
	if within > 0 {
		tc.SetDeadline(time.Now().Add(within))
	}
	ms := c.e.nowMS(c.at)
	pr.SSLRate.Add(ms, 1)
	if err := tc.Handshake(); err != nil {
		st.SSL.FailedHandshake.Add(1)
		c.failHandshake(listen.HandshakeFault(err))
		seen.Close()
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
		c.sess.Verdict = c.e.deps.ClientVerdict(c.sess.Listener, &state)
	}
	st.SSL.Sess.Add(1)
	if state.DidResume {
		st.SSL.Reused.Add(1)
	} else {
		pr.FrontKey.Add(ms, 1)
	}
	c.cli.init(tc)
	return true
}
