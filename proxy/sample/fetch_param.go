package sample

import (
	"bytes"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const paramSig = "[string,string,string]"

// paramFetches look at query strings and form bodies.
var paramFetches = []word[Fetch]{
	fetch("url_param", paramSig, tx.TypeStr, RequestHTTP, "Value of the first parameter of a name in the query string.", newURLParam(nil)),
	fetch("urlp", paramSig, tx.TypeStr, RequestHTTP, "Shorter name of url_param.", newURLParam(nil)),
	fetch("urlp_val", paramSig, tx.TypeInt, RequestHTTP, "Number in a parameter of the query string.", newURLParam(toInt)),
	fetch("req.body_param", "[string,string]", tx.TypeBin, RequestHTTP, "Value of the first parameter of a name in a form body.", newBodyParam),
}

// paramScan finds parameters of a name; empty: any.
type paramScan struct {
	name []byte
	fold bool
}

func (p *paramScan) matches(n []byte) bool {
	return len(p.name) == 0 || bytes.Equal(n, p.name) || p.fold && EqualFold(n, p.name)
}

// next returns the next parameter's value at or after off, and what is behind it.
func (p *paramScan) next(q []byte, off int) (val []byte, after int, ok bool) {
	for off < len(q) {
		end := off
		for end < len(q) && q[end] != '&' && q[end] != ';' {
			end++
		}
		n, v, found := bytes.Cut(q[off:end], []byte("="))
		off = end + 1
		if found && p.matches(n) {
			return v, off, true
		}
	}
	return nil, off, false
}

// give puts the first value into v, or the next one where the caller iterates.
func (p *paramScan) give(q []byte, t *tx.Tx, v *Value, use evalFunc) bool {
	iterate := v.Cursor != 0 || v.More
	val, after, ok := p.next(q, max(v.Cursor, 0))
	v.More = ok && iterate && after < len(q)
	if !ok {
		return false
	}
	v.SetStr(val)
	if iterate {
		v.Cursor = after
	}
	return use == nil || use(t, v)
}

func newURLParam(use evalFunc) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		p := &paramScan{name: []byte(a.str(0, ""))}
		delim := byte('?')
		if d := a.str(1, ""); d != "" {
			delim = d[0]
		}
		p.fold = a.str(2, "") == "i"
		return func(t *tx.Tx, v *Value) bool {
			if !t.HasReq {
				return false
			}
			i := bytes.IndexByte(t.Req.URI, delim)
			return i >= 0 && p.give(t.Req.URI[i+1:], t, v, use)
		}, nil
	}
}

func newBodyParam(_ *keyword.Env, a args) (evalFunc, error) {
	p := &paramScan{name: []byte(a.str(0, ""))}
	p.fold = a.str(1, "") == "i"
	return func(t *tx.Tx, v *Value) bool {
		if !t.HasReq || t.Conn == nil {
			return false
		}
		body, _ := t.Conn.Body(false)
		if !p.give(body, t, v, nil) {
			return false
		}
		v.Type = tx.TypeBin
		return true
	}, nil
}

// EqualFold compares without regard to the case of ASCII letters.
func EqualFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && Lower(c) != Lower(b[i]) {
			return false
		}
	}
	return true
}

// Lower returns an ASCII letter in lower case, any other byte as it is.
func Lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
