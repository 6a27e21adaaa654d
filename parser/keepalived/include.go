package keepalived

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Check is the set of conditions under which an include is an error.
type Check uint8

// The include checks (keepalived.conf(5), include_check).
const (
	CheckRead     Check = 1 << iota // every file can be read
	CheckMatch                      // a name without wildcards exists
	CheckWildcard                   // a wildcard matches at least one file
	CheckBrace                      // every alternative of a brace exists

	CheckAll = CheckRead | CheckMatch | CheckWildcard | CheckBrace
)

var includes = map[string]Check{
	"include": 0, "includer": CheckRead, "includem": CheckRead | CheckMatch,
	"includew": CheckRead | CheckMatch | CheckWildcard, "includeb": CheckRead | CheckBrace, "includea": CheckAll,
}

// include performs an include line; it returns false for every other line.
func (r *reader) include(s string) bool {
	n := strings.IndexAny(s, blanks)
	if n < 0 {
		return false
	}
	check, ok := includes[s[:n]]
	if !ok {
		return false
	}
	if r.opt.Include != nil {
		check |= r.opt.Include(len(r.doc.Lines))
	}
	pattern := strings.TrimLeft(s[n:], blanks)
	if len(r.files) >= maxDepth || len(r.doc.Files) >= maxFiles {
		r.report(diag.Notice, diag.Unreadable, "Configuration file '%s' open problem (Too many open files) - skipping", pattern)
		return true
	}
	alternatives := braces(pattern)
	wild := strings.ContainsAny(pattern, wildcards)
	names, missing := r.glob(alternatives)
	switch {
	case len(names) == 0 && missing && len(alternatives) > 1:
		r.fail(check, CheckBrace, "Config files missing '%s'.", pattern)
	case len(names) == 0 && (!wild || !r.hasDir(pattern)):
		r.fail(check, CheckMatch, "Config files missing '%s'.", pattern)
	case len(names) == 0:
		if check&CheckWildcard != 0 {
			r.fail(check, CheckWildcard, "No config files matched '%s'.", pattern)
		}
	case missing:
		r.fail(check, CheckBrace, "Some config files missing: \"%s\".", pattern)
		if check&CheckBrace != 0 {
			return true
		}
	}
	if len(names) > 0 {
		rest := &frame{names: names[1:], check: check, dir: r.dir(), span: r.span}
		r.files = append(r.files, rest)
		r.includeFile(names[0], check)
	}
	return true
}

// wildcards are the signs that make a name a pattern.
const wildcards = "*?["

// fail reports a failed include; whether it fails the configuration depends
// on the checks that the include asked for.
func (r *reader) fail(check, on Check, format string, args ...any) {
	code, sev := diag.Unreadable, diag.Notice
	if check&on != 0 {
		code, sev = IncludeCheck, diag.Alert
		r.doc.IncludeFailed = true
	}
	r.report(sev, code, format, args...)
}

// hasDir says whether the directory in which a pattern looks for files exists.
func (r *reader) hasDir(pattern string) bool {
	dir := filepath.Dir(pattern)
	if strings.ContainsAny(dir, wildcards+"{") {
		return true
	}
	st, err := os.Stat(r.path(dir))
	return err == nil && st.IsDir()
}

// includeFile reads one file that an include named.
func (r *reader) includeFile(name string, check Check) {
	path := r.path(name)
	st, err := os.Stat(path)
	switch {
	case err == nil && st.IsDir():
		r.fail(check, CheckRead, "Configuration file '%s/' is a directory - skipping", strings.TrimSuffix(name, "/"))
		return
	case err == nil && (!st.Mode().IsRegular() || st.Mode().Perm()&0o111 != 0):
		r.fail(check, CheckRead, "Configuration file '%s' is not a regular non-executable file - skipping", name)
		return
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		r.fail(check, CheckRead, "Configuration file '%s' open problem (%s) - skipping", name, reason(err))
		return
	}
	r.push(source.New(name, data), filepath.Dir(path))
}

// path makes a name usable from where the program stands.
func (r *reader) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir(), name)
}

// reason is the text of an error's errno, in C's spelling.
func reason(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "Permission denied"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
}

// glob finds the files of all alternatives, each list sorted, as glob(3)
// does; missing says that an alternative without wildcards found none.
func (r *reader) glob(alternatives []string) (names []string, missing bool) {
	for _, alt := range alternatives {
		if !strings.ContainsAny(alt, wildcards) {
			if _, err := os.Lstat(r.path(alt)); err == nil {
				names = append(names, alt)
			} else {
				missing = true
			}
		} else if matches, err := filepath.Glob(r.path(alt)); err == nil {
			sort.Strings(matches)
			for _, m := range matches {
				if strings.HasPrefix(filepath.Base(m), ".") && !strings.HasPrefix(filepath.Base(alt), ".") {
					continue
				}
				if !filepath.IsAbs(alt) {
					if rel, err := filepath.Rel(r.dir(), m); err == nil {
						m = rel
					}
				}
				names = append(names, m)
			}
		}
	}
	return names, missing
}

// braces expands csh-style alternatives, which may nest.
func braces(s string) []string {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		return []string{s}
	}
	depth, from := 0, open+1
	var parts []string
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		case '}':
			if depth--; depth > 0 {
				continue
			}
			parts = append(parts, s[from:i])
			var out []string
			for _, p := range parts {
				for _, whole := range braces(s[:open] + p + s[i+1:]) {
					if len(out) > 1024 {
						return out
					}
					out = append(out, whole)
				}
			}
			return out
		}
	}
	return []string{s}
}
