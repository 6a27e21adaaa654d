package logformat

import (
	"net/netip"
	"strconv"
)

const hexDigits = "0123456789ABCDEF"

// encodeLog appends b with unsafe bytes as mark and two digits (configuration
// manual 8.6): all but 32 to 126, and '"' and '#'.
func encodeLog(d, b []byte, mark byte) []byte {
	for _, c := range b {
		if c < 32 || c > 126 || c == '"' || c == '#' {
			d = append(d, mark, hexDigits[c>>4], hexDigits[c&15])
		} else {
			d = append(d, c)
		}
	}
	return d
}

// encodeCapture is encodeLog for captured headers, whose delimiters count as
// unsafe too.
func encodeCapture(d, b []byte) []byte {
	for _, c := range b {
		if c < 32 || c > 126 || c == '"' || c == '#' || c == '{' || c == '|' || c == '}' {
			d = append(d, '#', hexDigits[c>>4], hexDigits[c&15])
		} else {
			d = append(d, c)
		}
	}
	return d
}

// encodeHTTP appends b with the bytes that header fields must not have as %XX.
func encodeHTTP(d, b []byte) []byte {
	for _, c := range b {
		if c < 32 && c != '\t' || c == 127 {
			d = append(d, '%', hexDigits[c>>4], hexDigits[c&15])
		} else {
			d = append(d, c)
		}
	}
	return d
}

// escape appends b with a backslash before what RFC 5424 6.3.3 escapes.
func escape(d, b []byte) []byte {
	for _, c := range b {
		if c == '"' || c == '\\' || c == ']' {
			d = append(d, '\\')
		}
		d = append(d, c)
	}
	return d
}

// quoteJSON appends b as a JSON string.
func quoteJSON(d, b []byte) []byte {
	d = append(d, '"')
	for _, c := range b {
		if c == '"' || c == '\\' {
			d = append(d, '\\')
		}
		d = append(d, c)
	}
	return append(d, '"')
}

// appendInt appends n, in hexadecimal of at least 2*size digits with +X.
func (f Flags) appendInt(d []byte, n int64, size int) []byte {
	if !f.Hex {
		return strconv.AppendInt(d, n, 10)
	}
	var digits [16]byte
	i := len(digits)
	for u := uint64(n); u > 0; u >>= 4 {
		i--
		digits[i] = hexDigits[u&15]
	}
	for len(digits)-i < 2*size {
		i--
		digits[i] = '0'
	}
	return append(d, digits[i:]...)
}

// appendIP appends an address, its bytes in hexadecimal with +X, "unix" for a
// unix socket, nothing where there is none.
func (f Flags) appendIP(d []byte, a netip.AddrPort, path string) []byte {
	ip := a.Addr().Unmap()
	switch {
	case !ip.IsValid() && path != "":
		return append(d, "unix"...)
	case !ip.IsValid():
		return d
	case !f.Hex:
		return ip.AppendTo(d)
	case ip.Is4():
		b := ip.As4()
		return appendHex(d, b[:])
	}
	b := ip.As16()
	return appendHex(d, b[:])
}

func appendHex(d, b []byte) []byte {
	for _, c := range b {
		d = append(d, hexDigits[c>>4], hexDigits[c&15])
	}
	return d
}

func (f Flags) appendPort(d []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return d
	}
	return f.appendInt(d, int64(a.Port()), 2)
}

// appendCBORHead appends the head of a CBOR item (RFC 8949 3).
func appendCBORHead(d []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(d, major<<5|byte(n))
	case n < 1<<8:
		return append(d, major<<5|24, byte(n))
	case n < 1<<16:
		return append(d, major<<5|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(d, major<<5|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	d = append(d, major<<5|27)
	for i := range 8 {
		d = append(d, byte(n>>(56-8*i)))
	}
	return d
}

func appendCBORText(d, b []byte) []byte {
	return append(appendCBORHead(d, 3, uint64(len(b))), b...)
}

func appendCBORInt(d []byte, n int64) []byte {
	if n < 0 {
		return appendCBORHead(d, 1, uint64(-1-n))
	}
	return appendCBORHead(d, 0, uint64(n))
}
