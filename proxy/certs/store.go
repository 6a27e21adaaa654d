// Package certs loads certificates and chooses one by server name. It reads
// what "crt", "crt-list" and "ca-file" name and makes the TLS settings of
// bind and server lines.
package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// Cert is one loaded certificate with its key.
type Cert struct {
	Path string
	TLS  tls.Certificate
	Leaf *x509.Certificate
	Note string // what is wrong with a file beside it and refuses nothing
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
	if data, err := os.ReadFile(path + ".ocsp"); err == nil { // stapled as it is (configuration manual 5.1, crt)
		if c.TLS.OCSPStaple, err = decodeStaple(data); err != nil {
			c.TLS.OCSPStaple = nil
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

// LoadAll reads a file, or all certificates of a directory in order of name;
// companions (".key", ".ocsp", ".sctl", ".issuer") are not certificates.
func LoadAll(path string) ([]*Cert, error) {
	st, err := os.Stat(path)
	if files := bundle(path); err != nil && len(files) > 0 {
		return loadFiles(files)
	}
	if err != nil {
		return nil, fmt.Errorf("unable to stat SSL certificate from file '%s' : %s", path, sysText(err))
	}
	if !st.IsDir() {
		c, err := Load(path)
		if err != nil {
			return nil, err
		}
		return []*Cert{c}, nil
	}
	files, err := dirFiles(path)
	if err != nil {
		return nil, err
	}
	return loadFiles(files)
}

func loadFiles(files []string) ([]*Cert, error) {
	var out []*Cert
	for _, f := range files {
		c, err := Load(f)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// dirFiles lists the certificates of a directory in order of name.
func dirFiles(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("unable to scan directory '%s' : %s", path, sysText(err))
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	var out []string
	for _, e := range entries {
		switch ext := filepath.Ext(e.Name()); {
		case strings.HasPrefix(e.Name(), "."), ext == ".key", ext == ".ocsp", ext == ".sctl", ext == ".issuer":
			continue
		}
		full := filepath.Join(path, e.Name())
		if st, err := os.Stat(full); err != nil || !st.Mode().IsRegular() {
			continue
		}
		out = append(out, full)
	}
	return out, nil
}

// LoadPool reads CA files into one pool; a directory stands for all files in
// it, "@system-ca" for the system's, "" for nothing.
func LoadPool(paths ...string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, path := range paths {
		if path == "@system-ca" {
			system, err := x509.SystemCertPool()
			if err != nil || len(paths) == 1 {
				return system, err
			}
			pool = system.Clone()
		}
	}
	for _, path := range paths {
		if path == "" || path == "@system-ca" {
			continue
		}
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			files, err := filepath.Glob(filepath.Join(path, "[^.]*"))
			if err != nil {
				return nil, err
			}
			for _, f := range files { // what cannot be read there is left out, as the original does
				if data, err := os.ReadFile(f); err == nil {
					pool.AppendCertsFromPEM(bytes.TrimSpace(data))
				}
			}
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil || !pool.AppendCertsFromPEM(bytes.TrimSpace(data)) {
			return nil, fmt.Errorf("unable to load %s", path)
		}
	}
	return pool, nil
}
