package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair makes a certificate and its key as PEM texts.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a.example"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kd, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kd}))
}

// TestBrokenFiles holds what is said of broken files to the words of HAProxy
// 3.5 (users' bad inputs, case 56).
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	cert, key := pair(t)
	_, other := pair(t)
	half := cert[:len(cert)/2] + "\n"
	for _, c := range []struct{ name, text, want string }{
		{"sound", cert + key, ""},
		{"key first", key + cert, ""},
		{"garbage between", cert + "garbage\n" + key, ""},
		{"bom", "\xef\xbb\xbf" + cert + key, ""},
		{"crlf", strings.ReplaceAll(cert+key, "\n", "\r\n"), ""},
		{"no last lf", strings.TrimRight(cert+key, "\n"), ""},
		{"empty", "", "unable to load certificate from file '%': no start line"},
		{"garbage", "hello\n", "unable to load certificate from file '%': no start line"},
		{"truncated", half + key, "unable to load certificate from file '%': bad end line"},
		{"not base64", strings.Replace(cert, "MI", "!!", 1) + key, "unable to load certificate from file '%': bad base64 decode"},
		{"truncated key", cert + key[:len(key)/2], "unable to load certificate chain from file '%': bad end line\n"},
		{"no key", cert, "No Private Key found in '%.key'"},
		{"other key", cert + other, "inconsistencies between private key and certificate loaded '%'"},
	} {
		path := filepath.Join(t.TempDir(), "x.pem")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := Load(path); err != nil {
			got = err.Error()
		}
		if want := strings.ReplaceAll(c.want, "%", path); got != want {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
	}
}

// TestLocked wants an encrypted key to be told apart from a missing one.
func TestLocked(t *testing.T) {
	t.Parallel()
	cert, key := pair(t)
	path := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(path, []byte(cert+strings.ReplaceAll(key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")), 0o600); err != nil {
		t.Fatal(err)
	}
	var l *Locked
	if _, err := Load(path); !errors.As(err, &l) {
		t.Errorf("%v", err)
	}
}

// TestBundle loads the certificates of "x.pem" by kind of key.
func TestBundle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, kind := range []string{"rsa", "ecdsa"} {
		cert, key := pair(t)
		if err := os.WriteFile(filepath.Join(dir, "x.pem."+kind), []byte(cert+key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := NewStore(&Files{})
	list, err := s.Add(s.Bind("f", "t.cfg:1", false), filepath.Join(dir, "x.pem"), false)
	if err != nil || len(list) != 2 {
		t.Errorf("%d certificates, %v", len(list), err)
	}
}

// TestCheckCA holds what is said of CA and CRL files to the words of 3.5.
func TestCheckCA(t *testing.T) {
	t.Parallel()
	cert, key := pair(t)
	for _, c := range []struct{ text, want string }{
		{cert, ""}, {"garbage\n" + cert, ""}, {"", "no certificate or crl found"}, {key, "no certificate or crl found"}, {cert[:80], "bad end line"},
		{"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "wrong tag"},
	} {
		if got := CheckCA([]byte(c.text)); got != c.want {
			t.Errorf("%.40q: %q, want %q", c.text, got, c.want)
		}
	}
}
