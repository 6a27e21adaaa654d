package sample

import (
	"bytes"
	"fmt"
	"strings"

	"tandem/parser/keyword"
	"tandem/parser/source"
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
	conv("field", "integer,string[,integer]", tx.TypeStr, tx.TypeStr, "Fields between delimiters, empty ones counting.", newField(false)),
	conv("word", "integer,string[,integer]", tx.TypeStr, tx.TypeStr, "Words between delimiters, empty ones not counting.", newField(true)),
	conv("regsub", "regex,string[,string]", tx.TypeStr, tx.TypeStr, "Text with matches of a regular expression replaced; flags g and i.", newRegsub),
	conv("concat", "[string,string,string]", tx.TypeStr, tx.TypeStr, "Text with up to three things behind: text, variable, text.", newConcat),
	conv("add_item", "string,string[,string]", tx.TypeStr, tx.TypeStr, "Text with a variable or text behind, a delimiter between them where needed.", newAddItem),
	conv("iif", "string,string", tx.TypeBool, tx.TypeStr, "One of two texts.", newIif),
	conv("host_only", "", tx.TypeStr, tx.TypeStr, "Host of a Host field in lower case.", plain(applyHostOnly)),
	conv("port_only", "", tx.TypeStr, tx.TypeInt, "Port of a Host field, 0 if there is none.", plain(applyPortOnly)),
	conv("url_dec", "[integer]", tx.TypeStr, tx.TypeStr, "Text with percent encoding undone.", newURLDec),
	conv("url_enc", "string", tx.TypeStr, tx.TypeStr, "Text in percent encoding.", newURLEnc),
	conv("param", "string[,string]", tx.TypeStr, tx.TypeStr, "Value of the first parameter of a name in a list.", newParam),
	conv("language", "string[,string]", tx.TypeStr, tx.TypeStr, "Best of some languages for an Accept-Language field.", newLanguage),
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

// newField makes field and word.
func newField(words bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		n, delims, count := int(a.int(0, 0)), a.str(1, ""), int(a.int(2, 1))
		if n == 0 {
			return nil, errText("Unexpected value 0 for index")
		}
		if delims == "" {
			return nil, errText("Empty separators list.")
		}
		return func(_ *tx.Tx, v *Value) bool {
			out, ok := pickField(v.B, n, delims, count, words)
			v.SetStr(out)
			return ok
		}, nil
	}
}

// pickField returns count (0: all that follow) fields from the n-th on,
// counted from 1, or from -1 backwards.
func pickField(b []byte, n int, delims string, count int, words bool) ([]byte, bool) {
	isDelim := func(c byte) bool { return strings.IndexByte(delims, c) >= 0 }
	if n < 0 {
		return pickBackwards(b, -n, isDelim, count, words)
	}
	at := 0
	for i := 1; ; i++ {
		for words && at < len(b) && isDelim(b[at]) {
			at++
		}
		if words && at >= len(b) {
			return b[:0], false
		}
		end := at
		for end < len(b) && !isDelim(b[end]) {
			end++
		}
		if i == n {
			return b[at:extend(b, end, isDelim, count, words)], true
		}
		if end >= len(b) {
			return b[:0], false
		}
		at = end + 1
	}
}

// extend moves end over the further fields that count asks for.
func extend(b []byte, end int, isDelim func(byte) bool, count int, words bool) int {
	if count == 0 {
		return len(b)
	}
	for k := 1; k < count && end < len(b); k++ {
		next := end + 1
		for words && next < len(b) && isDelim(b[next]) {
			next++
		}
		if words && next >= len(b) {
			return end
		}
		for next < len(b) && !isDelim(b[next]) {
			next++
		}
		end = next
	}
	return end
}

// pickBackwards counts fields from the end.
func pickBackwards(b []byte, n int, isDelim func(byte) bool, count int, words bool) ([]byte, bool) {
	end := len(b)
	for i := 1; ; i++ {
		for words && end > 0 && isDelim(b[end-1]) {
			end--
		}
		if words && end == 0 {
			return b[:0], false
		}
		start := end
		for start > 0 && !isDelim(b[start-1]) {
			start--
		}
		if i == n {
			if count == 0 {
				return b[:end], true
			}
			for k := 1; k < count && start > 0; k++ {
				prev := start - 1
				for words && prev > 0 && isDelim(b[prev-1]) {
					prev--
				}
				for prev > 0 && !isDelim(b[prev-1]) {
					prev--
				}
				if words && prev < start-1 || !words {
					start = prev
				}
			}
			return b[start:end], true
		}
		if start == 0 {
			return b[:0], false
		}
		end = start - 1
	}
}

