package expr

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// FmtItem is one piece of a log-format string.
type FmtItem struct {
	Text   string  // literal text, where Alias and Sample are empty
	Alias  string  // "ci" for %ci
	Sample *Sample // %[…]
	Flags  []string
	Name   string // %(name:type)
	Type   string
}

// Fmt is a log-format string (configuration manual 8.2.6).
type Fmt struct {
	Text  string
	Index int
	Items []FmtItem
}

// Parse takes one word and reads it as a log format.
func (f *Fmt) Parse(lex *lexer.PeekingLexer) error {
	var w Word
	if err := w.Parse(lex); err != nil {
		return err
	}
	got, err := ParseFmt(w.Text)
	if err != nil {
		return &Error{Index: w.Index, Text: err.Error()}
	}
	got.Index = w.Index
	*f = got
	return nil
}

// ParseFmt reads a log-format string.
func ParseFmt(text string) (Fmt, error) {
	f := Fmt{Text: text}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			f.Items = append(f.Items, FmtItem{Text: lit.String()})
			lit.Reset()
		}
	}
	for rest := text; rest != ""; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			lit.WriteString(rest)
			break
		}
		lit.WriteString(rest[:i])
		rest = rest[i+1:]
		switch {
		case rest == "":
			lit.WriteByte('%')
			continue
		case rest[0] == '%':
			lit.WriteByte('%')
			rest = rest[1:]
			continue
		}
		item, after, err := scanFmtItem(rest)
		if err != nil {
			return f, err
		}
		flush()
		f.Items = append(f.Items, item)
		rest = after
	}
	flush()
	return f, nil
}

// scanFmtItem reads what follows a '%'.
func scanFmtItem(s string) (FmtItem, string, error) {
	var it FmtItem
	if s[0] == '(' {
		in, rest, ok := strings.Cut(s[1:], ")")
		if !ok {
			return it, s, fmt.Errorf("missing closing ')' in '%%%s'", s)
		}
		it.Name, it.Type, _ = strings.Cut(in, ":")
		s = rest
	}
	if strings.HasPrefix(s, "{") {
		in, rest, ok := strings.Cut(s[1:], "}")
		if !ok {
			return it, s, fmt.Errorf("missing closing '}' in '%%%s'", s)
		}
		it.Flags = strings.Split(in, ",")
		s = rest
	}
	if strings.HasPrefix(s, "[") {
		e, rest, err := scanSample(strings.TrimLeft(s[1:], " "))
		if err != nil {
			return it, s, err
		}
		rest = strings.TrimLeft(rest, " ")
		if !strings.HasPrefix(rest, "]") {
			return it, s, fmt.Errorf("expected ']' after '%s', but found '%s'", e.Text, rest)
		}
		it.Sample = &e
		return it, rest[1:], nil
	}
	n := 0
	for n < len(s) && (s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z' || s[n] >= '0' && s[n] <= '9') {
		n++
	}
	if n == 0 && len(it.Flags) == 0 {
		return it, s, fmt.Errorf("unexpected character after '%%' at '%%%s'", s)
	}
	it.Alias = s[:n]
	return it, s[n:], nil
}
