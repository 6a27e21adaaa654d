package packet

import (
	"crypto/subtle"
	"encoding/binary"
	"net/netip"
)

// Datagram is one received packet, seen in place: its slices point into the
// buffer that it was made from.
type Datagram struct {
	Src, Dst netip.Addr
	// TTL is the IPv4 TTL or the IPv6 hop limit; -1 when the kernel did not
	// tell it.
	TTL int
	// Length is the number of bytes received, with the IPv4 header.
	Length int
	// TotalLen is the length that the IPv4 header claims; zero for IPv6.
	TotalLen int
	// HeaderLen is the length of the IP header within Length; zero for IPv6.
	HeaderLen int
	// Clock is when it was received, as [Clock] says it; only trailers need it.
	Clock uint64
	// Unicast says that Dst is no multicast group.
	Unicast bool
	ah      []byte // Authentication Header, nil if there is none
	ip      []byte // IPv4 header, for the AH digest
	msg     []byte // VRRP message
}

// FromIPv4 reads the datagram in b, which begins with its IPv4 header, as a
// raw socket delivers it. The fault is ShortIP when the headers are not whole.
func FromIPv4(b []byte) (Datagram, Fault) {
	d := Datagram{Length: len(b)}
	if len(b) < IPv4HdrLen+HeaderLen || b[0]>>4 != 4 {
		return d, Fault{Kind: ShortIP, Got: len(b)}
	}
	hl := int(b[0]&15) * 4
	if hl < IPv4HdrLen || len(b) < hl+HeaderLen {
		return d, Fault{Kind: ShortIP, Got: len(b)}
	}
	d.HeaderLen = hl
	d.TTL = int(b[8])
	d.TotalLen = int(binary.BigEndian.Uint16(b[2:]))
	d.Src = netip.AddrFrom4([4]byte(b[12:16]))
	d.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	d.Unicast = !d.Dst.IsMulticast()
	d.ip, d.msg = b[:hl], b[hl:]
	if b[9] == ProtocolAH {
		if len(d.msg) < AHLen+HeaderLen {
			return d, Fault{Kind: ShortIP, Got: len(b)}
		}
		d.ah, d.msg = d.msg[:AHLen], d.msg[AHLen:]
	}
	return d, Fault{}
}

// FromIPv6 wraps a VRRP message received over IPv6, where the socket delivers
// the message alone and tells the rest beside it. hops is -1 if unknown.
func FromIPv6(b []byte, src, dst netip.Addr, hops int) (Datagram, Fault) {
	d := Datagram{Src: src, Dst: dst, TTL: hops, Length: len(b), Unicast: !dst.IsMulticast(), msg: b}
	if len(b) < HeaderLen {
		return d, Fault{Kind: ShortIP, Got: len(b)}
	}
	return d, Fault{}
}

// Version is the protocol version that the message claims.
func (d *Datagram) Version() uint8 { return d.msg[0] >> 4 }

// Type is the message type: TypeAdvertisement, or something unknown.
func (d *Datagram) Type() uint8 { return d.msg[0] & 15 }

// VRID is the virtual router that the message is about.
func (d *Datagram) VRID() uint8 { return d.msg[1] }

// Priority is the sender's priority; zero says that it gives up.
func (d *Datagram) Priority() uint8 { return d.msg[2] }

// Count is the number of addresses that the header claims.
func (d *Datagram) Count() int { return int(d.msg[3]) }

// AuthType is the authentication type of a version 2 message.
func (d *Datagram) AuthType() Auth { return Auth(d.msg[4]) }

// Interval is the sender's interval: seconds in version 2, centiseconds in
// version 3.
func (d *Datagram) Interval() uint16 {
	if d.Version() == V2 {
		return uint16(d.msg[5])
	}
	return binary.BigEndian.Uint16(d.msg[4:]) & MaxInterval
}

// Sum is the checksum field.
func (d *Datagram) Sum() uint16 { return binary.BigEndian.Uint16(d.msg[6:]) }

// HasAH says that the message was preceded by an Authentication Header.
func (d *Datagram) HasAH() bool { return d.ah != nil }

// addrLen is the size of one address of the message.
func (d *Datagram) addrLen() int {
	if d.Src.Is4() {
		return 4
	}
	return 16
}

// Addr is the i-th address of the message, i < Count. It may be asked only
// after Check has accepted the length.
func (d *Datagram) Addr(i int) netip.Addr {
	n := d.addrLen()
	b := d.msg[HeaderLen+i*n:]
	if n == 4 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16([16]byte(b[:16]))
}

// Has says whether the message lists ip.
func (d *Datagram) Has(ip netip.Addr) bool {
	for i := range d.Count() {
		if d.Addr(i) == ip {
			return true
		}
	}
	return false
}

// wantLen is the number of bytes that the datagram must have in all, given
// its own version and address count.
func (d *Datagram) wantLen() int {
	n := d.HeaderLen + len(d.ah) + HeaderLen + d.Count()*d.addrLen()
	if d.Version() == V2 && d.HeaderLen > 0 {
		n += AuthLen
	}
	return n
}

// passwordIs compares the last bytes of the message of length n with pass, in
// constant time.
func (d *Datagram) passwordIs(pass *[AuthLen]byte) bool {
	n := d.wantLen() - d.HeaderLen - len(d.ah)
	return subtle.ConstantTimeCompare(d.msg[n-AuthLen:n], pass[:]) == 1
}
