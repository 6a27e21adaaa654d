package packet

import (
	"encoding/binary"
	"net/netip"
)

// Protocol is the IP protocol number of VRRP (RFC 9568 section 5.1.1.4).
const Protocol = 112

// ProtocolAH is the IP protocol number of the Authentication Header
// (RFC 4302), which VRRPv2 authentication type 2 puts before the VRRP header.
const ProtocolAH = 51

// sum adds the 16-bit big-endian words of b to acc; an odd last byte counts
// as the high half of a word (RFC 1071).
func sum(acc uint32, b []byte) uint32 {
	for len(b) >= 2 {
		acc += uint32(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	return acc
}

// fold reduces acc to 16 bits with end-around carry.
func fold(acc uint32) uint16 {
	for acc > 0xffff {
		acc = acc&0xffff + acc>>16
	}
	return uint16(acc)
}

// Checksum is the Internet checksum (RFC 1071) of b.
func Checksum(b []byte) uint16 { return ^fold(sum(0, b)) }

// pseudoSum is the sum of the pseudo-header of RFC 9568 section 5.2.8 for
// a VRRP message of length bytes. Both families add to the same words: the
// two addresses, the length and the protocol number.
func pseudoSum(src, dst netip.Addr, length int) uint32 {
	acc := uint32(length>>16) + uint32(length&0xffff) + Protocol
	if src.Is4() && dst.Is4() {
		s, d := src.As4(), dst.As4()
		return sum(sum(acc, s[:]), d[:])
	}
	s, d := src.As16(), dst.As16()
	return sum(sum(acc, s[:]), d[:])
}

// PseudoChecksum is the checksum of msg preceded by its pseudo-header, as
// VRRPv3 uses it (RFC 9568 section 5.2.8).
func PseudoChecksum(src, dst netip.Addr, msg []byte) uint16 {
	return ^fold(sum(pseudoSum(src, dst, len(msg)), msg))
}
