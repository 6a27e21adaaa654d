package h1

import (
	"bytes"

	"tandem/proxy/tx"
)

type stage uint8

const (
	atStart  stage = iota // empty lines before the start line, or the start line itself
	atFields              // at the start of a field line or of the empty line
)

// Parser scans one head after the other. A head that comes in pieces is
// scanned line by line: the caller keeps the bytes where they are and calls
// again with a longer slice of the same buffer.
type Parser struct {
	Options
	Flags      Flags
	Major      byte // version digits as received
	Minor      byte
	stage      stage
	pos, seen  int // start of the line under scan; bytes searched for its end
	begin      int // where the start line begins
	crlf       int // lines that ended with CRLF
	hostField  int // index+1 of the host field
	upgrade    bool
	wsKey      bool
	wsAccept   bool
	upgradeTok bool
	simple     bool // a request without a version, which ends with its line
	te         int
	tolerated  int // see Pos
	cases      []nameCase
}

// Reset prepares p for the next head.
func (p *Parser) Reset() { *p = Parser{Options: p.Options, cases: p.cases[:0]} }

// Started says whether bytes of a start line were seen: a timeout is then the
// client's fault and not an idle end.
func (p *Parser) Started() bool { return p.seen > p.begin }

// Request scans a request head at the start of buf into m, whose slices then
// point into buf. It returns the length of the head, or 0 without error while
// more bytes are needed. Field names become lower case in buf.
func (p *Parser) Request(buf []byte, m *tx.Message) (int, *Error) {
	n, err := p.scan(buf, m, false)
	if n == 0 || err != nil {
		return 0, err
	}
	if err := p.finishRequest(m); err != nil {
		err.Pos = n
		return 0, err
	}
	return n, nil
}

// Response scans a response head like Request. method is the request's.
func (p *Parser) Response(buf []byte, m *tx.Message, method []byte) (int, *Error) {
	n, err := p.scan(buf, m, true)
	if n == 0 || err != nil {
		return 0, err
	}
	if err := p.finishResponse(m, method); err != nil {
		err.Pos = n
		return 0, err
	}
	return n, nil
}

func (p *Parser) fail(status, pos int, text string) (int, *Error) {
	return 0, &Error{Status: status, Pos: pos, Text: text}
}

// TooLong returns the error for a head that does not fit the buffer.
func (p *Parser) TooLong() *Error {
	if p.stage == atStart {
		return &Error{Status: 414, Pos: p.seen, Text: "start line too long"}
	}
	return &Error{Status: 431, Pos: p.seen, Text: "head too long"}
}

func (p *Parser) scan(buf []byte, m *tx.Message, response bool) (int, *Error) {
	if p.stage == atStart {
		done, err := p.startLine(buf, m, response)
		if !done || err != nil {
			return 0, err
		}
	}
	if p.simple {
		return p.pos, nil
	}
	maxFields := p.maxHeaders() - 1
	for {
		i := bytes.IndexByte(buf[max(p.seen, p.pos):], '\n')
		if i < 0 {
			p.seen = len(buf)
			return p.incomplete(buf)
		}
		i += max(p.seen, p.pos)
		end := i
		cr := end > p.pos && buf[end-1] == '\r'
		if cr {
			end--
		}
		if end == p.pos { // the empty line
			if cr {
				p.crlf++
			}
			return p.endOfFields(buf, i+1, m)
		}
		if i+1 >= len(buf) { // the next byte tells whether the value goes on
			p.seen = i
			return p.incomplete(buf)
		}
		if c := buf[i+1]; c == ' ' || c == '\t' { // obsolete folding: blanks for the line end
			buf[i] = ' '
			if cr {
				buf[i-1] = ' '
			}
			p.seen = i + 1
			if p.pos == p.firstField(m) && (buf[p.pos] == ' ' || buf[p.pos] == '\t') {
				return p.fail(400, p.pos, "blank before the first field")
			}
			continue
		}
		if cr {
			p.crlf++
		}
		if len(m.Fields) >= maxFields {
			return p.fail(400, p.pos, "too many fields")
		}
		if err := p.field(buf[p.pos:end], p.pos, m); err != nil {
			err.Pos += p.pos
			return 0, err
		}
		p.pos, p.seen = i+1, i+1
	}
}

// firstField returns the line start at which no field has been read yet.
func (p *Parser) firstField(m *tx.Message) int {
	if len(m.Fields) == 0 {
		return p.pos
	}
	return -1
}

func (p *Parser) incomplete(buf []byte) (int, *Error) {
	if len(buf) > p.limit() {
		return 0, p.TooLong()
	}
	return 0, nil
}

func (p *Parser) endOfFields(buf []byte, n int, m *tx.Message) (int, *Error) {
	head := buf[p.begin:n]
	if i := bytes.IndexByte(head, 0); i >= 0 {
		if !p.Unsafe {
			return p.fail(400, p.begin+i, "NUL in head")
		}
		p.tolerate(p.begin + i)
	}
	if bytes.Count(head, crByte) != p.crlf {
		return p.fail(400, p.begin, "CR without LF")
	}
	if n > p.limit() || n+8*len(m.Fields)+80 > p.limit() && headSpace(m) > p.limit()-40 {
		return 0, p.TooLong()
	}
	return n, nil
}

