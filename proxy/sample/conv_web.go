package sample

import (
	"bytes"
	"strings"

	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/tx"
)

// webConvs read and write the notations of URLs and of fields of HTTP.
var webConvs = []word[Conv]{
	conv("host_only", "", tx.TypeStr, tx.TypeStr, "Host of a Host field in lower case.", plain(applyHostOnly)),
	conv("port_only", "", tx.TypeStr, tx.TypeInt, "Port of a Host field, 0 if there is none.", plain(applyPortOnly)),
	conv("url_dec", "[integer]", tx.TypeStr, tx.TypeStr, "Text with percent encoding undone.", newURLDec),
	conv("url_enc", "string", tx.TypeStr, tx.TypeStr, "Text in percent encoding.", newURLEnc),
	conv("param", "string[,string]", tx.TypeStr, tx.TypeStr, "Value of the first parameter of a name in a list.", newParam),
	conv("language", "string[,string]", tx.TypeStr, tx.TypeStr, "Best of some languages for an Accept-Language field.", newLanguage),
}

// hostEnd returns where the host in a Host field ends: at a colon with
// nothing but digits behind it.
func hostEnd(b []byte) int {
	end := len(b)
	for end > 0 && b[end-1] >= '0' && b[end-1] <= '9' {
		end--
	}
	if end > 0 && b[end-1] == ':' {
		return end - 1
	}
	return len(b)
}

var lowerText = mapBytes(Lower)

func applyHostOnly(t *tx.Tx, v *Value) bool {
	v.B = v.B[:hostEnd(v.B)]
	return lowerText(t, v)
}

func applyPortOnly(_ *tx.Tx, v *Value) bool {
	port := v.B[hostEnd(v.B):]
	if len(port) == 0 || port[0] != ':' {
		v.SetInt(0)
		return true
	}
	v.SetInt(leadingInt(port[1:]))
	return true
}

func newURLDec(_ *keyword.Env, a args) (evalFunc, error) {
	form := a.int(0, 0) != 0
	return func(t *tx.Tx, v *Value) bool {
		out := t.Scratch.Alloc(len(v.B))[:0]
		inForm := form
		for i := 0; i < len(v.B); i++ {
			c := v.B[i]
			switch {
			case c == '+' && inForm:
				c = ' '
			case c == '?':
				inForm = true
			case c == '%':
				if i+2 >= len(v.B) || source.HexDigit(v.B[i+1]) < 0 || source.HexDigit(v.B[i+2]) < 0 {
					return false
				}
				c = byte(source.HexDigit(v.B[i+1])<<4 | source.HexDigit(v.B[i+2]))
				i += 2
			}
			out = append(out, c)
		}
		v.SetStr(out)
		return true
	}, nil
}

func newURLEnc(_ *keyword.Env, a args) (evalFunc, error) {
	if s := a.str(0, "query"); s != "query" {
		return nil, errText("Unexpected encode type. Allowed value is 'query'")
	}
	return func(t *tx.Tx, v *Value) bool {
		out := t.Scratch.Alloc(3 * len(v.B))[:0]
		for _, c := range v.B {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
				out = append(out, c)
			} else {
				out = append(out, '%', hexUpper[c>>4], hexUpper[c&15])
			}
		}
		v.SetStr(out)
		return true
	}, nil
}

func newParam(_ *keyword.Env, a args) (evalFunc, error) {
	name, delim := []byte(a.str(0, "")), byte('&')
	switch d := a.str(1, ""); {
	case !a.has(1):
	case len(d) == 1:
		delim = d[0]
	case len(d) == 4 && (d[:2] == "0x" || d[:2] == "0X") && source.HexDigit(d[2]) >= 0 && source.HexDigit(d[3]) >= 0:
		delim = byte(source.HexDigit(d[2])<<4 | source.HexDigit(d[3]))
	default:
		return nil, errText("Delimiter must be either exactly 1 character, or 0xHH for an ASCII code ..")
	}
	return func(_ *tx.Tx, v *Value) bool {
		for b := v.B; ; {
			part, rest, more := bytes.Cut(b, []byte{delim})
			n, val, _ := bytes.Cut(part, []byte("="))
			if bytes.Equal(n, name) {
				v.SetStr(val)
				return true
			}
			if !more {
				return false
			}
			b = rest
		}
	}, nil
}

func newLanguage(_ *keyword.Env, a args) (evalFunc, error) {
	var known [][]byte
	for _, l := range strings.Split(a.str(0, ""), ";") {
		known = append(known, []byte(l))
	}
	def, hasDef := []byte(a.str(1, "")), a.has(1)
	return func(_ *tx.Tx, v *Value) bool {
		var best []byte
		bestQ := 0
		for rest := v.B; len(rest) > 0; {
			end := commaEnd(rest)
			part := rest[:end]
			rest = rest[min(len(rest), end+1):]
			lang, params, _ := bytes.Cut(part, []byte(";"))
			q := qualityOf(params)
			if q <= bestQ {
				continue
			}
			if l := pickLanguage(known, trimBlanks(lang)); l != nil {
				best, bestQ = l, q
			}
		}
		if best == nil {
			if !hasDef {
				return false
			}
			best = def
		}
		v.SetStr(best)
		return true
	}, nil
}

// pickLanguage finds a language, or its base without variant, in a list.
func pickLanguage(known [][]byte, lang []byte) []byte {
	for {
		for _, k := range known {
			if bytes.Equal(k, lang) {
				return k
			}
		}
		i := bytes.LastIndexByte(lang, '-')
		if i < 0 {
			return nil
		}
		lang = lang[:i]
	}
}

// qualityOf returns the weight in "q=0.8" in thousandths (RFC 9110 12.4.2).
func qualityOf(params []byte) int {
	i := bytes.IndexByte(params, '=')
	if i < 0 || !bytes.Equal(trimBlanks(params[:i]), []byte("q")) {
		return 1000
	}
	n, unit := 0, 1000
	point := false
	for _, c := range trimBlanks(params[i+1:]) {
		switch {
		case c == '.' && !point:
			point = true
		case c < '0' || c > '9':
			return n
		case point:
			unit /= 10
			n += int(c-'0') * unit
		default:
			n = int(c-'0') * 1000
		}
	}
	return min(n, 1000)
}
