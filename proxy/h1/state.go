package h1

// State names the place of the parser where e was found, with the number that
// HAProxy's "show errors" prints behind it.
func (e *Error) State() (name string, id int) {
	switch e.Text {
	case "CR without LF":
		return "MSG_HDR_L2_LF", 23
	case "invalid start line":
		return "MSG_RQBEFORE", 0
	case "invalid method":
		return "MSG_RQMETH", 2
	case "invalid character in the request target", "no request target", "start line too long":
		return "MSG_RQURI", 4
	case "invalid protocol version":
		return "MSG_RQVER", 6
	case "invalid status line":
		return "MSG_RPVER", 10
	case "invalid status":
		return "MSG_RPCODE", 12
	case "blank before the first field":
		return "MSG_HDR_FIRST", 16
	case "invalid field name", "field name too long":
		return "MSG_HDR_NAME", 17
	case "NUL in head":
		return "MSG_HDR_VAL", 22
	case "chunk too large", "invalid chunk size", "invalid chunk extension", "CR without LF in chunk size line":
		return "MSG_CHUNK_SIZE", 26
	case "chunk does not end with CRLF":
		return "MSG_CHUNK_CRLF", 28
	case "invalid character in trailers", "blank before the first trailer", "invalid trailer name", "too many trailers", "trailers too long":
		return "MSG_TRAILERS", 29
	case "unsupported transfer-encoding", "transfer-encoding without chunked":
		return "MSG_DATA", 27
	}
	if e.Text == "tolerated" {
		return "MSG_DONE", 30
	}
	return "MSG_HDR_L2_LWS", 24
}

// Restore gives the field names at the start of buf, where the head under scan
// begins, the letters that they came with.
func (p *Parser) Restore(buf []byte) {
	for _, f := range p.cases {
		for i := 0; i < 64 && f.at+i < len(buf); i++ {
			if f.upper>>i&1 != 0 {
				buf[f.at+i] &^= 0x20
			}
		}
	}
}

// nameCase remembers which letters of a field name were upper case, of its
// first 64.
type nameCase struct {
	at    int
	upper uint64
}

// Pos returns the offset of the first violation that an option let pass, 0:
// there was none.
func (p *Parser) Pos() int { return p.tolerated }
