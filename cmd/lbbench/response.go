package main

import (
	"bytes"
	"errors"
	"fmt"
)

// respReader follows a stream of HTTP/1.1 responses and counts those that are
// complete. It knows only what the rows produce (status 200 and a
// Content-Length) and calls anything else wrong.
type respReader struct {
	want   int64  // expected body length; negative for any
	head   []byte // beginning of a head that has not ended yet
	left   int64  // body bytes still to come
	inBody bool
	closes bool // the last head said "Connection: close"
}

var (
	errHeadTooLong = errors.New("response head longer than 16 kB")
	errNoLength    = errors.New("response without Content-Length")
)

// feed takes received bytes and returns how many responses they completed.
// After an error the connection is of no use any more.
func (p *respReader) feed(b []byte) (done int, err error) {
	for len(b) > 0 {
		if p.inBody {
			n := min(p.left, int64(len(b)))
			p.left -= n
			b = b[n:]
			if p.left == 0 {
				p.inBody = false
				done++
			}
			continue
		}
		head := b
		if len(p.head) > 0 {
			// Only as much as a head can hold: the rest stays where it is.
			p.head = append(p.head, b...)
			head = p.head
		}
		end := bytes.Index(head, []byte("\r\n\r\n"))
		if end < 0 {
			if len(head) > 16<<10 {
				return done, errHeadTooLong
			}
			if len(p.head) == 0 {
				p.head = append(p.head[:0], b...)
			}
			return done, nil
		}
		length, err := p.readHead(head[:end+2])
		if err != nil {
			return done, err
		}
		// What follows the head are the last bytes of b in either case.
		b = b[len(b)-(len(head)-end-4):]
		p.head = p.head[:0]
		if length == 0 {
			done++
			continue
		}
		p.left, p.inBody = length, true
	}
	return done, nil
}

// readHead checks the head (with the last line's CRLF) and returns the
// length of the body.
func (p *respReader) readHead(head []byte) (int64, error) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return 0, fmt.Errorf("unexpected status line %q", line)
	}
	length := int64(-1)
	p.closes = false
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value := cutHeader(line)
		switch {
		case isName(name, "content-length"):
			n, ok := parseUint(value)
			if !ok {
				return 0, fmt.Errorf("bad Content-Length %q", value)
			}
			length = n
		case isName(name, "connection"):
			p.closes = isName(value, "close")
		}
	}
	if length < 0 {
		return 0, errNoLength
	}
	if p.want >= 0 && length != p.want {
		return 0, fmt.Errorf("body of %d bytes instead of %d", length, p.want)
	}
	return length, nil
}

// cutHeader splits a header line into name and trimmed value.
func cutHeader(line []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return line, nil
	}
	return line[:i], bytes.TrimSpace(line[i+1:])
}

// isName compares a header name or token with a lower-case word, without
// regard to case and without allocation.
func isName(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// parseUint reads a decimal number of at most 18 digits.
func parseUint(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
