// Package balance chooses a server: one keyword.Def per algorithm. The
// distributions are those of the original: the same weights give the same
// sequence of servers, the same keys the same server.
package balance

import (
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// Policy picks servers of one backend. Pick is called by many goroutines at
// once and must not allocate.
type Policy interface {
	// Pick returns a usable server, or nil where none can take the request
	// now. It passes over avoid (the server that just failed) as long as
	// there is another. The caller has checked persistence before.
	Pick(t *tx.Tx, avoid *server.Server) *server.Server
}

// Algorithm is a compiled "balance" line.
type Algorithm struct {
	Name string // as the stats page shows it
	New  func(b *server.Backend, h HashType) Policy

	NeedsHTTP bool // falls back to round robin in TCP mode, with a warning
	NeedsLog  bool // only in log backends
	// Refused says what is wrong with it; the original tells that once the
	// whole file was read.
	Refused string
	Static  bool // weights cannot change while it runs, save to 0 and back
}

// HashType is a compiled "hash-type" line; the zero value is map-based sdbm.
type HashType struct {
	Consistent       bool
	Function         string // sdbm djb2 wt6 crc32 none; "": sdbm
	Avalanche        bool
	Factor           int    // hash-balance-factor in percent; 0: off
	PreserveAffinity string // "", always, maxconn, maxqueue
}
