package tx

import "bytes"

// HeaderID names the header fields that the engine looks at, so that most
// look-ups compare a byte and not a name.
type HeaderID uint8

// Known header fields; HdrOther is every other one.
const (
	HdrOther HeaderID = iota
	HdrHost
	HdrConnection
	HdrContentLength
	HdrTransferEncoding
	HdrUpgrade
	HdrCookie
	HdrSetCookie
	HdrExpect
	HdrKeepAlive
	HdrProxyConnection
	HdrTE
	HdrAuthorization
	HdrXForwardedFor
	HdrWWWAuthenticate
	HdrCacheControl
)

var headerIDs = map[string]HeaderID{
	"host": HdrHost, "connection": HdrConnection, "content-length": HdrContentLength,
	"transfer-encoding": HdrTransferEncoding, "upgrade": HdrUpgrade, "cookie": HdrCookie,
	"set-cookie": HdrSetCookie, "expect": HdrExpect, "keep-alive": HdrKeepAlive,
	"proxy-connection": HdrProxyConnection, "te": HdrTE, "authorization": HdrAuthorization,
	"x-forwarded-for": HdrXForwardedFor, "www-authenticate": HdrWWWAuthenticate,
	"cache-control": HdrCacheControl,
}

// IDOf returns the id of a lower-case header name.
func IDOf(name []byte) HeaderID {
	if n := len(name); n < 2 || n > 17 {
		return HdrOther
	}
	return headerIDs[string(name)]
}

// Field is one header line. Name is lower case; Value has no blanks around
// it. Both belong to the Message and live until its Reset.
type Field struct {
	Name, Value []byte
	ID          HeaderID
}

// Framing says how the body of a message ends.
type Framing uint8

// The framings of HTTP/1 (RFC 9112 section 6).
const (
	NoBody     Framing = iota
	ByLength           // Length bytes
	Chunked            // chunked transfer coding
	UntilClose         // response without length
	Tunnel             // after 101 or a 2xx to CONNECT
)

// Message is a request or a response in the one form that rules see, whatever
// codec it came through: header names in lower case (RFC 9110 5.1; HAProxy
// since 2.0), order and duplicates as received.
type Message struct {
	Method  []byte // requests
	URI     []byte // request target as it will be forwarded
	Status  int    // responses
	Reason  []byte
	Version int // 10, 11, 20, 30
	Fields  []Field

	Framing Framing
	Length  uint64 // of the body, where Framing is ByLength

	// Grown is how many bytes rules added since the message was received;
	// only beyond tune.maxrewrite need they look at its whole size.
	Grown int

	arena []byte
}

// Reset empties m for its next use; all slices taken from it become invalid.
func (m *Message) Reset() {
	f, a := m.Fields[:0], m.arena[:0]
	*m = Message{Fields: f, arena: a}
}

// Store copies b into m's own memory, which lives until Reset.
func (m *Message) Store(b []byte) []byte {
	if cap(m.arena)-len(m.arena) < len(b) {
		m.arena = make([]byte, 0, max(1024, 2*cap(m.arena), len(b)))
	}
	n := len(m.arena)
	m.arena = append(m.arena, b...)
	return m.arena[n:len(m.arena):len(m.arena)]
}

// Spare returns the unused end of m's own memory, empty, to append to. What is
// to stay there must be given to Keep before m stores anything else.
func (m *Message) Spare() []byte { return m.arena[len(m.arena):] }

// Keep makes b, which was made by appending to Spare, a part of m without a
// copy; a b that had to move elsewhere is stored as Store does.
func (m *Message) Keep(b []byte) []byte {
	n := len(m.arena)
	if len(b) == 0 {
		return []byte{}
	}
	if cap(m.arena)-n >= len(b) && &m.arena[:n+1][n] == &b[0] {
		m.arena = m.arena[:n+len(b)]
		return m.arena[n : n+len(b) : n+len(b)]
	}
	return m.Store(b)
}

