package certs

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// ListLine is one line of a crt-list.
type ListLine struct {
	Entry   *Entry
	Words   *Words   // what the line alone says; nil: nothing
	Options []string // the words in brackets, as they were written
	Filters []string // names
	Line    int      // in the file; those added at run time go on from its last
	ACME    string   // section of the authority that renews the certificate; "" for none
}

// OnlyNegative says whether the line takes names out and has no wildcard to
// take them from.
func (l *ListLine) OnlyNegative() bool {
	negative := false
	for _, f := range l.Filters {
		switch {
		case strings.HasPrefix(f, "!"):
			negative = true
		case strings.HasPrefix(f, "*"):
			return false
		}
	}
	return negative
}

// List is a crt-list or a directory of certificates.
type List struct {
	Path  string
	Dir   bool
	base  string // of relative names in it
	Lines []*ListLine
}

// entries lists the certificates of all lines.
func (l *List) entries() []*Entry {
	var out []*Entry
	for _, line := range l.Lines {
		out = append(out, line.Entry)
	}
	return out
}

// AddList offers what a crt-list holds; relative files in it stand under base.
func (s *Store) AddList(b *Bind, path, base string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lists[path]
	if l == nil {
		data, err := os.ReadFile(path)
		if err != nil {
			return &Missing{path, sysText(err)}
		}
		if err := unended(path, data); err != nil {
			return err
		}
		l = &List{Path: path, base: base}
		for i, text := range strings.Split(string(data), "\n") {
			line, err := splitLine(text)
			if err != nil {
				return at(path, i+1, err)
			}
			if line == nil {
				continue
			}
			if err := s.addLine(l, line, i+1); err != nil {
				return err
			}
		}
		s.lists[path] = l
	}
	b.lists = append(b.lists, l)
	b.build()
	return nil
}

// AddOwnList offers a list that is no file: that of the "ssl-f-use" lines of a
// frontend (configuration manual 4.2).
func (s *Store) AddOwnList(b *Bind, name, base string, lines [][]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lists[name]
	if l == nil {
		l = &List{Path: name, base: base}
		for _, words := range lines {
			line := &fileLine{Options: words}
			if err := line.readUse(); err != nil {
				return err
			}
			if err := s.addLine(l, line, 0); err != nil { // they have no numbers
				return err
			}
		}
		s.lists[name] = l
	}
	b.lists = append(b.lists, l)
	b.build()
	return nil
}

// at gives an error of a line its place.
func at(path string, n int, err error) error {
	var bad OptionError
	switch {
	case errors.As(err, &bad) && bad.spaced:
		return fmt.Errorf("parsing [%s:%d] : %w", path, n, err)
	case errors.As(err, &bad):
		return &Unstopped{err.Error()}
	}
	return &Unstopped{fmt.Sprintf("parsing [%s:%d]: %s", path, n, err)}
}

// Unstopped is an error behind whose text the original puts no full stop.
type Unstopped struct{ text string }

func (u *Unstopped) Error() string { return u.text }

// addLine loads what a line names: one certificate, or a bundle of them.
func (s *Store) addLine(l *List, line *fileLine, n int) error {
	file := line.File
	if s.entries[file] == nil {
		file = under(l.base, file)
	}
	paths := []string{file}
	known := s.files.Sources[file].Crt != "" || s.entries[file] != nil
	if _, err := os.Stat(file); err != nil && !known {
		if paths = s.files.bundle(file); len(paths) == 0 {
			return &Missing{file, sysText(err)}
		}
	}
	src := line.Files
	src.Key = under(s.files.KeyBase, src.Key)
	for _, path := range paths {
		old := s.entries[path]
		if old != nil {
			if text := old.conflict(src, l.Path, n); text != "" {
				return errors.New(text)
			}
		}
		src.Crt = path
		e, err := s.loadFrom(path, src)
		switch {
		case err == nil:
		case len(paths) > 1 || src.explicit() || paths[0] != file:
			return err
		case isWeak(err):
			return fmt.Errorf("error processing line %d in file '%s' : %w", n, l.Path, err)
		default:
			text := err.Error()
			if !strings.HasSuffix(text, "\n") {
				text = strings.TrimSuffix(text, ".") + ".\n"
			}
			return &lineError{fmt.Sprintf("error processing line %d in file '%s' : %sunable to load SSL private key into SSL Context '%s': passed a null parameter", n, l.Path, text, path), err}
		}
		if old == nil {
			e.listed = true
		}
		if err := s.files.CheckAuthorities(&line.Words); err != nil {
			return err
		}
		added := &ListLine{Entry: e, Options: line.Options, Filters: line.Names, Line: n, ACME: line.ACME}
		if line.Own {
			added.Words = &line.Words
		}
		l.Lines = append(l.Lines, added)
	}
	return nil
}

