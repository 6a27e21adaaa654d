// Package netif keeps addresses, routes, rules and virtual interfaces of the
// system as they should be. Its users state what they want to hold
// ([Manager.Set]) and the manager finds what to add and what to remove; what
// the kernel is told goes through the [Kernel] interface, which the tests
// replace by a text.
package netif

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ErrNoLink is returned for an interface that does not exist.
var ErrNoLink = errors.New("no such interface")

// Protocol marks addresses, routes and rules as keepalived's
// (RTPROT_KEEPALIVED, IFAPROT_KEEPALIVED).
const Protocol = 18

// Addr is one address on an interface.
type Addr struct {
	Prefix    netip.Prefix // address and length, host bits kept
	Link      string
	Broadcast netip.Addr   // zero: none
	Peer      netip.Prefix // zero: none
	Scope     uint8        // RT_SCOPE_*: 0 is global
	Label     string       // IPv4 only
	Flags     uint32       // IFA_F_*
	// Preferred is the preferred lifetime in seconds; Lifetimes says that it is
	// given.
	Preferred uint32
	Lifetimes bool
	NoTrack   bool // its removal by others does not matter
}

// String is the address as ip-address(8) would be told to add it.
func (a Addr) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", a.Prefix)
	if a.Peer.IsValid() {
		fmt.Fprintf(&b, " peer %s", a.Peer)
	}
	if a.Broadcast.IsValid() {
		fmt.Fprintf(&b, " brd %s", a.Broadcast)
	}
	fmt.Fprintf(&b, " dev %s", a.Link)
	if a.Scope != 0 {
		fmt.Fprintf(&b, " scope %d", a.Scope)
	}
	if a.Label != "" {
		fmt.Fprintf(&b, " label %s", a.Label)
	}
	if a.Lifetimes {
		fmt.Fprintf(&b, " preferred_lft %d", a.Preferred)
	}
	return b.String()
}

// id is what makes two addresses the same one for the kernel.
func (a Addr) id() string { return a.Prefix.String() + "%" + a.Link + "<" + a.Peer.String() }

// NextHop is one way of a route.
type NextHop struct {
	Via    netip.Addr
	Link   string
	Weight int // 1..256, zero: 1
	OnLink bool
}

// Route is one route of the kernel's tables. Zero values mean "not given".
type Route struct {
	Type     string // "", unicast, blackhole, unreachable, prohibit, throw, local
	Dst      netip.Prefix
	IPv6     bool
	Src      netip.Addr
	Hops     []NextHop // one, or several for a multipath route
	Table    uint32
	TOS      uint8
	Scope    *uint8
	Metric   *uint32
	Protocol uint8 // zero: Protocol
	Realm    uint32
	// Metrics are RTAX values by the names of ip-route(8); Locked names those
	// that path discovery may not change.
	Metrics map[string]uint32
	Locked  map[string]bool
	Congctl string
	Append  bool   // append rather than replace
	Text    string // as configured, for messages
}

// Rule is one rule of the routing policy.
type Rule struct {
	IPv6      bool
	Not       bool
	From, To  netip.Prefix
	Table     uint32
	Priority  uint32
	TOS       uint8
	Mark      uint32
	MarkMask  *uint32
	Realm     uint32
	IIF, OIF  string
	SupPrefix *int32
	SupGroup  *int32
	UIDRange  *[2]uint32
	IPProto   uint8
	SrcPorts  *[2]uint16
	DstPorts  *[2]uint16
	TunnelID  uint64
	Goto      uint32
	Action    string // "", lookup, goto, nop, blackhole, unreachable, prohibit
	Text      string
}

// VMAC is a macvlan interface that carries the addresses of a virtual router.
type VMAC struct {
	Name   string
	Parent string
	MAC    net.HardwareAddr
	IPv6   bool
	Group  uint32
}

// Link is an interface as the kernel reports it.
type Link struct {
	Name      string
	Index     int
	Up        bool // IFF_UP and IFF_RUNNING
	MAC       net.HardwareAddr
	MTU       int
	NoARP     bool
	Loopback  bool
	Multicast bool
	Kind      string // "", macvlan, bridge, ...
	Addrs     []netip.Prefix
}

// Event is a change that the kernel reported: of a link when Addr is not
// valid, of an address otherwise.
type Event struct {
	Link    Link
	Gone    bool // the link or address was removed
	Addr    netip.Prefix
	Resync  bool // events were lost: read everything anew
	Tentive bool // the address is still being checked for duplicates
}

// Kernel is what the manager needs of a system. Adding what is there and
// deleting what is not there succeed.
type Kernel interface {
	AddAddr(Addr) error
	DelAddr(Addr) error
	HasAddr(Addr) (bool, error)
	AddRoute(Route) error
	DelRoute(Route) error
	AddRule(Rule) error
	DelRule(Rule) error
	AddVMAC(VMAC) error
	DelVMAC(name string) error
	// Promote lets an interface keep its other addresses of a network when the
	// first of them goes; was is the setting before.
	Promote(link string, on bool) (was bool, err error)
	// Filter prepares the dropping of packets; nothing happens before its
	// first change.
	Filter(FilterOptions) (Filter, error)
	// Links lists the interfaces with their addresses.
	Links() ([]Link, error)
	// Watch calls f for every change until stop is closed. It returns when
	// watching has begun or has failed.
	Watch(stop <-chan struct{}, f func(Event)) error
}
