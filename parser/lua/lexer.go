// Package lua reads the text of Lua 5.3 (reference manual, chapter 3 and 9)
// into the syntax tree of gopher-lua, whose own reader knows 5.1 only: integer
// division, operators on bits, escapes and numbers of 5.3 become what a 5.1
// machine can run. What is wrong with a text is said in the words of Lua's own
// compiler, for the configuration check repeats them.
package lua

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a text that is no Lua program.
type Error struct {
	Chunk string // name of the text
	Line  int
	Text  string
}

// Error says "chunk:line: text".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.Chunk, e.Line, e.Text) }

// kind is the kind of a token: a word or sign as it is written, or one of the
// kinds below.
type kind string

const (
	tName   kind = "<name>"
	tString kind = "<string>"
	tNumber kind = "<number>"
	tEOF    kind = "<eof>"
)

type token struct {
	kind kind
	text string // of names and strings their value, of numbers their text
	raw  string // as written, for messages
	line int
}

var reserved = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true,
	"function": true, "goto": true, "if": true, "in": true, "local": true, "nil": true, "not": true, "or": true,
	"repeat": true, "return": true, "then": true, "true": true, "until": true, "while": true,
}

// signs are the operators and delimiters, the longest first.
var signs = []string{
	"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>",
	"+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
}

type lexer struct {
	chunk string
	src   string
	pos   int
	line  int
}

// fail ends the reading; Parse returns it.
func (l *lexer) fail(line int, near, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if near != "" {
		if near != string(tEOF) {
			near = "'" + near + "'"
		}
		text += " near " + near
	}
	panic(&Error{l.chunk, line, text})
}

// next returns the next token.
func (l *lexer) next() token {
	l.blanks()
	if l.pos >= len(l.src) {
		return token{kind: tEOF, raw: string(tEOF), line: l.line}
	}
	start, line := l.pos, l.line
	c := l.src[l.pos]
	switch {
	case isLetter(c):
		for l.pos < len(l.src) && (isLetter(l.src[l.pos]) || isDigit(l.src[l.pos])) {
			l.pos++
		}
		w := l.src[start:l.pos]
		if reserved[w] {
			return token{kind: kind(w), raw: w, line: line}
		}
		return token{kind: tName, text: w, raw: w, line: line}
	case isDigit(c) || c == '.' && l.pos+1 < len(l.src) && isDigit(l.src[l.pos+1]):
		w := l.number()
		return token{kind: tNumber, text: w, raw: w, line: line}
	case c == '"' || c == '\'':
		s := l.quoted(c)
		return token{kind: tString, text: s, raw: l.src[start:l.pos], line: l.line}
	case c == '[':
		if level, ok := l.long(); ok {
			s := l.longText(level, "string", line)
			return token{kind: tString, text: s, raw: l.src[start:l.pos], line: l.line}
		}
	}
	for _, s := range signs {
		if strings.HasPrefix(l.src[l.pos:], s) {
			l.pos += len(s)
			return token{kind: kind(s), raw: s, line: line}
		}
	}
	_, n := utf8.DecodeRuneInString(l.src[l.pos:])
	near := l.src[l.pos : l.pos+n]
	if c >= 0x80 || c < ' ' {
		near = fmt.Sprintf("<\\%d>", c)
	}
	l.pos++
	return token{kind: kind(near), raw: near, line: line}
}

// blanks skips white space and comments.
func (l *lexer) blanks() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '\n':
			l.line++
			l.pos++
		case c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f':
			l.pos++
		case strings.HasPrefix(l.src[l.pos:], "--"):
			l.pos += 2
			if l.pos < len(l.src) && l.src[l.pos] == '[' {
				if level, ok := l.long(); ok {
					l.longText(level, "comment", l.line)
					continue
				}
			}
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
		default:
			return
		}
	}
}

// long says whether a long bracket opens at the bracket at pos, and at which level.
func (l *lexer) long() (level int, ok bool) {
	i := l.pos + 1
	for i < len(l.src) && l.src[i] == '=' {
		i++
	}
	return i - l.pos - 1, i < len(l.src) && l.src[i] == '['
}

