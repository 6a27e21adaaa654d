package fsm

import (
	"net/netip"
	"time"

	"tandem/vrrp/packet"
)

// InstanceConfig is one virtual router. Zero values of the fields marked so
// are replaced by the defaults of the configuration language.
type InstanceConfig struct {
	Name string
	// Link names what adverts arrive on: the interface of the socket. It is
	// part of the identity of a received packet.
	Link string
	// Channel tells the sockets of one interface apart: the group or address
	// that adverts are sent to, and the protocol. An advert that arrives on
	// another one is for nobody here, as in the original.
	Channel string
	VRID    uint8
	Version uint8 // packet.V2 or packet.V3
	IPv6    bool
	// Src is the address that adverts are sent from; it breaks ties. The zero
	// value is a fault until SourceAddr provides one.
	Src        netip.Addr
	WantMaster bool  // `state MASTER`
	Priority   uint8 // 1..255; 255 is the address owner; zero: 100
	// Interval is advert_int: whole seconds in version 2, multiples of 10 ms
	// in version 3. Zero: 1 s.
	Interval      time.Duration
	NoPreempt     bool
	PreemptDelay  time.Duration
	DownAdverts   int  // down_timer_adverts; zero: 3
	LowerNoAdvert bool // lower_prio_no_advert
	HigherAdvert  bool // higher_prio_send_advert
	WatchRivals   bool // tell of a second master, and announce when it is gone
	IgnoreOwner   bool // owner_ignore_adverts
	Auth          packet.Auth
	HMAC          *packet.HMAC // auth_hmac
	Pass          [packet.AuthLen]byte
	Addrs         []netip.Addr // virtual_ipaddress, in order: what adverts list
	HasVIPs       bool         // there is anything in virtual_ipaddress
	HasExcluded   bool         // ... in virtual_ipaddress_excluded
	HasRoutes     bool
	HasRules      bool
	Unicast       bool
	Peers         []packet.Peer
	CheckPeers    bool // check_unicast_src
	PlainSum      bool // v3_checksum_as_v2
	AnySum        bool // old_unicast_checksum
	SkipAddrs     bool // skip_check_adv_addr
	NotifyPrio    bool // notify_priority_changes
	// LatePrio makes a master that was held up give way, if another instance of
	// this priority may have taken over meanwhile (timer_expired_backup); 0: no.
	LatePrio uint8
	Deleted  bool // notify_deleted: a removed instance says DELETED, not FAULT
	Garp     Garp
	// Faults are reasons to be in Fault that lie in the configuration itself,
	// such as unicast without a peer.
	Faults   []string
	Trackers []Tracking
}

// Garp is the schedule of announcements (gratuitous ARP, unsolicited neighbour
// advertisement) of an instance. The fields hold what the configuration says
// after its defaults: nothing is replaced here.
type Garp struct {
	Delay         time.Duration // before the second burst; zero: no second burst
	Repeat        int           // packets per address in a burst
	Refresh       time.Duration // zero: no refresh while master
	RefreshRepeat int
	LowerDelay    time.Duration // second burst after a lower-priority advert
	LowerRepeat   int           // zero: none
	Extra         time.Duration // between announcements on other interfaces; zero: none
}

// DefaultGarp is the schedule when the configuration says nothing.
var DefaultGarp = Garp{
	Delay: 5 * time.Second, Repeat: 5, RefreshRepeat: 1,
	LowerDelay: 5 * time.Second, LowerRepeat: 5,
}

// TrackKind says what is tracked.
type TrackKind uint8

// The kinds of tracked things.
const (
	TrackInterface TrackKind = iota
	TrackScript
	TrackFile
	TrackProcess
	TrackBFD
)

// TrackID identifies one tracked thing.
type TrackID struct {
	Kind TrackKind
	Name string
}

// Tracking ties an instance or group to a tracked thing.
type Tracking struct {
	TrackID
	// Weight is added to the priority while the thing is well (positive), or
	// while it is not (negative); for a file it multiplies the value. Zero
	// makes a failure a fault. Reverse takes away what Weight would add, and
	// adds what it would take away; without a weight it makes being well a fault.
	Weight  int
	Reverse bool
	// Pending keeps the instance in Init until the first result, as scripts
	// do. A thing that is not pending counts as well until told otherwise.
	Pending bool
}

// GroupConfig is one vrrp_sync_group.
type GroupConfig struct {
	Name    string
	Members []string // instance names; unknown ones are ignored
	// Weights lets weighted tracking change the priority of the members
	// (sync_group_tracking_weight); otherwise their weights count as nothing.
	Weights  bool
	Trackers []Tracking // apply to every member
}

// Config is everything that the machine is about.
type Config struct {
	Instances []InstanceConfig // in the order of the configuration
	Groups    []GroupConfig
	// StartupDelay puts off the first timers (vrrp_startup_delay).
	StartupDelay time.Duration
	// LogUnknown logs adverts with a VRID that nobody has (log_unknown_vrids).
	LogUnknown bool
}

// setDefaults fills in the zero values that stand for a default.
func (c *InstanceConfig) setDefaults() {
	if c.Version == 0 {
		c.Version = packet.V2
	}
	if c.IPv6 {
		c.Version = packet.V3
	}
	if c.Priority == 0 {
		c.Priority = 100
	}
	if c.Interval <= 0 {
		c.Interval = time.Second
	}
	if c.DownAdverts == 0 {
		c.DownAdverts = 3
	}
	if len(c.Addrs) > 0 {
		c.HasVIPs = true
	}
	if c.WantMaster {
		c.NoPreempt = false
	}
}

// expect is what received adverts are held against.
func (c *InstanceConfig) expect() packet.Expect {
	x := packet.Expect{
		Version: c.Version, VRID: c.VRID, Auth: c.Auth, Pass: c.Pass,
		Interval: uint16(c.Interval / time.Second), Addrs: c.Addrs,
		Unicast: c.Unicast, Peers: c.Peers, CheckPeers: c.CheckPeers,
		PlainSum: c.PlainSum, AnySum: c.AnySum, HMAC: c.HMAC,
	}
	if c.HMAC != nil {
		x.Replay = packet.Replay{}
	}
	return x
}

// wireInterval is the interval field of an advert for d: seconds in version 2,
// centiseconds in version 3.
func (c *InstanceConfig) wireInterval() uint16 {
	if c.Version == packet.V2 {
		return uint16(c.Interval / time.Second)
	}
	return uint16(c.Interval / (10 * time.Millisecond))
}
