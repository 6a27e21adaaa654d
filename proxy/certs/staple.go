package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Stapled is the OCSP response of one certificate, which may be replaced
// while it is sent (management manual, set ssl ocsp-response).
type Stapled struct {
	ID   []byte // DER of the CertID
	Path string // of the first certificate that has it

	cur atomic.Pointer[Staple] // nil: none yet
}

// Staple returns the response, nil where there is none yet.
func (o *Stapled) Staple() *Staple { return o.cur.Load() }

// Key returns the id as it is shown.
func (o *Stapled) Key() string { return hex.EncodeToString(o.ID) }

// stapledCert is a certificate as it is shown with one response.
type stapledCert struct {
	staple *Staple
	cert   tls.Certificate
}

// show returns the certificate with the response that stands now; an old one
// is left out.
func (c *Cert) show(now time.Time) *tls.Certificate {
	if c.ocsp == nil {
		return &c.TLS
	}
	s := c.ocsp.Staple()
	if s == nil || s.Stale(now) {
		return &c.TLS
	}
	if x := c.shown.Load(); x != nil && x.staple == s {
		return &x.cert
	}
	x := &stapledCert{staple: s, cert: c.TLS}
	x.cert.OCSPStaple = s.Raw
	c.shown.Store(x)
	return &x.cert
}

// OCSP returns what is stapled to the certificate, nil where nothing ever is.
func (c *Cert) OCSP() *Stapled { return c.ocsp }

// Response returns the OCSP response of a certificate: the one in force or,
// of a change that waits, the one that it brings.
func (c *Cert) Response() *Staple {
	if c.ocsp != nil {
		return c.ocsp.Staple()
	}
	return c.staple
}

// issuerIn returns the certificate of a list that signed c, nil for none.
func issuerIn(c *x509.Certificate, list [][]byte) *x509.Certificate {
	for _, raw := range list {
		if x, err := x509.ParseCertificate(raw); err == nil && bytes.Equal(x.RawSubject, c.RawIssuer) {
			return x
		}
	}
	return nil
}

// linkOCSP gives a certificate that is about to be in force its response; the
// lock is held. Certificates with the same id share it.
func (s *Store) linkOCSP(c *Cert) {
	if !c.wants || c.Issuer == nil || c.Leaf == nil {
		return
	}
	id, err := certIDOf(c.Leaf, c.Issuer)
	if err != nil {
		return
	}
	key := id.DER()
	o := s.ocsp[string(key)]
	if o == nil {
		o = &Stapled{ID: key, Path: c.Path}
		if s.ocsp == nil {
			s.ocsp = map[string]*Stapled{}
		}
		s.ocsp[string(key)] = o
	}
	c.ocsp = o
	if c.staple != nil && c.staple.fits(key) {
		o.cur.Store(c.staple)
	}
	c.staple = nil // a later change of the certificate must not bring it back
}

// OCSP returns all responses in order of their ids.
func (s *Store) OCSP() []*Stapled {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Stapled
	for _, o := range s.ocsp {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *Stapled) int { return bytes.Compare(a.ID, b.ID) })
	return out
}

// FindOCSP returns the response with an id in hexadecimal, or of the
// certificate of a path. named is false where the name is neither.
func (s *Store) FindOCSP(name string) (o *Stapled, named bool) {
	if e := s.Entry(name); e != nil {
		if c := e.Cert(); c != nil && c.ocsp != nil {
			return c.ocsp, true
		}
		return nil, false
	}
	id, err := hex.DecodeString(name)
	if err != nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ocsp[string(id)], true
}

// staleSkew is how long a new response must at least be good for.
const staleSkew = 300 * time.Second

// SetOCSP replaces the response of the certificate that a response is about.
// Errors are in the original's words.
func (s *Store) SetOCSP(text string, now time.Time) error {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return errors.New("'set ssl ocsp-response' received invalid base64 encoded response.")
	}
	r, err := parseStaple(raw)
	if err != nil {
		return err
	}
	s.mu.Lock()
	o := s.ocsp[string(r.ID.DER())]
	s.mu.Unlock()
	switch {
	case o == nil:
		return errors.New("OCSP single response: Certificate ID does not match any certificate or issuer.")
	case r.Stale(now.Add(staleSkew)):
		return fmt.Errorf("OCSP single response: no longer valid. Must be valid during at least %ds..", int(staleSkew.Seconds()))
	}
	o.cur.Store(r)
	return nil
}
