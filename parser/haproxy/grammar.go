package haproxy

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// document is level 1 of the grammar: lines before any section, then sections.
// The two productions below it are custom ones (headerNode, bodyNode), because
// whether a line is live depends on the .if blocks around it and on variables
// that lines above it set, and because they are the hot ones: participle sees
// one node a section and not one a word.
type document struct {
	Head     bodyNode      `parser:"@@?"`
	Sections []sectionNode `parser:"@@*"`
}

type sectionNode struct {
	Header headerNode `parser:"@@"`
	Body   bodyNode   `parser:"@@?"`
}

// headerNode is a live line whose first word opens a section.
type headerNode interface{ opens() *Section }

// bodyNode is all that follows up to the next such line.
type bodyNode interface{ follows() int }

type header struct{ *Section }

func (h header) opens() *Section { return h.Section }

type body int

func (b body) follows() int { return int(b) }

// Parse reads a file. It never stops at the first error and never panics: all
// that is wrong is in diags, and the File holds every line that can be read.
func Parse(src *source.File, opt Options, diags *diag.List) *File {
	r := newReader(src, opt, diags)
	parser, err := participle.Build[document](
		participle.Lexer(&definition{file: src, text: r.text}),
		participle.ParseTypeWith(r.parseHeader),
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

// parseHeader takes a line that opens a section.
func (r *reader) parseHeader(lex *lexer.PeekingLexer) (headerNode, error) {
	t := lex.Peek()
	if t.EOF() || !r.next(t) || !r.opens {
		return nil, participle.NextMatch
	}
	lex.Next()
	r.have = nil
	return header{r.open()}, nil
}

// parseBody takes all lines up to one that opens a section.
func (r *reader) parseBody(lex *lexer.PeekingLexer) (bodyNode, error) {
	taken := 0
	for t := lex.Peek(); !t.EOF(); t = lex.Peek() {
		if r.next(t) {
			if r.opens {
				break
			}
			r.add()
		}
		lex.Next()
		r.have = nil
		taken++
	}
	if taken == 0 {
		return nil, participle.NextMatch
	}
	return body(taken), nil
}