func newRegsub(e *keyword.Env, a args) (evalFunc, error) {
	expr, subst, all, fold := a.str(0, ""), []byte(a.str(1, "")), false, false
	for _, c := range a.str(2, "") {
		switch c {
		case 'g':
			all = true
		case 'i':
			fold = true
		default:
			return nil, fmt.Errorf("invalid regex flag '%c', only 'i' and 'g' are supported", c)
		}
	}
	re, err := CompileRegexp(expr, fold)
	if err != nil {
		site := keyword.Attached[*callSite](e)
		r := e.NewRef(keyword.ToProxy, "", 0) // told with other arguments that cannot be resolved
		r.Span, r.Arg = site.at, true
		r.Missing = fmt.Sprintf("error in regex '%s'%s : regex '%s' is invalid (error=%s).", expr, site.describe(e, 0), expr, err)
		return func(*tx.Tx, *Value) bool { return false }, nil
	}
	return func(t *tx.Tx, v *Value) bool {
		var groups [20]int
		out := t.Scratch.Alloc(len(v.B) + len(subst))[:0]
		at := 0
		for at <= len(v.B) {
			loc := re.FindIndex(v.B, at, groups[:0])
			if loc == nil {
				break
			}
			out = append(out, v.B[at:loc[0]]...)
			out = ExpandRegexp(out, subst, v.B, loc)
			if loc[1] == loc[0] {
				if loc[0] < len(v.B) {
					out = append(out, v.B[loc[0]])
				}
				at = loc[0] + 1
			} else {
				at = loc[1]
			}
			if !all {
				break
			}
		}
		if at < len(v.B) {
			out = append(out, v.B[at:]...)
		}
		v.SetStr(out)
		return true
	}, nil
}

// variable is an argument that names a variable; unset where it was left out.
type variable struct {
	name tx.VarName
	set  bool
}

func parseVariable(s string) (variable, error) {
	if s == "" {
		return variable{}, nil
	}
	n, err := ParseVar(s)
	if err != nil {
		return variable{}, fmt.Errorf("failed to register variable name '%s'", s)
	}
	return variable{n, true}, nil
}

// text returns the variable's value as text.
func (x *variable) text(t *tx.Tx) ([]byte, bool) {
	if !x.set {
		return nil, false
	}
	val, ok := getVar(t, x.name)
	if !ok || !Cast(t, &val, tx.TypeStr) {
		return nil, false
	}
	return val.B, true
}

func newConcat(_ *keyword.Env, a args) (evalFunc, error) {
	start, end := a.str(0, ""), a.str(2, "")
	name, err := parseVariable(strings.TrimSpace(a.str(1, "")))
	if err != nil {
		return nil, err
	}
	return func(t *tx.Tx, v *Value) bool {
		mid, _ := name.text(t)
		out := t.Scratch.Alloc(len(v.B) + len(start) + len(mid) + len(end))[:0]
		out = append(append(append(append(out, v.B...), start...), mid...), end...)
		v.SetStr(out)
		return true
	}, nil
}

func newAddItem(_ *keyword.Env, a args) (evalFunc, error) {
	delim, suffix := a.str(0, ""), a.str(2, "")
	if a.str(1, "") == "" && suffix == "" {
		return nil, errText("one of the optional arguments has to be nonempty")
	}
	name, err := parseVariable(strings.TrimSpace(a.str(1, "")))
	if err != nil {
		return nil, err
	}
	return func(t *tx.Tx, v *Value) bool {
		mid, ok := name.text(t)
		out := t.Scratch.Alloc(len(v.B) + len(delim) + len(mid) + len(suffix))[:0]
		out = append(out, v.B...)
		if len(v.B) > 0 && (ok || suffix != "") {
			out = append(out, delim...)
		}
		v.SetStr(append(append(out, mid...), suffix...))
		return true
	}, nil
}

func newIif(_ *keyword.Env, a args) (evalFunc, error) {
	yes, no := []byte(a.str(0, "")), []byte(a.str(1, ""))
	return func(_ *tx.Tx, v *Value) bool {
		if v.Int != 0 {
			v.SetStr(yes)
		} else {
			v.SetStr(no)
		}
		return true
	}, nil
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
