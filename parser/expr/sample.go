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
	Open   bool // the closing parenthesis is missing

	text   string // from the opening parenthesis to the end of all text
	starts []int  // where each argument begins in it
}

// From returns the text from argument n to the end of the whole string, as
// messages show it: with the comma before it.
func (c *Call) From(n int) string {
	if n >= len(c.starts) {
		return ""
	}
	return c.text[c.starts[n]-min(n, 1):]
}

// Sample is a sample expression: a fetch and the converters behind it
// (configuration manual 7.1).
type Sample struct {
	Text  string
	Index int // of the word in its line
	Fetch Call
	Convs []Call

	// Bad, if set, is what is wrong behind the last of these; whoever compiles
	// the expression tells it where he finds no fault before.
	Bad error
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
	case err != nil || rest == "" || s.Bad != nil:
	case len(s.Convs) == 0:
		s.Bad = fmt.Errorf("missing comma after fetch keyword")
	default:
		s.Bad = fmt.Errorf("missing comma after converter '%s'", s.Convs[len(s.Convs)-1].Name)
	}
	return s, err
}

// scanSample reads an expression at the start of text and returns what follows
// it. Commas may be repeated, and may end the text.
func scanSample(text string) (Sample, string, error) {
	fetch, rest := scanCall(text)
	if fetch.Name == "" {
		return Sample{}, text, fmt.Errorf("missing fetch method")
	}
	s := Sample{Fetch: fetch}
	for strings.HasPrefix(rest, ",") {
		if rest = strings.TrimLeft(rest, ","); rest == "" {
			break
		}
		conv, after := scanCall(rest)
		if conv.Name == "" {
			s.Bad = fmt.Errorf("unknown converter ''")
			break
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

// scanCall reads name or name(args). That a parenthesis is not closed is for
// whoever knows the arguments to tell: what is wrong with them goes first.
func scanCall(text string) (Call, string) {
	i := 0
	for i < len(text) && isNameByte(text[i]) {
		i++
	}
	c := Call{Name: text[:i]}
	if i == len(text) || text[i] != '(' {
		return c, text[i:]
	}
	var rest string
	c.text, c.Parens = text[i:], true
	c.Args, c.starts, rest, c.Open = scanArgs(c.text)
	return c, rest
}

// scanArgs reads "(a,b)" at the start of text: arguments are split at commas,
// both quotes work inside as at the first level, a backslash protects blanks,
// quotes and itself, and blanks count (configuration manual 2.2). It returns
// the arguments with the places where they begin, what follows the
// parenthesis, and whether that is missing.
func scanArgs(text string) (args []string, starts []int, rest string, open bool) {
	var b strings.Builder
	quote := byte(0)
	start := 1
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
			args, starts = append(args, b.String()), append(starts, start)
			start = i + 1
			b.Reset()
		case c == ')':
			if len(args) > 0 || i > 1 {
				args, starts = append(args, b.String()), append(starts, start)
			}
			return args, starts, text[i+1:], false
		default:
			b.WriteByte(c)
		}
	}
	if len(text) > 1 {
		args, starts = append(args, b.String()), append(starts, start)
	}
	return args, starts, "", true
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
