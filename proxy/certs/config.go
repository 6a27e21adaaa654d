package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// Server is the TLS side of a bind line.
type Server struct {
	Bind     *Bind
	Words    Words
	Tickets  bool
	Keys     *TicketKeys // nil: crypto/tls's own
	Sessions *Sessions   // keeps sessions where there are no tickets; nil: none are kept
	Forger   *Forger     // makes certificates for unknown names; nil: none are made

	store *Store
	terms *terms
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

// Config makes the crypto/tls configuration and has the line's certificates
// offered with it.
func (s *Server) Config(store *Store) (*tls.Config, error) {
	s.store = store
	c := &tls.Config{GetCertificate: s.Bind.Pick, SessionTicketsDisabled: !s.Tickets}
	if !s.Tickets && s.Sessions != nil {
		c.SessionTicketsDisabled, c.WrapSession, c.UnwrapSession = false, s.Sessions.wrap, s.Sessions.unwrap
	}
	if s.Forger != nil {
		c.GetCertificate = s.forge
	}
	t, err := s.agree(c, &s.Words, func() int { return store.Instances(s.Bind) })
	if err != nil {
		return nil, err
	}
	s.terms = t
	for _, line := range s.Bind.Lines() {
		if err := s.fits(line.Words); err != nil {
			return nil, err
		}
	}
	// Configurations without keys of their own take those of the one that they
	// are given for, so that only this one has them.
	served := c.Clone()
	served.GetConfigForClient = s.meet
	if s.Keys != nil {
		s.Keys.attach(served)
	}
	store.mu.Lock()
	defer store.mu.Unlock()
	s.Bind.server = s
	s.Bind.build()
	return served, nil
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
