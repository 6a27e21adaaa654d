package announce

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
)

const (
	icmpv6       = 58
	typeNA       = 136 // RFC 4861 section 4.4
	naLen        = 32  // with one option
	flagRouter   = 0x80
	flagOverride = 0x20
	optTargetHW  = 2 // target link-layer address, RFC 4861 section 4.6.1
)

var (
	allNodes    = netip.MustParseAddr("ff02::1")
	allNodesMAC = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
)

// NA appends the frame of an unsolicited neighbour advertisement (RFC 4861
// section 7.2.6) from ip to all nodes, overriding what they know. router tells
// that this node forwards.
func NA(dst []byte, hw net.HardwareAddr, ip netip.Addr, router bool) ([]byte, error) {
	if len(hw) != 6 || !ip.Is6() {
		return dst, fmt.Errorf("announce: no neighbour advertisement for %v at %v", ip, hw)
	}
	dst = appendEther(dst, allNodesMAC, hw, etherIPv6)
	src, to := ip.As16(), allNodes.As16()
	dst = append(dst, 6<<4, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, naLen)
	dst = append(dst, icmpv6, 255)
	dst = append(dst, src[:]...)
	dst = append(dst, to[:]...)
	msg := len(dst)
	flags := byte(flagOverride)
	if router {
		flags |= flagRouter
	}
	dst = append(dst, typeNA, 0, 0, 0, flags, 0, 0, 0)
	dst = append(dst, src[:]...)
	dst = append(dst, optTargetHW, 1)
	dst = append(dst, hw...)
	binary.BigEndian.PutUint16(dst[msg+2:], checksum(src[:], to[:], dst[msg:]))
	return dst, nil
}

// checksum is that of ICMPv6 (RFC 4443 section 2.3).
func checksum(src, dst, msg []byte) uint16 {
	acc := uint32(len(msg)) + icmpv6
	for _, b := range [][]byte{src, dst, msg} {
		for i := 0; i+1 < len(b); i += 2 {
			acc += uint32(binary.BigEndian.Uint16(b[i:]))
		}
	}
	for acc > 0xffff {
		acc = acc&0xffff + acc>>16
	}
	return ^uint16(acc)
}
