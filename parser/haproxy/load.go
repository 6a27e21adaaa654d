package haproxy

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

// LoadPaths reads the files of -f in order. A directory stands for its
// regular files *.cfg that are not hidden, sorted by name. What cannot be
// read is an Alert in the original's words (management manual 3).
func LoadPaths(paths []string, diags *diag.List) []*source.File {
	var files []*source.File
	for _, p := range paths {
		st, err := os.Stat(p)
		if err != nil {
			bare(diags, "Cannot open configuration file/directory %s : %s", p, reason(err))
			continue
		}
		names := []string{p}
		if st.IsDir() {
			if names, err = listDir(p); err != nil {
				bare(diags, "Cannot open configuration directory %s : %s", p, reason(err))
				continue
			}
		}
		for _, n := range names {
			data, err := os.ReadFile(n)
			if err != nil {
				bare(diags, "Could not open configuration file %s : %s", n, reason(err))
				continue
			}
			files = append(files, source.New(n, data))
		}
	}
	return files
}

// listDir returns the configuration files of a directory.
func listDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		n := e.Name()
		if strings.HasPrefix(n, ".") || !strings.HasSuffix(n, ".cfg") || n == ".cfg" {
			continue
		}
		if st, err := os.Stat(filepath.Join(dir, n)); err == nil && st.Mode().IsRegular() {
			names = append(names, dir+"/"+n)
		}
	}
	sort.Strings(names)
	return names, nil
}

func bare(diags *diag.List, format string, args ...any) {
	diags.Alertf(diag.Unreadable, source.Span{}, format, args...).Layout = diag.Bare
}

// reason returns the C library's text of an error.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		s := errno.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
