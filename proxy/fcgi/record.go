// Package fcgi speaks FastCGI 1.0 to applications in the role of a web server:
// records, the parameters of a request, the head of a CGI response, and
// connections that carry several requests at once. It knows Responders only.
package fcgi

import (
	"encoding/binary"
	"errors"
)

// Types of records (FastCGI 1.0, 8).
const (
	typeBegin     = 1
	typeAbort     = 2
	typeEnd       = 3
	typeParams    = 4
	typeStdin     = 5
	typeStdout    = 6
	typeStderr    = 7
	typeGetValues = 9
	typeValues    = 10
)

const (
	version   = 1
	headLen   = 8
	responder = 1
	keepConn  = 1 // flag of a BEGIN_REQUEST

	// maxContent is the longest content that is put into one record: its length
	// has 16 bits, and what is longer must be split, or the rest of it would be
	// read as records.
	maxContent = 0xffff &^ 7
)

// Faults of an application.
var (
	ErrBadRecord = errors.New("FastCGI: malformed record")
	ErrBadHead   = errors.New("FastCGI: malformed head of a response")
	ErrClosed    = errors.New("FastCGI: connection closed")
	ErrRefused   = errors.New("FastCGI: the application refused the request")
	ErrTooLong   = errors.New("FastCGI: head or parameters too long")
)

// record is the head of a record.
type record struct {
	typ     byte
	id      uint16
	content int
	padding int
}

// parseRecord reads the head of a record from b, which must hold all of it.
func parseRecord(b []byte) (record, error) {
	if b[0] != version {
		return record{}, ErrBadRecord
	}
	return record{typ: b[1], id: binary.BigEndian.Uint16(b[2:]), content: int(binary.BigEndian.Uint16(b[4:])), padding: int(b[6])}, nil
}

// appendHead appends the head of a record with n bytes of content and no padding.
func appendHead(dst []byte, typ byte, id uint16, n int) []byte {
	return append(dst, version, typ, byte(id>>8), byte(id), byte(n>>8), byte(n), 0, 0)
}

// appendRecords appends content as records of one type, as many as it takes;
// none where it is empty.
func appendRecords(dst []byte, typ byte, id uint16, content []byte) []byte {
	for len(content) > 0 {
		n := min(len(content), maxContent)
		dst = append(appendHead(dst, typ, id, n), content[:n]...)
		content = content[n:]
	}
	return dst
}

// appendBegin appends a BEGIN_REQUEST record.
func appendBegin(dst []byte, id uint16, keep bool) []byte {
	var flags byte
	if keep {
		flags = keepConn
	}
	return append(appendHead(dst, typeBegin, id, 8), 0, responder, flags, 0, 0, 0, 0, 0)
}

// AppendPair appends a name-value pair (FastCGI 1.0, 3.4).
func AppendPair(dst, name, value []byte) []byte {
	dst = appendLen(appendLen(dst, len(name)), len(value))
	return append(append(dst, name...), value...)
}

func appendLen(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(n)|1<<31)
}

// nextPair cuts the first name-value pair off b.
func nextPair(b []byte) (name, value, rest []byte, ok bool) {
	n, b, ok := cutLen(b)
	if !ok {
		return nil, nil, nil, false
	}
	v, b, ok := cutLen(b)
	if !ok || n > len(b) || v > len(b)-n {
		return nil, nil, nil, false
	}
	return b[:n], b[n : n+v], b[n+v:], true
}

func cutLen(b []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(b) > 0 && b[0] < 0x80:
		return int(b[0]), b[1:], true
	case len(b) >= 4:
		return int(binary.BigEndian.Uint32(b) &^ (1 << 31)), b[4:], true
	}
	return 0, nil, false
}

// getValues is the question for what an application can do.
var getValues = func() []byte {
	content := AppendPair(AppendPair(nil, []byte(maxReqs), nil), []byte(mpxsConns), nil)
	return append(appendHead(nil, typeGetValues, 0, len(content)), content...)
}()

const (
	maxReqs   = "FCGI_MAX_REQS"
	mpxsConns = "FCGI_MPXS_CONNS"
)

// values are the answers to it: zero and nil where there is none.
type values struct {
	maxReqs int
	mpxs    *bool
}

// parseValues reads the content of a GET_VALUES_RESULT record.
func parseValues(b []byte) (v values, err error) {
	for len(b) > 0 {
		name, value, rest, ok := nextPair(b)
		if !ok {
			return values{}, ErrBadRecord
		}
		b = rest
		n := 0
		for _, c := range value {
			if c < '0' || c > '9' || n > 1<<20 {
				n = 0
				break
			}
			n = n*10 + int(c-'0')
		}
		switch string(name) {
		case maxReqs:
			v.maxReqs = n
		case mpxsConns:
			yes := n == 1
			v.mpxs = &yes
		}
	}
	return v, nil
}
