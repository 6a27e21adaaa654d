package fsm

import (
	"net/netip"

	"tandem/vrrp/packet"
)

// Event is something that happened. The concrete types of this file are the
// only ones.
type Event interface{ event() }

// Start brings all instances out of Init. Trackers and addresses that are known
// by then should have been told before.
type Start struct{}

// Tick says that time has passed: timers that are due fire. Every other event
// fires them too, before it is looked at.
type Tick struct{}

// Recv is one datagram received on Link. A pointer to one is an event too, for
// callers that must not allocate.
type Recv struct {
	Link    string
	Channel string // see [InstanceConfig]
	IPv6    bool
	D       *packet.Datagram
}

// Track is the state of a tracked thing: Up for an interface, script or
// process; Value for a file. What tells the machine so decides (rise and fall,
// quorum, debouncing); the machine only adds up.
type Track struct {
	TrackID
	Up    bool
	Value int
	// Cause is a log line's middle for the instances that enter a fault at
	// start because of it, such as "interface eth1 down".
	Cause string
}

// SourceAddr tells that the address which instance Name sends from is now
// Addr; the zero Addr says that it has none, which is a fault.
type SourceAddr struct {
	Name string
	Addr netip.Addr
}

// ConfigFault sets or clears a reason to be in Fault that is not tracked, such
// as a missing interface. Reasons with different Why are counted separately.
type ConfigFault struct {
	Name string
	Why  string
	Set  bool
}

// AddressRemoved tells that somebody else removed a virtual address of
// instance Name from the system.
type AddressRemoved struct{ Name string }

// ReloadBegin precedes the reading of a new configuration: masters advertise
// at once, so that no backup runs out of patience meanwhile.
type ReloadBegin struct{}

// Shutdown ends everything: masters give up with priority 0, addresses are
// removed.
type Shutdown struct{}

// AnnounceAll sends the announcements of all masters again.
type AnnounceAll struct{}

func (Start) event()          {}
func (Tick) event()           {}
func (Recv) event()           {}
func (Track) event()          {}
func (SourceAddr) event()     {}
func (ConfigFault) event()    {}
func (AddressRemoved) event() {}
func (ReloadBegin) event()    {}
func (Shutdown) event()       {}
func (AnnounceAll) event()    {}
