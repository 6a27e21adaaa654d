package h2

import (
	"bytes"
	"strconv"

	"golang.org/x/net/http2/hpack"

	"tandem/proxy/tx"
)

// head decodes one header block. Pseudo-header fields are kept apart until
// the end, since they make the start line.
type head struct {
	c        *Conn
	m        *tx.Message // nil: the block is decoded for the table's sake only
	kind     headKind
	method   []byte
	scheme   []byte
	auth     []byte
	path     []byte
	protocol []byte
	status   int
	seen     uint8 // pseudo-header fields, by their bit
	regular  bool  // a regular field came
	host     int   // index+1 of the host field
	cookie   []byte
	cookies  int
	hasLen   bool
	length   uint64
	size     int
	bad      bool // a stream error
	fatal    bool // the connection's error
	fields   int
	flags    Flags
}

type headKind uint8

const (
	requestHead headKind = iota
	responseHead
	trailerHead
)

// bits of head.seen.
const (
	sawMethod = 1 << iota
	sawScheme
	sawAuthority
	sawPath
	sawProtocol
	sawStatus
)

// What the original's buffer takes beyond the text, in bytes.
const (
	fieldCost = 8
	headCost  = 28
)

func (h *head) begin(m *tx.Message, kind headKind) {
	*h = head{c: h.c, m: m, kind: kind, cookie: h.cookie[:0]}
}

// token says which bytes a field name may have (RFC 9113 8.2.1): those of a
// token without upper case letters.
var token = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz" {
		t[c] = true
	}
	return t
}()

// field takes one decoded field; it is called by the decoder.
func (h *head) field(f hpack.HeaderField) {
	if h.m == nil || h.bad || h.fatal {
		return
	}
	h.fields++
	h.size += fieldCost + len(f.Name) + len(f.Value)
	if h.fields > 2*h.c.cfg.MaxHeaders || h.size > h.c.cfg.MaxHead+1024 || len(f.Name) == 0 {
		h.fatal = true // the original cannot even decode them
		return
	}
	for i := 0; i < len(f.Value); i++ {
		if c := f.Value[i]; c == 0 || c == '\r' || c == '\n' {
			h.bad = true
			return
		}
	}
	if len(f.Name) > 0 && f.Name[0] == ':' {
		h.pseudo(f)
		return
	}
	h.regular = true
	if len(f.Name) > maxNameLen {
		h.bad = true
		return
	}
	for i := 0; i < len(f.Name); i++ {
		if !token[f.Name[i]] {
			h.bad = true
			return
		}
	}
	m := h.m
	name := storeString(m, f.Name)
	fd := tx.Field{Name: name, Value: trim(storeString(m, f.Value)), ID: tx.IDOf(name)}
	if !h.known(&fd) || h.bad {
		return
	}
	m.Fields = append(m.Fields, fd)
}

// storeString copies s into m's own memory.
func storeString(m *tx.Message, s string) []byte {
	b := m.Spare()
	if cap(b) < len(s) {
		return m.Store([]byte(s))
	}
	return m.Keep(append(b, s...))
}

func trim(b []byte) []byte { return bytes.Trim(b, " \t") }

// known looks at fields that mean something to the codec. It says whether the
// field stays.
func (h *head) known(f *tx.Field) bool {
	switch f.ID {
	case tx.HdrConnection, tx.HdrKeepAlive, tx.HdrProxyConnection, tx.HdrTransferEncoding, tx.HdrUpgrade:
		h.bad = true
	case tx.HdrTE:
		h.bad = h.kind == requestHead && !bytes.EqualFold(f.Value, trailersTok)
	case tx.HdrHost:
		if h.kind != requestHead {
			return h.kind == responseHead
		}
		if h.host > 0 {
			return false
		}
		h.host = len(h.m.Fields) + 1
	case tx.HdrContentLength:
		return h.contentLength(f)
	case tx.HdrCookie:
		if h.kind != requestHead {
			return true
		}
		if h.cookies++; h.cookies > 1 {
			h.cookie = append(h.cookie, "; "...)
		}
		h.cookie = append(h.cookie, f.Value...)
		return false
	case tx.HdrExpect:
		if bytes.EqualFold(f.Value, []byte("100-continue")) {
			h.flags |= Expect100
		}
	}
	return true
}

var zero = []byte("0")

var trailersTok = []byte("trailers")

// contentLength accepts one decimal number, repeated equally or not at all.
func (h *head) contentLength(f *tx.Field) bool {
	if h.kind == trailerHead {
		return false
	}
	keep := !h.hasLen
	var first []byte
	for rest, more := f.Value, true; more; {
		var tok []byte
		if tok, rest, more = bytes.Cut(rest, []byte{','}); true {
			tok = trim(tok)
		}
		n, err := strconv.ParseUint(string(tok), 10, 63)
		if err != nil || tok[0] == '+' || h.hasLen && n != h.length {
			h.bad = true
			return false
		}
		h.hasLen, h.length = true, n
		if first == nil {
			first = tok
		}
	}
	if first = bytes.TrimLeft(first, "0"); len(first) == 0 {
		first = zero
	}
	f.Value = first
	return keep
}

