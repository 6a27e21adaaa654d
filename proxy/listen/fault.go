package listen

import (
	"errors"
	"io"
	"net"
	"os"
)

// Fault is why a connection did not come as far as its data. Code and Text are
// the original's (configuration manual 7.3.3, fc_err and fc_err_str).
type Fault struct {
	Code int
	Text string
}

// Error returns the text.
func (f *Fault) Error() string { return f.Text }

// waitFaults are the ends of a wait for a header or a handshake.
type waitFaults struct{ empty, abort, timeout, truncated *Fault }

// of turns the error of a read into a fault. started says whether something
// had been read: what does not go on then is cut, whether its sender leaves or
// waits.
func (w *waitFaults) of(err error, started bool) error {
	var ne net.Error
	timeout := errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), started && (timeout || errors.Is(err, io.EOF)):
		return w.truncated
	case timeout:
		return w.timeout
	case errors.Is(err, io.EOF):
		return w.empty
	}
	return w.abort
}

// read fills b. started says whether something of the header was read before.
func (w *waitFaults) read(c io.Reader, b []byte, started bool) error {
	n, err := io.ReadFull(c, b)
	if err != nil {
		return w.of(err, started || n > 0)
	}
	return nil
}

var (
	handshakeFaults = waitFaults{
		empty:     &Fault{24, "Connection closed during SSL handshake"},
		timeout:   &Fault{26, "Timeout during SSL handshake"},
		truncated: &Fault{24, "Connection closed during SSL handshake"},
	}
	errHandshake = &Fault{34, "SSL handshake failure"}
)

// HandshakeFault is what the failure of a TLS handshake is called.
func HandshakeFault(err error) error {
	var ne net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &ne) && ne.Timeout():
		return handshakeFaults.of(err, false)
	}
	return errHandshake
}
