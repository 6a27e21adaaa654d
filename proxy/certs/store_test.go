package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write makes a self-signed certificate and returns its PEM parts.
func makePEM(t *testing.T, cn string, names ...string) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn}, DNSNames: names,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kder})
}

func file(t *testing.T, dir, name string, parts ...[]byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c1, k1 := makePEM(t, "a.example", "a.example")
	_, k2 := makePEM(t, "b.example")
	f := func(path, want string) {
		t.Helper()
		_, err := Load(path)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want == "" && got != "" || want != "" && !strings.Contains(got, want) {
			t.Errorf("Load(%s) = %q, want %q", filepath.Base(path), got, want)
		}
	}
	f(file(t, dir, "both.pem", c1, k1), "")
	f(file(t, dir, "keyfirst.pem", k1, c1), "")
	file(t, dir, "apart.pem.key", k1)
	f(file(t, dir, "apart.pem", c1), "")
	f(file(t, dir, "nokey.pem", c1), "No Private Key found")
	f(file(t, dir, "mixed.pem", c1, k2), "inconsistencies between private key and certificate")
	f(file(t, dir, "empty.pem"), "no start line")
	f(filepath.Join(dir, "absent.pem"), "unable to stat SSL certificate from file")
}

func TestAddSkipsCompanions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c1, k1 := makePEM(t, "a.example")
	c2, k2 := makePEM(t, "b.example")
	file(t, dir, "2.pem", c1, k1)
	file(t, dir, "1.pem", c2)
	file(t, dir, "1.pem.key", k2)
	file(t, dir, ".hidden", []byte("x"))
	s := NewStore(&Files{})
	got, err := s.Add(s.Bind("f", "t.cfg:1", false), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got {
		names = append(names, c.Cert().Leaf.Subject.CommonName)
	}
	if diff := cmp.Diff([]string{"b.example", "a.example"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var n Names
	for _, x := range [][]string{{"default.example"}, {"www.example.com"}, {"*.example.com"}} {
		c, k := makePEM(t, x[0], x...)
		cert, err := Load(file(t, dir, x[0]+".pem", c, k))
		if err != nil {
			t.Fatal(err)
		}
		n.Add(cert, nil)
	}
	f := func(sni, want string) {
		t.Helper()
		c, err := n.Pick(&tls.ClientHelloInfo{ServerName: sni})
		got := "refused"
		if err == nil {
			got = c.Leaf.Subject.CommonName
		}
		if got != want {
			t.Errorf("Pick(%q) = %s, want %s", sni, got, want)
		}
	}
	f("www.example.com", "www.example.com")
	f("WWW.Example.com.", "www.example.com")
	f("other.example.com", "*.example.com")
	f("a.b.example.com", "default.example")
	f("", "default.example")
	n.Strict = true
	f("a.b.example.com", "refused")
	f("other.example.com", "*.example.com")
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pemCert, key := makePEM(t, "srv.example", "srv.example")
	path := file(t, dir, "srv.pem", pemCert, key)
	roots, err := LoadTrust(path)
	if err != nil {
		t.Fatal(err)
	}
	store := NewStore(&Files{})
	bind := store.Bind("f", "t.cfg:1", false)
	if _, err := store.Add(bind, path, false); err != nil {
		t.Fatal(err)
	}
	s := &Server{Bind: bind, Words: Words{ALPN: []string{"http/1.1"}, Versions: VersionWords{Min: "TLSv1.2"}}, Tickets: true}
	served, err := s.Config(store)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", served)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				c.(*tls.Conn).Handshake()
				c.Close()
			}()
		}
	}()
	f := func(k *Client, sni string, ok bool) {
		t.Helper()
		c, err := tls.Dial("tcp", ln.Addr().String(), k.Config(sni))
		if err == nil {
			c.Close()
		}
		if (err == nil) != ok {
			t.Errorf("verify %v, host %q, sni %q: %v", k.Verify, k.Host, sni, err)
		}
	}
	base := Client{Policy: Policy{Min: tls.VersionTLS12, Max: tls.VersionTLS13}, CAs: NewAnchors(NewAuthority(path, roots))}
	k := base
	f(&k, "other.example", true) // verify none
	k.Verify = true
	f(&k, "srv.example", true)
	f(&k, "other.example", false)
	k.Host = "srv.example"
	f(&k, "other.example", true)
	k.CAs = NewAnchors()
	f(&k, "srv.example", false)
}
