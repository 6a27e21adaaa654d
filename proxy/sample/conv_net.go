package sample

import (
	"net/netip"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// netConvs look at addresses and at packets (bind option tcp-ss).
var netConvs = []word[Conv]{
	conv("ipmask", "IPv4 mask[,IPv6 mask]", tx.TypeAddr, tx.TypeAddr, "Network of an address.", newIPMask),
	conv("eth.data", "", tx.TypeBin, tx.TypeBin, "What follows the header of an Ethernet frame.", plain(etherPart(func(f []byte, n int) []byte { return f[n:] }))),
	conv("eth.hdr", "", tx.TypeBin, tx.TypeBin, "Header of an Ethernet frame.", plain(etherPart(func(f []byte, n int) []byte { return f[:n] }))),
	conv("eth.dst", "", tx.TypeBin, tx.TypeBin, "Destination in the header of an Ethernet frame.", plain(etherPart(func(f []byte, _ int) []byte { return f[:6] }))),
	conv("eth.src", "", tx.TypeBin, tx.TypeBin, "Source in the header of an Ethernet frame.", plain(etherPart(func(f []byte, _ int) []byte { return f[6:12] }))),
	conv("eth.proto", "", tx.TypeBin, tx.TypeInt, "Protocol number in the header of an Ethernet frame.", plain(etherInt(func(f []byte, n int) (int64, bool) { return be16(f[n-2:]), true }))),
	conv("eth.vlan", "", tx.TypeBin, tx.TypeInt, "Last VLAN id in the header of an Ethernet frame.", plain(etherInt(func(f []byte, n int) (int64, bool) {
		if n < 18 {
			return 0, false
		}
		return be16(f[n-4:]) & 0xfff, true
	}))),
	conv("ip.ver", "", tx.TypeBin, tx.TypeInt, "Version of an IP packet.", plain(applyIPVersion)),
	conv("ip.data", "", tx.TypeBin, tx.TypeBin, "What follows the header of an IP packet.", plain(packetBin(func(p *packet) []byte { return p.b[p.head:] }))),
	conv("ip.hdr", "", tx.TypeBin, tx.TypeBin, "Header of an IP packet.", plain(packetBin(func(p *packet) []byte { return p.b[:p.head] }))),
	conv("ip.src", "", tx.TypeBin, tx.TypeAddr, "Source of an IP packet.", plain(packetAddr(true))),
	conv("ip.dst", "", tx.TypeBin, tx.TypeAddr, "Destination of an IP packet.", plain(packetAddr(false))),
	conv("ip.proto", "", tx.TypeBin, tx.TypeInt, "Transport protocol of an IP packet.", plain(packetInt(func(p *packet) int64 { return int64(p.proto) }))),
	conv("ip.tos", "", tx.TypeBin, tx.TypeInt, "Type of service of an IP packet.", plain(packetInt(func(p *packet) int64 {
		if p.version == 4 {
			return int64(p.b[1])
		}
		return be16(p.b) >> 4 & 0xff
	}))),
	conv("ip.ttl", "", tx.TypeBin, tx.TypeInt, "Time to live of an IP packet.", plain(packetInt(func(p *packet) int64 {
		if p.version == 4 {
			return int64(p.b[8])
		}
		return int64(p.b[7])
	}))),
	conv("ip.df", "", tx.TypeBin, tx.TypeInt, "Whether an IP packet must not be fragmented.", plain(packetInt(func(p *packet) int64 {
		if p.version == 4 {
			return int64(p.b[6] >> 6 & 1)
		}
		return 1
	}))),
	conv("ip.fp", "[integer]", tx.TypeBin, tx.TypeBin, "Fingerprint of a SYN packet.", never, keyword.NotActed),
	conv("tcp.src", "", tx.TypeBin, tx.TypeInt, "Source port of a TCP segment.", plain(segmentInt(func(s []byte) int64 { return be16(s) }))),
	conv("tcp.dst", "", tx.TypeBin, tx.TypeInt, "Destination port of a TCP segment.", plain(segmentInt(func(s []byte) int64 { return be16(s[2:]) }))),
	conv("tcp.seq", "", tx.TypeBin, tx.TypeInt, "Sequence number of a TCP segment.", plain(segmentInt(func(s []byte) int64 { return be16(s[4:])<<16 | be16(s[6:]) }))),
	conv("tcp.flags", "", tx.TypeBin, tx.TypeInt, "Flags of a TCP segment.", plain(segmentInt(func(s []byte) int64 { return int64(s[13]) }))),
	conv("tcp.win", "", tx.TypeBin, tx.TypeInt, "Window of a TCP segment.", plain(segmentInt(func(s []byte) int64 { return be16(s[14:]) }))),
	conv("tcp.options.mss", "", tx.TypeBin, tx.TypeInt, "Maximum segment size option of a TCP segment.", plain(option(2, func(o []byte) int64 { return be16(o) }, 2))),
	conv("tcp.options.wscale", "", tx.TypeBin, tx.TypeInt, "Window scale option of a TCP segment.", plain(option(3, func(o []byte) int64 { return int64(o[0]) }, 1))),
	conv("tcp.options.tsval", "", tx.TypeBin, tx.TypeInt, "Timestamp option of a TCP segment.", plain(option(8, func(o []byte) int64 { return be16(o)<<16 | be16(o[2:]) }, 8))),
	conv("tcp.options.sack", "", tx.TypeBin, tx.TypeInt, "Whether a TCP segment permits selective acknowledgement.", plain(hasOption(4))),
	conv("tcp.options.tsopt", "", tx.TypeBin, tx.TypeInt, "Whether a TCP segment has a timestamp.", plain(hasOption(8))),
	conv("tcp.options.wsopt", "", tx.TypeBin, tx.TypeInt, "Whether a TCP segment has a window scale.", plain(hasOption(3))),
	conv("tcp.options_list", "", tx.TypeBin, tx.TypeBin, "Kinds of the options of a TCP segment.", plain(applyOptionsList)),
}

func newIPMask(_ *keyword.Env, a args) (evalFunc, error) {
	mask4, mask6 := a[0].mask, a[1].mask
	return func(_ *tx.Tx, v *Value) bool {
		ip := v.IP
		if ip.Is6() {
			if ip4, ok := EmbeddedIPv4(ip); ok {
				ip = ip4
			} else if !mask6.IsValid() {
				return false
			}
		}
		if ip.Is6() {
			b, m := ip.As16(), mask6.As16()
			for i := range b {
				b[i] &= m[i]
			}
			setAddr(v, netip.AddrFrom16(b))
			return true
		}
		b, m := ip.As4(), mask4.As4()
		for i := range b {
			b[i] &= m[i]
		}
		setAddr(v, netip.AddrFrom4(b))
		return true
	}, nil
}

func be16(b []byte) int64 { return int64(b[0])<<8 | int64(b[1]) }

// etherHeader returns the length of an Ethernet header with its VLAN tags.
func etherHeader(f []byte) (int, bool) {
	n := 14
	for len(f) >= n && (be16(f[n-2:]) == 0x8100 || be16(f[n-2:]) == 0x88a8) {
		n += 4
	}
	return n, len(f) >= n
}

func etherPart(part func(frame []byte, head int) []byte) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		n, ok := etherHeader(v.B)
		if !ok {
			return false
		}
		v.SetBin(part(v.B, n))
		return true
	}
}

