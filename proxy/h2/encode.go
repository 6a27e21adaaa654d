package h2

import (
	"bytes"
	"strconv"

	"tandem/proxy/tx"
)

// appendHead appends the HEADERS frame of a message, and CONTINUATIONs where
// one frame does not hold it. Fields that HTTP/2 forbids are left out.
func appendHead(dst []byte, maxFrame int, id uint32, m *tx.Message, end bool, protocol []byte) []byte {
	start := len(dst)
	dst = appendFrameHead(dst, 0, frHeaders, 0, id)
	if m.Status == 101 { // a tunnel is opened with 200 here (RFC 8441 5)
		dst = appendStatus(dst, 200)
	} else if m.Status > 0 {
		dst = appendStatus(dst, m.Status)
	} else {
		dst = appendRequestLine(dst, m, protocol)
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		if forbidden(f) || m.Status == 0 && f.ID == tx.HdrHost {
			continue
		}
		if f.ID == tx.HdrTE && !bytes.EqualFold(f.Value, trailersTok) {
			continue
		}
		dst = appendField(dst, f.Name, f.Value)
	}
	return sealHead(dst, start, maxFrame, id, end)
}

func appendTrailers(dst []byte, maxFrame int, id uint32, fields []tx.Field) []byte {
	start := len(dst)
	dst = appendFrameHead(dst, 0, frHeaders, 0, id)
	for i := range fields {
		f := &fields[i]
		if forbidden(f) || f.ID == tx.HdrContentLength || f.ID == tx.HdrHost || f.ID == tx.HdrTE {
			continue
		}
		dst = appendField(dst, f.Name, f.Value)
	}
	return sealHead(dst, start, maxFrame, id, true)
}

// sealHead writes the length and the flags of the frame that begins at start,
// cutting it where it is too long for one.
func sealHead(dst []byte, start, maxFrame int, id uint32, end bool) []byte {
	var flags byte
	if end {
		flags = flagEndStream
	}
	n := len(dst) - start - frameHeadLen
	if n <= maxFrame {
		flags |= flagEndHeaders
		appendFrameHead(dst[:start], n, frHeaders, flags, id)
		return dst
	}
	block := append([]byte(nil), dst[start+frameHeadLen:]...)
	dst = dst[:start]
	typ := byte(frHeaders)
	for len(block) > 0 {
		k := min(len(block), maxFrame)
		if k == len(block) {
			flags |= flagEndHeaders
		}
		dst = append(appendFrameHead(dst, k, typ, flags, id), block[:k]...)
		block, typ, flags = block[k:], frContinuation, 0
	}
	return dst
}

func appendStatus(dst []byte, status int) []byte {
	switch status {
	case 200:
		return append(dst, 0x88)
	case 204:
		return append(dst, 0x89)
	case 206:
		return append(dst, 0x8a)
	case 304:
		return append(dst, 0x8b)
	case 400:
		return append(dst, 0x8c)
	case 404:
		return append(dst, 0x8d)
	case 500:
		return append(dst, 0x8e)
	}
	var b [3]byte
	return appendIndexed(dst, 8, strconv.AppendInt(b[:0], int64(status), 10))
}

// appendRequestLine appends the pseudo-header fields of a request.
func appendRequestLine(dst []byte, m *tx.Message, protocol []byte) []byte {
	method := m.Method
	if len(protocol) > 0 {
		method = []byte("CONNECT")
		dst = appendString(appendString(append(dst, 0), []byte(":protocol")), protocol)
	}
	switch string(method) {
	case "GET":
		dst = append(dst, 0x82)
	case "POST":
		dst = append(dst, 0x83)
	default:
		dst = appendIndexed(dst, 2, method)
	}
	host := m.GetID(tx.HdrHost)
	if string(m.Method) == "CONNECT" {
		return appendIndexed(dst, 1, m.URI)
	}
	scheme, path := []byte("http"), m.URI
	if len(protocol) > 0 { // as the original calls it, whatever the connection is
		scheme = []byte("https")
	}
	if i := bytes.Index(m.URI, []byte("://")); i > 0 && m.URI[0] != '/' {
		scheme, path = m.URI[:i], m.PathQuery()
		rest := m.URI[i+3:]
		if host == nil {
			host = rest[:len(rest)-len(path)]
		}
	}
	if len(path) == 0 {
		path = []byte("/")
	}
	switch string(scheme) {
	case "http":
		dst = append(dst, 0x86)
	case "https":
		dst = append(dst, 0x87)
	default:
		dst = appendIndexed(dst, 6, scheme)
	}
	if string(path) == "/" {
		dst = append(dst, 0x84)
	} else {
		dst = appendIndexed(dst, 4, path)
	}
	if len(host) > 0 {
		dst = appendIndexed(dst, 1, host)
	}
	return dst
}

// appendIndexed appends a field whose name is entry i of the static table.
func appendIndexed(dst []byte, i int, value []byte) []byte {
	return appendString(appendInt(dst, 0x40, 6, i), value)
}

func appendField(dst, name, value []byte) []byte {
	if i := staticName(name); i > 0 {
		return appendIndexed(dst, i, value)
	}
	return appendString(appendString(append(dst, 0), name), value)
}

func appendString(dst, s []byte) []byte { return append(appendInt(dst, 0, 7, len(s)), s...) }

// appendInt appends an integer with a prefix of n bits (RFC 7541 5.1).
func appendInt(dst []byte, first byte, n, v int) []byte {
	limit := 1<<n - 1
	if v < limit {
		return append(dst, first|byte(v))
	}
	dst = append(dst, first|byte(limit))
	for v -= limit; v >= 128; v >>= 7 {
		dst = append(dst, byte(v)|128)
	}
	return append(dst, byte(v))
}

// staticName returns the index of a name in the static table (RFC 7541 A), 0
// where it is not there.
func staticName(name []byte) int {
	switch string(name) {
	case "accept-charset":
		return 15
	case "accept-encoding":
		return 16
	case "accept-language":
		return 17
	case "accept-ranges":
		return 18
	case "accept":
		return 19
	case "access-control-allow-origin":
		return 20
	case "age":
		return 21
	case "allow":
		return 22
	case "authorization":
		return 23
	case "cache-control":
		return 24
	case "content-disposition":
		return 25
	case "content-encoding":
		return 26
	case "content-language":
		return 27
	case "content-length":
		return 28
	case "content-location":
		return 29
	case "content-range":
		return 30
	case "content-type":
		return 31
	case "cookie":
		return 32
	case "date":
		return 33
	case "etag":
		return 34
	case "expect":
		return 35
	case "expires":
		return 36
	case "from":
		return 37
	case "host":
		return 38
	case "if-match":
		return 39
	case "if-modified-since":
		return 40
	case "if-none-match":
		return 41
	case "if-range":
		return 42
	case "if-unmodified-since":
		return 43
	case "last-modified":
		return 44
	case "link":
		return 45
	case "location":
		return 46
	case "max-forwards":
		return 47
	case "proxy-authenticate":
		return 48
	case "proxy-authorization":
		return 49
	case "range":
		return 50
	case "referer":
		return 51
	case "refresh":
		return 52
	case "retry-after":
		return 53
	case "server":
		return 54
	case "set-cookie":
		return 55
	case "strict-transport-security":
		return 56
	case "transfer-encoding":
		return 57
	case "user-agent":
		return 58
	case "vary":
		return 59
	case "via":
		return 60
	case "www-authenticate":
		return 61
	}
	return 0
}