func (l *lexer) longText(level int, what string, line int) string {
	l.pos += level + 2
	end := "]" + strings.Repeat("=", level) + "]"
	n := strings.Index(l.src[l.pos:], end)
	if n < 0 {
		l.line += strings.Count(l.src[l.pos:], "\n")
		l.pos = len(l.src)
		l.fail(l.line, string(tEOF), "unfinished long %s (starting at line %d)", what, line)
	}
	s := l.src[l.pos : l.pos+n]
	l.pos += n + len(end)
	l.line += strings.Count(s, "\n")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimPrefix(s, "\n")
}

func (l *lexer) number() string {
	start := l.pos
	exp := "eE"
	if rest := l.src[l.pos:]; strings.HasPrefix(rest, "0x") || strings.HasPrefix(rest, "0X") {
		exp = "pP"
		l.pos += 2
	}
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case strings.IndexByte(exp, c) >= 0:
			l.pos++
			if l.pos < len(l.src) && (l.src[l.pos] == '+' || l.src[l.pos] == '-') {
				l.pos++
			}
		case isDigit(c) || isLetter(c) || c == '.':
			l.pos++
		default:
			return l.src[start:l.pos]
		}
	}
	return l.src[start:l.pos]
}

// quoted reads a string in quotes with its escapes.
func (l *lexer) quoted(quote byte) string {
	start := l.pos
	l.pos++
	var b []byte
	for {
		if l.pos >= len(l.src) {
			l.fail(l.line, string(tEOF), "unfinished string")
		}
		c := l.src[l.pos]
		switch c {
		case quote:
			l.pos++
			return string(b)
		case '\n':
			l.fail(l.line, l.src[start:l.pos], "unfinished string")
		case '\\':
			b = l.escape(b, start)
		default:
			b = append(b, c)
			l.pos++
		}
	}
}

var plainEscapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\', '"': '"', '\'': '\''}

// escape appends what the escape at pos stands for.
func (l *lexer) escape(b []byte, start int) []byte {
	l.pos++
	if l.pos >= len(l.src) {
		l.fail(l.line, string(tEOF), "unfinished string")
	}
	c := l.src[l.pos]
	if p, ok := plainEscapes[c]; ok {
		l.pos++
		return append(b, p)
	}
	bad := func(n int, text string) {
		l.fail(l.line, l.src[start:min(l.pos+n, len(l.src))], "%s", text)
	}
	switch {
	case c == '\n' || c == '\r':
		if c == '\r' && strings.HasPrefix(l.src[l.pos:], "\r\n") {
			l.pos++
		}
		l.line++
		l.pos++
		return append(b, '\n')
	case c == 'x':
		if l.pos+3 > len(l.src) {
			bad(2, "hexadecimal digit expected")
		}
		n, err := strconv.ParseUint(l.src[l.pos+1:l.pos+3], 16, 8)
		if err != nil {
			bad(2, "hexadecimal digit expected")
		}
		l.pos += 3
		return append(b, byte(n))
	case c == 'z':
		l.pos++
		for l.pos < len(l.src) && strings.IndexByte(" \t\r\n\v\f", l.src[l.pos]) >= 0 {
			if l.src[l.pos] == '\n' {
				l.line++
			}
			l.pos++
		}
		return b
	case isDigit(c):
		n, i := 0, 0
		for i < 3 && l.pos+i < len(l.src) && isDigit(l.src[l.pos+i]) {
			n = n*10 + int(l.src[l.pos+i]-'0')
			i++
		}
		if n > 255 {
			bad(i+1, "decimal escape too large")
		}
		l.pos += i
		return append(b, byte(n))
	case c == 'u':
		rest := l.src[l.pos+1:]
		end := strings.IndexByte(rest, '}')
		if !strings.HasPrefix(rest, "{") || end < 0 {
			bad(2, "missing '{' in \\u{xxxx}")
		}
		n, err := strconv.ParseUint(rest[1:end], 16, 32)
		if err != nil || n > utf8.MaxRune {
			bad(end+2, "UTF-8 value too large")
		}
		l.pos += end + 2
		return utf8.AppendRune(b, rune(n))
	}
	bad(1, "invalid escape sequence")
	return nil
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
