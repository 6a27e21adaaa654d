package bfd

import (
	"encoding/binary"
	"time"
)

// News tells another process the state of a session.
type News struct {
	Name string
	Up   bool
	// At is when it was told, by the machine's monotonic clock.
	At time.Duration
}

// MaxNews is the most bytes that News takes.
const MaxNews = 9 + 255

// Append adds the bytes of n to b.
func (n *News) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(n.At))
	up := byte(0)
	if n.Up {
		up = 1
	}
	return append(append(b, up), n.Name...)
}

// ParseNews reads what Append wrote; false: it is something else.
func ParseNews(b []byte) (n News, ok bool) {
	if len(b) < 10 || len(b) > MaxNews || b[8] > 1 {
		return n, false
	}
	return News{At: time.Duration(binary.BigEndian.Uint64(b)), Up: b[8] == 1, Name: string(b[9:])}, true
}

// State is the state that News is about; only Up and Down are told.
func (n *News) State() State {
	if n.Up {
		return Up
	}
	return Down
}
