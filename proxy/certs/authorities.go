package certs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Authorities holds all CA files, or all CRL files, by their paths. One
// change at a time waits to be committed (management manual, set ssl ca-file,
// set ssl crl-file).
type Authorities struct {
	kind string // "CA" or "CRL"

	mu      sync.Mutex
	entries map[string]*Authority
	system  bool // the system's authorities were loaded, or deleted
	transaction[Trust]
}

func newAuthorities(kind string) *Authorities {
	return &Authorities{kind: kind, entries: map[string]*Authority{}}
}

// Use returns the file of a path, read once. count tells how many
// certificates are shown where it is used (0 for none, as of a server
// without one); nil for a use that does not count.
func (s *Authorities) Use(path string, count func() int) (*Authority, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.entries[path]
	if a == nil {
		t, err := LoadTrust(path)
		if err != nil {
			return nil, err
		}
		a = NewAuthority(path, t)
		s.entries[path] = a
	}
	if count != nil {
		a.uses = append(a.uses, count)
	}
	return a, nil
}

// Set begins or goes on with a change; data is PEM text. add keeps what the
// file holds. created says that the change is a new one.
func (s *Authorities) Set(path string, data []byte, add bool) (created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadSystem(path)
	a := s.entries[path]
	if a == nil {
		return false, fmt.Errorf("Can't replace a %s file which is not referenced by the configuration!", s.kind)
	}
	if err := s.busy(path, "set"); err != nil {
		return false, err
	}
	var base *Trust
	if add {
		if base = a.Trust(); s.path != "" {
			base = s.pending
		}
	}
	next, err := base.addPEM(data)
	if err != nil {
		return false, errors.New("Invalid payload")
	}
	return s.hold(path, next), nil
}

// Commit puts the change in force and returns how many certificates are
// shown where the file is used.
func (s *Authorities) Commit(path string) (instances int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		return 0, errors.New("No ongoing transaction! !")
	}
	if err := s.busy(path, "set"); err != nil {
		return 0, err
	}
	a := s.entries[path]
	a.cur.Store(s.pending)
	s.forget()
	return a.instances(), nil
}

// Abort drops the change.
func (s *Authorities) Abort(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abort(path)
}

// New makes an empty file that Set can fill.
func (s *Authorities) New(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadSystem(path)
	if s.entries[path] != nil {
		return fmt.Errorf("%s file '%s' already exists!", s.kind, path)
	}
	s.entries[path] = &Authority{Path: path}
	return nil
}

// Delete forgets a file that nothing uses.
func (s *Authorities) Delete(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadSystem(path)
	a := s.entries[path]
	switch {
	case s.path != "" && s.path == path:
		return fmt.Errorf("ongoing transaction for the %s file '%s'", s.kind, path)
	case a == nil:
		return fmt.Errorf("%s file '%s' doesn't exist!", s.kind, path)
	case a.instances() > 0:
		return fmt.Errorf("%s file '%s' in use, can't be deleted!", s.kind, path)
	}
	delete(s.entries, path)
	return nil
}

// loadSystem reads the system's authorities when they are asked for first:
// the original has them for its own HTTP client.
func (s *Authorities) loadSystem(path string) {
	if s.kind != "CA" || s.system || path != "" && path != SystemCA {
		return
	}
	s.system = true
	if s.entries[SystemCA] == nil {
		if t, err := LoadTrust(SystemCA); err == nil && len(t.Certs) > 0 {
			s.entries[SystemCA] = NewAuthority(SystemCA, t)
		}
	}
}

// Listed is one file as it is shown.
type Listed struct {
	Path  string
	Trust *Trust
	Used  bool
}

// List returns the files in order of their paths, and the change that waits
// to be committed (nil for none).
func (s *Authorities) List() (list []Listed, pending *Listed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadSystem("")
	for _, k := range slices.Sorted(maps.Keys(s.entries)) {
		list = append(list, Listed{k, s.entries[k].Trust(), s.entries[k].instances() > 0})
	}
	if s.path != "" {
		pending = &Listed{Path: s.path, Trust: s.pending}
	}
	return list, pending
}

// Loaded returns the files that were read so far in order of their paths:
// unlike List it reads none.
func (s *Authorities) Loaded() (list []Listed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(s.entries)) {
		a := s.entries[k]
		list = append(list, Listed{k, a.Trust(), a.instances() > 0})
	}
	return list
}

// Find returns one file; with "*" in front, the change of it that waits.
func (s *Authorities) Find(name string) (l Listed, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path, waits := strings.CutPrefix(name, "*"); waits {
		return Listed{Path: name, Trust: s.pending}, s.path != "" && s.path == path
	}
	s.loadSystem(name)
	a := s.entries[name]
	if a == nil {
		return Listed{}, false
	}
	return Listed{name, a.Trust(), a.instances() > 0}, true
}