func (h *head) pseudo(f hpack.HeaderField) {
	var bit uint8
	var to *[]byte
	switch f.Name {
	case ":method":
		bit, to = sawMethod, &h.method
	case ":scheme":
		bit, to = sawScheme, &h.scheme
	case ":authority":
		bit, to = sawAuthority, &h.auth
	case ":path":
		bit, to = sawPath, &h.path
	case ":protocol":
		bit, to = sawProtocol, &h.protocol
	case ":status":
		bit = sawStatus
	}
	if bit == 0 || h.regular || h.seen&bit != 0 || h.kind == trailerHead || (h.kind == responseHead) != (bit == sawStatus) {
		h.bad = true
		return
	}
	h.seen |= bit
	if bit == sawStatus {
		n, err := strconv.Atoi(f.Value)
		if h.status = n; err != nil || len(f.Value) != 3 || n < 100 {
			h.bad = true
		}
		return
	}
	*to = storeString(h.m, f.Value)
}

// finish makes the start line. end says that no body follows.
func (h *head) finish(end bool) bool {
	if h.bad || h.size+headCost > h.c.cfg.MaxHead {
		return false
	}
	m := h.m
	m.Version = 20
	switch h.kind {
	case responseHead:
		m.Status = h.status
		m.Reason = []byte(tx.Reason(m.Status))
		if h.seen&sawStatus == 0 {
			return false
		}
	case requestHead:
		if !h.request() {
			return false
		}
	}
	switch {
	case h.kind == trailerHead:
	case end:
		m.Framing = tx.NoBody
		if h.kind == requestHead && h.hasLen && h.length > 0 {
			return false
		}
	case h.hasLen:
		m.Framing, m.Length = tx.ByLength, h.length
	default:
		m.Framing = tx.Chunked
	}
	return true
}

// pathChars are the bytes that a request target may have: no blanks, no
// control characters, and no fragment.
func pathChar(c byte) bool { return c > ' ' && c != '#' }

func authorityChar(c byte) bool {
	return c > ' ' && c < 0x7f && c != '/' && c != '?' && c != '#' && c != '\\' && c != '@' && c != ','
}

func all(b []byte, ok func(byte) bool) bool {
	for _, c := range b {
		if !ok(c) {
			return false
		}
	}
	return true
}

// request makes the request line of the pseudo-header fields (RFC 9113 8.3.1,
// RFC 8441 4).
func (h *head) request() bool {
	m := h.m
	if len(h.method) == 0 || !all(h.auth, authorityChar) {
		return false
	}
	if h.host > 0 && !all(m.Fields[h.host-1].Value, authorityChar) {
		return false
	}
	if !all(h.method, methodChar) || string(h.method) == "PRI" || bytes.IndexByte(h.path, 0x7f) >= 0 {
		h.flags |= BadStart
	}
	m.Method = h.method
	connect := string(h.method) == "CONNECT"
	if connect && h.seen&sawProtocol == 0 {
		if h.seen&(sawScheme|sawPath) != 0 || len(h.auth) == 0 {
			return false
		}
		m.URI = h.auth
		return h.addHost()
	}
	if h.seen&(sawScheme|sawPath) != sawScheme|sawPath || len(h.path) == 0 || h.seen&sawProtocol != 0 && !connect {
		return false
	}
	if !(h.path[0] == '/' || string(h.path) == "*") || !all(h.path, pathChar) {
		return false
	}
	if len(h.scheme) == 0 {
		h.flags |= BadStart
	}
	for i, c := range h.scheme {
		if l := c | 0x20; !(l >= 'a' && l <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			h.flags |= BadStart
		}
	}
	if h.seen&sawProtocol != 0 {
		if bytes.EqualFold(h.protocol, []byte("h2c")) { // what HTTP/1 would switch to HTTP/2 with
			return false
		}
		h.flags |= ExtConnect
		m.Method = []byte("GET")
	}
	h.defaultPort()
	auth := h.auth
	if h.seen&sawAuthority == 0 && h.host > 0 {
		auth = m.Fields[h.host-1].Value
	}
	m.URI = h.path
	if len(auth) > 0 && h.path[0] == '/' {
		b := append(append(m.Spare(), h.scheme...), "://"...)
		m.URI = m.Keep(append(append(b, auth...), h.path...))
	}
	return h.addHost()
}

// defaultPort cuts the scheme's port off the authority.
func (h *head) defaultPort() {
	switch string(h.scheme) {
	case "http":
		h.auth = bytes.TrimSuffix(h.auth, []byte(":80"))
	case "https":
		h.auth = bytes.TrimSuffix(h.auth, []byte(":443"))
	}
}

func methodChar(c byte) bool {
	return token[c] || c >= 'A' && c <= 'Z'
}

// addHost puts :authority into the host field, which comes first, and the
// cookies' pieces into one field (RFC 9113 8.2.3).
func (h *head) addHost() bool {
	m := h.m
	if h.seen&sawAuthority != 0 {
		if h.host > 0 {
			m.Fields = append(m.Fields[:h.host-1], m.Fields[h.host:]...)
		}
		m.Fields = append(m.Fields, tx.Field{})
		copy(m.Fields[1:], m.Fields)
		m.Fields[0] = tx.Field{Name: hostName, Value: h.auth, ID: tx.HdrHost}
	}
	if h.cookies > 0 {
		m.Fields = append(m.Fields, tx.Field{Name: cookieName, Value: m.Store(h.cookie), ID: tx.HdrCookie})
	}
	return true
}

var hostName, cookieName = []byte("host"), []byte("cookie")
