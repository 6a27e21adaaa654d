package h1

import (
	"bytes"

	"tandem/proxy/tx"
)

// host checks a host field; a repetition of the same value is left out, be
// its letters upper or lower case (RFC 3986 3.2.2).
func (p *Parser) host(v []byte, m *tx.Message) (drop bool, err *Error) {
	if p.hostField > 0 {
		if !bytes.EqualFold(m.Fields[p.hostField-1].Value, v) {
			return false, bad(400, 0, "different host fields")
		}
		return true, nil
	}
	p.hostField = len(m.Fields) + 1
	return false, checkHost(v)
}

// hostChars are the bytes of a host with port (RFC 3986 3.2.2), without the
// comma, which would make a list of two hosts.
var hostChars = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c > ' ' && c < 0x7f && !bytes.ContainsRune([]byte("@/?#,\\"), rune(c))
	}
	return t
}()

func checkHost(v []byte) *Error {
	for i, c := range v {
		if !hostChars[c] {
			return bad(400, i, "invalid character in host")
		}
	}
	begin := len(v) > 0 && v[0] == '['
	if begin != (bytes.IndexByte(v, ']') >= 0) || !begin && bytes.IndexByte(v, '[') >= 0 {
		return bad(400, 0, "unbalanced brackets in host")
	}
	return nil
}

// Target forms (RFC 9112 3.2) with the checks and the normalization that
// HAProxy makes: what authority and host say must be the same, and a default
// port is removed from both.
func (p *Parser) target(m *tx.Message) *Error {
	u := m.URI
	connect := string(m.Method) == "CONNECT"
	switch {
	case connect:
		return p.authority(m)
	case u[0] == '/':
		return nil
	case u[0] == '*':
		if len(u) == 1 && (string(m.Method) == "OPTIONS" || !targetsResource(m.Method)) {
			return nil
		}
		return bad(400, 0, "invalid request target")
	}
	i := bytes.Index(u, []byte("://"))
	if i <= 0 || !isScheme(u[:i]) {
		return bad(400, 0, "invalid request target")
	}
	start := i + 3
	end := start + len(u[start:])
	if j := bytes.IndexAny(u[start:], "/?#"); j >= 0 {
		end = start + j
	}
	auth := u[start:end]
	if len(auth) == 0 {
		return bad(400, 0, "empty authority")
	}
	defPort := ""
	switch {
	case equalFold(u[:i], "http"):
		defPort = "80"
	case equalFold(u[:i], "https"):
		defPort = "443"
	}
	user := 0
	if j := bytes.LastIndexByte(auth, '@'); j >= 0 {
		user = j + 1
	}
	name, port, hasPort := splitPort(auth[user:])
	isDef := hasPort && (len(port) == 0 || string(port) == defPort)
	if err := p.sameHost(m, name, port, defPort); err != nil {
		return err
	}
	switch {
	case isDef:
		nu := make([]byte, 0, len(u)+1)
		nu = append(append(nu, u[:i+3]...), name...)
		if end == len(u) && string(m.Method) != "OPTIONS" {
			nu = append(nu, '/')
		}
		m.URI = append(nu, u[end:]...)
		if p.hostField > 0 {
			m.Fields[p.hostField-1].Value = name
		}
	case end == len(u) && string(m.Method) != "OPTIONS":
		m.URI = append(append(make([]byte, 0, len(u)+1), u...), '/')
	}
	if user > 0 && isDef { // user information goes with the default port, as it came
		nu := make([]byte, 0, len(m.URI)+user)
		nu = append(append(nu, u[:start+user]...), m.URI[start:]...)
		m.URI = nu
	}
	return nil
}

// targetsResource says whether a method is one of the known ones, whose target
// cannot be "*".
func targetsResource(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "PRI":
		return true
	}
	return false
}

// authority checks CONNECT's host:port form.
func (p *Parser) authority(m *tx.Message) *Error {
	name, port, ok := splitPort(m.URI)
	if !ok || len(port) == 0 || len(name) == 0 || bytes.IndexByte(m.URI, '/') >= 0 {
		return bad(400, 0, "CONNECT needs host:port")
	}
	for _, c := range port {
		if c-'0' > 9 {
			return bad(400, 0, "CONNECT needs host:port")
		}
	}
	defPort := ""
	if s := string(port); s == "80" || s == "443" {
		defPort = s
	}
	if err := p.sameHost(m, name, port, defPort); err != nil {
		return err
	}
	if defPort != "" && p.hostField > 0 {
		if f := &m.Fields[p.hostField-1]; bytes.Equal(f.Value, m.URI) {
			f.Value = name
		}
	}
	return nil
}

