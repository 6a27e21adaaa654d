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
	Dir string
	// Include returns the checks that every include makes which stands behind
	// so many logical lines (the -e option, and include_check); nil is none.
	Include func(lines int) Check
	Getenv  func(string) string // ${_ENV X}; nil is os.Getenv
	// Random returns a number in [0, n) for ${_RANDOM}; nil always returns 0.
	Random func(n int) int
	// Child reads as the original's child processes do, which see the text
	// after its comments were removed: a sign that a backslash kept from
	// beginning a comment begins one there, and what was a comment ends the
	// definition that it stands in.
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
	maxExpand   = 2048    // rounds of substitution on one line
	maxPending  = 64      // sequences and definitions inside each other
	maxRounds   = 1 << 15 // rounds of substitution beyond the first of each line, in all
	maxBodies   = 8       // definitions of several lines at the end of each other
	maxSteps    = 1 << 17 // lines that come out of sequences and definitions
	maxSequence = 1 << 20 // members of one ~SEQ
)

// reader is the state of one Read. Text comes from the lines of the file on
// top of files, but first from pending, whose last entry comes first.
type reader struct {
	opt   Options
	doc   *Document
	defs  map[string]string // value; the lines of a multi-line one are joined by LF
	steps int               // lines that came out of expansions so far
	round int               // rounds of substitution beyond the first of each line
	full  bool              // a limit was reached and reported

	files   []*frame
	pending []func() (bare, bool)

	span source.Span // the physical line being read

	open    string // name of the multi-line definition being read
	opening bool

	diags []diag.Diagnostic // messages for the next logical line
}

// frame is a file being read, or what is left of an include.
type frame struct {
	lines []*Line
	file  *source.File
	dir   string      // directory of the file
	span  source.Span // of the line that included it
	names []string    // files that the include has still to read
	check Check
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
	r.push(source.New(name, data), dir)
	for !r.full && r.step() {
	}
	r.doc.Tail = r.diags
	return r.doc
}

// push makes a file the one being read.
func (r *reader) push(f *source.File, dir string) {
	r.doc.Files = append(r.doc.Files, f)
	tree, err := Parse(f.Name, f.Data)
	if err != nil { // cannot happen: the grammar takes every text
		r.report(diag.Alert, diag.Syntax, "%s", err.Error())
		return
	}
	r.doc.Trees = append(r.doc.Trees, tree)
	r.files = append(r.files, &frame{lines: tree.Lines, file: f, dir: dir, span: r.span})
}

// step reads one line, pending or of a file; false at the end.
func (r *reader) step() bool {
	if n := len(r.pending); n > 0 {
		b, ok := r.pending[n-1]()
		if !ok {
			r.pending = r.pending[:n-1]
			return true
		}
		if r.more() {
			r.perform(b)
		}
		return true
	}
	n := len(r.files)
	if n == 0 {
		return false
	}
	switch f := r.files[n-1]; {
	case len(f.names) > 0:
		name := f.names[0]
		f.names = f.names[1:]
		r.includeFile(name, f.check)
	case len(f.lines) > 0:
		l := f.lines[0]
		f.lines = f.lines[1:]
		r.physical(f.file, l)
	default:
		r.files, r.span = r.files[:n-1], f.span
	}
	return true
}

// more counts one more step of expansion; false once there were too many.
func (r *reader) more() bool {
	if r.steps++; r.steps <= maxSteps {
		return true
	}
	if !r.full {
		r.full = true
		r.report(diag.Alert, diag.Syntax, "definitions and sequences expand more than %d times; reading stops here", maxSteps).Ours = true
	}
	return false
}

// later makes a supply of lines the next to be read.
func (r *reader) later(next func() (bare, bool)) {
	if len(r.pending) >= maxPending {
		r.full = true
		r.report(diag.Alert, diag.Syntax, "sequences and definitions are nested too deeply; reading stops here").Ours = true
		return
	}
	r.pending = append(r.pending, next)
}

// physical reads one line of a file.
func (r *reader) physical(f *source.File, l *Line) {
	end := l.Start
	if n := len(l.Pieces); n > 0 {
		end = l.Pieces[n-1].Off + len(l.Pieces[n-1].Raw)
	}
	r.span = source.Span{File: f, Start: int32(l.Start), End: int32(end)}
	raw := r.span.Text()
	if i := strings.IndexByte(raw, 0); i >= 0 {
		r.report(diag.Alert, diag.Syntax, "configuration appears to have embedded NULs - ignoring line").Layout = diag.Bare
		return
	}
	pieces := l.Pieces
	if len(raw) > maxLine {
		r.report(diag.Alert, diag.Syntax, "line too long - ignoring").Layout = diag.Bare
		// The original reads on in the middle of the line.
		pieces = cut(raw[maxLine:], l.Start+maxLine)
	}
	b := decomment(pieces)
	if b.again {
		r.doc.Ambiguous = true
		if r.opt.Child {
			t := decomment(cut(b.text, b.off))
			b.text, b.open, b.exact = t.text, t.open, false
		}
	}
	switch {
	case r.opening:
		if b.text == "" && raw != "" {
			r.doc.Ambiguous = true
			if !r.opt.Child {
				return
			}
		}
		r.continueDefinition(b.text)
		return
	case b.broken && b.text != "":
		r.report(diag.Alert, diag.Syntax, "Unterminated quote '%s'", b.open)
	}
	r.perform(b)
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
	r.diags = append(r.diags, d)
	return &r.diags[len(r.diags)-1]
}

// emit appends what stands before the line's first brace, and the brace; what
// stands behind it is read as a line of its own.
func (r *reader) emit(b bare) {
	s := b.text
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '}':
			r.logical(b, 0, i, Blank)
			k := Open
			if c == '}' {
				k = Close
			}
			r.logical(b, i, i+1, k)
			rest := b
			rest.expanded = true
			rest.text = strings.TrimLeft(s[i+1:], blanks)
			rest.off += len(s) - len(rest.text)
			if rest.text != "" {
				r.once(rest)
			}
			return
		}
	}
	r.logical(b, 0, len(s), Blank)
}

// once makes one line the next to be read.
func (r *reader) once(b bare) {
	done := false
	r.pending = append(r.pending, func() (bare, bool) {
		if done {
			return bare{}, false
		}
		done = true
		r.steps-- // it was a line before
		return b, true
	})
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
		Top: r.span.File == r.doc.Files[0]}
	if b.exact {
		l.Span = source.Span{File: r.span.File, Start: int32(b.off + from), End: int32(b.off + to)}
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
	l.Diags, r.diags = r.diags, nil
	r.doc.Lines = append(r.doc.Lines, l)
}
