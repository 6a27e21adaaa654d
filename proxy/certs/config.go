package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Server is the TLS side of a bind line.
type Server struct {
	Bind      *Bind
	ALPN      []string
	Policy    Policy
	Verifier  *Verifier  // nil: clients are not asked for a certificate
	Announced *Authority // CAs that clients are told of; nil: none
	Tickets   bool
	Keys      *TicketKeys // nil: crypto/tls's own
	Sessions  *Sessions   // keeps sessions where there are no tickets; nil: none are kept
	Forger    *Forger     // makes certificates for unknown names; nil: none are made
}

// Policy is what both sides agree on.
type Policy struct {
	Min, Max uint16
	Suites   []uint16      // up to TLS 1.2; nil: crypto/tls's choice
	Groups   []tls.CurveID // nil: crypto/tls's choice
}

func (p *Policy) apply(c *tls.Config) {
	c.MinVersion, c.MaxVersion, c.CipherSuites, c.CurvePreferences = p.Min, p.Max, p.Suites, p.Groups
}

// Config makes the crypto/tls configuration.
func (s *Server) Config() *tls.Config {
	c := &tls.Config{GetCertificate: s.Bind.Pick, NextProtos: s.ALPN, SessionTicketsDisabled: !s.Tickets}
	s.Policy.apply(c)
	if !s.Tickets && s.Sessions != nil {
		c.SessionTicketsDisabled, c.WrapSession, c.UnwrapSession = false, s.Sessions.wrap, s.Sessions.unwrap
	}
	if v := s.Verifier; v != nil {
		// The verifier does what crypto/tls would, and looks at revocation and
		// at what is to be ignored besides.
		c.ClientAuth, c.VerifyConnection = tls.RequestClientCert, v.Check
		if v.Required {
			c.ClientAuth = tls.RequireAnyClientCert
		}
	}
	if s.Forger != nil {
		c.GetCertificate = s.forge
	}
	var file *Authority
	if s.Verifier != nil {
		file = s.Announced
	}
	c.GetConfigForClient = s.meet(c.Clone(), file)
	if len(s.ALPN) > 0 {
		c.GetConfigForClient = tolerate(c.Clone())
	}
	if s.Keys != nil { // of c alone: a configuration without keys of its own takes those of the one that it is derived from
		s.Keys.attach(c)
	}
	return c
}

// tolerate returns a GetConfigForClient that agrees on no protocol with
// clients that offer none of c's, as OpenSSL does where its user says so;
// crypto/tls refuses them. C has a GetConfigForClient already.
func tolerate(c *tls.Config) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	next := c.GetConfigForClient
	plain := sync.OnceValue(func() *tls.Config {
		n := c.Clone()
		n.NextProtos, n.GetConfigForClient = nil, nil
		return n
	})
	return func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		now, err := next(h)
		known := func(p string) bool { return slices.Contains(c.NextProtos, p) }
		switch {
		case err != nil || len(h.SupportedProtos) == 0 || slices.ContainsFunc(h.SupportedProtos, known):
			return now, err
		case now == nil:
			return plain(), nil
		}
		now = now.Clone()
		now.NextProtos = nil
		return now, nil
	}
}

// meet returns a GetConfigForClient that tells the connection what its client
// said, and the client the authorities that a file (nil for none) holds now.
func (s *Server) meet(c *tls.Config, file *Authority) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	type state struct {
		of     *Trust
		config *tls.Config
	}
	var last atomic.Pointer[state]
	return func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if w, ok := h.Conn.(Witness); ok {
			w.Hello(h)
		}
		if file == nil {
			return nil, nil
		}
		now := file.Trust()
		if l := last.Load(); l != nil && l.of == now {
			return l.config, nil
		}
		n := c.Clone()
		n.ClientCAs = x509.NewCertPool()
		if now != nil {
			for _, ca := range now.Certs {
				n.ClientCAs.AddCert(ca)
			}
		}
		last.Store(&state{now, n})
		return n, nil
	}
}

// forge makes a certificate where no loaded one has the client's name.
func (s *Server) forge(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if h.ServerName != "" && !s.Bind.Names().Has(h.ServerName) {
		if c, err := s.Forger.Certificate(h.ServerName, time.Now()); err == nil || s.Bind.Strict {
			if w, ok := h.Conn.(Witness); ok && err == nil {
				w.Presented(c.Leaf, "")
			}
			return c, err
		}
	}
	return s.Bind.Pick(h)
}

// Client is the TLS side of a server line.
type Client struct {
	Verify bool
	Host   string // verifyhost: name that the certificate must have; "" takes the SNI
	CAs    *Anchors
	CRL    *Authority // nil: revocation is not looked at
	Cert   *Entry
	ALPN   []string
	Policy Policy
	// Sessions are those that may be resumed; nil: none is.
	Sessions *ServerSessions
}

// Config makes the crypto/tls configuration for one server name ("" sends
// none). A certificate is verified against the roots, and against the name
// where there is one (configuration manual 5.2, verify, verifyhost).
func (k *Client) Config(serverName string) *tls.Config {
	c := &tls.Config{
		ServerName: serverName, NextProtos: k.ALPN,
		InsecureSkipVerify: true, // verification is VerifyConnection's: a name is not always required
	}
	k.Policy.apply(c)
	var cert *Cert
	if k.Cert != nil {
		if cert = k.Cert.Cert(); cert != nil {
			// Whatever authorities the server names, as the original: crypto/tls
			// alone would show none where they do not match.
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert.TLS, nil }
		}
	}
	if k.Sessions != nil {
		c.ClientSessionCache = k.Sessions.with(cert)
	}
	if k.Verify {
		c.VerifyConnection = func(st tls.ConnectionState) error { return k.check(st, serverName) }
	}
	return c
}

// check verifies the chain that a server showed.
func (k *Client) check(st tls.ConnectionState, serverName string) error {
	known := k.CAs.pools()
	chains, err := st.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: known.roots, Intermediates: known.with(st.PeerCertificates[1:])})
	if err != nil {
		return err
	}
	if k.CRL != nil {
		if d := anyGood(k.CRL.Trust(), chains, time.Now()); d.cause != nil {
			return d.cause
		}
	}
	want := k.Host
	if want == "" {
		want = serverName
	}
	if want == "" || net.ParseIP(want) != nil && k.Host == "" {
		return nil
	}
	return st.PeerCertificates[0].VerifyHostname(want)
}
