package keepalived

import (
	"strings"

	"tandem/parser/source"
)

// Words splits the line at blanks; "…" is one word without its quotes, and
// text that touches a quote is a word of its own. ok is false where a quote
// is not closed; the words before it are returned.
func (l *Logical) Words() (words []source.Word, ok bool) {
	s := l.Text
	for i := 0; i < len(s); {
		if isBlank(s[i]) {
			i++
			continue
		}
		from := i
		if s[i] == '"' {
			end := strings.IndexByte(s[i+1:], '"')
			if end < 0 {
				return words, false
			}
			i += end + 2
			words = append(words, source.Word{Text: s[from+1 : i-1], Span: l.at(from, i)})
			continue
		}
		for i < len(s) && !isBlank(s[i]) && s[i] != '"' {
			i++
		}
		words = append(words, source.Word{Text: s[from:i], Span: l.at(from, i)})
	}
	return words, true
}

// at returns the place of s[from:to] of the line's text.
func (l *Logical) at(from, to int) source.Span {
	if l.Exact {
		return source.Span{File: l.Span.File, Start: l.Span.Start + int32(from), End: l.Span.Start + int32(to)}
	}
	return l.Span
}

// ScriptWords splits the line as the lines that hold a script are split: both
// kinds of quotes may stand anywhere in a word, and a backslash escapes
// (keepalived.conf(5), "Quoted strings"). ok is false where a quote is not closed.
func (l *Logical) ScriptWords() (words []source.Word, ok bool) {
	s := l.Text
	for i := 0; ; {
		for i < len(s) && isBlank(s[i]) {
			i++
		}
		if i >= len(s) {
			return words, true
		}
		from := i
		text, next, closed := shellWord(s, i, false)
		if !closed {
			return words, false
		}
		i = next
		words = append(words, source.Word{Text: text, Span: l.at(from, i)})
	}
}

// SplitCommand splits the command string of a script line into its arguments
// and resolves escapes; ok is false where a quote is not closed.
func SplitCommand(s string) (argv []string, ok bool) {
	for i := 0; ; {
		for i < len(s) && isBlank(s[i]) {
			i++
		}
		if i >= len(s) {
			return argv, true
		}
		text, next, closed := shellWord(s, i, true)
		if !closed {
			return argv, false
		}
		i = next
		argv = append(argv, text)
	}
}

// shellWord reads one word at s[i:]. With escapes false, backslash sequences
// are kept for the second splitting, and only hide a quote.
func shellWord(s string, i int, escapes bool) (text string, next int, closed bool) {
	var b strings.Builder
	var quote byte
	for i < len(s) {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			if !escapes {
				b.WriteByte(c)
				b.WriteByte(s[i+1])
				i += 2
				continue
			}
			r, n := unescape(s[i+1:])
			b.WriteByte(r)
			i += 1 + n
			continue
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				b.WriteByte(c)
			}
		case c == '"' || c == '\'' && escapes:
			quote = c
		case c == '\'':
			// The first splitting only joins: the command's own splitting
			// will need to see its single quotes.
			quote = c
		case isBlank(c):
			return b.String(), i, true
		default:
			b.WriteByte(c)
		}
		i++
	}
	return b.String(), i, quote == 0
}

// unescape reads what follows a backslash and returns the byte it means and
// how many bytes it took.
func unescape(s string) (b byte, n int) {
	const plain = "abEfnrtv"
	const means = "\a\b\x1b\f\n\r\t\v"
	c := s[0]
	if k := strings.IndexByte(plain, c); k >= 0 {
		return means[k], 1
	}
	switch {
	case c == 'x' && len(s) > 1 && source.HexDigit(s[1]) >= 0:
		v := source.HexDigit(s[1])
		if len(s) > 2 && source.HexDigit(s[2]) >= 0 {
			return byte(v<<4 | source.HexDigit(s[2])), 3
		}
		return byte(v), 2
	case c == 'c' && len(s) > 1:
		return s[1] & 0x1f, 2
	case c >= '0' && c <= '7':
		v := 0
		for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			v = v<<3 | int(s[n]-'0')
			n++
		}
		return byte(v), n
	}
	return c, 1
}
