package certs

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// minTicketKeys is how many keys a file must hold: the last but one of them
// encrypts, so that others may learn the last before it is used
// (configuration manual 5.1, tls-ticket-keys).
const minTicketKeys = 3

// LoadTicketKeys reads session ticket keys: one a line, in base64, of 48 or
// 80 bytes. crypto/tls takes keys of 32 bytes and encrypts with the first, so
// each is condensed by SHA-256, and the last but one comes first: files are
// understood alike by all Tandems, but tickets are not exchanged with the
// original. Errors are in the original's words.
func LoadTicketKeys(path string) ([][32]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("'%s' : unable to load ssl tickets keys file", path)
	}
	var keys [][32]byte
	size := 0
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimRight(line, "\r"))
		if err != nil {
			return nil, fmt.Errorf("'%s' : unable to decode base64 key on line %d", path, i+1)
		}
		if len(raw) != 48 && len(raw) != 80 || size != 0 && len(raw) != size {
			return nil, fmt.Errorf("'%s' : wrong sized key on line %d", path, i+1)
		}
		size = len(raw)
		keys = append(keys, sha256.Sum256(raw))
	}
	if len(keys) < minTicketKeys {
		return nil, fmt.Errorf("'%s' : please supply at least %d keys in the tls-tickets-file", path, minTicketKeys)
	}
	if n := len(keys) - 2; n > 0 {
		keys[0], keys[n] = keys[n], keys[0]
	}
	return keys, nil
}
