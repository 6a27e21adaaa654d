package certs

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// weakness is what the TLS library's security level does not take.
type weakness struct{ text string }

func (w *weakness) Error() string { return w.text }

func isWeak(err error) bool {
	var w *weakness
	return errors.As(err, &w)
}

// weak refuses certificates that the security level does not take
// (SSL_CTX_set_security_level(3)): RSA below 2048 bits at level 2, the usual
// one, and below 1024 at level 1; signatures with MD5 or SHA-1 above level 0,
// but for certificates that sign themselves.
func (f *Files) weak(c *Cert) error {
	if f.Lax {
		return nil
	}
	least := 2048
	if f.Level1 {
		least = 1024
	}
	refuse := func(what string) error {
		return &weakness{fmt.Sprintf("unable to load SSL certificate into SSL Context '%s': %s", c.Path, what)}
	}
	if k, ok := c.Leaf.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < least {
		return refuse("ee key too small")
	}
	switch c.Leaf.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		if !bytes.Equal(c.Leaf.RawIssuer, c.Leaf.RawSubject) {
			return refuse("ca md too weak")
		}
	}
	return nil
}
