package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ocsp"
)

// Entry is one certificate by its path for the life of the process: what it
// holds can be replaced while it is in use.
type Entry struct {
	Path string

	cur    atomic.Pointer[Cert] // nil: empty
	own    bool                 // made at run time: no file stands behind it
	listed bool                 // first met in a crt-list
}

// Cert returns what the entry holds now, nil where it is empty.
func (e *Entry) Cert() *Cert { return e.cur.Load() }

// FromFile says whether the entry was loaded from a file.
func (e *Entry) FromFile() bool { return !e.own }

// Listed says whether a crt-list named the file first.
func (e *Entry) Listed() bool { return e.listed }

// ListLine is one line of a crt-list.
type ListLine struct {
	Entry   *Entry
	Options []string // those in brackets
	Filters []string // names
	Line    int      // in the file; those added at run time go on from its last
}

// List is a crt-list or a directory of certificates.
type List struct {
	Path  string
	Dir   bool
	base  string // of relative names in it
	Lines []*ListLine
}

// Bind is what one bind line offers.
type Bind struct {
	Front, At string // frontend, and file:line
	Strict    bool

	direct []*Entry
	lists  []*List
	names  atomic.Pointer[Names]
}

// Pick is a tls.Config's GetCertificate.
func (b *Bind) Pick(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return b.names.Load().Pick(h) }

// Names returns the names as they are offered now.
func (b *Bind) Names() *Names { return b.names.Load() }

// Empty says whether the line offers no certificate.
func (b *Bind) Empty() bool { return b.names.Load().Empty() }

// Store holds all certificates and who uses them. One change at a time waits
// to be committed (management manual, set ssl cert).
type Store struct {
	mu      sync.Mutex
	entries map[string]*Entry
	lists   map[string]*List
	clients map[*Entry]int // server lines
	binds   []*Bind
	path    string // of the change that waits; "": none
	pending *Cert
}

// NewStore returns an empty one.
func NewStore() *Store {
	return &Store{entries: map[string]*Entry{}, lists: map[string]*List{}, clients: map[*Entry]int{}}
}

// load returns the certificate of a path, read once.
func (s *Store) load(path string) (*Entry, error) {
	if e := s.entries[path]; e != nil {
		return e, nil
	}
	c, err := Load(path)
	if err != nil {
		return nil, err
	}
	e := &Entry{Path: path}
	e.cur.Store(c)
	s.entries[path] = e
	return e, nil
}

// Client returns the certificate that a server line shows.
func (s *Store) Client(path string) (*Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.load(path)
	if err == nil {
		s.clients[e]++
	}
	return e, err
}

// Bind returns a bind line without certificates.
func (s *Store) Bind(front, at string, strict bool) *Bind {
	b := &Bind{Front: front, At: at, Strict: strict}
	b.names.Store(&Names{Strict: strict})
	s.mu.Lock()
	s.binds = append(s.binds, b)
	s.mu.Unlock()
	return b
}

// Add offers the certificate of a file, or all of a directory.
func (s *Store) Add(b *Bind, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := os.Stat(path)
	if files := bundle(path); err != nil && len(files) > 0 {
		for _, f := range files {
			e, err := s.load(f)
			if err != nil {
				return err
			}
			b.direct = append(b.direct, e)
		}
		b.build()
		return nil
	}
	if err != nil {
		return fmt.Errorf("unable to stat SSL certificate from file '%s' : %s", path, sysText(err))
	}
	if !st.IsDir() {
		e, err := s.load(path)
		if err != nil {
			return err
		}
		b.direct = append(b.direct, e)
		b.build()
		return nil
	}
	l := s.lists[path]
	if l == nil {
		files, err := dirFiles(path)
		if err != nil {
			return err
		}
		l = &List{Path: path, Dir: true}
		for _, f := range files {
			e, err := s.load(f)
			if err != nil {
				return err
			}
			l.Lines = append(l.Lines, &ListLine{Entry: e})
		}
		s.lists[path] = l
	}
	b.lists = append(b.lists, l)
	b.build()
	return nil
}