// headSpace is what a head takes in the original's buffers, where each field
// costs 8 bytes of bookkeeping: what does not fit there is refused here too.
func headSpace(m *tx.Message) int {
	n := 20 + 8 + 1 + 2*8 + len(m.Method) + len(m.URI) + len(m.Reason)
	if m.Status > 0 {
		n += 3
	}
	for i := range m.Fields {
		n += 8 + len(m.Fields[i].Name) + len(m.Fields[i].Value)
	}
	return n
}

// tolerate takes note of a violation that is let pass.
func (p *Parser) tolerate(pos int) {
	if p.tolerated == 0 {
		p.tolerated = pos
	}
}

var crByte = []byte{'\r'}

// startLine finds and reads the request or status line.
func (p *Parser) startLine(buf []byte, m *tx.Message, response bool) (bool, *Error) {
	for p.pos < len(buf) && (buf[p.pos] == '\r' || buf[p.pos] == '\n') { // RFC 9112 2.2
		if buf[p.pos] == '\r' {
			if p.pos+1 >= len(buf) {
				_, err := p.incomplete(buf)
				return false, err
			}
			if buf[p.pos+1] != '\n' {
				_, err := p.fail(400, p.pos, "CR without LF")
				return false, err
			}
			p.pos++
		}
		p.pos++
		p.begin = p.pos
	}
	if p.pos >= len(buf) {
		_, err := p.incomplete(buf)
		return false, err
	}
	// Garbage (a TLS handshake, say) is refused at its first byte.
	if lower[buf[p.pos]] == 0 {
		_, err := p.fail(400, p.pos, "invalid start line")
		return false, err
	}
	from := max(p.seen, p.pos)
	i := bytes.IndexByte(buf[from:], '\n')
	if i < 0 {
		p.seen = len(buf)
		_, err := p.incomplete(buf)
		return false, err
	}
	i += from
	end := i
	if buf[end-1] == '\r' {
		end--
		p.crlf++
	}
	var err *Error
	if response {
		err = p.statusLine(buf[p.pos:end], m)
	} else {
		err = p.requestLine(buf[p.pos:end], m)
	}
	if err != nil {
		err.Pos += p.pos
		return false, err
	}
	p.stage, p.pos, p.seen = atFields, i+1, i+1
	if p.pos < len(buf) && (buf[p.pos] == ' ' || buf[p.pos] == '\t') {
		_, err := p.fail(400, p.pos, "blank before the first field")
		return false, err
	}
	return true, nil
}

func bad(status, pos int, text string) *Error { return &Error{Status: status, Pos: pos, Text: text} }

func (p *Parser) requestLine(b []byte, m *tx.Message) *Error {
	i := 0
	for i < len(b) && lower[b[i]] != 0 {
		i++
	}
	if i == 0 || i == len(b) || !isBlank(b[i]) {
		return bad(400, i, "invalid method")
	}
	m.Method = b[:i]
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	u := i
	for i < len(b) && !isBlank(b[i]) {
		if c := b[i]; c <= ' ' || c >= 0x7f || c == '#' {
			if !p.Unsafe || c <= ' ' || c == 0x7f {
				return bad(400, i, "invalid character in the request target")
			}
			p.tolerate(p.pos + i)
		}
		i++
	}
	m.URI = b[u:i]
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	if len(m.URI) == 0 {
		return bad(400, i, "no request target")
	}
	if i == len(b) && (p.Unsafe || p.Simple) && string(m.Method) == "GET" { // HTTP/0.9: no version, no fields
		p.simple, p.Major, p.Minor, m.Version = true, 1, 0, 10
		return nil
	}
	v, err := p.version(b[i:])
	if err != nil {
		err.Pos += i
		return err
	}
	m.Version = v
	return nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (p *Parser) version(b []byte) (int, *Error) {
	if len(b) != 8 || string(b[:5]) != "HTTP/" || b[6] != '.' || b[5]-'0' > 9 || b[7]-'0' > 9 {
		return 0, bad(400, 0, "invalid protocol version")
	}
	p.Major, p.Minor = b[5]-'0', b[7]-'0'
	switch v := int(p.Major)*10 + int(p.Minor); {
	case v >= 11:
		return 11, nil
	case v >= 10:
		return 10, nil
	default:
		return v, nil
	}
}

func (p *Parser) statusLine(b []byte, m *tx.Message) *Error {
	if len(b) < 10 || !isBlank(b[8]) {
		return bad(502, 0, "invalid status line")
	}
	v, err := p.version(b[:8])
	if err != nil {
		return err
	}
	m.Version = v
	i := 8
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	d := i
	for i < len(b) && b[i]-'0' <= 9 {
		m.Status = m.Status*10 + int(b[i]-'0')
		if i++; i-d > 3 {
			return bad(502, i, "invalid status")
		}
	}
	if i-d < 2 || i < len(b) && !isBlank(b[i]) {
		return bad(502, i, "invalid status")
	}
	m.Reason = trim(b[i:])
	return nil
}
