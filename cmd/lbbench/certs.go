package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Names of the certificate files in the run's directory.
const (
	certP256 = "p256.pem"
	certRSA  = "rsa2048.pem"
)

// writeCerts makes a self-signed certificate of each kind, with its key in
// the same file as HAProxy wants it.
func writeCerts(dir string, now time.Time) error {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("cannot make a P-256 key: %w", err)
	}
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("cannot make an RSA key: %w", err)
	}
	for _, k := range []struct {
		file string
		key  crypto.Signer
	}{{certP256, ec}, {certRSA, rk}} {
		text, err := selfSigned(k.key, now)
		if err != nil {
			return fmt.Errorf("cannot make %s: %w", k.file, err)
		}
		if err := os.WriteFile(filepath.Join(dir, k.file), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// selfSigned gives certificate and key as PEM.
func selfSigned(key crypto.Signer, now time.Time) ([]byte, error) {
	tmpl := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "bench.example"},
		DNSNames:              []string{"bench.example"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(48 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, err
	}
	pk, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pk})...), nil
}
