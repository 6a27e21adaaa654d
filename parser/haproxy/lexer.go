package haproxy

import (
	"io"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/source"
)

// Kinds of lines, the tokens of level 1. Blank lines and comments are no
// tokens: they remain in the text between two lines.
const (
	lineToken      lexer.TokenType = -(iota + 2)
	directiveToken                 // begins with a dot: .if, .notice
	scopeToken                     // begins with a bracket: [engine]
)

// definition makes tokens out of a file's text: one line, one token.
type definition struct {
	file *source.File
	text string
}

// Symbols names the tokens.
func (*definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Line": lineToken, "Directive": directiveToken, "Scope": scopeToken}
}

// Lex reads all of r.
func (*definition) Lex(_ string, r io.Reader) (lexer.Lexer, error) {
	var b strings.Builder
	_, err := io.Copy(&b, r)
	return &lineLexer{text: b.String()}, err
}

// LexString makes the lexer of a text.
func (*definition) LexString(_ string, text string) (lexer.Lexer, error) {
	return &lineLexer{text: text}, nil
}

type lineLexer struct {
	text string
	off  int // of the next line
	line int // number of the line before it
}

// Next returns the next line that is neither blank nor a comment. The token's
// value is the line without its LF; its position is that of the first byte
// which is no blank.
func (l *lineLexer) Next() (lexer.Token, error) {
	for l.off < len(l.text) {
		start, end := l.off, len(l.text)
		if n := strings.IndexByte(l.text[start:], '\n'); n >= 0 {
			end = start + n
		}
		l.off = end + 1
		l.line++
		i := start
		for i < end && isBlank(l.text[i]) {
			i++
		}
		if i == end && end < len(l.text) {
			continue
		}
		kind := lineToken
		if i < end {
			switch l.text[i] {
			case '#':
				if end < len(l.text) && strings.IndexByte(l.text[i:end], 0) < 0 {
					continue
				}
			case '.':
				kind = directiveToken
			case '[':
				kind = scopeToken
			}
		}
		return lexer.Token{Type: kind, Value: l.text[start:end], Pos: lexer.Position{Offset: start, Line: l.line, Column: i - start + 1}}, nil
	}
	return lexer.EOFToken(lexer.Position{Offset: len(l.text), Line: l.line + 1, Column: 1}), nil
}

// isBlank is C's isspace without LF, which ends lines.
func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' && c != '\n' }
