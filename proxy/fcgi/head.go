package fcgi

import (
	"bytes"

	"tandem/proxy/tx"
)

// headEnd returns the length of the head of a CGI response in b: all lines up
// to an empty one, which end with LF or CRLF; 0 while it is not complete. From
// is where to go on looking.
func headEnd(b []byte, from int) int {
	for i := max(from-2, 0); i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		if i == 0 || b[i-1] == '\n' || b[i-1] == '\r' && (i == 1 || b[i-2] == '\n') {
			return i + 1
		}
	}
	return 0
}

// parseHead reads the head of a CGI response (RFC 3875 6.2, 6.3) into m: a
// status that none names is 200, or 302 where there is a Location. The body's
// framing stays open; length is what Content-Length says, -1 without one; status is what
// accounting adds for a Status field.
func parseHead(b []byte, m *tx.Message) (length int64, status int, err error) {
	m.Status, m.Version = 0, 11
	length = -1
	location := false
	for {
		line, rest := cutLine(b)
		if len(line) == 0 {
			break
		}
		b = rest
		i := bytes.IndexByte(line, ':')
		if i <= 0 {
			return 0, 0, ErrBadHead
		}
		value := trim(line[i+1:])
		if !isToken(line[:i]) { // left out, as the original does
			continue
		}
		for _, c := range value {
			if c == 0 || c == '\r' {
				return 0, 0, ErrBadHead
			}
		}
		name := m.StoreLower(line[:i])
		switch string(name) {
		case "status":
			if err := setStatus(m, value); err != nil {
				return 0, 0, err
			}
			status = len(name) + len(value)
			continue
		case "connection", "proxy-connection":
			continue // about a connection that is not the client's
		case "location":
			location = true
		case "content-length":
			n, ok := parseLength(value)
			if !ok || length >= 0 && n != length {
				return 0, 0, ErrBadHead
			}
			if length >= 0 {
				continue // a repetition
			}
			length = n
		}
		m.Append(name, m.Store(value))
	}
	switch {
	case m.Status == 0 && location:
		m.Status = 302
	case m.Status == 0:
		m.Status = 200
	}
	if len(m.Reason) == 0 {
		m.Reason = m.Store([]byte(tx.Reason(m.Status)))
		if status > 0 { // accounting knows the reason only where it was sent
			status -= len(m.Reason)
		}
	}
	return length, status, nil
}

// setStatus reads "<code> <reason>". Interim responses have no place in CGI.
func setStatus(m *tx.Message, v []byte) error {
	code, reason, _ := bytes.Cut(v, []byte(" "))
	if len(code) != 3 {
		return ErrBadHead
	}
	n := 0
	for _, c := range code {
		if c < '0' || c > '9' {
			return ErrBadHead
		}
		n = n*10 + int(c-'0')
	}
	if n < 200 {
		return ErrBadHead
	}
	m.Status, m.Reason = n, m.Store(trim(reason))
	return nil
}

// cutLine returns the first line of b without its end, with the lines that
// continue it: their ends are blanks (RFC 9112 5.2).
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, nil
	}
	line, rest = b[:i], b[i+1:]
	if i == 0 || i == 1 && b[0] == '\r' {
		return nil, rest
	}
	if len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
		var folded []byte
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			if folded == nil {
				folded = append([]byte(nil), line...)
			}
			if n := len(folded); n > 0 && folded[n-1] == '\r' {
				folded[n-1] = ' '
			}
			folded = append(folded, ' ')
			j := bytes.IndexByte(rest, '\n')
			if j < 0 {
				j = len(rest) - 1
			}
			folded = append(folded, rest[:j]...)
			rest = rest[j+1:]
		}
		line = folded
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

func parseLength(v []byte) (int64, bool) {
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func trim(b []byte) []byte { return bytes.Trim(b, " \t") }

// isToken says whether a field name is one (RFC 9110 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0:
			return false
		}
	}
	return true
}
