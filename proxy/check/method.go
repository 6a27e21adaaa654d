// Package check finds out whether servers work: one keyword.Def per kind of
// check, and the prober that runs them on time.
package check

import (
	"context"
	"net"
	"time"
)

// Result is what one check found.
type Result struct {
	Status   string // L4OK, L7STS …
	OK       bool
	Drain    bool // conditional success: 404 under disable-on-404
	Code     int  // layer 7 status, 0 for none
	Desc     string
	Duration time.Duration
}

// Method is a compiled kind of check ("option httpchk", "tcp-check" rules …).
// Run speaks its protocol on an established connection.
type Method interface {
	Run(ctx context.Context, c net.Conn) Result
}
