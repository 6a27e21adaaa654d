package certs

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// dirFiles lists the certificates of a directory in order of name.
func dirFiles(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("unable to scan directory '%s' : %s", path, sysText(err))
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	var out []string
	for _, e := range entries {
		switch ext := filepath.Ext(e.Name()); {
		case strings.HasPrefix(e.Name(), "."), ext == ".key", ext == ".ocsp", ext == ".sctl", ext == ".issuer":
			continue
		}
		full := filepath.Join(path, e.Name())
		st, err := os.Stat(full)
		if err != nil {
			return nil, fmt.Errorf("unable to stat SSL certificate from file '%s' : %s", full, sysText(err))
		}
		if !st.Mode().IsRegular() {
			continue
		}
		out = append(out, full)
	}
	return out, nil
}
