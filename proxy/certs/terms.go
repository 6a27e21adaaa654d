package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"sync/atomic"
)

// ErrNoCA is returned where clients are to be verified against nothing.
var ErrNoCA = errors.New("verify is enabled but no CA file specified")

// ErrNoVersion is returned where no protocol version is left.
var ErrNoVersion = errors.New("all SSL/TLS versions are disabled")

// terms are what a bind line, or one line of a crt-list, agrees to.
type terms struct {
	config    *tls.Config // without keys of tickets
	verifier  *Verifier   // nil: clients are not asked for a certificate
	announced *Authority  // CAs that clients are told of; nil: none
	last      atomic.Pointer[announcing]
}

// announcing is a configuration that tells clients of certain CAs.
type announcing struct {
	of     *Trust
	config *tls.Config
}

// current returns the configuration with what the file of announced CAs holds
// now.
func (t *terms) current() *tls.Config {
	if t.announced == nil {
		return t.config
	}
	now := t.announced.Trust()
	if l := t.last.Load(); l != nil && l.of == now {
		return l.config
	}
	n := t.config.Clone()
	n.ClientCAs = x509.NewCertPool()
	if now != nil {
		for _, ca := range now.Certs {
			n.ClientCAs.AddCert(ca)
		}
	}
	t.last.Store(&announcing{now, n})
	return n
}

// agree puts what the words ask for into c and returns the terms. count tells
// how many certificates are shown by them, nil where that is known already.
func (s *Server) agree(c *tls.Config, w *Words, count func() int) (*terms, error) {
	p := w.Policy()
	if p.Min == 0 {
		return nil, ErrNoVersion
	}
	p.apply(c)
	if c.NextProtos = w.ALPN; w.NoALPN {
		c.NextProtos = nil
	}
	c.ClientCAs, c.ClientAuth, c.VerifyConnection = nil, tls.NoClientCert, nil
	t := &terms{config: c}
	if w.Verify != "required" && w.Verify != "optional" {
		return t, nil
	}
	if w.CAFile == "" && w.CAVerifyFile == "" {
		return nil, ErrNoCA
	}
	v := &Verifier{Required: w.Verify == "required"}
	base := s.store.files.CABase
	// What verifies is both files; what is announced is ca-file's.
	var cas []*Authority
	for _, path := range []string{w.CAFile, w.CAVerifyFile} {
		if path == "" {
			continue
		}
		a, err := s.store.CAs.Use(under(base, path), count)
		if err != nil {
			return nil, err
		}
		cas = append(cas, a)
	}
	v.CAs = NewAnchors(cas...)
	if w.CAFile != "" && !w.NoCANames {
		t.announced = cas[0]
	}
	var err error
	if w.CRLFile != "" {
		if v.CRL, err = s.store.CRLs.Use(under(base, w.CRLFile), count); err != nil {
			return nil, err
		}
	}
	if v.IgnoreCrt, err = ParseErrorSet(w.IgnoreCrt); err != nil {
		return nil, err
	}
	if v.IgnoreCA, err = ParseErrorSet(w.IgnoreCA); err != nil {
		return nil, err
	}
	// The verifier does what crypto/tls would, and looks at revocation and at
	// what is to be ignored besides.
	c.ClientAuth, c.VerifyConnection = tls.RequestClientCert, v.Check
	if v.Required {
		c.ClientAuth = tls.RequireAnyClientCert
	}
	t.verifier = v
	return t, nil
}

// fits says what keeps the words of a line of a crt-list from being followed.
func (s *Server) fits(own *Words) error {
	_, err := s.agree(&tls.Config{}, own.Over(&s.Words), func() int { return 1 })
	return err
}

// variant makes the terms of an offer. The words were tried by fits; should
// their files fail now, nobody is served with it.
func (s *Server) variant(w *Words, o *offer) *terms {
	c := s.terms.config.Clone()
	t, err := s.agree(c, w, nil)
	if err != nil {
		t = &terms{config: c}
	}
	c.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if err != nil {
			return nil, err
		}
		return o.show(h), nil
	}
	return t
}

// meet is a tls.Config's GetConfigForClient: it tells the connection what its
// client said, and finds the terms of the line that has the client's server
// name. nil stands for what the bind line agrees to.
func (s *Server) meet(h *tls.ClientHelloInfo) (*tls.Config, error) {
	if w, ok := h.Conn.(Witness); ok {
		w.Hello(h)
	}
	t := s.terms
	if n := s.Bind.names.Load(); n.varied && (s.Forger == nil || h.ServerName == "" || n.Has(h.ServerName)) {
		o, err := n.choose(h)
		if err != nil {
			return nil, err
		}
		if o.terms != nil {
			t = o.terms
		}
	}
	c := t.current()
	// A client that offers none of the protocols is served without one, as the
	// original does; crypto/tls would refuse it.
	known := func(p string) bool { return slices.Contains(c.NextProtos, p) }
	if len(h.SupportedProtos) > 0 && len(c.NextProtos) > 0 && !slices.ContainsFunc(h.SupportedProtos, known) {
		c = c.Clone()
		c.NextProtos = nil
		return c, nil
	}
	if c == s.terms.config {
		return nil, nil
	}
	return c, nil
}
