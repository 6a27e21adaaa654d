//go:build !linux

package wire

// Kernel is the network of the system; only Linux has one that serves.
type Kernel struct{}

// Open implements [Network].
func (Kernel) Open(Spec) (Conn, error) { return nil, ErrUnsupported }

// OpenLink implements [Network].
func (Kernel) OpenLink(string) (LinkConn, error) { return nil, ErrUnsupported }
