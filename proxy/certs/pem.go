package certs

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

// scanPEM reads the blocks of a file in order (RFC 7468, as OpenSSL reads
// it). Text between blocks is skipped. problem is what OpenSSL calls the first
// block that is broken; reading ends there. It is empty for a sound file.
func scanPEM(data []byte) (blocks []*pem.Block, problem string) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		kind, ok := marker(line, "-----BEGIN ")
		if !ok {
			data = rest
			continue
		}
		b := &pem.Block{Type: kind, Headers: map[string]string{}}
		var text strings.Builder
		closed := false
		for data = rest; len(data) > 0 && !closed; data = rest {
			line, rest, _ = bytes.Cut(data, []byte("\n"))
			s := strings.TrimSpace(string(line))
			if end, ok := marker(line, "-----END "); ok {
				if end != kind {
					return blocks, "bad end line"
				}
				closed = true
				continue
			}
			if strings.HasPrefix(s, "-----") {
				return blocks, "bad end line"
			}
			if name, value, ok := strings.Cut(s, ":"); ok {
				b.Headers[name] = strings.TrimSpace(value)
				continue
			}
			text.WriteString(s)
		}
		if !closed {
			return blocks, "bad end line"
		}
		var err error
		if b.Bytes, err = base64.StdEncoding.DecodeString(text.String()); err != nil {
			return blocks, "bad base64 decode"
		}
		blocks = append(blocks, b)
	}
	return blocks, ""
}

// marker returns the kind in "-----BEGIN <kind>-----".
func marker(line []byte, start string) (kind string, ok bool) {
	s := strings.TrimRight(string(line), " \t\r")
	if !strings.HasPrefix(s, start) || !strings.HasSuffix(s, "-----") || len(s) < len(start)+5 {
		return "", false
	}
	return s[len(start) : len(s)-5], true
}

// Locked is returned by Load where the private key of a file needs a
// passphrase.
type Locked struct{ Text string }

// Error is what the original says last; it names the missing command before.
func (l *Locked) Error() string { return l.Text }

// locked says whether a key is encrypted.
func locked(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
}

// CheckSource says whether the files of a crt-store's certificate can be read;
// whether the key is the certificate's shows when a bind line uses it. Errors
// are in the original's words.
func CheckSource(src Source) error {
	data, err := os.ReadFile(src.Crt)
	if err != nil {
		return fmt.Errorf("cannot open the file '%s'.\n '%s' cannot be read or parsed", src.Crt, src.Crt)
	}
	if st, err := os.Stat(src.Crt); err == nil && st.IsDir() {
		return nil
	}
	if _, err = chainOf(data, src.Crt); err != nil {
		return fmt.Errorf("%w.\n '%s' cannot be read or parsed", err, src.Crt)
	}
	return (&Files{}).named(src)
}

// CheckUse is CheckSource for a line that says where the certificate stands and
// is checked further where it is bound.
func (f *Files) CheckUse(src Source) error {
	_, stored := f.Sources[src.Crt]
	if _, err := os.Stat(src.Crt); err != nil && !stored && len(f.bundle(src.Crt)) == 0 {
		return &Missing{src.Crt, sysText(err)}
	}
	if src.explicit() {
		return CheckSource(src)
	}
	return nil
}

// chainOf returns the certificates of a file.
func chainOf(data []byte, path string) (chain [][]byte, err error) {
	blocks, problem := scanPEM(data)
	for _, b := range blocks {
		if b.Type != "CERTIFICATE" {
			continue
		}
		if !sequence(b.Bytes) && problem == "" {
			problem = "wrong tag"
		}
		if sequence(b.Bytes) || len(chain) > 0 {
			chain = append(chain, b.Bytes)
		}
	}
	switch {
	case len(chain) == 0 && problem == "":
		return nil, fmt.Errorf("unable to load certificate from file '%s': no start line", path)
	case len(chain) == 0:
		return nil, fmt.Errorf("unable to load certificate from file '%s': %s", path, problem)
	case problem != "":
		return nil, fmt.Errorf("unable to load certificate chain from file '%s': %s\n", path, problem)
	}
	return chain, nil
}

// CheckCA returns what OpenSSL says of a file of authorities or revocation
// lists that cannot be used, "" for a sound one.
func CheckCA(data []byte) string {
	blocks, problem := scanPEM(data)
	found := false
	for _, b := range blocks {
		switch kind := b.Type; {
		case strings.HasSuffix(kind, "CERTIFICATE"), kind == "X509 CRL":
			if !sequence(b.Bytes) {
				return "wrong tag"
			}
			found = true
		case strings.HasSuffix(kind, "PRIVATE KEY") && !locked(b) && !sequence(b.Bytes):
			return "unsupported"
		}
	}
	if problem == "" && !found {
		return "no certificate or crl found"
	}
	return problem
}

// sequence says whether DER text begins as a certificate or a key does.
func sequence(der []byte) bool { return len(der) > 0 && der[0] == 0x30 }

// bundle lists the files of a bundle: one certificate for each kind of key
// (configuration manual 5.1, crt). It is empty where there is none.
func (f *Files) bundle(path string) (files []string) {
	if f.Skip.Bundle {
		return nil
	}
	for _, kind := range []string{".rsa", ".dsa", ".ecdsa"} {
		if st, err := os.Stat(path + kind); err == nil && st.Mode().IsRegular() {
			files = append(files, path+kind)
		}
	}
	return files
}