// AddList offers what a crt-list holds; relative files in it stand under base.
func (s *Store) AddList(b *Bind, path, base string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lists[path]
	if l == nil {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("unable to stat SSL certificate from file '%s' : %s", path, sysText(err))
		}
		if err := unended(path, data); err != nil {
			return err
		}
		l = &List{Path: path, base: base}
		for i, text := range strings.Split(string(data), "\n") {
			line, err := s.listLine(text, path, i+1, base)
			if err != nil {
				return err
			}
			if line != nil {
				l.Lines = append(l.Lines, line)
			}
		}
		s.lists[path] = l
	}
	b.lists = append(b.lists, l)
	b.build()
	return nil
}

// listLine reads one line of a crt-list; nil for an empty one.
func (s *Store) listLine(text, path string, n int, base string) (*ListLine, error) {
	file, opts, names, err := splitLine(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("parsing [%s:%d]: %s\n", path, n, err)
	case file == "":
		return nil, nil
	case restricts(opts):
		return nil, fmt.Errorf("'%s' line %d: options [%s] are not supported yet and would be unsafe to ignore", path, n, strings.Join(opts, " "))
	}
	if base != "" && !filepath.IsAbs(file) && s.entries[file] == nil {
		file = filepath.Join(base, file)
	}
	known := s.entries[file] != nil
	e, err := s.load(file)
	if err != nil {
		return nil, err
	}
	if !known {
		e.listed = true
	}
	return &ListLine{Entry: e, Options: opts, Filters: names, Line: n}, nil
}

// build makes the names anew from what the certificates hold now; the store's
// lock is held.
func (b *Bind) build() {
	n := &Names{Strict: b.Strict}
	for _, e := range b.direct {
		if c := e.Cert(); c != nil {
			n.Add(c, nil)
		}
	}
	for _, l := range b.lists {
		for _, line := range l.Lines {
			if c := line.Entry.Cert(); c != nil {
				n.Add(c, line.Filters)
			}
		}
	}
	b.names.Store(n)
}

// uses counts how often e stands on bind and server lines.
func (s *Store) uses(e *Entry) int {
	n := s.clients[e]
	for _, b := range s.binds {
		n += b.count(e)
	}
	return n
}

func (b *Bind) count(e *Entry) (n int) {
	for _, x := range b.direct {
		if x == e {
			n++
		}
	}
	for _, l := range b.lists {
		for _, line := range l.Lines {
			if line.Entry == e {
				n++
			}
		}
	}
	return n
}

// Uses counts how often e stands on bind and server lines.
func (s *Store) Uses(e *Entry) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uses(e)
}

// Entries returns the certificates in order of their paths, and the path of
// the change that waits to be committed ("" for none).
func (s *Store) Entries() (list []*Entry, pending string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(s.entries)) {
		list = append(list, s.entries[k])
	}
	return list, s.path
}

// Entry returns the certificate of that path, nil where there is none.
func (s *Store) Entry(path string) *Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[path]
}

// Pending returns what waits to be committed for a path, nil for nothing.
func (s *Store) Pending(path string) *Cert {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path != path || path == "" {
		return nil
	}
	return s.pending
}

// Binds returns the bind lines in the order of the configuration.
func (s *Store) Binds() []*Bind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.binds)
}

// errors of changes, in the words of the original.
var (
	errNoChange  = errors.New("No ongoing transaction!")
	errUnknown   = errors.New("Can't replace a certificate which is not referenced by the configuration!")
	errStartLine = "unable to load certificate from file '%s': no start line.\nCan't load the payload"
)

// busy refuses a change of one certificate while another one's waits.
func (s *Store) busy(path, verb string) error {
	if s.path != "" && s.path != path {
		return fmt.Errorf("The ongoing transaction is about '%s' but you are trying to %s '%s'", s.path, verb, path)
	}
	return nil
}

// Set begins or goes on with a change: data is PEM text with a certificate,
// its chain and its key. A part that is missing stays as it is. Created says
// that the change is a new one; name is the certificate that it is about.
func (s *Store) Set(path string, data []byte) (name string, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, part := s.entries[path], ""
	if e == nil {
		for _, ext := range []string{".key", ".issuer", ".ocsp", ".sctl"} {
			base, ok := strings.CutSuffix(path, ext)
			if !ok {
				continue
			}
			if e = s.entries[base]; e == nil {
				e = s.entries[base+".crt"]
			}
			part = ext
		}
	}
	if e == nil {
		return path, false, errUnknown
	}
	if err := s.busy(e.Path, "set"); err != nil {
		return path, false, err
	}
	base := s.pending
	if s.path == "" {
		if base = e.Cert(); base == nil {
			base = &Cert{Path: e.Path}
		}
	}
	next, err := base.with(part, data)
	if err != nil {
		return path, false, err
	}
	created = s.path == ""
	s.path, s.pending = e.Path, next
	return e.Path, created, nil
}

