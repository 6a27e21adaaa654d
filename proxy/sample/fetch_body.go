package sample

import (
	"bytes"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// bodyFetches look at bodies and at raw contents.
var bodyFetches = []word[Fetch]{
	fetch("req.body", "", tx.TypeBin, RequestHTTP, "What is there of the request's body.", plain(evalBody(request))),
	fetch("res.body", "", tx.TypeBin, ResponseHTTP, "What is there of the response's body.", plain(evalBody(response))),
	fetch("req.body_len", "", tx.TypeInt, RequestHTTP, "Bytes that are there of the request's body.", plain(evalBodyLen(request))),
	fetch("res.body_len", "", tx.TypeInt, ResponseHTTP, "Bytes that are there of the response's body.", plain(evalBodyLen(response))),
	fetch("req.body_size", "", tx.TypeInt, RequestHTTP, "Announced length of the request's body, in bytes.", plain(evalBodySize(request))),
	fetch("res.body_size", "", tx.TypeInt, ResponseHTTP, "Announced length of the response's body, in bytes.", plain(evalBodySize(response))),
	fetch("req.len", "", tx.TypeInt, RequestRaw, "Bytes in the request buffer.", plain(evalLen(request))),
	fetch("req_len", "", tx.TypeInt, RequestRaw, "Older name of req.len.", plain(evalLen(request))),
	fetch("res.len", "", tx.TypeInt, ResponseRaw, "Bytes in the response buffer.", plain(evalLen(response))),
	fetch("req.payload", "integer,integer", tx.TypeBin, RequestRaw, "Part of the request buffer: offset, length (0: all).", newPayload(request)),
	fetch("res.payload", "integer,integer", tx.TypeBin, ResponseRaw, "Part of the response buffer: offset, length (0: all).", newPayload(response)),
	fetch("payload", "integer,integer", tx.TypeBin, RequestRaw|ResponseRaw, "req.payload in request rules, res.payload in response rules.", newPayload(either)),
	fetch("req.payload_lv", "integer,integer[,string]", tx.TypeBin, RequestRaw, "Part of the request buffer whose length stands in the buffer.", newPayloadLV(request)),
	fetch("res.payload_lv", "integer,integer[,string]", tx.TypeBin, ResponseRaw, "Part of the response buffer whose length stands in the buffer.", newPayloadLV(response)),
	fetch("payload_lv", "integer,integer[,string]", tx.TypeBin, RequestRaw|ResponseRaw, "req.payload_lv in request rules, res.payload_lv in response rules.", newPayloadLV(either)),
	fetch("req.rdp_cookie", nameSig, tx.TypeStr, RequestRaw, "Cookie in the connection request of the RDP protocol.", newRDPCookie(false)),
	fetch("rdp_cookie", nameSig, tx.TypeStr, RequestRaw, "Older name of req.rdp_cookie.", newRDPCookie(false)),
	fetch("req.rdp_cookie_cnt", nameSig, tx.TypeInt, RequestRaw, "Count of RDP cookies, 0 or 1.", newRDPCookie(true)),
	fetch("rdp_cookie_cnt", nameSig, tx.TypeInt, RequestRaw, "Older name of req.rdp_cookie_cnt.", newRDPCookie(true)),
	fetch("distcc_body", "string[,integer]", tx.TypeBin, RequestRaw|ResponseRaw, "Body of a distcc token.", newDistcc(true)),
	fetch("distcc_param", "string[,integer]", tx.TypeInt, RequestRaw|ResponseRaw, "Parameter of a distcc token.", newDistcc(false)),
}

func evalBody(s side) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		if s.message(t) == nil || t.Conn == nil {
			return false
		}
		b, _ := t.Conn.Body(s == response)
		v.SetBin(b)
		return true
	}
}

func evalBodyLen(s side) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		if s.message(t) == nil {
			return false
		}
		var b []byte
		if t.Conn != nil {
			b, _ = t.Conn.Body(s == response)
		}
		v.SetInt(int64(len(b)))
		return true
	}
}

func evalBodySize(s side) evalFunc {
	have := evalBodyLen(s)
	return func(t *tx.Tx, v *Value) bool {
		if m := s.message(t); m != nil && m.Framing == tx.ByLength {
			v.SetInt(int64(m.Length))
			return true
		}
		return have(t, v)
	}
}

// content returns the raw bytes of a side; in HTTP mode there are none that
// could be shown unparsed.
func content(t *tx.Tx, s side) (data []byte, complete bool) {
	if t.Conn == nil {
		return nil, true
	}
	return t.Conn.Content(s == response || s == either && t.HasRes)
}

func evalLen(s side) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		data, complete := content(t, s)
		v.SetInt(int64(len(data)))
		v.MayChange = !complete
		return true
	}
}

