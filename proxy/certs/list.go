package certs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// AddList reads a crt-list: lines of "<file> [options] [name…]"
// (configuration manual 5.1, crt-list). Options in brackets are accepted only
// where they change nothing that this program would then do wrongly.
func (n *Names) AddList(path, base string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("unable to stat SSL certificate from file '%s' : %s", path, sysText(err))
	}
	for i, line := range strings.Split(string(data), "\n") {
		file, opts, names, err := splitLine(line)
		switch {
		case err != nil:
			return fmt.Errorf("%s in '%s' line %d", err, path, i+1)
		case file == "":
			continue
		case restricts(opts):
			return fmt.Errorf("'%s' line %d: options [%s] are not supported yet and would be unsafe to ignore", path, i+1, strings.Join(opts, " "))
		}
		if base != "" && !filepath.IsAbs(file) {
			file = filepath.Join(base, file)
		}
		c, err := Load(file)
		if err != nil {
			return err
		}
		n.Add(c, names)
	}
	return nil
}

// splitLine takes a line of a crt-list apart; file is empty where there is
// nothing on it.
func splitLine(line string) (file string, opts, names []string, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", nil, nil, nil
	}
	file, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	if open := strings.IndexByte(rest, '['); open >= 0 {
		end := strings.IndexByte(rest, ']')
		if end < open {
			return "", nil, nil, errors.New("unterminated [")
		}
		opts = strings.Fields(rest[open+1 : end])
		rest = rest[:open] + rest[end+1:]
	}
	return file, opts, strings.Fields(rest), nil
}

// restricts says whether options ask for more than a choice of protocol: a
// client certificate, or versions, that must not be dropped silently.
func restricts(opts []string) bool {
	for _, o := range opts {
		switch o {
		case "verify", "ca-file", "crl-file", "ssl-min-ver", "ssl-max-ver", "ciphers", "ciphersuites":
			return true
		}
	}
	return false
}
