package server

import (
	"io"
	"time"
)

// CheckState is what a prober last found; guarded by the server's mutex.
type CheckState struct {
	Status   string // L4OK, L7STS …; "" before the first
	Code     int    // layer 7 status, -1 for none
	Duration time.Duration
	Desc     string // details as the stats page shows them
	Running  bool
	Paused   bool // disabled at run time
	Health   int
	Start    time.Time
}

// IdleConn is a connection to a server that waits for its next request.
type IdleConn interface {
	io.Closer
}

type idlePool struct{ list []IdleConn }

type queue struct{}

type sessionSet struct{}
