package certs

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

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
	file, opts, names, err := splitLine(text)
	if file != "" && s.entries[file] == nil && l.base != "" && !filepath.IsAbs(file) {
		file = filepath.Join(l.base, file)
	}
	switch e := s.entries[file]; {
	case err != nil:
		return "", 0, err
	case file == "":
		return "", 0, fmt.Errorf("no certificate name was given!")
	case l.Dir && len(opts)+len(names) > 0:
		return "", 0, fmt.Errorf("this is a directory, SSL configuration and filters are forbidden")
	case e == nil:
		return "", 0, fmt.Errorf("certificate '%s' does not exist!", file)
	case e.Cert() == nil:
		return "", 0, fmt.Errorf("certificate '%s' is empty!", file)
	case restricts(opts):
		return "", 0, fmt.Errorf("options [%s] are not supported yet and would be unsafe to ignore", strings.Join(opts, " "))
	default:
		l.Lines = append(l.Lines, &ListLine{Entry: e, Options: opts, Filters: names, Line: l.last() + 1})
	}
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
