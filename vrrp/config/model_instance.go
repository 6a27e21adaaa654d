package config

import (
	"net/netip"
	"time"

	"tandem/parser/source"
)

// Instance is one vrrp_instance with every default filled in.
type Instance struct {
	Name      string
	Interface string // as written; the base interface with use_vmac
	VRF       string // vrf
	VRID      uint8  // 1 to 255, unique per interface, family and version
	Version   int    // 2 or 3
	IPv6      bool   // family of the adverts

	// WantMaster is "state MASTER". It has no effect on the election except
	// for an owner (Priority 255), and for what is logged.
	WantMaster bool
	// Priority is the base priority, 1 to 255; 255 is the address owner.
	Priority uint8

	// AdvertInterval is in steps of 1 s (version 2) or 10 ms (version 3).
	AdvertInterval     time.Duration
	DownTimerAdverts   int  // adverts lost before takeover; default 3
	Nopreempt          bool // nopreempt
	PreemptDelay       time.Duration
	TimerExpiredBackup uint8 // timer_expired_backup's priority; 0: off

	Accept               bool // accept: answer packets for the VIPs when not owner
	Strict               bool // strict_mode: RFC 5798 to the letter
	SkipCheckAdvAddr     bool
	LowerPrioNoAdvert    bool
	HigherPrioSendAdvert bool
	OwnerIgnoreAdverts   bool
	V3ChecksumAsV2       bool
	OldUnicastChecksum   Tristate

	AuthType AuthType // version 2 only
	AuthPass [8]byte  // NUL-padded
	HMAC     *HMAC    // auth_hmac

	// Addresses. MulticastGroup and SourceAddress are zero where the default
	// applies: the global group, the interface's first address.
	SourceAddress      netip.Addr // mcast_src_ip or unicast_src_ip
	TrackSourceAddress bool       // track_src_ip
	MulticastGroup     netip.Addr
	Peers              []Peer // unicast_peer
	UnicastTTL         int    // default 255; -1: not given
	UnicastFaultNoPeer bool
	CheckUnicastSource bool
	ReceiveBuffer      int // kernel_rx_buf_size in bytes; 0: the kernel's
	NativeIPv6         bool
	DontTrackPrimary   bool // dont_track_primary
	PromoteSecondaries bool

	VMAC *VMAC // use_vmac or use_ipvlan; nil: addresses sit on Interface

	VIPs          []*Address // virtual_ipaddress, in packet order, without duplicates
	ExcludedVIPs  []*Address // virtual_ipaddress_excluded and what did not fit into VIPs
	NoVIPs        bool       // no_virtual_ipaddress
	VirtualRoutes []*Route
	VirtualRules  []*Rule

	Garp   Garp
	Tracks Tracks
	Notify Notify

	SMTPAlert bool
	Debug     int        // debug 0 to 4
	Group     *SyncGroup // nil: in none
	LVSSync   string     // lvs_sync_daemon_interface (deprecated)
	At        source.Span
	NameSpan  source.Span

	hmacGiven    bool  // auth_hmac was written, good or not
	hasInterface bool  // its interface exists, or may come
	given        given // which words were written, for defaults and checks
	familyKnown  bool
	vmacAddrOnly bool // use_vmac_addr without use_vmac
}

// Tristate is a setting with an automatic middle.
type Tristate uint8

// The values of a Tristate.
const (
	Auto Tristate = iota
	On
	Never
)

// AuthType is the version 2 authentication type as it stands in the packet.
type AuthType uint8

// Authentication types (RFC 2338 section 5.3.6).
const (
	AuthNone AuthType = 0
	AuthPass AuthType = 1
	AuthAH   AuthType = 2
)

// HMAC is auth_hmac: authenticated version 3 adverts.
type HMAC struct {
	Keys      []HMACKey
	Active    uint8         // active_key
	Monotonic bool          // anti_replay monotonic
	Window    time.Duration // time_window; 0: not given
	Mode      string        // enforce, permissive, receive-only
	At        source.Span

	owner string
}

// HMACKey is one key of auth_hmac.
type HMACKey struct {
	ID     uint8
	Secret []byte // 32 to 64 bytes
}

// Peer is one line of unicast_peer.
type Peer struct {
	Addr   netip.Addr
	MinTTL int // 0: not checked
	MaxTTL int // 255: not checked
	At     source.Span
}

// VMAC is a macvlan or ipvlan interface that holds an instance's addresses.
type VMAC struct {
	Name     string // "" is made from the prefix and the VRID
	IPVLAN   bool
	Mode     string       // ipvlan: bridge, private, vepa
	Address  netip.Prefix // ipvlan: its own address
	MAC      []byte       // 6 octets, or nil for the standard one of RFC 5798
	XmitBase bool         // vmac_xmit_base: adverts leave by the base interface
	AddrOnly bool         // use_vmac_addr: VIPs on other interfaces get VMACs too
	Notify   bool         // netlink_notify_msg
	Group    uint32
}

// Garp is how gratuitous ARPs and unsolicited neighbour advertisements are sent.
type Garp struct {
	Delay           time.Duration // garp_master_delay: second burst this long after the first; 0: none
	Repeat          int           // garp_master_repeat: messages per address and burst
	Refresh         time.Duration // garp_master_refresh; 0: none
	RefreshRepeat   int
	LowerPrioDelay  time.Duration
	LowerPrioRepeat int
	ExtraInterval   time.Duration // garp_extra_if; 0: none
	ExtraAll        bool          // garp_extra_if all
}

// Address is a line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress.
type Address struct {
	Prefix    netip.Prefix // address and length, not masked
	Broadcast netip.Addr   // zero: none
	Peer      netip.Prefix // zero: none
	Interface string       // dev; the instance's interface where none was given
	DevGiven  bool
	Scope     uint8 // RT_SCOPE_*; 0 global
	ScopeSet  bool
	Label     string
	UseVMAC   bool // use_vmac after the address
	NoTrack   bool // no_track: its loss does not matter
	Flags     uint32
	Preferred *uint32 // preferred_lft in seconds; nil: kernel default; ^0 is forever
	Group     *StaticGroup
	At        source.Span

	groupName nameAt
}

// Bits of Address.Flags: IFA_F_* of linux/if_addr.h.
const (
	FlagNoDAD         = 0x02
	FlagHome          = 0x10
	FlagMngTmpAddr    = 0x100
	FlagNoPrefixRoute = 0x200
	FlagAutojoin      = 0x400
)

// given is a set of words that were written in a vrrp_instance.
type given uint32

const (
	gaveState given = 1 << iota
	gavePriority
	gaveInterface
	gaveVersion
	gaveAdvert
	gaveAccept
	gaveStrict
	gaveSMTP
	gaveGarpDelay
	gaveGarpRepeat
	gaveGarpLowerDelay
	gaveGarpLowerRepeat
	gaveLowerNoAdvert
	gaveHigherSend
	gaveSkipCheck
	gaveCheckSrc
	gaveChecksum
	gaveDownTimer
	gaveOwnerIgnore
	gaveExtraIf
	gaveUnicast
	gaveNativeV6
	gavePreempt
	gaveGarpRefresh
	gaveRefreshRepeat
	gaveSource
	gavePrioNotify
	gaveXmitBase
)

func (g given) has(b given) bool { return g&b != 0 }
