package sample

import (
	"bytes"
	"net/netip"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// side says which message a fetch looks at.
type side uint8

const (
	request side = iota
	response
	either // the response once there is one
)

// message returns the message of a side, nil where it is not there.
func (s side) message(t *tx.Tx) *tx.Message {
	switch {
	case s != request && t.HasRes:
		return &t.Res
	case s != response && t.HasReq:
		return &t.Req
	}
	return nil
}

// fetch makes a fetch of f, which is asked where the side has a message.
func (s side) fetch(f func(*tx.Tx, *tx.Message, *Value) bool) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		m := s.message(t)
		return m != nil && f(t, m, v)
	}
}

const (
	hdrSig  = "[string,integer]"
	bothHdr = RequestHTTP | ResponseHTTP
)

// hdrFetches look at header fields.
var hdrFetches = []word[Fetch]{
	fetch("req.hdr", hdrSig, tx.TypeStr, RequestHTTP, "Value of a request header field, comma separated parts counting as values.", newHdr(request, true, nil)),
	fetch("hdr", hdrSig, tx.TypeStr, bothHdr, "req.hdr in request rules, res.hdr in response rules.", newHdr(either, true, nil)),
	fetch("res.hdr", hdrSig, tx.TypeStr, ResponseHTTP, "Value of a response header field, comma separated parts counting as values.", newHdr(response, true, nil)),
	fetch("shdr", hdrSig, tx.TypeStr, ResponseHTTP, "Older name of res.hdr.", newHdr(response, true, nil)),
	fetch("req.fhdr", hdrSig, tx.TypeStr, RequestHTTP, "Whole value of a request header field.", newHdr(request, false, nil)),
	fetch("res.fhdr", hdrSig, tx.TypeStr, ResponseHTTP, "Whole value of a response header field.", newHdr(response, false, nil)),
	fetch("req.hdr_ip", hdrSig, tx.TypeAddr, RequestHTTP, "Address in a request header field.", newHdr(request, true, toIP)),
	fetch("hdr_ip", hdrSig, tx.TypeAddr, RequestHTTP, "Older name of req.hdr_ip.", newHdr(request, true, toIP)),
	fetch("res.hdr_ip", hdrSig, tx.TypeAddr, ResponseHTTP, "Address in a response header field.", newHdr(response, true, toIP)),
	fetch("shdr_ip", hdrSig, tx.TypeAddr, ResponseHTTP, "Older name of res.hdr_ip.", newHdr(response, true, toIP)),
	fetch("req.hdr_val", hdrSig, tx.TypeInt, RequestHTTP, "Number in a request header field.", newHdr(request, true, toInt)),
	fetch("hdr_val", hdrSig, tx.TypeInt, RequestHTTP, "Older name of req.hdr_val.", newHdr(request, true, toInt)),
	fetch("res.hdr_val", hdrSig, tx.TypeInt, ResponseHTTP, "Number in a response header field.", newHdr(response, true, toInt)),
	fetch("shdr_val", hdrSig, tx.TypeInt, ResponseHTTP, "Older name of res.hdr_val.", newHdr(response, true, toInt)),
	fetch("req.hdr_cnt", "[string]", tx.TypeInt, RequestHTTP, "Count of values of a request header field.", newHdrCount(request, true)),
	fetch("hdr_cnt", "[string]", tx.TypeInt, RequestHTTP, "Older name of req.hdr_cnt.", newHdrCount(request, true)),
	fetch("res.hdr_cnt", "[string]", tx.TypeInt, ResponseHTTP, "Count of values of a response header field.", newHdrCount(response, true)),
	fetch("shdr_cnt", "[string]", tx.TypeInt, ResponseHTTP, "Older name of res.hdr_cnt.", newHdrCount(response, true)),
	fetch("req.fhdr_cnt", "[string]", tx.TypeInt, RequestHTTP, "Count of request header fields of a name.", newHdrCount(request, false)),
	fetch("res.fhdr_cnt", "[string]", tx.TypeInt, ResponseHTTP, "Count of response header fields of a name.", newHdrCount(response, false)),
	fetch("req.hdr_names", "[string]", tx.TypeStr, RequestHTTP, "Names of all request header fields, with a delimiter between them.", newHdrNames(request)),
	fetch("res.hdr_names", "[string]", tx.TypeStr, ResponseHTTP, "Names of all response header fields, with a delimiter between them.", newHdrNames(response)),
	fetch("req.hdrs", "", tx.TypeBin, RequestHTTP, "All request header fields as text, the empty line included.", plain(allHdrs(request))),
	fetch("res.hdrs", "", tx.TypeBin, ResponseHTTP, "All response header fields as text, the empty line included.", plain(allHdrs(response))),
	fetch("req.hdrs_bin", "", tx.TypeBin, RequestHTTP, "All request header fields in the binary form of SPOE.", plain(allHdrsBin(request))),
	fetch("res.hdrs_bin", "", tx.TypeBin, ResponseHTTP, "All response header fields in the binary form of SPOE.", plain(allHdrsBin(response))),
}

