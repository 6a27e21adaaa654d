package filter

import (
	"bytes"

	"tandem/proxy/tx"
)

// hintSize is what the original counts for an entry of hints.
func hintSize(links [][]byte) int {
	n := objectHead
	for _, l := range links {
		n += 2 + len(l)
	}
	return n
}

// linksOf returns the Link fields of a response reduced to the links that a
// browser can act on before the response is there (RFC 8297).
func linksOf(m *tx.Message) [][]byte {
	var out [][]byte
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.ID != tx.HdrOther || string(f.Name) != "link" {
			continue
		}
		var line []byte
		for w := range listOf(f.Value) {
			if !worthHint(w) {
				continue
			}
			if line != nil {
				line = append(line, ", "...)
			}
			line = append(line, w...)
		}
		if line != nil {
			out = append(out, line)
		}
	}
	return out
}

// hintRelations are the relations of links that are worth a hint.
var hintRelations = []string{"preload", "preconnect", "dns-prefetch", "modulepreload", "prefetch"}

// worthHint says whether the first "rel" of a link names one of them
// (RFC 8288 3).
func worthHint(w []byte) bool {
	end := bytes.IndexByte(w, '>')
	if len(w) == 0 || w[0] != '<' || end < 0 {
		return false
	}
	w = w[end+1:]
	for {
		for len(w) > 0 && (w[0] == ';' || blank(w[0])) {
			w = w[1:]
		}
		name, value, valued, rest, ok := parameter(w)
		switch {
		case !ok:
			return false
		case equalFold(name, "rel"):
			if !valued {
				return false
			}
			for _, r := range bytes.Fields(value) {
				for _, h := range hintRelations {
					if equalFold(r, h) {
						return true
					}
				}
			}
			return false
		}
		w = rest
	}
}

// parameter reads "name[=value]" and blanks around its parts, up to the next
// semicolon; ok is false where it is malformed.
func parameter(w []byte) (name, value []byte, valued bool, rest []byte, ok bool) {
	n := 0
	for n < len(w) && w[n] != '=' && w[n] != ';' && !blank(w[n]) {
		n++
	}
	if name, w = w[:n], trim(w[n:]); n == 0 {
		return name, nil, false, nil, false
	}
	if len(w) == 0 || w[0] != '=' {
		return name, nil, false, w, len(w) == 0 || w[0] == ';'
	}
	w = trim(w[1:])
	if len(w) > 0 && w[0] == '"' {
		for i := 1; i < len(w); i++ {
			switch w[i] {
			case '\\':
				i++
			case '"':
				rest = trim(w[i+1:])
				return name, w[1:i], true, rest, len(rest) == 0 || rest[0] == ';'
			}
		}
		return name, nil, false, nil, false
	}
	n = 0
	for n < len(w) && w[n] != ';' && !blank(w[n]) {
		n++
	}
	rest = trim(w[n:])
	return name, w[:n], n > 0, rest, n > 0 && (len(rest) == 0 || rest[0] == ';')
}