// sameHost compares the host field with an authority; ports that are empty,
// missing or the scheme's default are the same.
func (p *Parser) sameHost(m *tx.Message, name, port []byte, defPort string) *Error {
	if p.hostField == 0 || p.Unsafe {
		return nil
	}
	hn, hp, _ := splitPort(m.Fields[p.hostField-1].Value)
	norm := func(b []byte) string {
		if len(b) == 0 || string(b) == defPort {
			return ""
		}
		return string(b)
	}
	if !bytes.EqualFold(hn, name) || norm(hp) != norm(port) {
		return bad(400, 0, "host and authority differ")
	}
	return nil
}

// splitPort cuts at the last colon outside of brackets.
func splitPort(b []byte) (host, port []byte, ok bool) {
	for i := len(b) - 1; i >= 0 && b[i] != ']'; i-- {
		if b[i] == ':' {
			return b[:i:i], b[i+1:], true
		}
	}
	return b, nil, false
}

func isScheme(b []byte) bool {
	for i, c := range b {
		l := c | 0x20
		if !(l >= 'a' && l <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return true
}

// finishRequest decides the framing of a request (RFC 9112 6.3).
func (p *Parser) finishRequest(m *tx.Message) *Error {
	if len(m.URI) == 0 || m.URI[0] != '/' || m.Method[0] == 'C' {
		if err := p.target(m); err != nil {
			return err
		}
	}
	if p.te == teAlone {
		return bad(400, 0, "transfer-encoding without chunked")
	}
	p.lengths(m)
	if m.Version < 11 && !p.AnyPayload && (m.Framing == tx.Chunked || m.Framing == tx.ByLength && m.Length > 0) {
		switch string(m.Method) {
		case "GET", "HEAD", "DELETE":
			return bad(413, 0, "payload not expected in HTTP/1.0")
		}
	}
	if p.te == teOther {
		return bad(422, 0, "unsupported transfer-encoding")
	}
	p.upgrades(m)
	if p.Flags&(ConnUpgrade|WebSocket) == ConnUpgrade|WebSocket && !p.wsKey {
		return bad(400, 0, "websocket without key")
	}
	return nil
}

// upgrades keeps an upgrade only where both of its fields ask for it
// (RFC 9110 7.8).
func (p *Parser) upgrades(m *tx.Message) {
	if !p.upgradeTok && !p.upgrade {
		return
	}
	has := m.GetID(tx.HdrUpgrade) != nil
	switch {
	case p.upgradeTok && has:
		p.Flags |= ConnUpgrade
	case has:
		m.DelID(tx.HdrUpgrade)
	case p.upgradeTok:
		for i := range m.Fields {
			if f := &m.Fields[i]; f.ID == tx.HdrConnection {
				f.Value = keepTokens(f.Value, func(tok []byte) bool { return equalFold(tok, "upgrade") })
			}
		}
		m.DelFunc(func(f *tx.Field) bool { return f.ID == tx.HdrConnection && len(f.Value) == 0 })
	}
}

// lengths applies the rules for transfer-encoding and content-length.
func (p *Parser) lengths(m *tx.Message) {
	switch {
	case p.te != teNone:
		m.Framing, m.Length = tx.Chunked, 0
		if p.Flags&HasLength != 0 {
			m.DelID(tx.HdrContentLength)
			if !p.KeepInsecure {
				p.Flags |= BothLengths
			}
		}
		if m.Version < 11 {
			p.Flags |= OldChunked
		}
	case p.Flags&HasLength != 0:
		m.Framing = tx.ByLength
		if m.Length == 0 {
			m.Framing = tx.NoBody
		}
	default:
		m.Framing = tx.NoBody
	}
}

// finishResponse decides the framing of a response (RFC 9112 6.3).
func (p *Parser) finishResponse(m *tx.Message, method []byte) *Error {
	if p.te == teOther || p.te == teAlone {
		return bad(502, 0, "unsupported transfer-encoding")
	}
	p.lengths(m)
	p.upgrades(m)
	switch s := m.Status; {
	case s == 101:
		m.Framing = tx.Tunnel
		if p.Flags&WebSocket != 0 && !p.wsAccept {
			return bad(502, 0, "websocket without accept")
		}
	case s >= 200 && s < 300 && string(method) == "CONNECT":
		m.Framing, m.Length = tx.Tunnel, 0
		m.DelID(tx.HdrContentLength)
		m.DelID(tx.HdrTransferEncoding)
	case s >= 100 && s < 200 || s == 204:
		m.Framing, m.Length = tx.NoBody, 0
		m.DelID(tx.HdrContentLength)
		m.DelID(tx.HdrTransferEncoding)
	case s == 304 || string(method) == "HEAD":
		m.Framing = tx.NoBody
	case p.te == teNone && p.Flags&HasLength == 0:
		m.Framing = tx.UntilClose
	}
	return nil
}
