package logformat

import (
	"strconv"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// Append appends the string for t.
func (f *Format) Append(dst []byte, t *tx.Tx) []byte { return f.AppendFrom(dst, t, "", false) }

// AppendFrom is Append for a log line: origin is what %OG shows; early says
// that the transaction still runs, so that growing numbers get a plus sign
// ("option logasap").
func (f *Format) AppendFrom(dst []byte, t *tx.Tx, origin string, early bool) []byte {
	if f.global {
		return f.appendWhole(dst, t, origin, early)
	}
	// In logs a value that is nothing at all (captured headers where none are
	// declared) takes the blank behind it along.
	blank := f.mode == Log
	for i := range f.items {
		it := &f.items[i]
		start := len(dst)
		if it.lit != nil {
			lit := it.lit
			if blank && len(lit) > 0 && lit[0] == ' ' {
				lit = lit[1:]
			}
			dst = append(dst, lit...)
		} else {
			flags := it.flags
			flags.Origin, flags.Early = origin, early
			dst = f.appendItem(dst, it, t, flags)
		}
		if n := len(dst); n > start {
			blank = f.mode == Log && it.lit != nil && dst[n-1] == ' '
		}
	}
	return dst
}

// appendItem appends one value as its flags say.
func (f *Format) appendItem(dst []byte, it *item, t *tx.Tx, flags Flags) []byte {
	if flags.JSON || flags.CBOR {
		start := len(dst)
		dst = f.appendEncoded(dst, it, t, flags)
		if flags.CBOR && !flags.Bin {
			dst = hexInPlace(dst, start)
		}
		return dst
	}
	if it.alias != nil && it.alias.kind != text {
		return it.alias.value(dst, t, flags)
	}
	if flags.Quote {
		dst = append(dst, '"')
	}
	start := len(dst)
	if it.alias != nil {
		dst = it.alias.value(dst, t, flags)
	} else {
		dst = f.appendExpr(dst, it, t)
	}
	switch {
	case flags.Quote:
		if flags.Escape {
			dst = escapeInPlace(dst, start, t)
		}
		dst = append(dst, '"')
	case len(dst) == start && flags.Mandatory && !captures(it):
		dst = append(dst, '-')
	case flags.Escape:
		dst = escapeInPlace(dst, start, t)
	}
	return dst
}

// captures says whether an item shows captured headers, which are nothing at
// all where none are declared.
func captures(it *item) bool {
	return it.alias != nil && (it.alias.name == "hr" || it.alias.name == "hs")
}

func (f *Format) appendExpr(dst []byte, it *item, t *tx.Tx) []byte {
	v := t.Borrow()
	if it.expr.Eval(t, tx.TypeStr, v) {
		if f.mode == Header {
			dst = encodeHTTP(dst, v.B)
		} else {
			dst = append(dst, v.B...)
		}
	}
	t.Return()
	return dst
}

// escapeInPlace escapes what stands from start on.
func escapeInPlace(dst []byte, start int, t *tx.Tx) []byte {
	body := t.Scratch.Copy(dst[start:])
	return escape(dst[:start], body)
}

// hexInPlace writes what stands from start on in hexadecimal.
func hexInPlace(dst []byte, start int) []byte {
	body := append([]byte(nil), dst[start:]...)
	return appendHex(dst[:start], body)
}

// appendWhole appends all named items as one JSON object or CBOR map.
func (f *Format) appendWhole(dst []byte, t *tx.Tx, origin string, early bool) []byte {
	start, n := len(dst), 0
	if f.whole.JSON {
		dst = append(dst, '{')
	} else {
		dst = append(dst, 0xbf)
	}
	for i := range f.items {
		it := &f.items[i]
		if it.name == "" {
			continue
		}
		flags := it.flags
		flags.Origin, flags.Early = origin, early
		flags.JSON, flags.CBOR = f.whole.JSON, f.whole.CBOR
		if f.whole.JSON {
			if n > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(quoteJSON(dst, []byte(it.name)), ": "...)
		} else {
			dst = appendCBORText(dst, []byte(it.name))
		}
		dst = f.appendEncoded(dst, it, t, flags)
		n++
	}
	if f.whole.JSON {
		return append(dst, '}')
	}
	dst = append(dst, 0xff)
	if !f.whole.Bin {
		dst = hexInPlace(dst, start)
	}
	return dst
}

// appendEncoded appends one value in JSON or CBOR.
func (f *Format) appendEncoded(dst []byte, it *item, t *tx.Tx, flags Flags) []byte {
	if it.alias != nil && it.alias.kind == list && flags.JSON {
		return it.alias.value(dst, t, flags)
	}
	v := t.Borrow()
	defer t.Return()
	kind := tx.TypeStr
	var body []byte
	var n int64
	switch {
	case it.alias != nil:
		body = it.alias.value(t.Scratch.Alloc(256)[:0], t, flags)
		if captures(it) && len(body) == 0 {
			return appendNull(dst, flags)
		}
		if it.alias.kind == number || it.alias.name == "bp" || it.alias.name == "sp" {
			if x, err := strconv.ParseInt(string(body), 10, 64); err == nil {
				kind, n = tx.TypeInt, x
			}
		}
	case it.expr.Eval(t, tx.TypeAny, v):
		switch v.Type {
		case tx.TypeInt, tx.TypeBool:
			kind, n = v.Type, v.Int
			body = strconv.AppendInt(nil, n, 10)
		case tx.TypeBin:
			kind, body = tx.TypeBin, v.B
		default:
			if sample.Cast(t, v, tx.TypeStr) {
				body = v.B
			}
		}
	}
	switch it.typ {
	case "str":
		kind = tx.TypeStr
	case "sint":
		if x, err := strconv.ParseInt(string(body), 10, 64); err == nil {
			kind, n = tx.TypeInt, x
		}
	case "bool":
		x, err := strconv.ParseInt(string(body), 10, 64)
		kind, n = tx.TypeBool, 0
		if err == nil && x != 0 || string(body) == "true" {
			n = 1
		}
	}
	return appendValue(dst, kind, n, body, flags)
}

// appendValue appends a value of a kind in JSON or CBOR.
func appendValue(dst []byte, kind tx.Type, n int64, body []byte, flags Flags) []byte {
	if flags.JSON {
		switch kind {
		case tx.TypeInt:
			return strconv.AppendInt(dst, n, 10)
		case tx.TypeBool:
			return strconv.AppendBool(dst, n != 0)
		}
		return quoteJSON(dst, body)
	}
	switch kind {
	case tx.TypeInt:
		return appendCBORInt(dst, n)
	case tx.TypeBool:
		if n != 0 {
			return append(dst, 0xf5)
		}
		return append(dst, 0xf4)
	case tx.TypeBin:
		dst = append(dst, 0x5f)
		dst = append(appendCBORHead(dst, 2, uint64(len(body))), body...)
		return append(dst, 0xff)
	}
	return appendCBORText(dst, body)
}

func appendNull(dst []byte, flags Flags) []byte {
	if flags.JSON {
		return append(dst, "null"...)
	}
	return append(dst, 0xf6)
}
