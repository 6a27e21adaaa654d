package keyword

import (
	"io"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/source"
)

// None is the argument struct of keywords that take no argument.
type None struct{}

// Args is the cursor over a line's words for argument structs that read them
// by hand: the hot ones (server lines, conditions) and those whose grammar is
// not context-free.
type Args struct {
	Env   *Env
	Words []source.Word
	Pos   int // index in Words of the next word
}

// More says whether words are left.
func (a *Args) More() bool { return a.Pos < len(a.Words) }

// Peek returns the next word's text without taking it; "" at the end.
func (a *Args) Peek() string {
	if a.Pos < len(a.Words) {
		return a.Words[a.Pos].Text
	}
	return ""
}

// Next takes the next word; ok is false at the end.
func (a *Args) Next() (text string, index int, ok bool) {
	if a.Pos >= len(a.Words) {
		return "", a.Pos, false
	}
	a.Pos++
	return a.Words[a.Pos-1].Text, a.Pos - 1, true
}

// Rest takes all words that are left.
func (a *Args) Rest() []source.Word {
	w := a.Words[a.Pos:]
	a.Pos = len(a.Words)
	return w
}

// ArgParser is implemented by argument structs that read their words by hand.
type ArgParser interface {
	// ParseArgs takes the words that belong to the keyword; what it leaves
	// is the next keyword's, or an error, as the table says.
	ParseArgs(*Args) error
}

// Word is the token type of level 2 of the grammar: every word of a line.
const wordToken lexer.TokenType = -2

type wordDef struct{}

// Symbols names the only token there is besides EOF.
func (wordDef) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Word": wordToken}
}

// Lex is never called: level 2 is always fed words that level 1 made.
func (wordDef) Lex(string, io.Reader) (lexer.Lexer, error) { return &wordLexer{}, nil }

type wordLexer struct {
	words []source.Word
	i     int
}

// Next returns the next word; its Pos.Offset is the word's index in the line.
func (l *wordLexer) Next() (lexer.Token, error) {
	if l.i >= len(l.words) {
		return lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: l.i, Line: 1, Column: l.i + 1}}, nil
	}
	l.i++
	return lexer.Token{Type: wordToken, Value: l.words[l.i-1].Text, Pos: lexer.Position{Offset: l.i - 1, Line: 1, Column: l.i}}, nil
}
