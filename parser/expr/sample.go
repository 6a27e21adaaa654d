package expr

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// Call is a fetch or a converter with its arguments as written.
type Call struct {
	Name   string
	Args   []string
	Parens bool // "(…)" was there, even if empty
}

// Sample is a sample expression: a fetch and the converters behind it
// (configuration manual 7.1).
type Sample struct {
	Text  string
	Index int // of the word in its line
	Fetch Call
	Convs []Call
}

// Parse takes one word and reads it as an expression.
func (s *Sample) Parse(lex *lexer.PeekingLexer) error {
	var w Word
	if err := w.Parse(lex); err != nil {
		return err
	}
	e, err := ParseSample(w.Text)
	if err != nil {
		return &Error{Index: w.Index, Text: err.Error()}
	}
	e.Index = w.Index
	*s = e
	return nil
}

// ParseSample reads a whole string as an expression.
func ParseSample(text string) (Sample, error) {
	s, rest, err := scanSample(text)
	if err == nil && rest != "" {
		err = fmt.Errorf("unexpected character '%c' after expression '%s'", rest[0], s.Text)
	}
	return s, err
}

// scanSample reads an expression at the start of text and returns what follows it.
func scanSample(text string) (Sample, string, error) {
	fetch, rest, err := scanCall(text)
	if err != nil {
		return Sample{}, text, err
	}
	if fetch.Name == "" {
		return Sample{}, text, fmt.Errorf("missing fetch method")
	}
	s := Sample{Fetch: fetch}
	for strings.HasPrefix(rest, ",") {
		rest = strings.TrimLeft(rest, ", ")
		if rest == "" || rest[0] == ']' {
			break
		}
		var conv Call
		if conv, rest, err = scanCall(rest); err != nil {
			return s, rest, err
		}
		if conv.Name == "" {
			break
		}
		s.Convs = append(s.Convs, conv)
	}
	s.Text = text[:len(text)-len(rest)]
	return s, rest, nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// scanCall reads name or name(args).
func scanCall(text string) (Call, string, error) {
	i := 0
	for i < len(text) && isNameByte(text[i]) {
		i++
	}
	c := Call{Name: text[:i]}
	if i == len(text) || text[i] != '(' {
		return c, text[i:], nil
	}
	args, rest, err := ScanArgs(text[i:])
	if err != nil {
		return c, rest, fmt.Errorf("%w after '%s'", err, c.Name)
	}
	c.Args, c.Parens = args, true
	return c, rest, nil
}

// ScanArgs reads "(a,b)" at the start of text: arguments are split at commas,
// both quotes and backslash work inside as at the first level, and blanks
// count (configuration manual 2.2). It returns what follows the parenthesis.
func ScanArgs(text string) ([]string, string, error) {
	var args []string
	var b strings.Builder
	quote := byte(0)
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteString(unescapeArg(text[i]))
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote = c
		case c == ',':
			args = append(args, b.String())
			b.Reset()
		case c == ')':
			if len(args) > 0 || b.Len() > 0 || i > 1 {
				args = append(args, b.String())
			}
			return args, text[i+1:], nil
		default:
			b.WriteByte(c)
		}
	}
	return nil, "", fmt.Errorf("missing closing ')'")
}

// unescapeArg returns what backslash and c mean inside parentheses.
func unescapeArg(c byte) string {
	switch c {
	case 'r':
		return "\r"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '\\', ' ', '"', '\'', ',', '(', ')':
		return string(c)
	}
	return "\\" + string(c)
}
