package sample

import (
	"bytes"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// stringConvs change text.
var stringConvs = []word[Conv]{
	conv("lower", "", tx.TypeStr, tx.TypeStr, "Text in lower case.", plain(mapBytes(Lower))),
	conv("upper", "", tx.TypeStr, tx.TypeStr, "Text in upper case.", plain(mapBytes(upper))),
	conv("length", "", tx.TypeStr, tx.TypeInt, "Length in bytes.", plain(func(_ *tx.Tx, v *Value) bool { v.SetInt(int64(len(v.B))); return true })),
	conv("ltrim", "string", tx.TypeStr, tx.TypeStr, "Text without certain characters at its start.", newTrim(true, false)),
	conv("rtrim", "string", tx.TypeStr, tx.TypeStr, "Text without certain characters at its end.", newTrim(false, true)),
	conv("cut_crlf", "", tx.TypeStr, tx.TypeStr, "Text up to its first CR or LF.", plain(applyCutCRLF)),
	conv("reverse", "", tx.TypeStr, tx.TypeStr, "Text from behind.", plain(applyReverse)),
	conv("reverse_dom", "", tx.TypeStr, tx.TypeStr, "Labels of a domain name from behind.", plain(applyReverseDom)),
}

// mapBytes makes a converter that maps every byte.
func mapBytes(f func(byte) byte) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		for i, c := range v.B {
			if f(c) == c {
				continue
			}
			out := t.Scratch.Copy(v.B)
			for k := i; k < len(out); k++ {
				out[k] = f(out[k])
			}
			v.B = out
			break
		}
		v.Type = tx.TypeStr
		return true
	}
}

// upper returns an ASCII letter in upper case, any other byte as it is.
func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c &^ 0x20
	}
	return c
}

func newTrim(left, right bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		set := a.str(0, "")
		return func(_ *tx.Tx, v *Value) bool {
			b := v.B
			for left && len(b) > 0 && strings.IndexByte(set, b[0]) >= 0 {
				b = b[1:]
			}
			for right && len(b) > 0 && strings.IndexByte(set, b[len(b)-1]) >= 0 {
				b = b[:len(b)-1]
			}
			v.SetStr(b)
			return true
		}, nil
	}
}

func applyCutCRLF(_ *tx.Tx, v *Value) bool {
	for i, c := range v.B {
		if c == '\r' || c == '\n' {
			v.B = v.B[:i]
			break
		}
	}
	v.Type = tx.TypeStr
	return true
}

func applyReverse(t *tx.Tx, v *Value) bool {
	out := t.Scratch.Alloc(len(v.B))
	for i, c := range v.B {
		out[len(out)-1-i] = c
	}
	v.SetStr(out)
	return true
}

func applyReverseDom(t *tx.Tx, v *Value) bool {
	b := bytes.TrimSuffix(v.B, []byte("."))
	out := t.Scratch.Alloc(len(b))[:0]
	for end := len(b); ; {
		i := bytes.LastIndexByte(b[:end], '.')
		label := b[i+1 : end]
		if len(label) == 0 {
			return false
		}
		out = append(out, label...)
		if i < 0 {
			break
		}
		out = append(out, '.')
		end = i
	}
	v.SetStr(out)
	return true
}
