package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"
)

// ticketKeys is how many keys of a file are in use: the last but one of them
// encrypts, so that others may learn the last before it is used
// (configuration manual 5.1, tls-ticket-keys).
const ticketKeys = 3

// TicketKeys are the session ticket keys of a file, for all bind lines that
// name it.
type TicketKeys struct {
	Path string
	ID   int

	mu      sync.Mutex
	raw     [][]byte // the oldest first
	configs []*tls.Config
}

// LoadTicketKeys reads session ticket keys: one a line, in base64, of 48 or
// 80 bytes; the last three are used. Errors are in the original's words.
func LoadTicketKeys(path string) (*TicketKeys, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("'%s' : unable to load ssl tickets keys file", path)
	}
	k := &TicketKeys{Path: path}
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimRight(line, "\r"))
		if err != nil {
			return nil, fmt.Errorf("'%s' : unable to decode base64 key on line %d", path, i+1)
		}
		if len(raw) != 48 && len(raw) != 80 || len(k.raw) > 0 && len(raw) != len(k.raw[0]) {
			return nil, fmt.Errorf("'%s' : wrong sized key on line %d", path, i+1)
		}
		k.raw = append(k.raw, raw)
	}
	if len(k.raw) < ticketKeys {
		return nil, fmt.Errorf("'%s' : please supply at least %d keys in the tls-tickets-file", path, ticketKeys)
	}
	k.raw = k.raw[len(k.raw)-ticketKeys:]
	return k, nil
}

// Keys returns the keys, the oldest first.
func (k *TicketKeys) Keys() [][]byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([][]byte(nil), k.raw...)
}

// Rotate adds a key and drops the oldest; false where its size is wrong. The
// one that was added encrypts only after the next one.
func (k *TicketKeys) Rotate(raw []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(raw) != len(k.raw[0]) {
		return false
	}
	k.raw = append(append([][]byte(nil), k.raw[1:]...), bytes.Clone(raw))
	for _, c := range k.configs {
		c.SetSessionTicketKeys(k.condensed())
	}
	return true
}

// attach gives c the keys, now and whenever they change.
func (k *TicketKeys) attach(c *tls.Config) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.configs = append(k.configs, c)
	c.SetSessionTicketKeys(k.condensed())
}

// condensed returns the keys as crypto/tls takes them: 32 bytes each, the one
// that encrypts first. Files are understood alike by all Tandems, but tickets
// are not exchanged with the original.
func (k *TicketKeys) condensed() [][32]byte {
	var keys [][32]byte
	for _, i := range [ticketKeys]int{1, 2, 0} {
		keys = append(keys, sha256.Sum256(k.raw[i]))
	}
	return keys
}

// TicketKeys returns the keys of a file, read once.
func (s *Store) TicketKeys(path string) (*TicketKeys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.tickets {
		if k.Path == path {
			return k, nil
		}
	}
	k, err := LoadTicketKeys(path)
	if err != nil {
		return nil, err
	}
	k.ID = len(s.tickets)
	s.tickets = append(s.tickets, k)
	return k, nil
}

// AllTicketKeys returns the files of ticket keys in order of their numbers.
func (s *Store) AllTicketKeys() []*TicketKeys {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*TicketKeys(nil), s.tickets...)
}
