package haproxy

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// document is level 1 of the grammar: lines before any section, then sections.
// The two productions below it are custom ones (bodyNode, sectionNode), because
// whether a line is live depends on the .if blocks around it and on variables
// that lines above it set, and because they are the hot ones: participle sees
// one node a section and not one a word.
type document struct {
	Head     bodyNode      `parser:"@@?"`
	Sections []sectionNode `parser:"@@*"`
}

// bodyNode is all lines up to one that opens a section.
type bodyNode interface{ follows() int }

// sectionNode is a live line whose first word opens a section, and the body
// behind it.
type sectionNode interface{ opens() *Section }

type body int

func (b body) follows() int { return int(b) }

type opened struct{ *Section }

func (o opened) opens() *Section { return o.Section }

// Parse reads a file. It never stops at the first error and never panics: all
// that is wrong is in diags, and the File holds every line that can be read.
func Parse(src *source.File, opt Options, diags *diag.List) *File {
	r := newReader(src, opt, diags)
	parser, err := participle.Build[document](
		participle.Lexer(&definition{isSection: r.opt.IsSection}),
		participle.ParseTypeWith(r.parseSection),
		participle.ParseTypeWith(r.parseBody),
	)
	if err == nil {
		_, err = parser.ParseString(src.Name, r.text)
	}
	if err != nil {
		diags.Alertf(diag.Syntax, source.Span{File: src}, "%s", err)
	}
	r.finish()
	return r.file
}

// parseSection takes a line that opens a section, and all below it.
func (r *reader) parseSection(lex *lexer.PeekingLexer) (sectionNode, error) {
	t := r.peek(lex)
	if t == nil || !r.next(t) || !r.opens {
		return nil, participle.NextMatch
	}
	s := r.open()
	r.advance(lex)
	r.body(lex)
	return opened{s}, nil
}

// parseBody takes all lines up to one that opens a section.
func (r *reader) parseBody(lex *lexer.PeekingLexer) (bodyNode, error) {
	if n := r.body(lex); n > 0 {
		return body(n), nil
	}
	return nil, participle.NextMatch
}

// body is parseBody; it returns how many lines it took.
func (r *reader) body(lex *lexer.PeekingLexer) (taken int) {
	for t := r.peek(lex); t != nil; t = r.peek(lex) {
		if r.next(t) {
			if r.opens {
				break
			}
			r.add()
		}
		r.advance(lex)
		taken++
	}
	return taken
}

// peek returns the line that is to be read next, nil at the end of the file.
func (r *reader) peek(lex *lexer.PeekingLexer) *lexer.Token {
	block := lex.Peek()
	if block.EOF() {
		return nil
	}
	if !r.inBlock {
		r.inBlock, r.have, r.block = true, false, lines(r.text, block)
		r.token, _ = r.block.Next()
	}
	return &r.token
}

// advance goes to the line behind the one that peek returned. A block is taken
// with its last line: participle never goes back into one.
func (r *reader) advance(lex *lexer.PeekingLexer) {
	r.have = false
	if r.token, _ = r.block.Next(); r.token.EOF() {
		r.inBlock = false
		lex.Next()
	}
}
