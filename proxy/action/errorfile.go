package action

import (
	"bytes"
	"fmt"
	"strconv"
)

// maxErrorFile is how much of an error file fits into a buffer
// (configuration manual 3.2, tune.bufsize).
const maxErrorFile = 16384

// ErrorFileFault says in the original's words why a file cannot be an error
// answer; "" where it can. Offsets count bytes, -2 stands for a head without
// end. An empty file is the absence of an answer.
func ErrorFileFault(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if len(raw) > maxErrorFile {
		return "unable to add payload into the HTX message"
	}
	status, at, ok := errorStatusLine(raw)
	if !ok {
		return badHead(at)
	}
	length, chunked := -1, false
	for at < len(raw) {
		end := bytes.IndexByte(raw[at:], '\n')
		if end < 0 {
			return badHead(-2)
		}
		line := bytes.TrimSuffix(raw[at:at+end], []byte("\r"))
		switch {
		case len(line) == 0:
			return errorBodyFault(status, length, chunked, len(raw)-at-end-1)
		case line[0] == ' ' || line[0] == '\t': // goes on with the line before
		default:
			i := bytes.IndexFunc(line, func(r rune) bool { return r > 0x7e || !tokenByte(byte(r)) })
			if i <= 0 || line[i] != ':' {
				return badHead(at + max(i, 0))
			}
			name, value := bytes.ToLower(line[:i]), bytes.TrimSpace(line[i+1:])
			switch string(name) {
			case "content-length":
				n, err := strconv.Atoi(string(value))
				if err != nil || n < 0 || length >= 0 && n != length {
					return badHead(at + bytes.Index(line, value))
				}
				length = n
			case "transfer-encoding":
				chunked = true
			}
		}
		at += end + 1
	}
	return badHead(-2)
}

func badHead(offset int) string {
	return fmt.Sprintf("unable to parse headers (error offset: %d)", offset)
}

// errorStatusLine reads the first line; at is where the next one begins, or
// where reading ended.
func errorStatusLine(raw []byte) (status, at int, ok bool) {
	for at < len(raw) && (raw[at] == '\r' || raw[at] == '\n') {
		at++
	}
	end := bytes.IndexByte(raw[at:], '\n')
	if end < 0 {
		return 0, -2, false
	}
	line := bytes.TrimSuffix(raw[at:at+end], []byte("\r"))
	for i, shape := range []byte("HTTP/0.0") {
		if i >= len(line) || shape == '0' && !digit(line[i]) || shape != '0' && line[i] != shape {
			if i < len("HTTP/") {
				i = 0
			}
			return 0, at + i, false
		}
	}
	i := len("HTTP/0.0")
	if i >= len(line) || line[i] != ' ' {
		return 0, at + i, false
	}
	for i < len(line) && line[i] == ' ' {
		i++
	}
	from := i
	for ; i < len(line) && digit(line[i]) && i-from < 3; i++ {
		status = status*10 + int(line[i]-'0')
	}
	if i == from || i < len(line) && line[i] != ' ' {
		return 0, at + i, false
	}
	return status, at + end + 1, true
}

// errorBodyFault judges what stands behind the head.
func errorBodyFault(status, length int, chunked bool, body int) string {
	switch {
	case status >= 100 && status < 200:
		return fmt.Sprintf("invalid http status code for an error message (%d)", status)
	case chunked:
		return "chunk-encoded payload not supported"
	case (status == 204 || status == 304 || length == 0) && body > 0:
		return "message payload not expected"
	case status == 204 || status == 304:
		return ""
	case length >= 0 && length != body:
		return fmt.Sprintf("payload size does not match the announced content-length (%d != %d)", body, length)
	}
	return ""
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// tokenByte says whether b may stand in a header's name (RFC 9110 5.6.2).
func tokenByte(b byte) bool {
	return digit(b) || b|0x20 >= 'a' && b|0x20 <= 'z' || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), b) >= 0
}
