//go:build !linux

package wire

// OpenUDP implements [Datagrams].
func (Kernel) OpenUDP(UDPSpec) (UDPConn, error) { return nil, ErrUnsupported }
