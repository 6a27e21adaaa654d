package sample

import (
	"bytes"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const nameSig = "[string]"

// cookieFetches look at Cookie and Set-Cookie fields (RFC 6265).
var cookieFetches = []word[Fetch]{
	fetch("req.cook", nameSig, tx.TypeStr, RequestHTTP, "Value of the last cookie of a name in the request; of the first one if no name is given.", newCook(request, nil)),
	fetch("cook", nameSig, tx.TypeStr, RequestHTTP, "Older name of req.cook.", newCook(request, nil)),
	fetch("cookie", nameSig, tx.TypeStr, bothHdr, "req.cook in request rules, res.cook in response rules.", newCook(either, nil)),
	fetch("res.cook", nameSig, tx.TypeStr, ResponseHTTP, "Value of the last cookie of a name that the response sets.", newCook(response, nil)),
	fetch("scook", nameSig, tx.TypeStr, ResponseHTTP, "Older name of res.cook.", newCook(response, nil)),
	gone(fetch("set-cookie", nameSig, tx.TypeStr, ResponseHTTP, "Oldest name of res.cook.", newCook(response, nil)), keyword.V(2, 5), "res.cook(<name>)"),
	fetch("req.cook_val", nameSig, tx.TypeInt, RequestHTTP, "Number in a cookie of the request.", newCook(request, toInt)),
	fetch("cook_val", nameSig, tx.TypeInt, RequestHTTP, "Older name of req.cook_val.", newCook(request, toInt)),
	fetch("res.cook_val", nameSig, tx.TypeInt, ResponseHTTP, "Number in a cookie that the response sets.", newCook(response, toInt)),
	fetch("scook_val", nameSig, tx.TypeInt, ResponseHTTP, "Older name of res.cook_val.", newCook(response, toInt)),
	fetch("req.cook_cnt", nameSig, tx.TypeInt, RequestHTTP, "Count of cookies of a name in the request.", newCookCount(request)),
	fetch("cook_cnt", nameSig, tx.TypeInt, RequestHTTP, "Older name of req.cook_cnt.", newCookCount(request)),
	fetch("res.cook_cnt", nameSig, tx.TypeInt, ResponseHTTP, "Count of cookies of a name that the response sets.", newCookCount(response)),
	fetch("scook_cnt", nameSig, tx.TypeInt, ResponseHTTP, "Older name of res.cook_cnt.", newCookCount(response)),
	fetch("req.cook_names", nameSig, tx.TypeStr, RequestHTTP, "Names of the cookies of the request, with a delimiter between them.", newCookNames(request)),
	fetch("res.cook_names", nameSig, tx.TypeStr, ResponseHTTP, "Names of the cookies that the response sets, with a delimiter between them.", newCookNames(response)),
}

// nextCookie returns the cookie behind cursor. Cursors are as in hdrScan.
func nextCookie(m *tx.Message, s side, cursor int) (name, val []byte, after int, ok bool) {
	id := tx.HdrCookie
	if m.Status != 0 || s == response {
		id = tx.HdrSetCookie
	}
	i, off := cursor>>cursorBits, cursor&(1<<cursorBits-1)
	for ; i < len(m.Fields); i, off = i+1, 0 {
		f := &m.Fields[i]
		if f.ID != id {
			continue
		}
		for off < len(f.Value) {
			end := off + cookieEnd(f.Value[off:])
			n, v, found := bytes.Cut(f.Value[off:end], []byte("="))
			n = trimBlanks(n)
			off = end + 1
			if id == tx.HdrSetCookie {
				off = len(f.Value) // what follows are attributes
			}
			if !found || len(n) > 0 && n[0] == '$' {
				continue
			}
			return n, trimBlanks(v), i<<cursorBits | min(off, 1<<cursorBits-1), true
		}
	}
	return nil, nil, cursor, false
}

// cookieEnd returns where a cookie ends: a semicolon outside quotes.
func cookieEnd(b []byte) int {
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ';' && !quoted:
			return i
		}
	}
	return len(b)
}

// newCook makes the fetches of a cookie's value: the last of that name, or the
// first of all where no name is given; in ACLs one after the other.
func newCook(s side, use evalFunc) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		name := []byte(a.str(0, ""))
		return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
			if v.Cursor != 0 || v.More {
				val, after, ok := namedCookie(m, s, name, max(v.Cursor, 0))
				if v.More = ok; !ok {
					return false
				}
				v.SetStr(val)
				v.Cursor, v.More = after, true
				return use == nil || use(t, v)
			}
			val, after, found := namedCookie(m, s, name, 0)
			for ok := found; ok; {
				v.SetStr(val)
				if len(name) == 0 {
					break
				}
				val, after, ok = namedCookie(m, s, name, after)
			}
			return found && (use == nil || use(t, v))
		}), nil
	}
}

// namedCookie returns the cookie of a name, of any where that is empty, behind
// cursor.
func namedCookie(m *tx.Message, s side, name []byte, cursor int) (val []byte, after int, ok bool) {
	for {
		n, val, after, ok := nextCookie(m, s, cursor)
		if !ok || len(name) == 0 || bytes.Equal(n, name) {
			return val, after, ok
		}
		cursor = after
	}
}

func newCookCount(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		name := []byte(a.str(0, ""))
		return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
			count := 0
			for cursor := 0; ; count++ {
				_, after, ok := namedCookie(m, s, name, cursor)
				if !ok {
					break
				}
				cursor = after
			}
			v.SetInt(int64(count))
			return true
		}), nil
	}
}

func newCookNames(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		delim := a.str(0, ",")[0]
		return s.fetch(func(t *tx.Tx, m *tx.Message, v *Value) bool {
			size := 0
			for i := range m.Fields {
				if id := m.Fields[i].ID; id == tx.HdrCookie || id == tx.HdrSetCookie {
					size += len(m.Fields[i].Value) + 1
				}
			}
			b := t.Scratch.Alloc(size)[:0]
			for cursor, first := 0, true; ; first = false {
				n, _, after, ok := nextCookie(m, s, cursor)
				if !ok {
					break
				}
				if !first {
					b = append(b, delim)
				}
				b = append(b, n...)
				cursor = after
			}
			v.SetStr(b)
			return true
		}), nil
	}
}
