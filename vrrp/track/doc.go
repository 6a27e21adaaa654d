// Package track watches what virtual routers depend on: the results of
// scripts, the values in files, and whether processes run. (Interfaces are
// watched where all reports of the kernel arrive, in vrrp/daemon.)
//
// What decides (counting results, when to run and to kill, reading a value,
// quorum and delays) takes results and the time and does nothing; what does
// (processes, inotify, /proc) decides nothing.
package track

// Kind is the kind of a tracked thing.
type Kind uint8

// The kinds of this package.
const (
	KindScript Kind = iota
	KindFile
	KindProcess
)

// Result is what became known of a tracked thing.
type Result struct {
	Kind  Kind
	Name  string
	Up    bool // of a script or process
	Value int  // of a file
}
