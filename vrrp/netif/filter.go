package netif

import "net/netip"

// Dropped is an address that packets are kept from.
type Dropped struct {
	Addr netip.Addr
	// Link is the interface of a link-local address, which other interfaces
	// may have as well; "" for other addresses.
	Link string
}

// FilterOptions say what the rules of a [Filter] look like.
type FilterOptions struct {
	Table    string // of nftables
	Priority int    // of its chains, beside that of "filter"
	Counters bool   // count packets
	Indexes  bool   // know interfaces by index rather than by name
}

// Filter keeps packets from reaching or leaving addresses of this machine; all
// but neighbour discovery, without which an IPv6 address would not be heard of.
type Filter interface {
	// Change begins and ends the dropping of addresses, in one step.
	Change(add, remove []Dropped) error
	// Close takes all rules away.
	Close() error
}