// hdrScan walks the values of the fields of a name.
type hdrScan struct {
	name  []byte // lower case; nil: every field
	id    tx.HeaderID
	split bool // at commas
}

// fields of a cursor: index of the field, offset in its value.
const cursorBits = 20

// next returns the value behind cursor and the cursor behind it; ok is false
// at the end.
func (h *hdrScan) next(m *tx.Message, cursor int) (val []byte, after int, ok bool) {
	i, off := cursor>>cursorBits, cursor&(1<<cursorBits-1)
	for ; i < len(m.Fields); i, off = i+1, 0 {
		f := &m.Fields[i]
		if h.name != nil && (f.ID != h.id || h.id == tx.HdrOther && !bytes.Equal(f.Name, h.name)) {
			continue
		}
		if !h.split {
			return trimBlanks(f.Value), (i + 1) << cursorBits, true // a rule may have put blanks there
		}
		if off > len(f.Value) {
			continue
		}
		end := off + commaEnd(f.Value[off:])
		return trimBlanks(f.Value[off:end]), i<<cursorBits | min(end+1, 1<<cursorBits-1), true
	}
	return nil, cursor, false
}

// commaEnd returns where the first element of a list ends: a comma outside
// quotes, or the end.
func commaEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return i
		}
	}
	return len(b)
}

// trimBlanks takes blanks and tabs from both ends.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// pick finds occurrence occ: from 1 upwards from the first, from -1 downwards
// from the last.
func (h *hdrScan) pick(m *tx.Message, occ int) ([]byte, bool) {
	if occ > 0 {
		cursor := 0
		for {
			v, after, ok := h.next(m, cursor)
			if !ok {
				return nil, false
			}
			if occ--; occ == 0 {
				return v, true
			}
			cursor = after
		}
	}
	if occ == -1 && !h.split && h.name != nil {
		for i := len(m.Fields) - 1; i >= 0; i-- {
			f := &m.Fields[i]
			if f.ID == h.id && (h.id != tx.HdrOther || bytes.Equal(f.Name, h.name)) {
				return trimBlanks(f.Value), true
			}
		}
		return nil, false
	}
	n := h.count(m)
	if -occ > n {
		return nil, false
	}
	return h.pick(m, n+occ+1)
}

func (h *hdrScan) count(m *tx.Message) int {
	n, cursor := 0, 0
	for {
		_, after, ok := h.next(m, cursor)
		if !ok {
			return n
		}
		n, cursor = n+1, after
	}
}

func newScan(a args, split bool) *hdrScan {
	h := &hdrScan{split: split}
	if name := a.str(0, ""); name != "" {
		h.name = bytes.ToLower([]byte(name))
		h.id = tx.IDOf(h.name)
	}
	return h
}

// maxOccurrence bounds the distance from the last occurrence (the original's
// MAX_HDR_HISTORY).
const maxOccurrence = 10

// newHdr makes the fetches of one value. use, if not nil, changes the text
// into what is wanted and says whether it could.
func newHdr(s side, split bool, use evalFunc) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		h := newScan(a, split)
		occ := int(a.int(1, 0))
		if occ < -maxOccurrence {
			return nil, errText("header occurrence must be >= -10")
		}
		return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
			if occ != 0 || v.Cursor == 0 && !v.More {
				want := occ
				if want == 0 {
					want = -1
				}
				v.More = false
				b, ok := h.pick(m, want)
				if !ok {
					return false
				}
				v.SetStr(b)
				return use == nil || use(t, v)
			}
			return h.iterate(t, m, v, use)
		}), nil
	}
}

