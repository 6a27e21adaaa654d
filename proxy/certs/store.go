package certs

import (
	"maps"
	"os"
	"slices"
	"sync"
)

// Store holds all certificates and who uses them. One change at a time waits
// to be committed (management manual, set ssl cert).
type Store struct {
	files   *Files
	mu      sync.Mutex
	entries map[string]*Entry
	lists   map[string]*List
	clients map[*Entry]int // server lines
	binds   []*Bind
	transaction[Cert]

	tickets []*TicketKeys
	ocsp    map[string]*Stapled // by the DER form of their CertID

	// CAs and CRLs are the files that peers' certificates are verified with.
	CAs, CRLs *Authorities
}

// NewStore returns an empty one, which loads by files.
func NewStore(files *Files) *Store {
	return &Store{files: files, entries: map[string]*Entry{}, lists: map[string]*List{}, clients: map[*Entry]int{},
		CAs: newAuthorities("CA"), CRLs: newAuthorities("CRL")}
}

// Files returns what it loads by.
func (s *Store) Files() *Files { return s.files }

// load returns the certificate of a path, read once.
func (s *Store) load(path string) (*Entry, error) { return s.loadFrom(path, Source{Crt: path}) }

// loadFrom is load for a certificate whose other files are named.
func (s *Store) loadFrom(path string, src Source) (*Entry, error) {
	if e := s.entries[path]; e != nil {
		return e, nil
	}
	c, err := s.files.certOf(path, src)
	if err == nil {
		err = s.files.weak(c)
	}
	if err != nil {
		return nil, err
	}
	s.linkOCSP(c)
	e := &Entry{Path: path, src: src}
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

// Add offers the certificate of a file, all of a bundle or all of a directory,
// and returns what it found. It may be a default one besides the first.
func (s *Store) Add(b *Bind, path string, fallback bool) ([]*Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := []string{path}
	if s.files.Refused[path] {
		return nil, nil
	}
	if _, stored := s.files.Sources[path]; !stored {
		st, err := os.Stat(path)
		switch {
		case err == nil && st.IsDir():
			l, err := s.dir(path)
			if err != nil {
				return nil, err
			}
			b.lists = append(b.lists, l)
			b.build()
			return l.entries(), nil
		case err != nil:
			if files = s.files.bundle(path); len(files) == 0 {
				return nil, &Missing{path, sysText(err)}
			}
		}
	}
	list, err := s.loadAll(files)
	if err != nil {
		return nil, err
	}
	b.direct = append(b.direct, list...)
	if fallback {
		if b.defaults == nil {
			b.defaults = map[*Entry]bool{}
		}
		for _, e := range list {
			b.defaults[e] = true
		}
	}
	b.build()
	return list, nil
}

// Conflict says how the files of a line differ from those that the certificate
// was made of before; "" where they do not.
func (s *Store) Conflict(src Source, at string, line int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[src.Crt]; e != nil {
		return e.conflict(src, at, line)
	}
	return ""
}

// loadAll returns the certificates of several paths.
func (s *Store) loadAll(paths []string) ([]*Entry, error) {
	var list []*Entry
	for _, f := range paths {
		e, err := s.load(f)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// dir returns a directory as a list, read once.
func (s *Store) dir(path string) (*List, error) {
	if l := s.lists[path]; l != nil {
		return l, nil
	}
	files, err := dirFiles(path)
	if err != nil {
		return nil, err
	}
	list, err := s.loadAll(files)
	if err != nil {
		return nil, err
	}
	l := &List{Path: path, Dir: true}
	for _, e := range list {
		l.Lines = append(l.Lines, &ListLine{Entry: e})
	}
	s.lists[path] = l
	return l, nil
}

// uses counts how often e stands on bind and server lines.
func (s *Store) uses(e *Entry) int {
	n := s.clients[e]
	for _, b := range s.binds {
		n += b.count(e)
	}
	return n
}

// Instances counts the certificates that a bind line offers.
func (s *Store) Instances(b *Bind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = len(b.direct)
	for _, l := range b.lists {
		n += len(l.Lines)
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
