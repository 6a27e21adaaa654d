package wire

import (
	"errors"
	"net/netip"
)

// ErrNoPort says that no port of the wanted range is free.
var ErrNoPort = errors.New("wire: no free port")

// UDPSpec says what a UDP connection is for.
type UDPSpec struct {
	// Local is the address to use. Port 0 takes a random one that RFC 5881
	// section 4 allows for sending (49152 to 65535).
	Local netip.AddrPort
	// Hops is the hop limit of what is sent; zero: the system's.
	Hops int
}

// UDPConn sends and receives datagrams with their hop limits.
type UDPConn interface {
	Send(b []byte, to netip.AddrPort) error
	// Recv waits for a datagram. hops is -1 if unknown.
	Recv(b []byte) (n int, from netip.AddrPort, hops int, err error)
	Close() error
}

// Datagrams opens UDP connections.
type Datagrams interface {
	OpenUDP(UDPSpec) (UDPConn, error)
}
