package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"sync"
	"time"
)

// maxForged is how many made certificates are kept (configuration manual 3.2,
// tune.ssl.ssl-ctx-cache-size).
const maxForged = 1000

// forgedLife is how long a made certificate is valid.
const forgedLife = 365 * 24 * time.Hour

// Forger makes certificates for server names that no loaded one answers
// (configuration manual 5.1, generate-certificates). Safe for concurrent use.
type Forger struct {
	ca  *Cert
	key *ecdsa.PrivateKey // one for all made certificates

	mu   sync.Mutex
	made map[string]*tls.Certificate
}

// NewForger returns a Forger whose certificates ca signs.
func NewForger(ca *Cert) (*Forger, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return &Forger{ca: ca, key: key, made: map[string]*tls.Certificate{}}, nil
}

// Certificate returns the certificate for a name, made on first use.
func (f *Forger) Certificate(name string, now time.Time) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.made[name]; c != nil && now.Before(c.Leaf.NotAfter) {
		return c, nil
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	subject, err := below(f.ca.Leaf, name)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, RawSubject: subject, SignatureAlgorithm: forgedSignature(f.ca.Leaf), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(forgedLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(name); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, f.ca.Leaf, &f.key.PublicKey, f.ca.TLS.PrivateKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: append([][]byte{der}, f.ca.TLS.Certificate...), PrivateKey: f.key, Leaf: leaf}
	if len(f.made) >= maxForged {
		for old := range f.made { // any one will do
			delete(f.made, old)
			break
		}
	}
	f.made[name] = c
	return c, nil
}

// below returns the authority's own name with one more common name behind it,
// as the original names the certificates that it makes.
func below(ca *x509.Certificate, name string) ([]byte, error) {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(ca.RawSubject, &seq); err != nil {
		return nil, err
	}
	seq = append(seq, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name}})
	return asn1.Marshal(seq)
}

// forgedSignature is SHA-256 whatever the size of the authority's key.
func forgedSignature(ca *x509.Certificate) x509.SignatureAlgorithm {
	switch ca.PublicKeyAlgorithm {
	case x509.RSA:
		return x509.SHA256WithRSA
	case x509.ECDSA:
		return x509.ECDSAWithSHA256
	}
	return x509.UnknownSignatureAlgorithm
}
