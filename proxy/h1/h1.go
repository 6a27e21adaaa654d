// Package h1 reads and writes HTTP/1 (RFC 9112) between bytes and the
// tx.Message that rules see. It decides what is a message and where its body
// ends; it is stricter than the RFC's "be liberal" parts wherever two parsers
// could disagree, since disagreement is what request smuggling lives on.
package h1

import "fmt"

// Defaults of the tune.* words that bound a head.
const (
	DefaultMaxHeaders = 101   // tune.http.maxhdr, the start line counts as one
	DefaultBufferSize = 16384 // tune.bufsize, bytes
	DefaultMaxRewrite = 1024  // tune.maxrewrite, bytes
	maxNameLen        = 255   // bytes of one header name
)

// Options are what the configuration says about parsing.
type Options struct {
	MaxHeaders int  // start line and fields of one head; 0: DefaultMaxHeaders
	Limit      int  // bytes of one head, the rest of the buffer is for rewriting; 0: 15360
	Simple     bool // take "GET /" without a version (HTTP/0.9), as releases before 1.6 did
	Unsafe     bool // option accept-unsafe-violations-in-http-request or -response
	// KeepUnsafeTrailers forwards content-length, transfer-encoding and host
	// among trailers as HAProxy does; by default they are dropped, because no
	// receiver has an honest use for them (RFC 9110 6.5.1).
	KeepUnsafeTrailers bool
	KeepInsecure       bool // h1-do-not-close-on-insecure-transfer-encoding
	AnyPayload         bool // h1-accept-payload-with-any-method
}

func (o *Options) maxHeaders() int {
	if o.MaxHeaders > 0 {
		return o.MaxHeaders
	}
	return DefaultMaxHeaders
}

func (o *Options) limit() int {
	if o.Limit > 0 {
		return o.Limit
	}
	return DefaultBufferSize - DefaultMaxRewrite
}

// Error is a violation: the status that the client gets for a bad request
// (responses become 502 whatever the status says), and where it was seen.
type Error struct {
	Status int
	Pos    int // offset in the buffer
	Text   string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("HTTP/1 error at byte %d: %s", e.Pos, e.Text)
}

// Flags are facts about a head that the engine needs and rules do not see.
type Flags uint16

// Flags of a head.
const (
	ConnClose     Flags = 1 << iota // Connection: close
	ConnKeepAlive                   // Connection: keep-alive
	ConnUpgrade                     // Connection: upgrade, with an Upgrade field
	Expect100                       // Expect: 100-continue
	BothLengths                     // Transfer-Encoding and Content-Length: the client's connection must not be reused
	OldChunked                      // Transfer-Encoding in HTTP/1.0: likewise
	WebSocket                       // Upgrade: websocket
	NTLM                            // WWW-Authenticate: NTLM or Negotiate: the connection belongs to its client
	HasLength                       // Content-Length was given
)

// lower maps the bytes of a token (RFC 9110 5.6.2) to lower case, others to 0.
var lower = func() (t [256]byte) {
	for c := '0'; c <= '9'; c++ {
		t[c] = byte(c)
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-32] = byte(c), byte(c)
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = byte(c)
	}
	return t
}()

// equalFold compares with a lower-case ASCII constant, ignoring case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != s[i] {
			return false
		}
	}
	return true
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// nextToken cuts the first element off a comma separated list.
func nextToken(b []byte) (tok, rest []byte, more bool) {
	for i, c := range b {
		if c == ',' {
			return trim(b[:i]), b[i+1:], true
		}
	}
	return trim(b), nil, false
}
