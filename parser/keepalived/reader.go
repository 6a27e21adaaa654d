package keepalived

import (
	"os"
	"path/filepath"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Codes of messages that decide the exit status of -t on their own.
const (
	// IncludeCheck is an include that failed a check it asked for: exit status 6.
	IncludeCheck diag.Code = "include-check"
)

// Options are what reading depends on besides the text.
type Options struct {
	ConfigID string // what "@id" is compared with, and ${_INSTANCE}
	// Dir is the directory that relative names of the first file's includes
	// are relative to; "" is the first file's own.
	Dir     string
	Include Check               // checks that every include makes; see include_check
	Getenv  func(string) string // ${_ENV X}; nil is os.Getenv
	// Random returns a number in [0, n) for ${_RANDOM}; nil always returns 0.
	Random func(n int) int
	// Child reads as the original's child processes do, which see the text
	// after its comments were removed: a comment that ends in a backslash does
	// not continue a definition.
	Child bool
}

// Logical is one line as the block machine sees it: without comment, with
// definitions expanded, or a brace alone.
type Logical struct {
	Text  string
	Span  source.Span // of Text if Exact, else of the physical line it came from
	Exact bool
	Brace Kind // Open, Close, or Blank for a line of words
	Top   bool // stands in the first file
	// Diags are the messages that reading this line made; they come before
	// what the block machine has to say of the line.
	Diags []diag.Diagnostic
	// Broken is set on a line with a quote that is not closed.
	Broken bool
	// Missing and Extra tell the block machine's balance; see Document.
	Extra bool // a } without any { before it
}

// Document is a configuration after reading: all files, and the logical lines.
type Document struct {
	Files []*source.File
	Trees []*File // the lossless tree of each of Files
	Lines []Logical
	// Tail holds messages made after the last line.
	Tail []diag.Diagnostic
	// IncludeFailed says that an include check failed: the program must not
	// go on to the block machine of its children (exit status 6).
	IncludeFailed bool
	// Ambiguous says that Options.Child makes a difference.
	Ambiguous bool
	// Depth is the number of blocks left open at the end.
	Depth int
}

// Limits that keep a hostile file from taking all memory; the original has none.
const (
	maxLine     = 1023    // bytes of a line without its LF (MAXBUF)
	maxDepth    = 32      // files including files
	maxFiles    = 4096    // files in all
	maxLogical  = 1 << 20 // logical lines that all files may make
	maxExpand   = 64      // rounds of substitution on one line
	maxSteps    = 1 << 18 // rounds of substitution beyond the first of each line, in all
	maxSequence = 1 << 20 // members of one ~SEQ
)

// reader is the state of one Read.
type reader struct {
	opt   Options
	doc   *Document
	defs  map[string]string // value; the lines of a multi-line one are joined by LF
	depth int               // of includes
	steps int               // expansions inside expansions so far
	full  bool              // maxLogical was reached and reported

	file *source.File
	dir  string // directory of the file being read
	line *Line
	span source.Span // of the physical line being read

	open    string // name of the multi-line definition being read
	opening bool

	pending []diag.Diagnostic // messages for the next logical line
}

// Read reads a configuration whose first file is called name and holds data.
// It never fails: what is wrong stands in the messages of the document.
func Read(name string, data []byte, opt Options) *Document {
	if opt.Getenv == nil {
		opt.Getenv = os.Getenv
	}
	if opt.Random == nil {
		opt.Random = func(int) int { return 0 }
	}
	r := &reader{opt: opt, doc: &Document{}, defs: map[string]string{}}
	dir := opt.Dir
	if dir == "" {
		dir = filepath.Dir(name)
	}
	r.readFile(source.New(name, data), dir)
	r.doc.Tail = r.pending
	return r.doc
}

// readFile reads one file; the caller restores nothing.
func (r *reader) readFile(f *source.File, dir string) {
	saveFile, saveDir, saveLine, saveSpan := r.file, r.dir, r.line, r.span
	r.file, r.dir = f, dir
	r.doc.Files = append(r.doc.Files, f)
	tree, err := Parse(f.Name, f.Data)
	if err != nil { // cannot happen: the grammar takes every text
		r.report(diag.Alert, diag.Syntax, "%s", err.Error())
		return
	}
	r.doc.Trees = append(r.doc.Trees, tree)
	for _, l := range tree.Lines {
		r.physical(l)
		if r.full {
			break
		}
	}
	r.file, r.dir, r.line, r.span = saveFile, saveDir, saveLine, saveSpan
}

// physical reads one line of a file.
func (r *reader) physical(l *Line) {
	end := l.Start
	if n := len(l.Pieces); n > 0 {
		end = l.Pieces[n-1].Off + len(l.Pieces[n-1].Raw)
	}
	r.line, r.span = l, source.Span{File: r.file, Start: int32(l.Start), End: int32(end)}
	raw := r.span.Text()
	if i := strings.IndexByte(raw, 0); i >= 0 {
		r.report(diag.Alert, diag.Syntax, "configuration appears to have embedded NULs - ignoring line").Layout = diag.Bare
		return
	}
	if len(raw) > maxLine {
		r.report(diag.Alert, diag.Syntax, "line too long - ignoring").Layout = diag.Bare
		// The original reads on in the middle of the line.
		r.logicalFrom(decomment(cut(raw[maxLine:], l.Start+maxLine)))
		return
	}
	b := decomment(l.Pieces)
	if n := len(l.Pieces); r.opening && n > 0 && l.Pieces[n-1].Kind == Comment && strings.HasSuffix(strings.TrimRight(l.Pieces[n-1].Raw, " \t"), `\`) {
		// The mark of continuation counts although it stands in a comment.
		r.doc.Ambiguous = true
		if !r.opt.Child {
			b.text += `\`
		}
	}
	r.logicalFrom(b)
}

// logicalFrom performs what stands on a line without its comment.
func (r *reader) logicalFrom(b bare) {
	if r.opening {
		r.continueDefinition(b.text)
		return
	}
	if b.text == "" {
		return
	}
	if b.broken {
		r.report(diag.Alert, diag.Syntax, "Unterminated quote '%s'", b.text)
	}
	if r.include(b.text) {
		return
	}
	r.expand(b, 0)
}

// report adds a message about the physical line; it is given out with the
// next logical line.
func (r *reader) report(s diag.Severity, c diag.Code, format string, args ...any) *diag.Diagnostic {
	var l diag.List
	var d diag.Diagnostic
	switch s {
	case diag.Alert:
		d = *l.Alertf(c, r.span, format, args...)
	case diag.Warning:
		d = *l.Warnf(c, r.span, format, args...)
	default:
		d = *l.Noticef(c, r.span, format, args...)
	}
	r.pending = append(r.pending, d)
	return &r.pending[len(r.pending)-1]
}

// emit cuts an expanded line at its braces and appends the logical lines.
func (r *reader) emit(b bare) {
	s, from := b.text, 0
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '}':
			r.logical(b, from, i, Blank)
			k := Open
			if c == '}' {
				k = Close
			}
			r.logical(b, i, i+1, k)
			from = i + 1
		}
	}
	r.logical(b, from, len(s), Blank)
}

// logical appends one logical line, s[from:to] of an expanded line.
func (r *reader) logical(b bare, from, to int, brace Kind) {
	for from < to && isBlank(b.text[from]) {
		from++
	}
	for from < to && isBlank(b.text[to-1]) {
		to--
	}
	if from == to || r.full {
		return
	}
	if len(r.doc.Lines) >= maxLogical {
		r.full = true
		r.report(diag.Alert, diag.Syntax, "the configuration expands to more than %d lines; reading stops here", maxLogical).Ours = true
		return
	}
	l := Logical{Text: b.text[from:to], Span: r.span, Exact: b.exact, Brace: brace, Broken: b.broken,
		Top: len(r.doc.Files) > 0 && r.file == r.doc.Files[0]}
	if b.exact {
		l.Span = source.Span{File: r.file, Start: int32(b.off + from), End: int32(b.off + to)}
	}
	switch brace {
	case Open:
		r.doc.Depth++
	case Close:
		r.doc.Depth--
		if r.doc.Depth < 0 {
			r.doc.Depth = 0
			l.Extra = true
			r.report(diag.Alert, diag.Syntax, "Extra '}' found")
		}
	}
	l.Diags, r.pending = r.pending, nil
	r.doc.Lines = append(r.doc.Lines, l)
}
