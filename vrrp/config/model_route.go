package config

import (
	"net/netip"
	"time"

	"tandem/parser/source"
)

// Route is a line of virtual_routes or static_routes. Numbers are those of
// rtnetlink(7); a zero netip value and a nil pointer mean "not given".
type Route struct {
	Type      string // unicast, blackhole, unreachable, prohibit, throw, local, …
	Dst       netip.Prefix
	Default   bool // "default": Dst is the whole family
	IPv6      bool
	Src       netip.Prefix // from: source-specific routes, IPv6
	PrefSrc   netip.Addr   // src
	Via       netip.Addr
	Interface string // dev
	Table     uint32 // 0: main
	TOS       uint8
	Scope     *uint8
	Metric    *uint32
	Protocol  uint8 // default 18, RTPROT_KEEPALIVED
	OnLink    bool
	Metrics   []RouteMetric
	Pref      string // low, medium, high
	Realms    uint32
	TTLProp   *bool
	NextHops  []NextHop
	Expires   time.Duration
	Encap     []string // words of encap, kept as they are
	Action    string   // add, prepend, append; "" is replace-or-add
	NoTrack   bool
	Group     *StaticGroup
	At        source.Span
	Text      string // as written, for messages and dumps

	groupName nameAt
}

// RouteMetric is one RTAX_* value.
type RouteMetric struct {
	Name   string // as in ip-route(8): mtu, advmss, rtt, …
	Value  uint32
	Locked bool
	Str    string // congctl
}

// NextHop is one nexthop of a multipath route.
type NextHop struct {
	Via       netip.Addr
	Interface string
	Weight    int // 1 to 256
	OnLink    bool
	Realms    uint32
	Encap     []string
}

// Rule is a line of virtual_rules or static_rules.
type Rule struct {
	IPv6      bool
	FamilySet bool // inet or inet6 was written, or an address told
	Not       bool
	From, To  netip.Prefix
	Table     uint32
	Priority  uint32 // preference
	PrioSet   bool
	TOS       uint8
	Mark      uint32
	MarkMask  uint32
	MarkSet   bool
	Realms    uint32
	IIF, OIF  string
	TunnelID  uint64
	SupPrefix *int32 // suppress_prefixlength
	SupGroup  *int32 // suppress_ifgroup
	UIDRange  *[2]uint32
	L3MDev    bool
	Protocol  uint8
	IPProto   uint8
	SrcPorts  *[2]uint16
	DstPorts  *[2]uint16
	Goto      uint32
	Action    string // lookup, goto, nop, blackhole, unreachable, prohibit
	NoTrack   bool
	Group     *StaticGroup
	At        source.Span
	Text      string

	groupName nameAt
}
