package certs

import (
	"sync/atomic"
)

// Entry is one certificate by its path for the life of the process: what it
// holds can be replaced while it is in use.
type Entry struct {
	Path string

	cur    atomic.Pointer[Cert] // nil: empty
	src    Source
	own    bool // made at run time: no file stands behind it
	listed bool // first met in a crt-list
}

// Cert returns what the entry holds now, nil where it is empty.
func (e *Entry) Cert() *Cert { return e.cur.Load() }

// FromFile says whether the entry was loaded from a file.
func (e *Entry) FromFile() bool { return !e.own }

// Listed says whether a crt-list named the file first.
func (e *Entry) Listed() bool { return e.listed }
