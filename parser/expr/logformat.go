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
	Bad    error  // what is wrong behind the expression, told where that is right
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
			return f, fmt.Errorf("truncated line after '%%'")
		case rest[0] == '%':
			lit.WriteByte('%')
			rest = rest[1:]
			continue
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] >= '0' && rest[0] <= '9':
			return f, fmt.Errorf("unexpected alias name near '%c' at position %d line : '%s'. Maybe you want to write a single '%%', use the syntax '%%%%'", rest[0], len(text)-len(rest), text)
		case rest[0] != '(' && rest[0] != '{' && rest[0] != '[' && !isAliasByte(rest[0]):
			lit.WriteByte('%')
			continue
		}
		item, after, err := scanFmtItem(text, rest)
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

func isAliasByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// scanFmtItem reads what follows a '%' in text: (name:type), {flags}, then an
// alias or [expression].
func scanFmtItem(text, s string) (FmtItem, string, error) {
	var it FmtItem
	var err error
	if s[0] == '(' {
		if s, err = it.scanName(text, s); err != nil {
			return it, s, err
		}
	}
	flags := ""
	if strings.HasPrefix(s, "{") {
		in, rest, ok := strings.Cut(s[1:], "}")
		if !ok {
			return it, s, fmt.Errorf("truncated line after '%s'", s[1:])
		}
		flags = "%{" + in + "}"
		it.Flags = strings.Split(in, ",")
		s = rest
	}
	if strings.HasPrefix(s, "[") {
		e, rest, err := scanSample(s[1:])
		switch {
		case err != nil:
			return it, s, fmt.Errorf("failed to parse sample expression <%s> : %w", s[1:], err)
		case rest == "":
			it.Bad = fmt.Errorf("missing ']' after '%s'", e.Text)
		case rest[0] != ']':
			it.Bad = fmt.Errorf("expected ']' after '%s', but found '%c'", e.Text, rest[0])
		}
		it.Sample = &e
		if it.Bad != nil || e.Bad != nil {
			rest = "" // nobody will use what follows
		}
		return it, strings.TrimPrefix(rest, "]"), nil
	}
	n := 0
	for n < len(s) && isAliasByte(s[n]) {
		n++
	}
	if n == 0 && flags != "" {
		return it, s, fmt.Errorf("parse argument modifier without alias name near '%s'", flags)
	}
	if n == 0 {
		return it, s, fmt.Errorf("truncated line after '%%'")
	}
	it.Alias = s[:n]
	return it, s[n:], nil
}

// scanName reads "(name)" or "(name:type)".
func (it *FmtItem) scanName(text, s string) (string, error) {
	n := 1
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	it.Name = s[1:n]
	if n < len(s) && s[n] == ':' {
		start := n + 1
		for n++; n < len(s) && isAliasByte(s[n]); n++ {
		}
		it.Type = s[start:n]
		switch it.Type {
		case "str", "sint", "bool", "raw":
		default:
			return s, fmt.Errorf("unexpected output type '%s' at position %d line : '%s'. Supported types are: str, sint, bool, raw", it.Type, len(text)-len(s)+start, text)
		}
	}
	switch {
	case n == len(s):
		return s, fmt.Errorf("invalid character in custom name near '")
	case s[n] != ')':
		return s, fmt.Errorf("invalid character in custom name near '%c' at position %d line : '%s'", s[n], len(text)-len(s)+n, text)
	}
	return s[n+1:], nil
}
