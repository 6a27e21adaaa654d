package certs

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

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
