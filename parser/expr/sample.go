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
	switch {
	case err != nil || rest == "":
	case len(s.Convs) == 0:
		err = fmt.Errorf("missing comma after fetch keyword")
	default:
		err = fmt.Errorf("missing comma after converter '%s'", s.Convs[len(s.Convs)-1].Name)
	}
	return s, err
}

// scanSample reads an expression at the start of text and returns what follows
// it. Commas may be repeated, and may end the text.
func scanSample(text string) (Sample, string, error) {
	fetch, rest, err := scanCall(text)
	if fetch.Name == "" {
		return Sample{}, text, fmt.Errorf("missing fetch method")
	}
	if err != nil {
		return Sample{}, text, fmt.Errorf("fetch method '%s' : %w", fetch.Name, err)
	}
	s := Sample{Fetch: fetch}
	for strings.HasPrefix(rest, ",") {
		if rest = strings.TrimLeft(rest, ","); rest == "" {
			break
		}
		conv, after, err := scanCall(rest)
		switch {
		case conv.Name == "":
			return s, rest, fmt.Errorf("unknown converter ''")
		case err != nil:
			return s, rest, fmt.Errorf("converter '%s' : %w", conv.Name, err)
		}
		rest = after
		s.Convs = append(s.Convs, conv)
	}
	s.Text = text[:len(text)-len(rest)]
	return s, rest, nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '+'
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
		return c, rest, err
	}
	c.Args, c.Parens = args, true
	return c, rest, nil
}

// ScanArgs reads "(a,b)" at the start of text: arguments are split at commas,
// both quotes work inside as at the first level, a backslash protects blanks,
// quotes and itself, and blanks count (configuration manual 2.2). It returns what follows the parenthesis.
func ScanArgs(text string) ([]string, string, error) {
	var args []string
	var b strings.Builder
	quote := byte(0)
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(text) && strings.IndexByte("rnt\\ \"'", text[i+1]) >= 0:
			i++
			b.WriteByte(unescapeArg(text[i]))
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
	return nil, "", fmt.Errorf("expected ')'")
}

// unescapeArg returns what a backslash and c mean inside parentheses; any
// other backslash stands for itself.
func unescapeArg(c byte) byte {
	switch c {
	case 'r':
		return '\r'
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}