func etherInt(get func(frame []byte, head int) (int64, bool)) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		n, ok := etherHeader(v.B)
		if !ok {
			return false
		}
		x, ok := get(v.B, n)
		v.SetInt(x)
		return ok
	}
}

// packet is an IP packet.
type packet struct {
	b       []byte
	version byte
	head    int // length of the header, extensions included
	proto   byte
}

// parsePacket reads an IP packet's header.
func parsePacket(b []byte, p *packet) bool {
	if len(b) < 20 {
		return false
	}
	p.b, p.version = b, b[0]>>4
	switch p.version {
	case 4:
		p.head, p.proto = int(b[0]&15)*4, b[9]
		return p.head >= 20 && len(b) >= p.head
	case 6:
		p.head, p.proto = 40, 0
		if len(b) < 40 {
			return false
		}
		p.proto = b[6]
		for p.proto == 0 || p.proto == 43 || p.proto == 60 {
			if len(b) < p.head+8 {
				return false
			}
			p.proto, p.head = b[p.head], p.head+8+int(b[p.head+1])*8
		}
		return len(b) >= p.head
	}
	return false
}

// applyIPVersion looks at the first byte only, whatever follows.
func applyIPVersion(_ *tx.Tx, v *Value) bool {
	if len(v.B) == 0 {
		return false
	}
	v.SetInt(int64(v.B[0] >> 4))
	return true
}