// Size returns about how many bytes of a buffer the start line and the fields
// take, counting 8 bytes of bookkeeping for each as the original does.
func (m *Message) Size() int {
	n := 28 + len(m.Method) + len(m.URI) + len(m.Reason)
	for i := range m.Fields {
		n += 8 + len(m.Fields[i].Name) + len(m.Fields[i].Value)
	}
	return n
}

// StoreLower copies b in lower case.
func (m *Message) StoreLower(b []byte) []byte {
	s := m.Store(b)
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			s[i] = c | 0x20
		}
	}
	return s
}

// Append adds a field whose slices m may keep: the codec's fast path. The
// name must be lower case.
func (m *Message) Append(name, value []byte) {
	m.Fields = append(m.Fields, Field{Name: name, Value: value, ID: IDOf(name)})
}

// Add adds a copy of a field behind the others.
func (m *Message) Add(name, value []byte) { m.Append(m.StoreLower(name), m.Store(value)) }

// AddString is Add for constants.
func (m *Message) AddString(name, value string) { m.Add([]byte(name), []byte(value)) }

// Get returns the value of the first field of that (lower-case) name, nil if there is none.
func (m *Message) Get(name []byte) []byte {
	for i := range m.Fields {
		if bytes.Equal(m.Fields[i].Name, name) {
			return m.Fields[i].Value
		}
	}
	return nil
}

// GetID returns the value of the first field with that id, nil if there is none.
func (m *Message) GetID(id HeaderID) []byte {
	for i := range m.Fields {
		if m.Fields[i].ID == id {
			return m.Fields[i].Value
		}
	}
	return nil
}

// Has says whether a field of that (lower-case) name exists.
func (m *Message) Has(name []byte) bool {
	for i := range m.Fields {
		if bytes.Equal(m.Fields[i].Name, name) {
			return true
		}
	}
	return false
}

// Del removes all fields of that (lower-case) name and says whether there were any.
func (m *Message) Del(name []byte) bool {
	return m.DelFunc(func(f *Field) bool { return bytes.Equal(f.Name, name) })
}

// DelID removes all fields with that id.
func (m *Message) DelID(id HeaderID) bool {
	return m.DelFunc(func(f *Field) bool { return f.ID == id })
}

// DelFunc removes the fields that match, keeping the order of the others.
func (m *Message) DelFunc(match func(*Field) bool) bool {
	n := 0
	for i := range m.Fields {
		if !match(&m.Fields[i]) {
			if n != i {
				m.Fields[n] = m.Fields[i]
			}
			n++
		}
	}
	had := n < len(m.Fields)
	m.Fields = m.Fields[:n]
	return had
}

// Set removes all fields of that name and adds one behind the others.
func (m *Message) Set(name, value []byte) {
	lower := m.StoreLower(name)
	m.Del(lower)
	m.Append(lower, m.Store(value))
}

// SetURI gives the request a copy of uri as target.
func (m *Message) SetURI(uri []byte) { m.URI = m.Store(uri) }

// SetMethod gives the request a copy of method.
func (m *Message) SetMethod(method []byte) { m.Method = m.Store(method) }

// Path returns the path of the request target without query; for an
// absolute-form target that is what follows the authority. It is nil for "*"
// and for an authority (RFC 9112 3.2).
func (m *Message) Path() []byte {
	p := m.PathQuery()
	if i := bytes.IndexByte(p, '?'); i >= 0 {
		return p[:i]
	}
	return p
}

// PathQuery returns the path with its query string.
func (m *Message) PathQuery() []byte {
	u := m.URI
	if len(u) == 0 || u[0] == '/' {
		return u
	}
	if i := bytes.Index(u, []byte("://")); i >= 0 {
		rest := u[i+3:]
		if j := bytes.IndexAny(rest, "/?"); j >= 0 {
			return rest[j:]
		}
	}
	return nil
}

// Query returns what follows the first '?' of the target; ok is false where there is none.
func (m *Message) Query() (q []byte, ok bool) {
	if i := bytes.IndexByte(m.URI, '?'); i >= 0 {
		return m.URI[i+1:], true
	}
	return nil, false
}
