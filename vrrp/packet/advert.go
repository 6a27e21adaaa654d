// Package packet is the codec of VRRP advertisements: versions 2 (RFC 3768,
// with the authentication of RFC 2338) and 3 (RFC 9568), over IPv4 and IPv6.
//
// It is pure: bytes in, values out. It opens no socket and keeps no state, and
// a received packet is examined without copying or allocating. The order of
// the receive checks and their words are those that operators of keepalived
// know from their logs; see Check.
package packet

import (
	"encoding/binary"
	"net/netip"
)

// The two versions of the protocol that are spoken.
const (
	V2 = 2 // RFC 3768: IPv4 only, interval in seconds, authentication field
	V3 = 3 // RFC 9568: IPv4 and IPv6, interval in centiseconds
)

// TypeAdvertisement is the only message type of the protocol.
const TypeAdvertisement = 1

// Auth is the authentication type of a version 2 message (RFC 2338 section
// 5.3.6).
type Auth uint8

// The authentication types of RFC 2338.
const (
	AuthNone Auth = 0
	AuthPass Auth = 1
	AuthAH   Auth = 2
)

// Sizes, in bytes, of the parts of a message.
const (
	HeaderLen   = 8  // fixed part of both versions
	AuthLen     = 8  // authentication data that ends every version 2 message
	AHLen       = 24 // Authentication Header with a 96-bit value
	IPv4HdrLen  = 20 // IPv4 header without options, as sent
	MaxInterval = 4095
)

// Multicast groups of the protocol.
var (
	Group4 = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	Group6 = netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0x12})
)

// Advert is one advertisement to be sent.
type Advert struct {
	Version  uint8
	VRID     uint8
	Priority uint8
	// Interval is the advertisement interval: seconds in version 2 (8 bits),
	// centiseconds in version 3 (12 bits). Bits that do not fit are dropped.
	Interval uint16
	Auth     Auth          // version 2 only
	Pass     [AuthLen]byte // password of AuthPass, zero padded
	Addrs    []netip.Addr  // virtual addresses in the order of the configuration
	// PlainSum makes version 3 over IPv4 use a checksum without the
	// pseudo-header, as RFC 5798 was read by many implementations.
	PlainSum bool
}

// Len is the length of the message in bytes, without any IP header.
func (a *Advert) Len() int {
	n := HeaderLen
	for _, ip := range a.Addrs {
		n += ip.BitLen() / 8
	}
	if a.Version == V2 {
		n += AuthLen
	}
	return n
}

// Append appends the VRRP message to dst. src and to are the addresses of the
// IP header that will carry it: version 3 includes them in its checksum.
func (a *Advert) Append(dst []byte, src, to netip.Addr) []byte {
	start := len(dst)
	dst = append(dst, a.Version<<4|TypeAdvertisement, a.VRID, a.Priority, uint8(len(a.Addrs)))
	if a.Version == V2 {
		dst = append(dst, byte(a.Auth), byte(a.Interval), 0, 0)
	} else {
		dst = binary.BigEndian.AppendUint16(dst, a.Interval&MaxInterval)
		dst = append(dst, 0, 0)
	}
	for _, ip := range a.Addrs {
		if ip.Is4() {
			b := ip.As4()
			dst = append(dst, b[:]...)
		} else {
			b := ip.As16()
			dst = append(dst, b[:]...)
		}
	}
	if a.Version == V2 {
		if a.Auth == AuthPass {
			dst = append(dst, a.Pass[:]...)
		} else {
			dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
		}
	}
	msg := dst[start:]
	var c uint16
	switch {
	case a.Version == V2 && a.Auth == AuthAH:
		// The integrity of the header is covered by the AH digest; the
		// checksum is still filled in.
		c = Checksum(msg)
	case a.Version == V2, a.PlainSum && src.Is4():
		c = Checksum(msg)
	default:
		c = PseudoChecksum(src, to, msg)
	}
	binary.BigEndian.PutUint16(msg[6:], c)
	return dst
}

// IPv4Header is the IPv4 header that is written in front of a message: the
// raw socket is told that it comes with the data. Its checksum is left zero,
// since the kernel always fills it in.
type IPv4Header struct {
	ID       uint16
	TTL      uint8 // 255 in multicast; configurable in unicast
	Protocol uint8 // 112, or 51 with an Authentication Header
	Src, Dst netip.Addr
}

// tos is the type of service of adverts: precedence "internetwork control".
const tos = 0xc0

// Append appends the header of a datagram whose payload is n bytes long.
func (h *IPv4Header) Append(dst []byte, n int) []byte {
	dst = append(dst, 4<<4|IPv4HdrLen/4, tos)
	dst = binary.BigEndian.AppendUint16(dst, uint16(IPv4HdrLen+n))
	dst = binary.BigEndian.AppendUint16(dst, h.ID)
	dst = append(dst, 0, 0, h.TTL, h.Protocol, 0, 0)
	s, d := h.Src.As4(), h.Dst.As4()
	dst = append(dst, s[:]...)
	return append(dst, d[:]...)
}