// with returns a copy of c with one part replaced: "" is certificate and key.
func (c *Cert) with(part string, data []byte) (*Cert, error) {
	n := *c
	n.TLS.Leaf = nil
	switch part {
	case ".ocsp":
		staple, err := decodeStaple(data)
		if err != nil {
			return nil, err
		}
		n.TLS.OCSPStaple = staple
		return &n, nil
	case ".issuer", ".sctl":
		return nil, fmt.Errorf("%s files cannot be changed in this program.", part)
	}
	chain, key := splitPEM(data)
	if part == "" {
		if len(chain) == 0 {
			return nil, fmt.Errorf(errStartLine, c.Path)
		}
		leaf, err := x509.ParseCertificate(chain[0])
		if err != nil {
			return nil, fmt.Errorf("unable to load certificate from file '%s': %s.\nCan't load the payload", c.Path, err)
		}
		n.Leaf, n.TLS.Certificate = leaf, chain
	} else if key == nil {
		return nil, fmt.Errorf("unable to load private key from file '%s': no start line.\nCan't load the payload", c.Path)
	}
	if key != nil {
		signer, err := parseKey(key)
		if err != nil {
			return nil, fmt.Errorf("unable to load private key from file '%s': %s.\nCan't load the payload", c.Path, err)
		}
		n.TLS.PrivateKey = signer
	}
	return &n, nil
}

// Commit puts the change in force and returns how many places use it.
func (s *Store) Commit(path string) (instances int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return 0, errors.New("No ongoing transaction! !")
	}
	if err := s.busy(path, "set"); err != nil {
		return 0, err
	}
	c := s.pending
	if err := c.complete(); err != nil {
		return 0, err
	}
	e := s.entries[path]
	e.cur.Store(c)
	for _, b := range s.binds {
		if b.count(e) > 0 {
			b.build()
		}
	}
	s.path, s.pending = "", nil
	return s.uses(e), nil
}

// complete makes sure that c can be shown: it has a key, and it is its own.
func (c *Cert) complete() error {
	signer, ok := c.TLS.PrivateKey.(crypto.Signer)
	switch {
	case c.Leaf == nil || !ok:
		return errors.New("The transaction must contain at least a certificate and a private key!")
	case !sameKey(c.Leaf.PublicKey, signer.Public()):
		return fmt.Errorf("inconsistencies between private key and certificate loaded '%s'.", c.Path)
	}
	c.TLS.Leaf = c.Leaf
	return nil
}

// Abort drops the change.
func (s *Store) Abort(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return errNoChange
	}
	if err := s.busy(path, "abort a transaction for"); err != nil {
		return err
	}
	s.path, s.pending = "", nil
	return nil
}

// New makes an empty certificate that Set can fill.
func (s *Store) New(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[path] != nil {
		return fmt.Errorf("Certificate '%s' already exists!", path)
	}
	s.entries[path] = &Entry{Path: path, own: true}
	return nil
}

// Delete forgets a certificate that nothing uses.
func (s *Store) Delete(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[path]
	switch {
	case e == nil:
		return fmt.Errorf("certificate '%s' doesn't exist!", path)
	case s.uses(e) > 0:
		return fmt.Errorf("certificate '%s' in use, can't be deleted!", path)
	}
	delete(s.entries, path)
	return nil
}

// decodeStaple takes an OCSP response, raw or in base64.
func decodeStaple(data []byte) ([]byte, error) {
	data = bytes.TrimSpace(data)
	if raw, err := base64.StdEncoding.DecodeString(string(data)); err == nil {
		data = raw
	}
	if _, err := ocsp.ParseResponse(data, nil); err != nil {
		return nil, fmt.Errorf("OCSP response is invalid: %s.\nCan't load the payload", err)
	}
	return data, nil
}
