package listen

import (
	"encoding/binary"
	"io"
	"net/netip"
)

// Faults of a NetScaler client IP header.
var (
	errCIPMagic = &Fault{22, "Received an invalid NetScaler Client IP magic number"}
	errCIPProto = &Fault{23, "Received an unhandled protocol in the NetScaler Client IP header"}

	cipFaults = waitFaults{
		empty:     &Fault{18, "Connection closed while waiting for NetScaler Client IP header"},
		abort:     &Fault{19, "Connection error while waiting for NetScaler Client IP header"},
		timeout:   &Fault{20, "Timeout while waiting for a NetScaler Client IP header"},
		truncated: &Fault{21, "Truncated NetScaler Client IP header received"},
	}
)

// maxCIP bounds the copies of the client's IP and TCP headers, in bytes: the
// longest of both are 100.
const maxCIP = 1024

// ReadCIP reads the header that a NetScaler puts before a connection's data
// (netscaler-client-ip-insertion-protocol.txt), in the form of releases before
// or after 10.5, and not a byte more. magic is the number that both sides
// agreed on. Errors are [Fault]s.
func ReadCIP(c io.Reader, magic uint32) (src, dst netip.AddrPort, err error) {
	var b [maxCIP]byte
	if err = cipFaults.read(c, b[:4], false); err != nil {
		return src, dst, err
	}
	if binary.BigEndian.Uint32(b[:]) != magic {
		return src, dst, errCIPMagic
	}
	if err = cipFaults.read(c, b[:8], true); err != nil {
		return src, dst, err
	}
	// The old form goes on with an IP header, whose version is no zero; the
	// new one with a type and the length of what follows.
	n, have := binary.BigEndian.Uint32(b[:]), 4
	if b[4]>>4 == 0 {
		n, have = uint32(binary.BigEndian.Uint16(b[6:])), 0
	}
	copy(b[:], b[4:8])
	if n < 4 || n > maxCIP {
		return src, dst, cipFaults.truncated
	}
	if err = cipFaults.read(c, b[have:n], true); err != nil {
		return src, dst, err
	}
	return parseCIP(b[:n])
}

// parseCIP reads the addresses of an IP header with a TCP header behind it.
func parseCIP(b []byte) (src, dst netip.AddrPort, err error) {
	var from, to []byte
	var proto byte
	head := 0
	switch {
	case b[0]>>4 == 4 && len(b) >= 20:
		head, proto, from, to = int(b[0]&15)*4, b[9], b[12:16], b[16:20]
	case b[0]>>4 == 6 && len(b) >= 40:
		head, proto, from, to = 40, b[6], b[8:24], b[24:40]
	case b[0]>>4 == 4, b[0]>>4 == 6:
		return src, dst, cipFaults.truncated
	default:
		return src, dst, errCIPProto
	}
	const tcp = 6
	switch {
	case proto != tcp:
		return src, dst, errCIPProto
	case head < 20 || len(b) < head+20:
		return src, dst, cipFaults.truncated
	}
	s, _ := netip.AddrFromSlice(from)
	d, _ := netip.AddrFromSlice(to)
	return netip.AddrPortFrom(s, binary.BigEndian.Uint16(b[head:])), netip.AddrPortFrom(d, binary.BigEndian.Uint16(b[head+2:])), nil
}
