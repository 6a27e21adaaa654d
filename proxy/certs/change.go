package certs

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// errors of changes, in the words of the original.
var (
	errUnknown   = errors.New("Can't replace a certificate which is not referenced by the configuration!")
	errStartLine = "unable to load certificate from file '%s': no start line.\nCan't load the payload"
)

// Set begins or goes on with a change: data is PEM text with a certificate,
// its chain and its key. A part that is missing stays as it is. Created says
// that the change is a new one; name is the certificate that it is about.
func (s *Store) Set(path string, data []byte) (name string, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, part := s.entries[path], ""
	if e == nil {
		for _, ext := range []string{".key", ".issuer", ".ocsp", ".sctl"} {
			base, ok := strings.CutSuffix(path, ext)
			if !ok {
				continue
			}
			if e = s.entries[base]; e == nil {
				e = s.entries[base+".crt"]
			}
			part = ext
		}
	}
	if e == nil {
		return path, false, errUnknown
	}
	if err := s.busy(e.Path, "set"); err != nil {
		return path, false, err
	}
	base := s.pending
	if s.path == "" {
		if base = e.Cert(); base == nil {
			base = &Cert{Path: e.Path}
		}
	}
	next, err := base.with(part, data)
	if err != nil {
		return path, false, err
	}
	created = s.hold(e.Path, next)
	return e.Path, created, nil
}

// with returns a copy of c with one part replaced: "" is certificate and key.
func (c *Cert) with(part string, data []byte) (*Cert, error) {
	n := Cert{Path: c.Path, TLS: c.TLS, Leaf: c.Leaf, Issuer: c.Issuer, IssuerFile: c.IssuerFile, wants: c.wants, staple: c.staple}
	n.TLS.Leaf = nil
	chain, key := splitPEM(data)
	switch part {
	case ".ocsp":
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
		if err != nil {
			return nil, errors.New("Error reading OCSP response in base64 formatCan't load the payload")
		}
		if n.staple, err = parseStaple(raw); err != nil {
			return nil, fmt.Errorf("%s\nCan't load the payload", err)
		}
		n.wants = true
		return &n, nil
	case ".issuer":
		if len(chain) == 0 {
			return nil, fmt.Errorf(errStartLine, c.Path)
		}
		n.Issuer, n.IssuerFile = nil, true
		if c.Leaf != nil {
			n.Issuer = issuerIn(c.Leaf, chain)
		}
		return &n, nil
	case ".sctl":
		return nil, errors.New("Can't load the payload")
	}
	if part == "" {
		if len(chain) == 0 {
			return nil, fmt.Errorf(errStartLine, c.Path)
		}
		leaf, err := x509.ParseCertificate(chain[0])
		if err != nil {
			return nil, fmt.Errorf("unable to load certificate from file '%s': %s.\nCan't load the payload", c.Path, err)
		}
		n.Leaf, n.TLS.Certificate = leaf, chain
		known := n.Issuer
		if n.Issuer = issuerIn(leaf, chain[1:]); n.Issuer == nil && known != nil {
			n.Issuer = issuerIn(leaf, [][]byte{known.Raw})
		}
	} else if key == nil {
		return nil, fmt.Errorf("unable to load private key from file '%s': no start line.\nCan't load the payload", c.Path)
	}
	if key != nil {
		signer, err := parseKey(key)
		if err != nil {
			return nil, fmt.Errorf("unable to load private key from file '%s': %s.\nCan't load the payload", c.Path, err)
		}
		n.TLS.PrivateKey = signer
	}
	return &n, nil
}

// Commit puts the change in force and returns how many places use it.
func (s *Store) Commit(path string) (instances int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return 0, errors.New("No ongoing transaction! !")
	}
	if err := s.busy(path, "set"); err != nil {
		return 0, err
	}
	c := s.pending
	if err := c.complete(); err != nil {
		return 0, err
	}
	e := s.entries[path]
	s.linkOCSP(c)
	e.cur.Store(c)
	for _, b := range s.binds {
		if b.count(e) > 0 {
			b.build()
		}
	}
	s.forget()
	return s.uses(e), nil
}

// complete makes sure that c can be shown: it has a key, and it is its own.
func (c *Cert) complete() error {
	signer, ok := c.TLS.PrivateKey.(crypto.Signer)
	switch {
	case c.Leaf == nil || !ok:
		return errors.New("The transaction must contain at least a certificate and a private key!")
	case !sameKey(c.Leaf.PublicKey, signer.Public()):
		return fmt.Errorf("inconsistencies between private key and certificate loaded '%s'.", c.Path)
	}
	c.TLS.Leaf = c.Leaf
	return nil
}

// Abort drops the change.
func (s *Store) Abort(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abort(path)
}

// New makes an empty certificate that Set can fill.
func (s *Store) New(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[path] != nil {
		return fmt.Errorf("Certificate '%s' already exists!", path)
	}
	s.entries[path] = &Entry{Path: path, own: true}
	return nil
}

// Delete forgets a certificate that nothing uses.
func (s *Store) Delete(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[path]
	switch {
	case e == nil:
		return fmt.Errorf("certificate '%s' doesn't exist!", path)
	case s.uses(e) > 0:
		return fmt.Errorf("certificate '%s' in use, can't be deleted!", path)
	}
	delete(s.entries, path)
	return nil
}
