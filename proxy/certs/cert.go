// Package certs loads certificates and chooses one by server name. It reads
// what "crt", "crt-list" and "ca-file" name and makes the TLS settings of
// bind and server lines.
package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
)

// Cert is one loaded certificate with its key.
type Cert struct {
	Path string
	TLS  tls.Certificate
	Leaf *x509.Certificate
	Note string // what is wrong with a file beside it and refuses nothing
	// Issuer signed the certificate: of its chain, or of "<file>.issuer"; nil
	// where it is not known.
	Issuer *x509.Certificate
	// IssuerFile says that "<file>.issuer" was there.
	IssuerFile bool

	wants  bool     // an OCSP response belongs to it, or will
	staple *Staple  // as loaded; nil: none
	ocsp   *Stapled // what is stapled now; nil: nothing ever
	shown  atomic.Pointer[stapledCert]
}

// Load reads a PEM file that holds a certificate chain and its private key;
// the key may stand beside it in "<file>.key" (configuration manual 5.1, crt).
// Errors are in the original's words.
func Load(path string) (*Cert, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("unable to stat SSL certificate from file '%s' : %s", path, sysText(err))
	}
	chain, err := chainOf(data, path)
	if err != nil {
		return nil, err
	}
	_, key := splitPEM(data)
	if key == nil {
		if extra, err := os.ReadFile(path + ".key"); err == nil {
			_, key = splitPEM(extra)
		} else if extra, err := os.ReadFile(strings.TrimSuffix(path, ".crt") + ".key"); err == nil {
			_, key = splitPEM(extra)
		}
	}
	if key == nil {
		return nil, fmt.Errorf("No Private Key found in '%s.key'", path)
	}
	if locked(key) {
		return nil, &Locked{path}
	}
	signer, err := parseKey(key)
	if err != nil {
		return nil, fmt.Errorf("unable to load private key from file '%s': %s", path, err)
	}
	c := &Cert{Path: path, TLS: tls.Certificate{Certificate: chain, PrivateKey: signer}}
	if c.Leaf, err = x509.ParseCertificate(chain[0]); err != nil {
		return nil, fmt.Errorf("unable to load certificate from file '%s': %s", path, err)
	}
	c.TLS.Leaf = c.Leaf
	if !sameKey(c.Leaf.PublicKey, signer.Public()) {
		return nil, fmt.Errorf("inconsistencies between private key and certificate loaded '%s'", path)
	}
	c.Issuer = issuerIn(c.Leaf, chain[1:])
	if data, err := os.ReadFile(path + ".issuer"); err == nil {
		if c.IssuerFile = true; c.Issuer == nil {
			more, _ := splitPEM(data)
			c.Issuer = issuerIn(c.Leaf, more)
		}
	}
	if data, err := os.ReadFile(path + ".ocsp"); err == nil { // configuration manual 5.1, crt
		c.wants = true
		if c.staple, err = parseStaple(data); len(data) > 0 && err != nil || c.Issuer == nil {
			c.wants = false
			c.Note = fmt.Sprintf("'%s.ocsp' is present and activates OCSP but it is impossible to compute the OCSP certificate ID (maybe the issuer could not be found)'.", path)
		}
	}
	return c, nil
}

// sysText returns strerror's words with their capital.
func sysText(err error) string {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return err.Error()
	}
	s := no.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func sameKey(a, b crypto.PublicKey) bool {
	eq, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && eq.Equal(b)
}

// splitPEM returns the certificates of a file in order and its first private key.
func splitPEM(data []byte) (chain [][]byte, key *pem.Block) {
	blocks, _ := scanPEM(data)
	for _, b := range blocks {
		switch {
		case b.Type == "CERTIFICATE":
			chain = append(chain, b.Bytes)
		case strings.HasSuffix(b.Type, "PRIVATE KEY") && key == nil:
			key = b
		}
	}
	return chain, key
}

// parseKey reads a private key of any of the usual encodings.
func parseKey(b *pem.Block) (crypto.Signer, error) {
	var k any
	var err error
	switch b.Type {
	case "RSA PRIVATE KEY":
		k, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	case "EC PRIVATE KEY":
		k, err = x509.ParseECPrivateKey(b.Bytes)
	default:
		k, err = x509.ParsePKCS8PrivateKey(b.Bytes)
	}
	if err != nil {
		return nil, err
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, errors.New("key cannot sign")
	}
	return s, nil
}
