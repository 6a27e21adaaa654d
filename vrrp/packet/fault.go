package packet

import (
	"fmt"
	"net/netip"
)

// Kind says which receive check a packet failed. Several kinds can share one
// counter and one rate limit: see Fault.Class and Fault.Counter.
type Kind uint8

// The kinds, in the order of the checks.
const (
	OK Kind = iota
	ShortIP
	AHMissing
	AHUnexpected
	TooShort
	TooLong
	BadTTL
	BadVersion
	TrailerMissing
	TrailerMalformed
	TrailerKey
	TrailerStale
	TrailerDigest
	TrailerReplay
	BadAuthType
	AuthMismatch
	BadPassword
	BadDigest
	IntervalV2 // has a counter in the statistics file, which never moves
	BadType
	BadTotalLen
	BadChecksum
	NotMulticast
	NotUnicast
	// From here on the packet is counted as received.
	AddrCount
	AddrMissing
	UnknownPeer
	BadTTLRange
	// IntervalV3 is told by a master that hears another interval; it drops
	// nothing.
	IntervalV3
)

// Counter names the statistic that a fault adds to, as the statistics file of
// keepalived groups them.
type Counter uint8

// The counters of the statistics file.
const (
	CountNone Counter = iota
	CountLength
	CountTTL
	CountType
	CountInterval
	CountAddrList
	CountAuthType
	CountAuthMismatch
	CountAuthFailure
	CountVersion
	CountChecksum
	CountVRID
	CountTrailerMissing
	CountTrailerMalformed
	CountTrailerKey
	CountTrailerDigest
	CountTrailerStale
	CountTrailerReplay
)

// Counter is the statistic of the fault, CountNone if it has none.
func (f Fault) Counter() Counter {
	switch f.Kind {
	case ShortIP, TooShort, TooLong, BadTotalLen:
		return CountLength
	case BadTTL, BadTTLRange:
		return CountTTL
	case BadVersion:
		return CountVersion
	case BadAuthType:
		return CountAuthType
	case AuthMismatch:
		return CountAuthMismatch
	case BadPassword, BadDigest, AHMissing, AHUnexpected:
		return CountAuthFailure
	case TrailerMissing:
		return CountTrailerMissing
	case TrailerMalformed:
		return CountTrailerMalformed
	case TrailerKey:
		return CountTrailerKey
	case TrailerStale:
		return CountTrailerStale
	case TrailerDigest:
		return CountTrailerDigest
	case TrailerReplay:
		return CountTrailerReplay
	case BadType:
		return CountType
	case BadChecksum:
		return CountChecksum
	case AddrCount, AddrMissing:
		return CountAddrList
	}
	return CountNone
}

// Class is a bit that identifies the rate limit of the fault: one line per
// class is logged until the limits are cleared. Packets that are too short and
// packets that are too long share one.
func (f Fault) Class() uint32 {
	k := f.Kind
	if k == TooLong {
		k = TooShort
	}
	return 1 << k
}

// Dropped says that the packet must not reach the election. Differences in the
// address list are told but do not drop.
func (f Fault) Dropped() bool {
	return f.Kind != OK && f.Kind != AddrCount && f.Kind != AddrMissing && f.Kind != IntervalV3
}

// Fault is the verdict of the receive checks. The zero value is acceptance. It
// is a value, so that a flood of bad packets allocates nothing.
type Fault struct {
	Kind      Kind
	Got, Want int        // Want is the least in BadTTLRange
	Max       int        // BadTTLRange
	Addr      netip.Addr // AddrMissing
}

// Err says whether the fault is one.
func (f Fault) Err() bool { return f.Kind != OK }

// Error makes a Fault usable as an error in tests and tools.
func (f Fault) Error() string { return f.Text("-", netip.Addr{}) }

