package h1

import (
	"bytes"

	"tandem/proxy/tx"
)

// idOf is tx.IDOf without a map: the compiler turns it into a search by
// length and content.
func idOf(name []byte) tx.HeaderID {
	switch string(name) {
	case "host":
		return tx.HdrHost
	case "connection":
		return tx.HdrConnection
	case "content-length":
		return tx.HdrContentLength
	case "transfer-encoding":
		return tx.HdrTransferEncoding
	case "upgrade":
		return tx.HdrUpgrade
	case "cookie":
		return tx.HdrCookie
	case "set-cookie":
		return tx.HdrSetCookie
	case "expect":
		return tx.HdrExpect
	case "keep-alive":
		return tx.HdrKeepAlive
	case "proxy-connection":
		return tx.HdrProxyConnection
	case "te":
		return tx.HdrTE
	case "authorization":
		return tx.HdrAuthorization
	case "x-forwarded-for":
		return tx.HdrXForwardedFor
	case "www-authenticate":
		return tx.HdrWWWAuthenticate
	case "cache-control":
		return tx.HdrCacheControl
	}
	return tx.HdrOther
}

// splitField cuts a field line into name and value and lowers the name in
// place; n is the name's length and upper has a bit set for each letter that
// was upper case, of the first 64. ok is false where the name is not a token
// followed by a colon: n is then where it ends.
func splitField(b []byte) (n int, value []byte, upper uint64, ok bool) {
	i := 0
	for ; i < len(b); i++ {
		c := lower[b[i]]
		if c == 0 {
			break
		}
		upper |= uint64(b[i]^c) >> 5 << i
		b[i] = c
	}
	if i == 0 || i == len(b) || b[i] != ':' {
		return i, nil, upper, false
	}
	return i, trim(b[i+1:]), upper, true
}

// field reads one field line, which begins at pos of the buffer, into m.
func (p *Parser) field(b []byte, pos int, m *tx.Message) *Error {
	n, value, upper, ok := splitField(b)
	if upper != 0 {
		p.cases = append(p.cases, nameCase{pos, upper})
	}
	if !ok {
		if p.Unsafe && bytes.IndexByte(b, ':') > 0 {
			p.tolerate(pos + n)
			return nil // never forwarded
		}
		return bad(400, n, "invalid field name")
	}
	name := b[:n:n]
	if len(name) > maxNameLen {
		return bad(400, 0, "field name too long")
	}
	id := idOf(name)
	if id != tx.HdrOther {
		at := cap(b) - cap(value)
		drop, err := p.known(id, &value, m)
		if err != nil {
			err.Pos += at
		}
		if drop || err != nil {
			return err
		}
	} else if name[0] == 's' && len(name) > 16 {
		switch string(name) {
		case "sec-websocket-key":
			p.wsKey = true
		case "sec-websocket-accept":
			p.wsAccept = true
		}
	}
	m.Fields = append(m.Fields, tx.Field{Name: name, Value: value, ID: id})
	return nil
}

// known looks at the fields that frame the message or steer the connection.
// It says whether the field is to be left out.
func (p *Parser) known(id tx.HeaderID, value *[]byte, m *tx.Message) (drop bool, err *Error) {
	switch id {
	case tx.HdrContentLength:
		return p.contentLength(value, m)
	case tx.HdrTransferEncoding:
		if p.te = codings(p.te, *value); p.te == teBad {
			return false, bad(400, 0, "invalid transfer-encoding")
		}
		*value = chunkedTok
	case tx.HdrHost:
		return p.host(*value, m)
	case tx.HdrConnection:
		*value = p.connection(*value)
		return len(*value) == 0, nil
	case tx.HdrUpgrade:
		p.upgrade = true
		*value = p.upgradeTokens(*value)
		return len(*value) == 0, nil
	case tx.HdrExpect:
		if equalFold(*value, "100-continue") {
			p.Flags |= Expect100
		}
	case tx.HdrTE:
		return keepTrailers(value), nil
	case tx.HdrWWWAuthenticate:
		if v := *value; len(v) >= 4 && (equalFold(v[:4], "ntlm") || len(v) >= 9 && equalFold(v[:9], "negotiate")) {
			p.Flags |= NTLM
		}
	}
	return false, nil
}

