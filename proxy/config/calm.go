package config

import (
	"math"
	"runtime/debug"

	"tandem/parser/source"
)

// Sizes at which the collector is held back while a configuration is read:
// nearly all that is made stays, so that collecting it again and again costs
// more time than all the rest.
const (
	calmFrom  = 256 << 10 // bytes of text from which it pays
	calmLimit = 240 << 20 // bytes of memory from which it collects all the same
)

// calm holds the garbage collector back while files of that size are read and
// returns what lets it go on. A memory limit that somebody set is left alone.
func calm(files []*source.File) (undo func()) {
	size := 0
	for _, f := range files {
		size += len(f.Data)
	}
	if size < calmFrom || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	debug.SetMemoryLimit(calmLimit)
	percent := debug.SetGCPercent(-1)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(math.MaxInt64)
	}
}
