package keepalived

import "strings"

// cut splits one line into pieces; base is the offset of its first byte.
func cut(s string, base int) []Piece {
	var out []Piece
	add := func(k Kind, from, to int) {
		if to > from {
			out = append(out, Piece{Kind: k, Raw: s[from:to], Off: base + from})
		}
	}
	for i := 0; i < len(s); {
		from := i
		switch c := s[i]; {
		case isBlank(c):
			for i < len(s) && isBlank(s[i]) {
				i++
			}
			add(Blank, from, i)
		case c == '{' || c == '}':
			i++
			add(map[byte]Kind{'{': Open, '}': Close}[c], from, i)
		case c == '"':
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				add(Broken, from, len(s))
				return out
			}
			i += end + 2
			add(Quoted, from, i)
		case c == '!' || c == '#':
			add(Comment, from, len(s))
			return out
		case c == '\\' && i+1 < len(s) && (s[i+1] == '#' || s[i+1] == '!'):
			i += 2
			add(Escaped, from, i)
		default:
			for i < len(s) && !isBlank(s[i]) && !strings.ContainsRune("{}\"!#", rune(s[i])) {
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '#' || s[i+1] == '!') {
					break
				}
				i++
			}
			add(Text, from, i)
		}
	}
	return out
}

// blanks are the bytes that separate words.
const blanks = " \t\f\v\r"

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r' }

// bare is a line without its comment and its outer blanks.
type bare struct {
	text   string
	off    int  // offset in the file of text[0]
	exact  bool // text is a slice of the file: offsets inside it are true
	broken bool // a quote was not closed
	// open is the text with its last blanks, of a line whose quote is not closed.
	open string
	// expanded says that the definitions in it were substituted.
	expanded bool
	again    bool // it reads differently when it is read a second time
}

// decomment drops the comment and the outer blanks of a line's pieces.
func decomment(pieces []Piece) bare {
	b := bare{exact: true}
	for len(pieces) > 0 && pieces[0].Kind == Blank {
		pieces = pieces[1:]
	}
	var out strings.Builder
	comment := false
	for _, p := range pieces {
		if p.Kind == Comment {
			comment = true
			break
		}
		if out.Len() == 0 {
			b.off = p.Off
		}
		switch p.Kind {
		case Escaped:
			b.exact, b.again = false, true
			out.WriteString(p.Raw[1:])
			continue
		case Broken:
			b.broken = true
		}
		out.WriteString(p.Raw)
	}
	b.text = strings.TrimRight(out.String(), blanks)
	if b.broken {
		b.open = out.String()
		b.again = b.again || b.open != b.text
	}
	if t, mark := strings.CutSuffix(b.text, `\`); mark {
		// The original drops blanks in front of the continuation mark, unless
		// a comment follows it.
		if t = strings.TrimRight(t, blanks); comment {
			b.again = b.again || len(t)+1 != len(b.text)
		} else if len(t)+1 != len(b.text) {
			b.text = t + `\`
			b.exact = false
		}
	}
	return b
}
