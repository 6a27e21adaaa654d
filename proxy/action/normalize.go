package action

import (
	"bytes"
	"sort"

	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/tx"
)

// normalizers is normalize-uri in all its forms (configuration manual 4.4).
var normalizers = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "normalize-uri", In: httpReq, Flags: keyword.Experimental,
		Doc: "Bring the request target into a normal form.",
	}, newNormalize),
}

// normalizer rewrites a target into dst; ok is false where it is invalid and
// must be refused.
type normalizer func(dst, uri []byte) (out []byte, ok bool)

// forms are the normalizers with their options.
var forms = map[string]struct {
	option      string
	plain, with normalizer
}{
	"fragment-encode":           {"", fragmentEncode, nil},
	"fragment-strip":            {"", fragmentStrip, nil},
	"path-merge-slashes":        {"", onPath(mergeSlashes), nil},
	"path-strip-dot":            {"", onPath(stripDot), nil},
	"path-strip-dotdot":         {"full", onPath(stripDotDot(false)), onPath(stripDotDot(true))},
	"percent-decode-unreserved": {"strict", percentDecode(false), percentDecode(true)},
	"percent-to-uppercase":      {"strict", percentUpper(false), percentUpper(true)},
	"query-sort-by-name":        {"", querySort, nil},
}

// normalizeArgs is "<normalizer> [<option>]".
type normalizeArgs struct{ do normalizer }

// Usage is what messages say of the arguments.
func (normalizeArgs) Usage() string {
	return "{ fragment-encode | fragment-strip | path-merge-slashes | path-strip-dot | path-strip-dotdot [full] | percent-decode-unreserved [strict] | percent-to-uppercase [strict] | query-sort-by-name }"
}

// ParseArgs reads the normalizer and its option.
func (n *normalizeArgs) ParseArgs(a *keyword.Args) error {
	w, at, ok := a.Next()
	if !ok {
		return refuse(-1, "missing argument <normalizer>")
	}
	f, ok := forms[w]
	if !ok {
		return refuse(at, "unknown normalizer '%s'", w)
	}
	n.do = f.plain
	if f.option == "" {
		return nil
	}
	switch o := a.Peek(); o {
	case "", "if", "unless":
	case f.option:
		a.Next()
		n.do = f.with
	default:
		return refuse(a.Pos, "unknown argument '%s' for '%s' normalizer", o, w)
	}
	return nil
}

// badURI answers a target that strict normalizers refuse; its text is the
// proxy's error file for 400.
var badURI = &tx.Reply{Status: 400}

func newNormalize(_ *keyword.Env, a *normalizeArgs) (Action, error) {
	do := a.do
	return Action{Run: func(t *tx.Tx) Verdict {
		out, ok := do(t.Req.Spare(), t.Req.URI)
		switch {
		case !ok:
			t.Reply = badURI
			message(false).term(t, 'P')
			return Answer
		case bytes.Equal(out, t.Req.URI):
			return Continue
		}
		return rewriteLine(t, out, func(m *tx.Message, v []byte) { m.URI = v })
	}}, nil
}

// onPath makes a normalizer of what changes the path only. Targets without
// path ("*", an authority) stay.
func onPath(do func(dst, path []byte) []byte) normalizer {
	return func(dst, uri []byte) ([]byte, bool) {
		head, path, query := splitURI(uri)
		if len(path) == 0 || path[0] != '/' {
			return append(dst, uri...), true
		}
		return append(do(append(dst, head...), path), query...), true
	}
}

func fragmentEncode(dst, uri []byte) ([]byte, bool) {
	for _, c := range uri {
		if c == '#' {
			dst = append(dst, "%23"...)
		} else {
			dst = append(dst, c)
		}
	}
	return dst, true
}

func fragmentStrip(dst, uri []byte) ([]byte, bool) {
	if i := bytes.IndexByte(uri, '#'); i >= 0 {
		uri = uri[:i]
	}
	return append(dst, uri...), true
}