// Text is the log line of the fault for instance name and sender from, in the
// words of the original.
func (f Fault) Text(name string, from netip.Addr) string {
	switch f.Kind {
	case OK:
		return ""
	case ShortIP:
		return fmt.Sprintf("IPv4 VRRP packet too short - %d bytes", f.Got)
	case AHMissing:
		return fmt.Sprintf("(%s) IPSEC-AH expected but not received from %s", name, from)
	case AHUnexpected:
		return fmt.Sprintf("(%s) IPSEC-AH received from %s but not expected", name, from)
	case TooShort:
		return fmt.Sprintf("(%s) vrrp packet from %s too short, length %d and expect %d", name, from, f.Got, f.Want)
	case TooLong:
		return fmt.Sprintf("(%s) vrrp packet from %s too long, length %d and expect %d", name, from, f.Got, f.Want)
	case BadTTL:
		return fmt.Sprintf("(%s) invalid TTL/HL from %s. Received %d and expect %d", name, from, f.Got, f.Want)
	case BadVersion:
		return fmt.Sprintf("(%s) wrong VRRP version from %s. Received %d and expect %d", name, from, f.Got, f.Want)
	case TrailerMissing:
		return fmt.Sprintf("(%s) missing authentication trailer from %s", name, from)
	case TrailerMalformed:
		return fmt.Sprintf("(%s) malformed authentication trailer from %s", name, from)
	case TrailerKey:
		return fmt.Sprintf("(%s) unknown authentication key id %d from %s", name, f.Got, from)
	case TrailerStale:
		return fmt.Sprintf("(%s) stale authentication trailer from %s, clock skew %d sec exceeds window %d sec", name, from, f.Got, f.Want)
	case TrailerDigest:
		return fmt.Sprintf("(%s) invalid authentication HMAC from %s", name, from)
	case TrailerReplay:
		return fmt.Sprintf("(%s) replayed authentication trailer from %s", name, from)
	case BadAuthType:
		return fmt.Sprintf("(%s) Invalid auth type from %s: %d", name, from, f.Got)
	case AuthMismatch:
		return fmt.Sprintf("(%s) received a %d auth from %s, expecting %d!", name, f.Got, from, f.Want)
	case BadPassword:
		return fmt.Sprintf("(%s) received an invalid passwd from %s!", name, from)
	case BadDigest:
		return fmt.Sprintf("(%s) IPSEC-AH : Invalid IPSEC HMAC-MD5 value from %s", name, from)
	case IntervalV2:
		return fmt.Sprintf("(%s) advertisement interval mismatch with %s mine=%d sec rcv'd=%d sec", name, from, f.Want, f.Got)
	case BadType:
		return fmt.Sprintf("(%s) Invalid packet type from %s. %d and expect %d", name, from, f.Got, f.Want)
	case BadTotalLen:
		return fmt.Sprintf("(%s) ip_tot_len mismatch against received length from %s. %d and expect at least %d", name, from, f.Got, f.Want)
	case BadChecksum:
		return fmt.Sprintf("(%s) Invalid VRRPv%d checksum from %s", name, f.Want, from)
	case NotMulticast:
		return fmt.Sprintf("(%s) expected multicast packet but received unicast packet from %s", name, from)
	case NotUnicast:
		return fmt.Sprintf("(%s) expected unicast packet but received multicast packet from %s", name, from)
	case IntervalV3:
		return fmt.Sprintf("(%s) advertisement interval mismatch ours = %d centi-sec rcv'd=%d centi-sec", name, f.Want, f.Got)
	case AddrCount:
		return fmt.Sprintf("(%s) expected %d VIPs but received %d", name, f.Want, f.Got)
	case AddrMissing:
		return fmt.Sprintf("(%s) ip address associated with VRID %d not present in advert from %s: %s", name, f.Got, from, f.Addr)
	case UnknownPeer:
		return fmt.Sprintf("(%s) unicast source address %s not a unicast peer", name, from)
	case BadTTLRange:
		return fmt.Sprintf("(%s) TTL/HL %d from %s not in range [%d, %d]", name, f.Got, from, f.Want, f.Max)
	}
	return fmt.Sprintf("(%s) bad packet from %s", name, from)
}
