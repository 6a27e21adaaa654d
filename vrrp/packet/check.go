package packet

import "net/netip"

// Peer is one unicast neighbour and the TTL range that its packets must have.
type Peer struct {
	Addr           netip.Addr
	MinTTL, MaxTTL int // 0 and 255 accept everything
}

// Expect is what an instance demands of the adverts that it receives. The
// addresses are those of the instance in the order of the configuration.
type Expect struct {
	Version  uint8
	VRID     uint8
	Auth     Auth
	Pass     [AuthLen]byte
	Interval uint16 // version 2: seconds; version 3 learns it and checks nothing
	Addrs    []netip.Addr
	Unicast  bool
	// Peers is consulted only when CheckPeers is set (check_unicast_src) or a
	// peer has a TTL range.
	Peers      []Peer
	CheckPeers bool
	PlainSum   bool // v3_checksum_as_v2
	// AnySum also accepts the checksum with the multicast group in place of the
	// unicast destination, as releases before 2.0.11 sent it.
	AnySum bool
	// SkipAddrs leaves the address list unread (skip_check_adv_addr and the
	// sender is the master that was already accepted).
	SkipAddrs bool
	// HMAC is what authenticates adverts, nil if nothing does; Replay
	// is then where it remembers what it heard.
	HMAC   *HMAC
	Replay Replay
}

// minFrame is the payload of the shortest Ethernet frame: shorter packets may
// arrive padded up to it.
const minFrame = 46

// Check examines d as instance x would and returns the first fault. Addresses
// are not looked at: see CheckAddrs, which comes after the packet has been
// counted as received.
func (x *Expect) Check(d *Datagram) Fault {
	if f := x.checkFrame(d); f.Err() {
		return f
	}
	if x.HMAC != nil {
		if f := x.checkTrailer(d); f.Err() {
			return f
		}
	}
	if f := x.checkVersion2(d); f.Err() {
		return f
	}
	if d.Type() != TypeAdvertisement {
		return Fault{Kind: BadType, Got: int(d.Type()), Want: TypeAdvertisement}
	}
	if d.HeaderLen > 0 && d.TotalLen < d.wantLen() {
		return Fault{Kind: BadTotalLen, Got: d.TotalLen, Want: d.wantLen()}
	}
	if !x.sumOK(d) {
		return Fault{Kind: BadChecksum, Want: int(x.Version)}
	}
	if d.Unicast && !x.Unicast {
		return Fault{Kind: NotMulticast}
	}
	if !d.Unicast && x.Unicast {
		return Fault{Kind: NotUnicast}
	}
	return Fault{}
}

// checkFrame makes the checks that do not depend on the version: the sizes,
// the TTL, the version number itself.
func (x *Expect) checkFrame(d *Datagram) Fault {
	if x.Auth == AuthAH && x.Version == V2 {
		if !d.HasAH() {
			return Fault{Kind: AHMissing}
		}
	} else if d.HasAH() {
		return Fault{Kind: AHUnexpected}
	}
	want := d.wantLen()
	if d.Length < want {
		return Fault{Kind: TooShort, Got: d.Length, Want: want}
	}
	// Ethernet pads a short frame with an even number of bytes; the trailer of
	// some switches leaves two more.
	trailed := x.HMAC != nil && d.trailer() != nil
	if extra := d.Length - want; extra > 0 && !trailed && !(d.HeaderLen > 0 && want < minFrame && d.Length <= minFrame && extra%4 == 2) {
		return Fault{Kind: TooLong, Got: d.Length, Want: want}
	}
	if !x.Unicast && !d.Unicast && d.TTL >= 0 && d.TTL != 255 {
		return Fault{Kind: BadTTL, Got: d.TTL, Want: 255}
	}
	if d.Version() != x.Version {
		return Fault{Kind: BadVersion, Got: int(d.Version()), Want: int(x.Version)}
	}
	return Fault{}
}

// checkVersion2 makes the checks of the authentication field and the interval,
// which only version 2 has.
func (x *Expect) checkVersion2(d *Datagram) Fault {
	if x.Version != V2 {
		return Fault{}
	}
	t := d.AuthType()
	if t > AuthAH {
		return Fault{Kind: BadAuthType, Got: int(t)}
	}
	if t != x.Auth {
		return Fault{Kind: AuthMismatch, Got: int(t), Want: int(x.Auth)}
	}
	switch t {
	case AuthPass:
		if !d.passwordIs(&x.Pass) {
			return Fault{Kind: BadPassword}
		}
	case AuthAH:
		if !d.digestOK(&x.Pass) {
			return Fault{Kind: BadDigest}
		}
	}
	if d.Interval() != x.Interval {
		return Fault{Kind: IntervalV2, Got: int(d.Interval()), Want: int(x.Interval)}
	}
	return Fault{}
}

// sumOK verifies the checksum. Over IPv6 the kernel has done so already, but
// packets that did not come through it are checked all the same.
func (x *Expect) sumOK(d *Datagram) bool {
	msg := d.msg[:d.wantLen()-d.HeaderLen-len(d.ah)]
	plain := Checksum(msg) == 0
	if x.Version == V2 {
		return plain
	}
	if PseudoChecksum(d.Src, d.Dst, msg) == 0 {
		return true
	}
	if !d.Src.Is4() {
		// There the checksum is the kernel's, which knows nothing of trailers.
		return x.HMAC != nil && d.trailer() != nil && PseudoChecksum(d.Src, d.Dst, d.msg) == 0
	}
	// Who sends without the pseudo-header takes both kinds, as the original
	// does, so that a pair can be moved from one to the other.
	return x.PlainSum && plain || x.AnySum && PseudoChecksum(d.Src, Group4, msg) == 0
}

// CheckAddrs compares the address list with that of x. Its faults are told
// and counted, but the packet takes part in the election all the same.
func (x *Expect) CheckAddrs(d *Datagram) Fault {
	if x.SkipAddrs {
		return Fault{}
	}
	if d.Count() != len(x.Addrs) {
		return Fault{Kind: AddrCount, Got: d.Count(), Want: len(x.Addrs)}
	}
	for _, ip := range x.Addrs {
		if !d.Has(ip) {
			return Fault{Kind: AddrMissing, Got: int(x.VRID), Addr: ip}
		}
	}
	return Fault{}
}

// CheckPeer verifies that a unicast sender is a configured neighbour and that
// its TTL lies in the neighbour's range.
func (x *Expect) CheckPeer(d *Datagram) Fault {
	if !x.Unicast {
		return Fault{}
	}
	for i := range x.Peers {
		p := &x.Peers[i]
		if p.Addr != d.Src {
			continue
		}
		switch {
		case d.TTL < 0:
		case d.TTL < p.MinTTL, d.TTL > p.MaxTTL:
			return Fault{Kind: BadTTLRange, Got: d.TTL, Want: p.MinTTL, Max: p.MaxTTL}
		}
		return Fault{}
	}
	if x.CheckPeers {
		return Fault{Kind: UnknownPeer}
	}
	return Fault{}
}
