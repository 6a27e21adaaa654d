package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// Server is the TLS side of a bind line.
type Server struct {
	Bind      *Bind
	ALPN      []string
	Policy    Policy
	Verifier  *Verifier      // nil: clients are not asked for a certificate
	Announced *x509.CertPool // CAs that clients are told of
	Tickets   bool
	Keys      [][32]byte // of tickets; nil: crypto/tls's own
	Forger    *Forger    // makes certificates for unknown names; nil: none are made
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
	if s.Keys != nil {
		c.SetSessionTicketKeys(s.Keys)
	}
	if v := s.Verifier; v != nil {
		// The verifier does what crypto/tls would, and looks at revocation and
		// at what is to be ignored besides.
		c.ClientCAs, c.ClientAuth, c.VerifyConnection = s.Announced, tls.RequestClientCert, v.Check
		if v.Required {
			c.ClientAuth = tls.RequireAnyClientCert
		}
	}
	if s.Forger != nil {
		c.GetCertificate = s.forge
	}
	return c
}

// forge makes a certificate where no loaded one has the client's name.
func (s *Server) forge(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if h.ServerName != "" && !s.Bind.Names().Has(h.ServerName) {
		if c, err := s.Forger.Certificate(h.ServerName, time.Now()); err == nil || s.Bind.Strict {
			return c, err
		}
	}
	return s.Bind.Pick(h)
}

// Client is the TLS side of a server line.
type Client struct {
	Verify bool
	Host   string // verifyhost: name that the certificate must have; "" takes the SNI
	Roots  *x509.CertPool
	CRLs   []*x509.RevocationList // nil: revocation is not looked at
	Cert   *Entry
	ALPN   []string
	Policy Policy
}

// Config makes the crypto/tls configuration for one server name ("" sends
// none). A certificate is verified against the roots, and against the name
// where there is one (configuration manual 5.2, verify, verifyhost).
func (k *Client) Config(serverName string) *tls.Config {
	c := &tls.Config{
		ServerName: serverName, NextProtos: k.ALPN, RootCAs: k.Roots,
		InsecureSkipVerify: true, // verification is VerifyConnection's: a name is not always required
	}
	k.Policy.apply(c)
	if k.Cert != nil {
		if cert := k.Cert.Cert(); cert != nil {
			c.Certificates = []tls.Certificate{cert.TLS}
		}
	}
	if k.Verify {
		c.VerifyConnection = func(st tls.ConnectionState) error { return k.check(st, serverName) }
	}
	return c
}

// check verifies the chain that a server showed.
func (k *Client) check(st tls.ConnectionState, serverName string) error {
	opts := x509.VerifyOptions{Roots: k.Roots, Intermediates: x509.NewCertPool()}
	for _, c := range st.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	chains, err := st.PeerCertificates[0].Verify(opts)
	if err != nil {
		return err
	}
	if k.CRLs != nil {
		v := Verifier{CRLs: k.CRLs}
		if d := v.anyGood(chains, time.Now()); d.cause != nil {
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
