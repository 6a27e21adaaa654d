// Package keepalived reads the text of keepalived configurations. It knows
// lines, quotes, comments, braces, includes, definitions, sequences and
// conditionals, but no keyword.
//
// Level 1, Parse, is lossless: the File it returns prints back to the bytes
// that were read. Level 2, Read, performs the line reader of the original
// (keepalived.conf(5), "CONFIGURATION PARSER"): it follows includes, expands
// definitions and yields the logical lines that the block machine consumes.
package keepalived

import (
	"io"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// File is one file as it stands, line by line.
type File struct {
	Lines []*Line `parser:"@@*"`
}

// Line is one physical line, cut into pieces that together are its bytes.
type Line struct {
	Pieces []Piece
	EOL    string // "\n", "\r\n" or "" on a last line without one
	Start  int    // offset of its first byte in the file
}

// Piece is a run of bytes of one kind.
type Piece struct {
	Kind Kind
	Raw  string
	Off  int // offset in the file
}

// Kind says what a piece is.
type Kind uint8

// The kinds of pieces.
const (
	Blank   Kind = iota // spaces, tabs, form feeds, carriage returns
	Text                // what stands outside quotes
	Quoted              // from " to the next ", both included
	Open                // {
	Close               // }
	Comment             // from ! or # to the end of the line
	Broken              // from a " that nothing closes to the end of the line
	Escaped             // \# or \! outside quotes: the sign itself
)

// Token types of level 1: the kinds of pieces, and the end of a line.
const (
	tokenPiece lexer.TokenType = -2 - lexer.TokenType(iota)
	tokenEOL
)

// definition is the hand-written lexer of level 1.
type definition struct{}

// Symbols names the tokens for participle.
func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Piece": tokenPiece, "EOL": tokenEOL}
}

// Lex reads everything and cuts it.
func (d definition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(name, string(data))
}

// LexString cuts s without copying it.
func (definition) LexString(name string, s string) (lexer.Lexer, error) {
	return &stream{name: name, s: s, line: 1}, nil
}

// stream hands out physical lines one token at a time: a Piece token is all
// of a line but its end, since Line.Parse cuts it further.
type stream struct {
	name string
	s    string
	off  int
	line int
	body bool // the body of the current line was handed out
}

// Next returns the body of a line, then its end.
func (l *stream) Next() (lexer.Token, error) {
	pos := lexer.Position{Filename: l.name, Offset: l.off, Line: l.line, Column: 1}
	if l.off >= len(l.s) {
		return lexer.Token{Type: lexer.EOF, Pos: pos}, nil
	}
	n := endOfLine(l.s[l.off:])
	if n > 0 && !l.body {
		l.body = true
		v := l.s[l.off : l.off+n]
		l.off += n
		return lexer.Token{Type: tokenPiece, Value: v, Pos: pos}, nil
	}
	l.body = false
	w := 1
	if l.s[l.off] == '\r' {
		w = 2
	}
	v := l.s[l.off : l.off+w]
	l.off += w
	l.line++
	return lexer.Token{Type: tokenEOL, Value: v, Pos: pos}, nil
}

// endOfLine returns the length of the line at the start of s without its LF or CR LF.
func endOfLine(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' || s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			return i
		}
	}
	return len(s)
}

// Parse makes a Line of the next tokens; it implements participle.Parseable.
func (l *Line) Parse(lex *lexer.PeekingLexer) error {
	t := lex.Peek()
	if t.EOF() {
		return participle.NextMatch
	}
	l.Start = t.Pos.Offset
	if t.Type == tokenPiece {
		l.Pieces = cut(t.Value, t.Pos.Offset)
		lex.Next()
		t = lex.Peek()
	}
	if t.Type == tokenEOL {
		l.EOL = t.Value
		lex.Next()
	}
	return nil
}

var parser = participle.MustBuild[File](participle.Lexer(definition{}))

// Parse reads the lines of a file. No input is refused.
func Parse(name string, data []byte) (*File, error) { return parser.ParseString(name, string(data)) }
