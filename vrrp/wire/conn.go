// Package wire moves datagrams and frames: adverts through raw IP sockets,
// gratuitous ARP and neighbour advertisements through packet sockets. What the
// bytes mean is not its business.
//
// Everything above it talks to the interfaces of this file, so that the same
// code runs on a kernel and on the in-memory [Fake].
package wire

import (
	"errors"
	"net/netip"
)

// ErrClosed is returned by a Recv that was waiting when its Conn was closed.
var ErrClosed = errors.New("wire: connection closed")

// ErrUnsupported is returned where a system has no raw sockets of the kind
// that is needed.
var ErrUnsupported = errors.New("wire: not supported on this system")

// Spec says what a connection is for. Instances with equal Specs share one.
type Spec struct {
	// Link is the interface that adverts arrive on and leave by. It may be
	// empty in unicast, where the routing table decides.
	Link string
	IPv6 bool
	// Group is the multicast group; zero in unicast.
	Group netip.Addr
	// Local is the address that unicast adverts are received at; zero in
	// multicast.
	Local netip.Addr
	// AH receives and sends with protocol 51 in place of 112.
	AH bool
	// UnicastTTL is the hop limit of IPv6 unicast adverts; zero: 255. For IPv4
	// the header that is sent says it.
	UnicastTTL int
	// Via, if not empty, is the interface that adverts leave by in place of
	// Link (vmac_xmit_base).
	Via string
	// Buffer is the size of the receive buffer in bytes; zero: the kernel's.
	Buffer int
}

// Unicast says that the connection has no group.
func (s Spec) Unicast() bool { return !s.Group.IsValid() }

// Meta is what the system tells beside the bytes of a received datagram. For
// IPv4 it is empty: the bytes begin with their IP header.
type Meta struct {
	Src, Dst netip.Addr
	Hops     int // hop limit, -1 if unknown
}

// MaxDatagram is the size of the longest advert: an IPv4 header, an
// Authentication Header or 255 IPv6 addresses, with room to spare.
const MaxDatagram = 4608

// Packet is one received datagram.
type Packet struct {
	N    int // bytes of Buf that were received
	Meta Meta
	Buf  [MaxDatagram]byte
}

// Conn sends and receives adverts.
type Conn interface {
	// Send transmits b to dst: for IPv4 a whole datagram with its header, for
	// IPv6 a VRRP message that leaves from src.
	Send(b []byte, src, dst netip.Addr) error
	// Recv waits for a datagram and takes what else is there already, up to
	// len(list); it returns how many. It may run beside Send.
	Recv(list []Packet) (int, error)
	// Filter lets only adverts for the VRIDs pass from now on; nil lets all
	// pass. It keeps a flood of others from costing anything.
	Filter(vrids []uint8) error
	Close() error
}

// LinkConn sends whole Ethernet frames on one interface.
type LinkConn interface {
	SendFrame(frame []byte) error
	Close() error
}

// Network opens connections.
type Network interface {
	Open(Spec) (Conn, error)
	OpenLink(link string) (LinkConn, error)
}
