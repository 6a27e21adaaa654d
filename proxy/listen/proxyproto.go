package listen

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
)

// Errors of a PROXY protocol header; a connection with one is closed without
// a word, as nothing that it says can be trusted (proxy-protocol.txt 2).
var (
	ErrNoProxyHeader  = &Fault{15, "Received something which does not look like a PROXY protocol header"}
	ErrBadProxyHeader = &Fault{16, "Received an invalid PROXY protocol header"}

	errProxyProto = &Fault{17, "Received an unhandled protocol in the PROXY protocol header"}
)

var proxyFaults = waitFaults{
	empty:     &Fault{11, "Connection closed while waiting for PROXY protocol header"},
	abort:     &Fault{12, "Connection error while waiting for PROXY protocol header"},
	timeout:   &Fault{13, "Timeout while waiting for PROXY protocol header"},
	truncated: &Fault{14, "Truncated PROXY protocol header received"},
}

// maxProxyV1 is the longest version 1 header with its CRLF.
const maxProxyV1 = 107

var proxyV2Signature = []byte("\r\n\r\n\x00\r\nQUIT\n")

// ReadProxy reads a PROXY protocol header of either version from the start of
// a connection, and not a byte more than that. Errors are [Fault]s.
func ReadProxy(c net.Conn) (*ProxyHeader, error) {
	var b [maxProxyV1 + 1]byte
	if err := proxyFaults.read(c, b[:8], false); err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(b[:8], []byte("PROXY ")):
		n := 8
		for !bytes.HasSuffix(b[:n], []byte("\r\n")) {
			if n >= maxProxyV1 {
				return nil, ErrBadProxyHeader
			}
			// One byte at a time: what follows the line is the client's.
			if err := proxyFaults.read(c, b[n:n+1], true); err != nil {
				return nil, err
			}
			n++
		}
		return parseProxyV1(b[:n-2])
	case bytes.Equal(b[:8], proxyV2Signature[:8]):
		if err := proxyFaults.read(c, b[8:16], true); err != nil {
			return nil, err
		}
		if !bytes.Equal(b[:12], proxyV2Signature) {
			return nil, ErrBadProxyHeader
		}
		body := make([]byte, binary.BigEndian.Uint16(b[14:16]))
		if err := proxyFaults.read(c, body, true); err != nil {
			return nil, err
		}
		return parseProxyV2(b[12], b[13], body)
	}
	return nil, ErrNoProxyHeader
}

// parseProxyV1 reads "PROXY TCP4 src dst sport dport" without its CRLF.
func parseProxyV1(line []byte) (*ProxyHeader, error) {
	f := bytes.Split(line, []byte{' '})
	h := &ProxyHeader{Version: 1}
	if len(f) >= 2 && string(f[1]) == "UNKNOWN" {
		h.Local = true
		return h, nil
	}
	switch {
	case len(f) >= 2 && string(f[1]) != "TCP4" && string(f[1]) != "TCP6":
		return nil, errProxyProto
	case len(f) != 6:
		return nil, ErrBadProxyHeader
	}
	v4 := string(f[1]) == "TCP4"
	src, err1 := proxyAddr(f[2], f[4], v4)
	dst, err2 := proxyAddr(f[3], f[5], v4)
	if err1 != nil || err2 != nil {
		return nil, ErrBadProxyHeader
	}
	h.Src, h.Dst = src, dst
	return h, nil
}

func proxyAddr(ip, port []byte, v4 bool) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(string(ip))
	if err != nil || a.Is4() != v4 || a.Zone() != "" {
		return netip.AddrPort{}, ErrBadProxyHeader
	}
	for _, c := range port {
		if c < '0' || c > '9' {
			return netip.AddrPort{}, ErrBadProxyHeader
		}
	}
	p, err := strconv.ParseUint(string(port), 10, 16)
	if err != nil || len(port) > 1 && port[0] == '0' {
		return netip.AddrPort{}, ErrBadProxyHeader
	}
	return netip.AddrPortFrom(a, uint16(p)), nil
}

// parseProxyV2 reads what follows the fixed part of a version 2 header.
func parseProxyV2(cmd, fam byte, body []byte) (*ProxyHeader, error) {
	if cmd>>4 != 2 {
		return nil, ErrNoProxyHeader
	}
	h := &ProxyHeader{Version: 2}
	switch cmd & 15 {
	case 0:
		h.Local = true
	case 1:
	default:
		return nil, ErrBadProxyHeader
	}
	n := 0
	switch fam {
	case 0x11, 0x12:
		n = 12
	case 0x21, 0x22:
		n = 36
	case 0x31, 0x32:
		n = 216
	}
	if len(body) < n {
		return nil, ErrBadProxyHeader
	}
	if !h.Local && n > 0 && n < 216 {
		w := (n - 4) / 2
		src, _ := netip.AddrFromSlice(body[:w])
		dst, _ := netip.AddrFromSlice(body[w : 2*w])
		h.Src = netip.AddrPortFrom(src.Unmap(), binary.BigEndian.Uint16(body[2*w:]))
		h.Dst = netip.AddrPortFrom(dst.Unmap(), binary.BigEndian.Uint16(body[2*w+2:]))
	}
	for rest := body[n:]; len(rest) > 0; {
		if len(rest) < 3 {
			return nil, ErrBadProxyHeader
		}
		l := int(binary.BigEndian.Uint16(rest[1:]))
		if len(rest) < 3+l {
			return nil, ErrBadProxyHeader
		}
		h.TLVs = append(h.TLVs, TLV{Type: rest[0], Value: rest[3 : 3+l]})
		rest = rest[3+l:]
	}
	return h, nil
}
