package certs

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
)

// SystemCA is the name that stands for the system's authorities.
const SystemCA = "@system-ca"

// systemCADir holds them, as the TLS library of the original looks for them.
const systemCADir = "/etc/ssl/certs"

// Trust is what one CA or CRL file holds. It never changes.
type Trust struct {
	Certs []*x509.Certificate
	CRLs  []*CRL
}

// Authority is one CA or CRL file by its path for the life of the process:
// what it holds can be replaced while it is in use.
type Authority struct {
	Path string
	cur  atomic.Pointer[Trust] // nil: made at run time, not filled yet
	uses []func() int
}

// NewAuthority returns one that holds t, without a file.
func NewAuthority(path string, t *Trust) *Authority {
	a := &Authority{Path: path}
	a.cur.Store(t)
	return a
}

// Trust returns what the file holds now; nil where it is empty.
func (a *Authority) Trust() *Trust {
	if a == nil {
		return nil
	}
	return a.cur.Load()
}

// instances counts the certificates that are shown where the file is used.
func (a *Authority) instances() (n int) {
	for _, f := range a.uses {
		n += f()
	}
	return n
}

// errNoTrust is returned for data without a certificate or revocation list.
var errNoTrust = errors.New("no certificate or crl found")

// addPEM returns what t and the PEM blocks of data hold together, each once.
func (t *Trust) addPEM(data []byte) (*Trust, error) {
	blocks, problem := scanPEM(data)
	n, found := &Trust{}, 0
	if t != nil {
		n.Certs, n.CRLs = slices.Clone(t.Certs), slices.Clone(t.CRLs)
	}
	for _, b := range blocks {
		switch b.Type {
		case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE":
			c, err := x509.ParseCertificate(b.Bytes)
			if err != nil {
				return nil, err
			}
			n.addCert(c)
		case "X509 CRL":
			l, err := ParseCRL(b.Bytes)
			if err != nil {
				return nil, err
			}
			n.addCRL(l)
		default:
			continue
		}
		found++
	}
	switch {
	case problem != "":
		return nil, errors.New(problem)
	case found == 0:
		return nil, errNoTrust
	}
	return n, nil
}

// addCert keeps the order of the original, which is seen in "show ssl
// ca-file": all but the last are sorted.
func (t *Trust) addCert(c *x509.Certificate) {
	slices.SortStableFunc(t.Certs, func(a, b *x509.Certificate) int { return byName(a.RawSubject, b.RawSubject) })
	if !slices.ContainsFunc(t.Certs, c.Equal) {
		t.Certs = append(t.Certs, c)
	}
}

func (t *Trust) addCRL(l *CRL) {
	slices.SortStableFunc(t.CRLs, func(a, b *CRL) int { return byName(a.RawIssuer, b.RawIssuer) })
	if !slices.ContainsFunc(t.CRLs, func(x *CRL) bool { return bytes.Equal(x.Raw, l.Raw) }) {
		t.CRLs = append(t.CRLs, l)
	}
}

// byName orders distinguished names: short ones first, case does not matter.
func byName(a, b []byte) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(bytes.ToLower(a), bytes.ToLower(b)))
}

// LoadTrust reads a CA or CRL file, all files of a directory, or for
// "@system-ca" those of the system. Errors are in the original's words.
func LoadTrust(path string) (*Trust, error) {
	dir := path
	if path == SystemCA {
		dir = systemCADir
	}
	if st, err := os.Stat(dir); err == nil && st.IsDir() {
		files, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
		if err != nil {
			return nil, err
		}
		t := &Trust{}
		for _, f := range files { // what cannot be read there is left out, as the original does
			if data, err := os.ReadFile(f); err == nil {
				if more, err := t.addPEM(data); err == nil {
					t = more
				}
			}
		}
		return t, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("unable to load %s", path)
	}
	t, err := (*Trust)(nil).addPEM(data)
	if err != nil {
		return nil, fmt.Errorf("unable to load %s", path)
	}
	return t, nil
}

// pools are the roots and what leads to them of several files.
type pools struct {
	from         []*Trust
	roots, inter *x509.CertPool
}

// Anchors are the files that certificates of peers are verified with.
type Anchors struct {
	files []*Authority
	last  atomic.Pointer[pools]
}

// NewAnchors returns those files together.
func NewAnchors(files ...*Authority) *Anchors { return &Anchors{files: files} }

// pools returns what the files hold, made anew only where one of them changed
// since last. What is not signed by itself leads to a root and is none: a
// chain that ends there is not complete for the original.
func (a *Anchors) pools() *pools {
	if a == nil {
		a = &Anchors{}
	}
	p := a.last.Load()
	if p != nil && p.fits(a.files) {
		return p
	}
	p = &pools{roots: x509.NewCertPool(), inter: x509.NewCertPool()}
	for _, f := range a.files {
		t := f.Trust()
		p.from = append(p.from, t)
		if t == nil {
			continue
		}
		for _, c := range t.Certs {
			if selfSigned(c) {
				p.roots.AddCert(c)
			} else {
				p.inter.AddCert(c)
			}
		}
	}
	a.last.Store(p)
	return p
}

func (p *pools) fits(files []*Authority) bool {
	if len(p.from) != len(files) {
		return false
	}
	for i, f := range files {
		if f.Trust() != p.from[i] {
			return false
		}
	}
	return true
}

// with returns the intermediates together with those that a peer showed.
func (p *pools) with(shown []*x509.Certificate) *x509.CertPool {
	if len(shown) == 0 {
		return p.inter
	}
	n := p.inter.Clone()
	for _, c := range shown {
		n.AddCert(c)
	}
	return n
}