// contentLength accepts one decimal number, repeated equally or not at all
// (RFC 9110 8.6). Repetitions are dropped, leading zeros cut.
func (p *Parser) contentLength(value *[]byte, m *tx.Message) (drop bool, err *Error) {
	drop = p.Flags&HasLength != 0
	rest, more := *value, true
	for more {
		var tok []byte
		tok, rest, more = nextToken(rest)
		n, ok := parseLength(tok)
		if !ok {
			return false, bad(400, 0, "invalid content-length")
		}
		if p.Flags&HasLength != 0 && n != m.Length {
			return false, bad(400, 0, "different content-lengths")
		}
		for len(tok) > 1 && tok[0] == '0' {
			tok = tok[1:]
		}
		p.Flags |= HasLength
		m.Length, *value = n, tok
	}
	return drop, nil
}

// parseLength reads a decimal number of at most 64 bits.
func parseLength(b []byte) (uint64, bool) {
	var n uint64
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || n > (1<<64-1)/10 {
			return 0, false
		}
		if n = n*10 + d; n < d {
			return 0, false
		}
	}
	return n, len(b) > 0
}

// What the transfer-encoding fields say.
const (
	teNone    = iota
	teAlone   // codings, but not chunked yet
	teChunked // exactly "chunked"
	teOther   // something else under chunked
	teBad
)

// codings goes on with a list of transfer codings: chunked must come once,
// and last (RFC 9112 6.1).
func codings(te int, v []byte) int {
	for more := true; more; {
		var tok []byte
		tok, v, more = nextToken(v)
		switch {
		case len(tok) == 0 || te >= teChunked:
			return teBad
		case equalFold(tok, "chunked"):
			if te == teAlone {
				te = teOther
			} else {
				te = teChunked
			}
		default:
			for _, c := range tok {
				if lower[c] == 0 {
					return teBad
				}
			}
			te = teAlone
		}
	}
	return te
}

var chunkedTok = []byte("chunked")

// keepTokens removes the list elements that drop names, in place, and leaves
// the others as they were written.
func keepTokens(v []byte, drop func(tok []byte) bool) []byte {
	out, rest := v[:0], v
	for len(rest) > 0 {
		seg := rest
		if i := bytes.IndexByte(rest, ','); i >= 0 {
			seg, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if tok := trim(seg); len(tok) == 0 || drop(tok) {
			continue
		}
		if len(out) > 0 { // never overtakes rest: each kept element had a comma behind it
			out = append(out, ',')
		} else {
			for seg[0] == ' ' || seg[0] == '\t' {
				seg = seg[1:]
			}
		}
		out = append(out, seg...)
	}
	return trim(out)
}

// connection takes note of close, keep-alive and upgrade and removes the
// first two: each side of the proxy has its own.
func (p *Parser) connection(v []byte) []byte {
	return keepTokens(v, func(tok []byte) bool {
		switch {
		case equalFold(tok, "close"):
			p.Flags |= ConnClose
			return true
		case equalFold(tok, "keep-alive"):
			p.Flags |= ConnKeepAlive
			return true
		case equalFold(tok, "upgrade"):
			p.upgradeTok = true
		}
		return false
	})
}

// upgradeTokens removes h2c, which this proxy does not switch to (RFC 9113 3.1).
func (p *Parser) upgradeTokens(v []byte) []byte {
	return keepTokens(v, func(tok []byte) bool {
		if equalFold(tok, "websocket") {
			p.Flags |= WebSocket
		}
		return equalFold(tok, "h2c") || equalFold(tok, "h2")
	})
}

var trailersTok = []byte("trailers")

// keepTrailers keeps only "trailers", the one coding that passes a proxy (RFC 9110 10.1.4).
func keepTrailers(value *[]byte) (drop bool) {
	rest, more := *value, true
	for more {
		var tok []byte
		tok, rest, more = nextToken(rest)
		if equalFold(tok, "trailers") {
			*value = trailersTok
			return false
		}
	}
	return true
}
