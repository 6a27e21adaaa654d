package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// CheckTLS returns a TLS configuration made of the server's own words, for
// checks of processes that share none with traffic. It reads files each time.
func (s *Server) CheckTLS() (*tls.Config, error) { return s.Params.ClientTLS() }

var tlsVersions = map[string]uint16{"TLSv1.0": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

// ClientTLS returns the client side of TLS towards the server, without server
// name: that is each connection's own.
func (p *Params) ClientTLS() (*tls.Config, error) {
	t := &p.TLS
	c := &tls.Config{NextProtos: t.ALPN, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: t.NoTickets}
	if v := tlsVersions[t.MinVer]; v != 0 {
		c.MinVersion = v
	}
	if v := tlsVersions[t.MaxVer]; v != 0 {
		c.MaxVersion = v
		c.MinVersion = min(c.MinVersion, v)
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Cert)
		if err != nil {
			if pair, err = tls.LoadX509KeyPair(t.Cert, t.Cert+".key"); err != nil {
				return nil, err
			}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if t.Verify == "none" {
		c.InsecureSkipVerify = true
		return c, nil
	}
	roots, err := loadCAs(t.CAFile)
	if err != nil {
		return nil, err
	}
	c.RootCAs = roots
	if t.CRLFile == "" {
		return c, nil
	}
	lists, err := loadCRLs(t.CRLFile)
	if err != nil {
		return nil, err
	}
	c.VerifyConnection = func(s tls.ConnectionState) error { return checkRevoked(lists, s.VerifiedChains) }
	return c, nil
}

// VerifyWithoutName makes c verify the certificate's chain but no name, as the
// original does where it knows none (configuration manual 5.2, verify).
func VerifyWithoutName(c *tls.Config) {
	roots, next := c.RootCAs, c.VerifyConnection
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return errNoCertificate
		}
		opt := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range s.PeerCertificates[1:] {
			opt.Intermediates.AddCert(cert)
		}
		chains, err := s.PeerCertificates[0].Verify(opt)
		if err != nil || next == nil {
			return err
		}
		s.VerifiedChains = chains
		return next(s)
	}
}

var errNoCertificate = errors.New("the server sent no certificate")

// loadCAs reads a file or a directory of certificates; "@system-ca" and an
// empty name mean the system's.
func loadCAs(path string) (*x509.CertPool, error) {
	if path == "" || path == "@system-ca" {
		return x509.SystemCertPool()
	}
	pool := x509.NewCertPool()
	files := []string{path}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		files = nil
		for _, ext := range []string{"pem", "crt", "cer"} {
			more, _ := filepath.Glob(filepath.Join(path, "[^.]*."+ext))
			files = append(files, more...)
		}
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(data) && len(files) == 1 {
			return nil, fmt.Errorf("no certificate in '%s'", f)
		}
	}
	return pool, nil
}

// loadCRLs reads revocation lists in PEM form.
func loadCRLs(path string) ([]*x509.RevocationList, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lists []*x509.RevocationList
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if !strings.Contains(block.Type, "CRL") {
			continue
		}
		l, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		lists = append(lists, l)
	}
	if len(lists) == 0 {
		return nil, fmt.Errorf("no revocation list in '%s'", path)
	}
	return lists, nil
}

var errRevoked = errors.New("certificate revoked")

// checkRevoked refuses chains of which every one has a revoked certificate.
func checkRevoked(lists []*x509.RevocationList, chains [][]*x509.Certificate) error {
	for _, chain := range chains {
		revoked := false
		for i, cert := range chain[:max(0, len(chain)-1)] {
			for _, l := range lists {
				if l.CheckSignatureFrom(chain[i+1]) != nil {
					continue
				}
				for _, e := range l.RevokedCertificateEntries {
					revoked = revoked || e.SerialNumber.Cmp(cert.SerialNumber) == 0
				}
			}
		}
		if !revoked {
			return nil
		}
	}
	return errRevoked
}
