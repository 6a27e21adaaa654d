package certs

import (
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
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		file, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		if open := strings.IndexByte(rest, '['); open >= 0 {
			end := strings.IndexByte(rest, ']')
			if end < open {
				return fmt.Errorf("unterminated [ in '%s' line %d", path, i+1)
			}
			if opts := strings.Fields(rest[open+1 : end]); restricts(opts) {
				return fmt.Errorf("'%s' line %d: options [%s] are not supported yet and would be unsafe to ignore", path, i+1, strings.Join(opts, " "))
			}
			rest = rest[:open] + rest[end+1:]
		}
		if base != "" && !filepath.IsAbs(file) {
			file = filepath.Join(base, file)
		}
		c, err := Load(file)
		if err != nil {
			return err
		}
		n.Add(c, strings.Fields(rest))
	}
	return nil
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
