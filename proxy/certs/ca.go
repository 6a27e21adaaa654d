package certs

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// LoadPool reads CA files into one pool; a directory stands for all files in
// it, "@system-ca" for the system's, "" for nothing.
func LoadPool(paths ...string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, path := range paths {
		if path == "@system-ca" {
			system, err := x509.SystemCertPool()
			if err != nil || len(paths) == 1 {
				return system, err
			}
			pool = system.Clone()
		}
	}
	for _, path := range paths {
		if path == "" || path == "@system-ca" {
			continue
		}
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			files, err := filepath.Glob(filepath.Join(path, "[^.]*"))
			if err != nil {
				return nil, err
			}
			for _, f := range files { // what cannot be read there is left out, as the original does
				if data, err := os.ReadFile(f); err == nil {
					pool.AppendCertsFromPEM(bytes.TrimSpace(data))
				}
			}
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil || !pool.AppendCertsFromPEM(bytes.TrimSpace(data)) {
			return nil, fmt.Errorf("unable to load %s", path)
		}
	}
	return pool, nil
}
