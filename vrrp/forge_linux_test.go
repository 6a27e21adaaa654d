package vrrp_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"tandem/vrrp/packet"
)

// addrO is where the observer's own adverts come from.
var addrO = netip.MustParseAddr("10.77.0.9")

// forged is an advert of a stranger on the wire.
type forged struct {
	packet.Advert
	src, dst netip.Addr
	ttl      uint8
	// bend changes the datagram, from the IP header on, before the header's
	// checksum and length are written; cut changes it after that.
	bend, cut func(b []byte) []byte
}

// stranger is an advert like those of conf with the observer's address.
func stranger(version int, interval time.Duration, prio int, vips ...string) forged {
	f := forged{src: addrO, dst: packet.Group4, ttl: 255}
	f.Advert = packet.Advert{Version: uint8(version), VRID: 51, Priority: uint8(prio)}
	f.Interval = uint16(interval / time.Second)
	if version == packet.V3 {
		f.Interval = uint16(interval / (10 * time.Millisecond))
	}
	for _, v := range vips {
		f.Addrs = append(f.Addrs, netip.MustParseAddr(v))
	}
	return f
}

// forge sends f from the observer and returns when it did.
func (l *lab) forge(f forged) time.Time {
	l.t.Helper()
	var b []byte
	if f.src.Is6() {
		msg := f.Append(nil, f.src, f.dst)
		if f.bend != nil {
			msg = f.bend(msg)
		}
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(msg)))
		b = append(b, packet.Protocol, f.ttl)
		s, d := f.src.As16(), f.dst.As16()
		b = append(append(append(b, s[:]...), d[:]...), msg...)
	} else {
		h := packet.IPv4Header{ID: 1, TTL: f.ttl, Protocol: packet.Protocol, Src: f.src, Dst: f.dst}
		b = f.Append(h.Append(nil, f.Len()), f.src, f.dst)
		if f.bend != nil {
			b = f.bend(b)
			binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		}
		if f.cut != nil {
			b = f.cut(b)
		}
		n := min(int(b[0]&15)*4, len(b))
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], packet.Checksum(b[:n]))
	}
	return l.emit(f.dst, b)
}

// emit sends a datagram from the observer to the Ethernet address of dst.
func (l *lab) emit(dst netip.Addr, ip []byte) time.Time {
	l.t.Helper()
	frame := []byte{0x01, 0, 0x5e, 0, 0, 0x12, 0x02, 0, 0, 0, 0, 0x09, 8, 0}
	if dst.Is6() {
		frame = []byte{0x33, 0x33, 0, 0, 0, 0x12, 0x02, 0, 0, 0, 0, 0x09, 0x86, 0xdd}
	} else if !dst.IsMulticast() {
		copy(frame, l.mac(map[netip.Addr]string{addrA: "a", addrB: "b"}[dst]))
	}
	at := time.Now()
	if _, err := unix.Write(l.sniff, append(frame, ip...)); err != nil {
		l.t.Fatal(err)
	}
	return at
}

// mac is the Ethernet address of a node.
func (l *lab) mac(node string) (mac []byte) {
	l.t.Helper()
	l.on(node, func(link netlink.Link) error {
		mac = slices.Clone(link.Attrs().HardwareAddr)
		return nil
	})
	return mac
}

// on does something with a node's eth0, in its namespace.
func (l *lab) on(node string, f func(netlink.Link) error) {
	l.t.Helper()
	if err := inNS(l.ns[node], func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return f(link)
	}); err != nil {
		l.t.Fatal(err)
	}
}

// plug connects a node's cable to the bridge, or pulls it out there: its link
// stays up.
func (l *lab) plug(node string, in bool) {
	l.t.Helper()
	if err := inNS(l.ns["bridge"], func() error {
		port, err := netlink.LinkByName("v" + node)
		if err != nil {
			return err
		}
		if !in {
			return netlink.LinkSetNoMaster(port)
		}
		br, err := netlink.LinkByName("br0")
		if err != nil {
			return err
		}
		return netlink.LinkSetMaster(port, br)
	}); err != nil {
		l.t.Fatal(err)
	}
}

// from are the adverts of one sender since mark.
func (l *lab) from(mark time.Time, src netip.Addr) []sight {
	return slices.DeleteFunc(l.adverts(mark), func(s sight) bool { return s.src != src })
}

// median is the middle of some durations.
func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2]
}

// gaps are the times between sights.
func gaps(s []sight) (d []time.Duration) {
	for i := 1; i < len(s); i++ {
		d = append(d, s[i].at.Sub(s[i-1].at))
	}
	return d
}