// iterate gives the next occurrence that can be used.
func (h *hdrScan) iterate(t *tx.Tx, m *tx.Message, v *Value, use evalFunc) bool {
	cursor := max(v.Cursor, 0)
	for {
		b, after, ok := h.next(m, cursor)
		if !ok {
			v.More = false
			return false
		}
		v.SetStr(b)
		v.Cursor, v.More = after, true
		if use == nil || use(t, v) {
			return true
		}
		cursor = after
	}
}

// toInt turns the text into a number, 0 where there is none.
func toInt(_ *tx.Tx, v *Value) bool {
	v.SetInt(leadingInt(v.B))
	return true
}

// toIP turns the text into an address; IPv4 may have a port, IPv6 may stand
// in brackets.
func toIP(_ *tx.Tx, v *Value) bool {
	ip, ok := addrInText(v.B)
	if ok {
		setAddr(v, ip)
	}
	return ok
}

// HeaderIP returns the address in occurrence occ (as hdr_ip counts them) of a
// request's field; name is in lower case.
func HeaderIP(m *tx.Message, name string, occ int) (netip.Addr, bool) {
	h := hdrScan{name: []byte(name), id: tx.IDOf([]byte(name)), split: true}
	if occ == 0 {
		occ = -1
	}
	if b, ok := h.pick(m, occ); ok {
		return addrInText(b)
	}
	return netip.Addr{}, false
}

func addrInText(b []byte) (netip.Addr, bool) {
	if ip, ok := parseAddr(b); ok {
		return ip, true
	}
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		ip, ok := parseAddr(b[1 : n-1])
		return ip, ok && ip.Is6()
	}
	host, port := splitHostPort(b)
	if len(port) == 0 || len(port) > 5 || leadingInt(port) > 65535 {
		return netip.Addr{}, false
	}
	ip, ok := parseAddr(host)
	return ip, ok && ip.Is4()
}

func newHdrCount(s side, split bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		h := newScan(a, split)
		return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
			v.SetInt(int64(h.count(m)))
			return true
		}), nil
	}
}

func newHdrNames(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		delim := a.str(0, ",")[0]
		return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
			n := 0
			for i := range m.Fields {
				n += len(m.Fields[i].Name) + 1
			}
			b := t.Scratch.Alloc(n)[:0]
			for i := range m.Fields {
				if i > 0 {
					b = append(b, delim)
				}
				b = append(b, m.Fields[i].Name...)
			}
			v.SetStr(b)
			return true
		}), nil
	}
}

func allHdrs(s side) evalFunc {
	return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
		n := 2
		for i := range m.Fields {
			n += len(m.Fields[i].Name) + len(m.Fields[i].Value) + 4
		}
		b := t.Scratch.Alloc(n)[:0]
		for i := range m.Fields {
			b = append(b, m.Fields[i].Name...)
			b = append(b, ": "...)
			b = append(b, m.Fields[i].Value...)
			b = append(b, "\r\n"...)
		}
		v.SetBin(append(b, "\r\n"...))
		return true
	})
}

func allHdrsBin(s side) evalFunc {
	return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
		n := 2
		for i := range m.Fields {
			n += len(m.Fields[i].Name) + len(m.Fields[i].Value) + 10
		}
		b := t.Scratch.Alloc(n)[:0]
		for i := range m.Fields {
			b = append(appendVarint(b, uint64(len(m.Fields[i].Name))), m.Fields[i].Name...)
			b = append(appendVarint(b, uint64(len(m.Fields[i].Value))), m.Fields[i].Value...)
		}
		v.SetBin(append(b, 0, 0))
		return true
	})
}

// appendVarint appends n in the encoding of SPOE.txt, section 3.1.
func appendVarint(b []byte, n uint64) []byte {
	if n < 240 {
		return append(b, byte(n))
	}
	b = append(b, byte(n)|240)
	n = (n - 240) >> 4
	for n >= 128 {
		b = append(b, byte(n)|128)
		n = (n - 128) >> 7
	}
	return append(b, byte(n))
}
