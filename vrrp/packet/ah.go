package packet

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"net/netip"
)

// ahValueLen is the length of the truncated digest (HMAC-MD5-96, RFC 2403).
const ahValueLen = 12

// AppendAH appends an IPv4 datagram whose VRRP message is protected by an
// Authentication Header (RFC 2338 section 5.3.6.3): header h, AH with sequence
// number seq and the sender's address as SPI, then msg. key is the password.
func AppendAH(dst []byte, h IPv4Header, seq uint32, msg []byte, key *[AuthLen]byte) []byte {
	start := len(dst)
	h.Protocol = ProtocolAH
	dst = h.Append(dst, AHLen+len(msg))
	spi := h.Src.As4()
	dst = append(dst, Protocol, AHLen/4-2, 0, 0)
	dst = append(dst, spi[:]...)
	dst = binary.BigEndian.AppendUint32(dst, seq)
	value := len(dst)
	dst = append(dst, make([]byte, ahValueLen)...)
	dst = append(dst, msg...)
	b := dst[start:]
	sum := ahDigest(b[:IPv4HdrLen], b[IPv4HdrLen:IPv4HdrLen+AHLen], msg, key)
	copy(dst[value:], sum[:ahValueLen])
	return dst
}

// ahDigest is the digest over the datagram with its mutable parts as zero:
// type of service, fragment field, header checksum, the digest itself, and
// the TTL of a unicast packet.
func ahDigest(ip, ah, msg []byte, key *[AuthLen]byte) [md5.Size]byte {
	var zero [ahValueLen]byte
	var hdr [60]byte
	n := copy(hdr[:], ip)
	hdr[1], hdr[6], hdr[7], hdr[10], hdr[11] = 0, 0, 0, 0, 0
	if !netip.AddrFrom4([4]byte(hdr[16:20])).IsMulticast() {
		hdr[8] = 0
	}
	var m hash.Hash = hmac.New(md5.New, key[:])
	m.Write(hdr[:n])
	m.Write(ah[:AHLen-ahValueLen])
	m.Write(zero[:])
	m.Write(msg)
	var out [md5.Size]byte
	m.Sum(out[:0])
	return out
}

// AHSequence is the sequence number of the Authentication Header, zero if
// there is none. A receiver drops numbers that it has already passed.
func (d *Datagram) AHSequence() uint32 {
	if d.ah == nil {
		return 0
	}
	return binary.BigEndian.Uint32(d.ah[8:])
}

// digestOK verifies the Authentication Header with the password as key.
func (d *Datagram) digestOK(key *[AuthLen]byte) bool {
	if d.ah == nil {
		return false
	}
	msg := d.msg[:d.wantLen()-d.HeaderLen-len(d.ah)]
	sum := ahDigest(d.ip, d.ah, msg, key)
	return subtle.ConstantTimeCompare(sum[:ahValueLen], d.ah[AHLen-ahValueLen:]) == 1
}