func mergeSlashes(dst, path []byte) []byte {
	for i, c := range path {
		if c != '/' || i == 0 || path[i-1] != '/' {
			dst = append(dst, c)
		}
	}
	return dst
}

// stripDot removes "." segments; a last one leaves its slash (RFC 3986 5.2.4).
func stripDot(dst, path []byte) []byte {
	for i := 0; i < len(path); {
		end := nextSlash(path, i+1)
		if seg := path[i+1 : end]; len(seg) == 1 && seg[0] == '.' {
			if end == len(path) {
				dst = append(dst, '/')
			}
		} else {
			dst = append(dst, path[i:end]...)
		}
		i = end
	}
	return dst
}

func nextSlash(b []byte, from int) int {
	if i := bytes.IndexByte(b[from:], '/'); i >= 0 {
		return from + i
	}
	return len(b)
}

// stripDotDot merges ".." segments with the ones before them. Those at the
// beginning stay unless all is set.
func stripDotDot(all bool) func(dst, path []byte) []byte {
	return func(dst, path []byte) []byte {
		base, fixed := len(dst), len(dst) // dst[base:fixed] are ".." segments that stay
		for i := 0; i < len(path); {
			end := nextSlash(path, i+1)
			seg := path[i+1 : end]
			switch {
			case len(seg) != 2 || seg[0] != '.' || seg[1] != '.':
				dst = append(dst, path[i:end]...)
			case len(dst) > fixed:
				dst = dst[:fixed+bytes.LastIndexByte(dst[fixed:], '/')]
				if end == len(path) {
					dst = append(dst, '/')
				}
			case all:
				if end == len(path) {
					dst = append(dst, '/')
				}
			default:
				dst = append(dst, path[i:end]...)
				fixed = len(dst)
			}
			i = end
		}
		if len(dst) == base {
			dst = append(dst, '/')
		}
		return dst
	}
}

// unreserved says whether a byte never needs an escape (RFC 3986 2.3).
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// escapes walks over a target and calls seq for each valid escape; strict
// refuses invalid ones.
func escapes(dst, uri []byte, strict bool, seq func(dst []byte, hi, lo, c byte) []byte) ([]byte, bool) {
	for i := 0; i < len(uri); i++ {
		if uri[i] != '%' {
			dst = append(dst, uri[i])
			continue
		}
		if i+2 < len(uri) {
			hi, lo := source.HexDigit(uri[i+1]), source.HexDigit(uri[i+2])
			if hi >= 0 && lo >= 0 {
				dst = seq(dst, uri[i+1], uri[i+2], byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		if strict {
			return dst, false
		}
		dst = append(dst, '%')
	}
	return dst, true
}

func percentDecode(strict bool) normalizer {
	return func(dst, uri []byte) ([]byte, bool) {
		return escapes(dst, uri, strict, func(dst []byte, hi, lo, c byte) []byte {
			if unreserved(c) {
				return append(dst, c)
			}
			return append(dst, '%', hi, lo)
		})
	}
}

func percentUpper(strict bool) normalizer {
	return func(dst, uri []byte) ([]byte, bool) {
		return escapes(dst, uri, strict, func(dst []byte, hi, lo, _ byte) []byte {
			return append(dst, '%', upper(hi), upper(lo))
		})
	}
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// querySort sorts the parameters by name, shorter names first; equal names
// keep their order.
func querySort(dst, uri []byte) ([]byte, bool) {
	i := bytes.IndexByte(uri, '?')
	if i < 0 {
		return append(dst, uri...), true
	}
	params := bytes.Split(uri[i+1:], []byte("&"))
	sort.SliceStable(params, func(a, b int) bool { return bytes.Compare(paramName(params[a]), paramName(params[b])) < 0 })
	dst = append(dst, uri[:i+1]...)
	return append(dst, bytes.Join(params, []byte("&"))...), true
}

func paramName(p []byte) []byte {
	if i := bytes.IndexByte(p, '='); i >= 0 {
		return p[:i]
	}
	return p
}
