package certs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Files reads the certificates that a configuration names. Each is read once,
// when the line that names it is checked; serving begins with what was read
// then.
type Files struct {
	Skip                     Skip
	Lax                      bool // no demands on keys and signatures (ssl-security-level 0)
	Level1                   bool // fewer (ssl-security-level 1)
	CRTBase, KeyBase, CABase string
	Sources                  map[string]Source // certificates of crt-stores by "@store/name"
	Refused                  map[string]bool   // those whose files were refused where the store names them

	mu    sync.Mutex
	certs map[string]loaded
}

// loaded is the outcome of one reading.
type loaded struct {
	cert *Cert
	err  error
}

// Source says which files make a certificate; those that are "" are looked
// for beside Crt.
type Source struct{ Crt, Key, Issuer, OCSP, SCTL string }

// Skip says which files beside a certificate are not looked for
// (configuration manual 3.1, ssl-load-extra-files).
type Skip struct {
	Bundle, Key, Issuer, OCSP, SCTL bool
	CutExt                          bool // "x.crt" has "x.key" beside it, not "x.crt.key" (ssl-load-extra-del-ext)
}

// ParseSkip reads the words of ssl-load-extra-files, which name what to load.
func ParseSkip(words []string) (s Skip, ok bool) {
	s = Skip{Bundle: true, Key: true, Issuer: true, OCSP: true, SCTL: true}
	for _, w := range words {
		switch w {
		case "none":
		case "all":
			s = Skip{}
		case "bundle":
			s.Bundle = false
		case "key":
			s.Key = false
		case "issuer":
			s.Issuer = false
		case "ocsp":
			s.OCSP = false
		case "sctl":
			s.SCTL = false
		default:
			return s, false
		}
	}
	return s, true
}

// under joins a relative path with a base directory.
func under(base, path string) string {
	if base == "" || filepath.IsAbs(path) || path == "" || path[0] == '@' {
		return path
	}
	return filepath.Join(base, path)
}

// Cert returns the certificate of a path or of a name in a crt-store.
func (f *Files) Cert(path string) (*Cert, error) { return f.certOf(path, Source{Crt: path}) }

// certOf is Cert for one whose other files are named.
func (f *Files) certOf(name string, src Source) (*Cert, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.certs[name]; ok {
		return r.cert, r.err
	}
	if stored, ok := f.Sources[name]; ok {
		src = stored
	}
	c, err := f.read(name, src)
	if f.certs == nil {
		f.certs = map[string]loaded{}
	}
	f.certs[name] = loaded{c, err}
	return c, err
}

// beside is where a file next to a certificate stands.
func (f *Files) beside(crt, ext string) string {
	if f.Skip.CutExt {
		crt = strings.TrimSuffix(crt, ".crt")
	}
	return crt + ext
}

// Usable is Cert for a certificate that the security level must take.
func (f *Files) Usable(path string) (*Cert, error) {
	c, err := f.Cert(path)
	if err == nil {
		err = f.weak(c)
	}
	return c, err
}

// Unusable is returned for a file of authorities or revocation lists that
// cannot be used.
type Unusable struct{ Word, Path, Reason string }

func (u *Unusable) Error() string { return fmt.Sprintf("'%s' : unable to load %s", u.Word, u.Path) }

// Detail is what the original says before.
func (u *Unusable) Detail() string {
	return fmt.Sprintf("Couldn't open the ca-file '%s' (%s).", u.Path, u.Reason)
}

// CheckAuthorities looks at the files of authorities and revocation lists that
// the words name.
func (f *Files) CheckAuthorities(w *Words) error {
	for _, x := range []struct{ word, path string }{{"ca-file", w.CAFile}, {"ca-verify-file", w.CAVerifyFile}, {"crl-file", w.CRLFile}} {
		path := under(f.CABase, x.path)
		if reason := unusable(path); reason != "" {
			return &Unusable{x.word, path, reason}
		}
	}
	return nil
}

// CheckAuthority returns the original's complaint about a file of authorities
// or revocation lists, "" where it can be read.
func (f *Files) CheckAuthority(path string) string {
	path = under(f.CABase, path)
	if reason := unusable(path); reason != "" {
		return (&Unusable{"", path, reason}).Detail()
	}
	return ""
}

func unusable(path string) (reason string) {
	if path == "" || path == "@system-ca" {
		return ""
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return ""
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return strings.TrimSuffix(sysText(err), ".")
	}
	return CheckCA(data)
}