func packetInt(get func(*packet) int64) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		var p packet
		if !parsePacket(v.B, &p) {
			return false
		}
		v.SetInt(get(&p))
		return true
	}
}

func packetBin(get func(*packet) []byte) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		var p packet
		if !parsePacket(v.B, &p) {
			return false
		}
		v.SetBin(get(&p))
		return true
	}
}

func packetAddr(src bool) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		var p packet
		if !parsePacket(v.B, &p) {
			return false
		}
		at, n := 12, 4
		if p.version == 6 {
			at, n = 8, 16
		}
		if !src {
			at += n
		}
		ip, ok := netip.AddrFromSlice(p.b[at : at+n])
		setAddr(v, ip)
		return ok
	}
}

// segment returns the TCP header in a packet or segment; a packet is told by
// its version.
func segment(b []byte) []byte {
	var p packet
	if parsePacket(b, &p) && p.proto == 6 {
		b = b[p.head:]
	}
	if len(b) < 20 {
		return nil
	}
	if n := int(b[12]>>4) * 4; n >= 20 && n <= len(b) {
		return b[:n]
	}
	return nil
}

func segmentInt(get func(s []byte) int64) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		s := segment(v.B)
		if s == nil {
			return false
		}
		v.SetInt(get(s))
		return true
	}
}

// nextOption takes one option off a list; ok is false at its end.
func nextOption(o []byte) (kind byte, data, rest []byte, ok bool) {
	switch {
	case len(o) == 0 || o[0] == 0:
		return 0, nil, nil, false
	case o[0] == 1:
		return 1, nil, o[1:], true
	case len(o) < 2 || o[1] < 2 || int(o[1]) > len(o):
		return 0, nil, nil, false
	}
	return o[0], o[2:o[1]], o[o[1]:], true
}

func findOption(b []byte, want byte) ([]byte, bool) {
	s := segment(b)
	if s == nil {
		return nil, false
	}
	for o := s[20:]; ; {
		kind, data, rest, ok := nextOption(o)
		if !ok {
			return nil, false
		}
		if kind == want {
			return data, true
		}
		o = rest
	}
}

func option(kind byte, get func([]byte) int64, size int) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		data, ok := findOption(v.B, kind)
		if !ok || len(data) < size {
			return false
		}
		v.SetInt(get(data))
		return true
	}
}

func hasOption(kind byte) evalFunc {
	return func(_ *tx.Tx, v *Value) bool {
		whole := segment(v.B) != nil
		_, ok := findOption(v.B, kind)
		v.SetInt(boolInt(ok))
		return whole
	}
}

func applyOptionsList(t *tx.Tx, v *Value) bool {
	s := segment(v.B)
	if s == nil {
		return false
	}
	out := t.Scratch.Alloc(len(s))[:0]
	for o := s[20:]; ; {
		kind, _, rest, ok := nextOption(o)
		if !ok {
			break
		}
		out = append(out, kind)
		o = rest
	}
	v.SetBin(out)
	return true
}
