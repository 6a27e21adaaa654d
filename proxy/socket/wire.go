package socket

import (
	"io"
	"time"
)

// Wire is a connection as multiplexed protocols see it: each call waits until
// its deadline at most (zero: for ever). [Conn] is one.
type Wire interface {
	Recv(b []byte, deadline time.Time) (int, error)
	Send(b []byte, deadline time.Time) error
}

// RecvFull fills b. A connection that ends before that fails with io.EOF,
// whatever came of b.
func RecvFull(w Wire, b []byte, deadline time.Time) error {
	for len(b) > 0 {
		n, err := w.Recv(b, deadline)
		if n == 0 {
			if err == nil {
				err = io.EOF
			}
			return err
		}
		b = b[n:]
	}
	return nil
}
