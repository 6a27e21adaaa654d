// Package certs loads certificates and chooses one by server name. It reads
// what "crt", "crt-list" and "ca-file" name and makes the TLS settings of
// bind and server lines.
package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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
	Path  string
	TLS   tls.Certificate
	Leaf  *x509.Certificate
	Mixed bool   // the key is another certificate's: no handshake succeeds
	Aside string // as Note, where the original does not name the line
	Note  string // what is wrong with a file beside it and refuses nothing
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
func Load(path string) (*Cert, error) { return (&Files{}).read(path, Source{Crt: path}) }

// read makes the certificate called name of its files.
func (f *Files) read(name string, src Source) (*Cert, error) {
	path := src.Crt
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Missing{path, sysText(err)}
	}
	if err := f.named(src); err != nil {
		return nil, err
	}
	chain, err := chainOf(data, path)
	if err != nil {
		if _, key := splitPEM(data); key != nil && locked(key) {
			return nil, &Locked{Text: err.Error()}
		}
		return nil, err
	}
	signer, err := f.key(data, src)
	if _, stored := f.Sources[name]; stored && src.Key == "" && err != nil {
		text := fmt.Sprintf("unable to load SSL private key into SSL Context '%s': passed a null parameter", name)
		var locked *Locked
		if errors.As(err, &locked) {
			return nil, &Locked{Text: text}
		}
		return nil, errors.New(text)
	}
	if err != nil {
		return nil, err
	}
	c := &Cert{Path: name, TLS: tls.Certificate{Certificate: chain, PrivateKey: signer}}
	if c.Leaf, err = x509.ParseCertificate(chain[0]); err != nil {
		return nil, fmt.Errorf("unable to load certificate from file '%s': %s", path, err)
	}
	c.TLS.Leaf = c.Leaf
	switch _, stored := f.Sources[name]; {
	case sameKey(c.Leaf.PublicKey, signer.Public()):
	case stored || src.Key != "":
		// The original takes it too; clients refuse what it signs.
		c.Mixed = true
	default:
		return nil, fmt.Errorf("inconsistencies between private key and certificate loaded '%s'", name)
	}
	if err := f.stamps(c, src); err != nil {
		return nil, err
	}
	f.response(c, src)
	return c, nil
}

// Missing is returned where there is no file of a certificate.
type Missing struct{ Path, Why string }

func (m *Missing) Error() string {
	return fmt.Sprintf("unable to stat SSL certificate from file '%s' : %s", m.Path, m.Why)
}

// named looks at the files that a crt-store or a crt-list names beside a
// certificate: unlike those found, they must be there and be what they are
// named for.
func (f *Files) named(src Source) error {
	for _, path := range []string{src.Key, src.Issuer, src.SCTL} {
		if _, err := os.ReadFile(path); path != "" && err != nil {
			return fmt.Errorf(" '%s' cannot be read or parsed.", path)
		}
	}
	if _, err := os.ReadFile(src.OCSP); src.OCSP != "" && err != nil {
		return fmt.Errorf("Error opening OCSP response file '%s' cannot be read or parsed.", src.OCSP)
	}
	if data, err := os.ReadFile(src.Key); err == nil {
		if _, err := loneKey(src.Key, data, "cannot be read or parsed."); err != nil {
			return err
		}
	}
	if data, err := os.ReadFile(src.Issuer); err == nil {
		if chain, _ := splitPEM(data); len(chain) == 0 {
			return fmt.Errorf("'%s' cannot be read or parsed'.\n '%s' cannot be read or parsed.", src.Issuer, src.Issuer)
		}
	}
	if src.SCTL == "" {
		return nil
	}
	return f.stamps(&Cert{}, src)
}

// key finds the private key: in the file that a crt-store names, in the
// certificate's own, in the one beside it.
func (f *Files) key(data []byte, src Source) (crypto.Signer, error) {
	beside := f.beside(src.Crt, ".key")
	if f.Skip.Key {
		beside = src.Crt
	}
	_, key := splitPEM(data)
	if src.Key != "" {
		data, err := os.ReadFile(src.Key)
		if err != nil {
			return nil, fmt.Errorf(" '%s' cannot be read or parsed.", src.Key)
		}
		return loneKey(src.Key, data, "cannot be read or parsed.")
	}
	var signer crypto.Signer
	err := errors.New("")
	switch {
	case key != nil && locked(key):
		return nil, &Locked{Text: fmt.Sprintf("No Private Key found in '%s'", beside)}
	case key != nil:
		signer, err = parseKey(key)
	}
	if err == nil {
		return signer, nil
	}
	var strange *strangeKey
	if errors.As(err, &strange) {
		return nil, fmt.Errorf("unable to load private key from file '%s': %s", src.Crt, err)
	}
	if extra, err := os.ReadFile(beside); err == nil && !f.Skip.Key {
		return loneKey(beside, extra, "is present but cannot be read or parsed'.")
	}
	return nil, fmt.Errorf("No Private Key found in '%s'", beside)
}

