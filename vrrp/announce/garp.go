// Package announce makes the frames that tell a network who now holds an
// address: gratuitous ARP for IPv4, unsolicited neighbour advertisements for
// IPv6; and it paces them where the configuration asks for gaps.
package announce

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/mdlayher/arp"
)

const (
	etherLen  = 14
	etherARP  = 0x0806
	etherIPv6 = 0x86dd
)

// etherBroadcast is both the destination of the frame and, as the original
// has it, the target hardware address inside.
var etherBroadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// appendEther appends an Ethernet header.
func appendEther(dst []byte, to, from net.HardwareAddr, kind uint16) []byte {
	dst = append(dst, to...)
	dst = append(dst, from...)
	return binary.BigEndian.AppendUint16(dst, kind)
}

// ARP appends the 42-byte frame of a gratuitous ARP request (RFC 5227 section
// 3, RFC 826): sender and target are ip, the sender's hardware address is hw.
// It is not padded: the driver does that where the medium wants it.
func ARP(dst []byte, hw net.HardwareAddr, ip netip.Addr) ([]byte, error) {
	if len(hw) != 6 {
		return dst, fmt.Errorf("announce: hardware address %v has no 6 bytes", hw)
	}
	p, err := arp.NewPacket(arp.OperationRequest, hw, ip, etherBroadcast, ip)
	if err != nil {
		return dst, fmt.Errorf("announce: %w", err)
	}
	b, err := p.MarshalBinary()
	if err != nil {
		return dst, fmt.Errorf("announce: %w", err)
	}
	return append(appendEther(dst, etherBroadcast, hw, etherARP), b...), nil
}