func newPayload(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		off, size := int(a.int(0, 0)), int(a.int(1, 0))
		if off < 0 || size < 0 {
			return nil, errText("payload offset and length must not be negative")
		}
		return func(t *tx.Tx, v *Value) bool {
			data, complete := content(t, s)
			if off+size > len(data) || size == 0 && off >= len(data) {
				v.MayChange = !complete
				return false
			}
			end := off + size
			if size == 0 {
				end = len(data)
				v.MayChange = !complete
			}
			v.SetBin(data[off:end])
			return true
		}, nil
	}
}

func newPayloadLV(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		lenAt, lenSize := int(a.int(0, 0)), int(a.int(1, 0))
		start, relative := 0, true
		if x := a.str(2, ""); x != "" {
			n, err := strconv.Atoi(x)
			if err != nil {
				return nil, errText("payload offset2 is not a number")
			}
			start, relative = n, strings.ContainsAny(x[:1], "+-")
		}
		switch {
		case lenAt < 0 || lenSize < 0:
			return nil, errText("payload offset and length must not be negative")
		case lenSize == 0:
			return nil, errText("payload length must be > 0")
		case relative && lenAt+lenSize+start < 0:
			return nil, errText("payload offset2 too negative")
		}
		return func(t *tx.Tx, v *Value) bool {
			data, complete := content(t, s)
			v.MayChange = !complete
			if lenAt+lenSize > len(data) {
				return false
			}
			size := 0
			for _, c := range data[lenAt : lenAt+lenSize] {
				size = size<<8 | int(c)
				if size > 1<<30 {
					return false
				}
			}
			from := start
			if relative {
				from += lenAt + lenSize
			}
			if size == 0 || from+size > len(data) {
				return false
			}
			v.MayChange = false
			v.SetBin(data[from : from+size])
			return true
		}, nil
	}
}

// rdpCookie finds the cookie of an RDP connection request: TPKT (RFC 1006),
// an X.224 connection request, then "Cookie: name=value" and CRLF. wait says
// that more data could bring it.
func rdpCookie(data []byte, name string) (val []byte, found, wait bool) {
	const head, cookie = 11, "Cookie:"
	if len(data) <= head {
		return nil, false, true
	}
	size := int(data[2])<<8 | int(data[3])
	if data[0] != 3 || data[5] != 0xe0 || size <= head {
		return nil, false, false
	}
	line := data[head:min(len(data), size)]
	if len(line) < len(cookie) {
		return nil, false, true
	}
	if !EqualFold(line[:len(cookie)], []byte(cookie)) {
		return nil, false, false
	}
	line, _, whole := bytes.Cut(line[len(cookie):], []byte("\r\n"))
	if !whole {
		return nil, false, len(data) < size
	}
	n, val, ok := bytes.Cut(trimBlanks(line), []byte("="))
	if !ok || name != "" && !EqualFold(n, []byte(name)) {
		return nil, false, false
	}
	return val, true, false
}

// RDPCookie returns the value of the cookie of an RDP connection request.
func RDPCookie(data []byte, name string) (val []byte, ok bool) {
	val, ok, _ = rdpCookie(data, name)
	return val, ok
}

func newRDPCookie(count bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		name := a.str(0, "")
		return func(t *tx.Tx, v *Value) bool {
			data, complete := content(t, request)
			val, found, wait := rdpCookie(data, name)
			v.MayChange = wait && !complete
			if count {
				v.SetInt(0)
				if found {
					v.SetInt(1)
				}
				return !v.MayChange
			}
			v.SetStr(val)
			return found
		}, nil
	}
}

// newDistcc walks the tokens of the distcc protocol: four letters and eight
// hexadecimal digits, followed by a body of that many bytes where the token
// has one.
func newDistcc(body bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		name, occ := a.str(0, ""), int(a.int(1, 1))
		if len(name) != 4 {
			return nil, errText("token name must be exactly 4 characters")
		}
		return func(t *tx.Tx, v *Value) bool {
			data, complete := content(t, either)
			v.MayChange = !complete
			for left := occ; len(data) >= 12; {
				token := text(data[:4])
				n, err := strconv.ParseUint(text(data[4:12]), 16, 32)
				if err != nil {
					v.MayChange = false
					return false
				}
				data = data[12:]
				size := 0
				switch token {
				case "DOTI", "DOTO", "NAME", "LINK", "FILE", "ARGV", "CDIR", "SOUT", "SERR":
					size = int(n)
				}
				if token == name {
					left--
				}
				found := token == name && left <= 0
				switch {
				case found && !body:
					v.SetInt(int64(n))
					return true
				case size > len(data):
					return false
				case found:
					v.SetBin(data[:size])
					return true
				}
				data = data[size:]
			}
			return false
		}, nil
	}
}