// loneKey reads a file that holds nothing but a key.
func loneKey(path string, data []byte, end string) (crypto.Signer, error) {
	text := "unable to load private key from file '%s' (error:%s).\n '%s' " + end
	_, key := splitPEM(data)
	if key != nil && locked(key) {
		return nil, &Locked{Text: fmt.Sprintf(text, path, "04800068:PEM routines::bad password read", path)}
	}
	if key != nil {
		signer, err := parseKey(key)
		var strange *strangeKey
		if err == nil || errors.As(err, &strange) {
			return signer, err
		}
	}
	return nil, fmt.Errorf(text, path, "1E08010C:DECODER routines::unsupported", path)
}

// stamps adds the signed timestamps of Certificate Transparency that stand
// beside a certificate (RFC 6962, section 3.3).
func (f *Files) stamps(c *Cert, src Source) error {
	path := src.SCTL
	if path == "" {
		if path = f.beside(src.Crt, ".sctl"); f.Skip.SCTL {
			return nil
		}
	}
	data, err := os.ReadFile(path)
	if err != nil && src.SCTL == "" {
		return nil
	}
	var ok bool
	if c.TLS.SignedCertificateTimestamps, ok = splitStamps(data); (!ok || err != nil) && src.SCTL != "" {
		return fmt.Errorf(" '%s' cannot be read or parsed.", path)
	} else if !ok {
		return fmt.Errorf(" '%s.sctl' is present but cannot be read or parsed'.", path)
	}
	return nil
}

// splitStamps takes a list of timestamps apart: each has its length before it,
// and so has the list.
func splitStamps(data []byte) (out [][]byte, ok bool) {
	if len(data) < 2 || int(data[0])<<8|int(data[1]) != len(data)-2 || len(data) == 2 {
		return nil, false
	}
	for data = data[2:]; len(data) > 0; {
		if len(data) < 2 {
			return nil, false
		}
		n := int(data[0])<<8 | int(data[1])
		if n == 0 || n > len(data)-2 {
			return nil, false
		}
		out, data = append(out, data[2:2+n]), data[2+n:]
	}
	return out, true
}

// response finds the OCSP response beside a certificate (configuration manual
// 5.1, crt). It needs the issuer, from the chain or a file beside it.
func (f *Files) response(c *Cert, src Source) {
	f.issuer(c, src)
	path := src.OCSP
	if path == "" {
		if path = f.beside(src.Crt, ".ocsp"); f.Skip.OCSP {
			return
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if c.Issuer == nil {
		c.Note = fmt.Sprintf(" '%s' is present and activates OCSP but it is impossible to compute the OCSP certificate ID (maybe the issuer could not be found)'.", path)
		return
	}
	c.wants = true
	if c.staple, err = parseStaple(data); err != nil {
		c.Aside = "Loading: Unable to parse OCSP response. Content will be ignored."
	}
}

// issuer finds the certificate's issuer.
func (f *Files) issuer(c *Cert, src Source) {
	c.Issuer = issuerIn(c.Leaf, c.TLS.Certificate[1:])
	path := src.Issuer
	if path == "" && !f.Skip.Issuer {
		path = f.beside(src.Crt, ".issuer")
	}
	if path == "" {
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if c.IssuerFile = true; c.Issuer == nil {
		more, _ := splitPEM(data)
		c.Issuer = issuerIn(c.Leaf, more)
	}
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
	if s, ok := k.(crypto.Signer); ok {
		return s, nil
	}
	var kind struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
	}
	if _, e := asn1.Unmarshal(b.Bytes, &kind); e == nil || b.Type == "EC PRIVATE KEY" && strings.Contains(fmt.Sprint(err), "curve") {
		return nil, &strangeKey{}
	}
	return nil, errors.New("no key")
}

// strangeKey is returned for a sound key of a kind that crypto/tls has not.
type strangeKey struct{}

func (*strangeKey) Error() string { return "this program has not this kind of key" }
