package haproxy

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// reader is the state of one Parse.
type reader struct {
	file  *File
	text  string // the whole source
	opt   Options
	env   *Environ
	diags *diag.List

	inBlock bool        // block and token are set
	block   lineLexer   // of the block being read
	token   lexer.Token // the line of it to be read next

	have  bool // next has looked at token
	live  bool // whether it is a live line
	opens bool // whether it opens a section
	line  Line // it

	conds   []condState
	section *Section
	lines   []Line        // of all sections: each takes a part of it
	first   int           // index in lines of the section's first
	words   []source.Word // storage of the lines' words, refilled in blocks
	scope   string
	lead    int32 // end of the last live line
	buf     []byte
	lastNo  int  // number of the last line read
	broken  bool // reading stopped in a way that still asks for .endif
	split1  splitter
}

func newReader(src *source.File, opt Options, diags *diag.List) *reader {
	if opt.IsSection == nil {
		opt.IsSection = DefaultSections
	}
	if opt.Env == nil {
		opt.Env = NewEnviron(opt.Getenv)
	}
	if opt.Cond == nil {
		opt.Cond = &CondEnv{}
	}
	r := &reader{file: &File{Source: src}, text: src.Text(), opt: opt, env: opt.Env, diags: diags}
	r.lines = make([]Line, 0, min(src.Lines(), 1<<20))
	if len(r.text) > MaxSize {
		diags.Alertf(diag.Syntax, source.Span{}, "Loading %s failed: input too large (> %d bytes)", src.Name, MaxSize).Layout = diag.Bare
		r.file.Stopped = true
	}
	return r
}

// next reads the line of token t unless it did so before, and says whether it
// is live: r.line and r.opens then describe it. Directives are performed.
func (r *reader) next(t *lexer.Token) bool {
	if r.have {
		return r.live
	}
	r.have, r.live, r.opens = true, false, false
	if r.file.Stopped {
		return false
	}
	r.lastNo = t.Pos.Line
	words, ok, whole := r.split(t)
	if !ok || len(words) == 0 {
		return false
	}
	if w := words[0].Text; w != "" && w[0] == '.' {
		r.directive(t, words, whole)
		return false
	}
	if !whole || r.dropping() {
		return false
	}
	if i := emptyWord(words); i >= 0 {
		if words = r.emptyArg(t, words, i); len(words) == 0 {
			return false
		}
	}
	if words[0].Text[0] == '[' {
		r.scopeLine(words)
		return false
	}
	start := int32(t.Pos.Offset)
	r.line = Line{Words: words, Span: source.Span{File: r.file.Source, Start: start, End: start + int32(len(t.Value))}, lead: r.lead, end: words[len(words)-1].Span.End}
	switch words[0].Text {
	case "no":
		r.line.No = true
	case "default":
		r.line.Default = true
	}
	if (r.line.No || r.line.Default) && !r.line.prefixed() {
		r.diags.Alertf(diag.BadArguments, words[0].Span, "negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.").Layout = diag.ParsingTight
		return false
	}
	r.live, r.opens = true, r.opt.IsSection(words[0].Text)
	return true
}

// open makes the section that r.line opens.
func (r *reader) open() *Section {
	r.close()
	r.section = &Section{Keyword: r.line.Words[0], Line: r.line, Scope: r.scope}
	r.file.Sections = append(r.file.Sections, r.section)
	r.taken()
	return r.section
}

// add puts r.line below the current section.
func (r *reader) add() {
	if r.section == nil {
		r.section = &Section{Scope: r.scope}
		r.file.Sections = append(r.file.Sections, r.section)
	}
	r.lines = append(r.lines, r.line)
	r.taken()
	if r.section.Keyword.Text == "global" {
		r.env.Apply(r.line.Words)
	}
}

func (r *reader) taken() {
	r.lead = r.line.Span.End
	r.file.lines++
	if r.opt.Each != nil {
		r.opt.Each(r.section, &r.line)
	}
}

// close gives the current section its lines.
func (r *reader) close() {
	if r.section != nil && len(r.lines) > r.first {
		r.section.Lines = r.lines[r.first:len(r.lines):len(r.lines)]
	}
	r.first = len(r.lines)
}

// finish ends the file.
func (r *reader) finish() {
	r.close()
	r.file.tail = r.lead
	if !r.file.Stopped {
		r.lastNo = r.file.Source.Lines()
	}
	r.endConds()
}

// scopeLine reads "[name]"; "[]" ends a scope.
func (r *reader) scopeLine(words []source.Word) {
	w := words[0]
	end := strings.IndexByte(w.Text, ']')
	if end < 0 {
		r.scope = ""
		return
	}
	r.scope = w.Text[1:end]
	rest := w.Text[end+1:]
	if rest == "" && len(words) > 1 {
		rest, w = words[1].Text, words[1]
	}
	if rest != "" {
		r.diags.Alertf(diag.Syntax, w.Span, "character '%c' is not permitted after scope declaration.", rest[0])
	}
}

// alert reports what is wrong with the line of t as a whole, in the lexer's layout.
func (r *reader) alert(t *lexer.Token, format string, args ...any) *diag.Diagnostic {
	d := r.diags.Alertf(diag.Syntax, r.span(t, 0, len(t.Value)), format, args...)
	d.Layout = diag.ParsingTight
	return d
}

// span makes the place of bytes start to end of the line of t.
func (r *reader) span(t *lexer.Token, start, end int) source.Span {
	return source.Span{File: r.file.Source, Start: int32(t.Pos.Offset + start), End: int32(t.Pos.Offset + end)}
}

// pseudo expands ${.FILE} and its kin.
func (r *reader) pseudo(name string, line int) (string, bool) {
	switch name {
	case ".FILE":
		return r.file.Source.Name, true
	case ".LINE":
		return strconv.Itoa(line), true
	case ".SECTION":
		if r.section == nil {
			return "", true
		}
		return r.section.Title(), true
	}
	return "", false
}

func emptyWord(words []source.Word) int {
	for i := range words {
		if words[i].Text == "" {
			return i
		}
	}
	return -1
}
