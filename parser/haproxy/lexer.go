package haproxy

import (
	"io"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// Kinds of lines. Blank lines and comments are no tokens: they remain in the
// text between two lines.
const (
	lineToken      lexer.TokenType = -(iota + 2)
	directiveToken                 // begins with a dot: .if, .notice
	scopeToken                     // begins with a bracket: [engine]
	blockToken                     // lines up to one that seems to open a section
)

// definition makes tokens out of a file's text: one token for the lines of a
// section, which the productions take apart. A token a line would cost more
// memory than all that is made of the lines.
type definition struct {
	isSection func(word string) bool
}

// Symbols names the tokens.
func (*definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Block": blockToken}
}

// Lex reads all of r.
func (d *definition) Lex(_ string, r io.Reader) (lexer.Lexer, error) {
	var b strings.Builder
	if _, err := io.Copy(&b, r); err != nil {
		return nil, err
	}
	return d.LexString("", b.String())
}

// LexString makes the lexer of a text.
func (d *definition) LexString(_ string, text string) (lexer.Lexer, error) {
	return &blockLexer{lineLexer: lineLexer{text: text}, isSection: d.isSection}, nil
}

// blockLexer cuts a text into blocks of one line token at least. Where a
// block ends is a guess by the first word as it is written: it only has to be
// good enough that blocks are about as long as sections.
type blockLexer struct {
	lineLexer
	isSection func(word string) bool
	next      lexer.Token // the line that opens the next block, if any
}

// Next returns the next block: its value is all text from its first line to
// where the next one begins.
func (l *blockLexer) Next() (lexer.Token, error) {
	first := l.next
	if first.Type == 0 {
		first, _ = l.lineLexer.Next()
	}
	if first.EOF() {
		return first, nil
	}
	for {
		t, _ := l.lineLexer.Next()
		end := len(l.text)
		if !t.EOF() {
			if t.Type != lineToken || !l.isSection(firstWord(t.Value[t.Pos.Column-1:])) {
				continue
			}
			end = t.Pos.Offset
		}
		l.next = t
		first.Type, first.Value = blockToken, l.text[first.Pos.Offset:end]
		return first, nil
	}
}

// firstWord returns s up to its first blank.
func firstWord(s string) string {
	for i := range len(s) {
		if isBlank(s[i]) {
			return s[:i]
		}
	}
	return s
}

// lines returns the lexer of a block's lines; text is that of the whole file.
func lines(text string, block *lexer.Token) lineLexer {
	end := block.Pos.Offset + len(block.Value)
	return lineLexer{text: text[:end], off: block.Pos.Offset, line: block.Pos.Line - 1}
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