// lineError says where in a crt-list something is wrong.
type lineError struct {
	text  string
	cause error
}

func (l *lineError) Error() string { return l.text }
func (l *lineError) Unwrap() error { return l.cause }

// Lists returns the crt-lists and directories in order of their paths.
func (s *Store) Lists() []*List {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*List
	for _, k := range slices.Sorted(maps.Keys(s.lists)) {
		l := s.lists[k]
		out = append(out, &List{Path: l.Path, Dir: l.Dir, Lines: slices.Clone(l.Lines)})
	}
	return out
}

// ListAdd adds a line to a crt-list (management manual, add ssl crt-list) and
// returns how many bind lines have it.
func (s *Store) ListAdd(path, text string) (file string, instances int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lists[path]
	if l == nil {
		return "", 0, fmt.Errorf("crt-list '%s' does not exist!", path)
	}
	line, err := splitLine(text)
	if err != nil {
		return "", 0, err
	}
	if line == nil {
		return "", 0, fmt.Errorf("no certificate name was given!")
	}
	if file = line.File; s.entries[file] == nil {
		file = under(l.base, file)
	}
	e := s.entries[file]
	switch {
	case l.Dir && len(line.Options)+len(line.Names) > 0:
		return "", 0, fmt.Errorf("this is a directory, SSL configuration and filters are forbidden")
	case e == nil:
		return "", 0, fmt.Errorf("certificate '%s' does not exist!", file)
	case e.Cert() == nil:
		return "", 0, fmt.Errorf("certificate '%s' is empty!", file)
	}
	added := &ListLine{Entry: e, Options: line.Options, Filters: line.Names, Line: l.last() + 1}
	if line.Own {
		added.Words = &line.Words
	}
	for _, b := range s.binds {
		if slices.Contains(b.lists, l) && b.server != nil && added.Words != nil {
			if err := b.server.fits(added.Words); err != nil {
				return "", 0, err
			}
		}
	}
	l.Lines = append(l.Lines, added)
	return file, s.rebuild(l), nil
}

// ListDelete takes a line from a crt-list. name may end with ":" and the
// number of the line, which it must where the certificate stands there twice.
func (s *Store) ListDelete(path, name string) (file string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lists[path]
	if l == nil {
		return "", fmt.Errorf("crt-list '%s' does not exist!", path)
	}
	file, n := name, 0
	if s.entries[file] == nil {
		if base, num, ok := cutLast(name); ok {
			if k, err := strconv.Atoi(num); err == nil {
				file, n = base, k
			}
		}
	}
	e := s.entries[file]
	if e == nil {
		return "", fmt.Errorf("certificate '%s' does not exist!", file)
	}
	at := -1
	var numbers []string
	for i, line := range l.Lines {
		if line.Entry == e && (n == 0 || line.Line == n) {
			at = i
			numbers = append(numbers, strconv.Itoa(line.Line))
		}
	}
	switch {
	case len(numbers) > 1:
		return "", fmt.Errorf("found the certificate '%s' in several entries, please specify a line number preceded by colons (%s)!", file, strings.Join(numbers, ", "))
	case at < 0 && n > 0:
		return "", fmt.Errorf("found a certificate '%s' but the line number is incorrect, please specify a correct line number preceded by colons!", file)
	case at < 0:
		return "", fmt.Errorf("certificate '%s' can't be found in crt-list '%s'!", file, path)
	}
	l.Lines = slices.Delete(slices.Clone(l.Lines), at, at+1)
	s.rebuild(l)
	return file, nil
}

// last is the number of the list's last line.
func (l *List) last() (n int) {
	for _, x := range l.Lines {
		n = max(n, x.Line)
	}
	return n
}

// cutLast splits s at its last colon.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// rebuild renews the bind lines that have the list; the lock is held.
func (s *Store) rebuild(l *List) (n int) {
	for _, b := range s.binds {
		if slices.Contains(b.lists, l) {
			b.build()
			n++
		}
	}
	return n
}
