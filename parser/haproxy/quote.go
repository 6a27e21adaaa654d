package haproxy

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// wordBlock is how many words are allocated at once.
const wordBlock = 4096

// splitter cuts one line into words.
type splitter struct {
	*reader
	t     *lexer.Token
	s     string // the line
	i     int    // next byte of s
	words []source.Word

	start  int  // of the word being read
	in     bool // within a word
	plain  bool // the word is so far s[start:i]
	wide   bool // the line has bytes outside ASCII and outside quotes
	failed bool

	noComments bool   // '#' is a character like others
	unset      string // first variable that is not set
	hint       int    // byte at which an empty argument is reported; -1: where it begins
	hintVar    bool   // hint is that variable's name
	cut        int    // byte at which the original's echo of the line ends; -1: nowhere
}

// NoFinalLF is the release that refuses a last line without LF.
const NoFinalLF = "2.3"

// split cuts the line of t into words: blanks, both quotes, escapes, comments
// and variables (configuration manual 2.2, 2.3). ok is false where it reported
// an error; whole is false where a NUL ends the line, which is an error too,
// but lets conditions be read. A last line without LF is taken with a warning.
func (r *reader) split(t *lexer.Token) (words []source.Word, ok, whole bool) {
	if cap(r.words)-len(r.words) < MaxWords+1 {
		r.words = make([]source.Word, 0, wordBlock)
	}
	s := &r.split1
	*s = splitter{reader: r, t: t, s: t.Value, i: t.Pos.Column - 1, words: r.words[len(r.words):], hint: -1, cut: -1}
	whole = true
	ends := t.Pos.Offset+len(s.s) < len(r.text)
	if n := strings.IndexByte(s.s, 0); n >= 0 {
		if t.Pos.Offset+len(s.s)+1 < len(r.text) {
			d := r.alert(t, "Stray NUL character at position %d.", n+1)
			d.Span, d.Hint = r.span(t, n, n+1), "delete the NUL: the file may be damaged, or not be text in UTF-8"
			r.file.Stopped, r.broken = true, true
			return nil, false, true
		}
		s.s, whole, ends = s.s[:n], false, true
	}
	s.run()
	if !s.failed && len(s.words) > MaxWords {
		s.tooMany()
	}
	switch at := len(s.s); {
	case !ends: // of 1.x and 2.0, which read it; 2.2 warned
		text := fmt.Sprintf("Missing LF on last line, file might have been truncated at position %d", at+1)
		r.diags.Tolerate(diag.Diagnostic{
			Code: diag.RemovedWord, Layout: diag.ParsingTight, Span: r.span(t, max(at-1, 0), at),
			Text: text + fmt.Sprintf(": HAProxy %s and later refuse that. It is accepted here.", NoFinalLF), Hint: "end the last line with a line feed",
		}, diag.Diagnostic{Layout: diag.ParsingTight, Code: diag.Syntax, Text: text + "."})
	case !whole:
		d := r.alert(t, "Missing LF on last line, file might have been truncated at position %d.", at+1)
		d.Span, d.Hint = r.span(t, max(at-1, 0), at), "end the last line with a line feed"
	}
	if s.failed {
		return nil, false, whole
	}
	n := len(s.words)
	if n > 0 && &s.words[0] == &r.words[len(r.words):cap(r.words)][0] {
		r.words = r.words[:len(r.words)+n]
	}
	return s.words[:n:n], true, whole
}

// tooMany refuses a line of more words than the original has room for.
func (s *splitter) tooMany() {
	at := 1 // as if the words stood with one blank between them
	for _, w := range s.words[:MaxWords-1] {
		at += len(w.Text) + 1
	}
	w := s.words[MaxWords-1]
	d := s.alert(s.t, "too many words, truncating after word %d, position %d: <%s>.", MaxWords, at, w.Text)
	d.Span = w.Span
	s.failed = true
}

// run is the loop over the line's bytes.
func (s *splitter) run() {
	for s.i < len(s.s) && !s.failed {
		c := s.s[s.i]
		switch {
		case c > '\\' || c >= '(' && c < '\\':
			s.begin()
			s.wide = s.wide || c >= 0xc2
			s.i++
			if !s.plain {
				s.buf = append(s.buf, c)
			}
		case c == '\r':
			s.end()
			return
		case isBlank(c):
			s.end()
			s.i++
		case c == '#' && !s.noComments:
			s.end()
			return
		case c == '"':
			s.weak()
		case c == '\'':
			s.strong()
		case c == '\\':
			s.begin()
			s.escape(false)
		default:
			s.begin()
			s.i++
			if !s.plain {
				s.buf = append(s.buf, c)
			}
		}
	}
	if !s.failed {
		s.end()
	}
}

// begin starts a word unless one is being read.
func (s *splitter) begin() {
	if !s.in {
		s.in, s.plain, s.start = true, true, s.i
	}
}

// cook turns the word being read from a piece of the source into a copy.
func (s *splitter) cook() {
	s.begin()
	if s.plain {
		s.plain = false
		s.buf = append(s.buf[:0], s.s[s.start:s.i]...)
	}
}

// end ends the word being read, if any.
func (s *splitter) end() {
	if !s.in {
		return
	}
	s.in = false
	if s.plain {
		text := s.s[s.start:s.i]
		if s.wide {
			s.foreign(s.t, s.start, s.i)
		}
		s.emit(text)
		return
	}
	if len(s.buf) > 0 && s.hint >= 0 && !s.hintVar {
		s.hint = -1
	}
	text := string(s.buf)
	if n := strings.IndexByte(text, 0); n >= 0 {
		text = text[:n] // of "\x00": the original's strings end there
	}
	s.emit(text)
}

// emit adds a word. Words beyond the limit are only counted.
func (s *splitter) emit(text string) {
	if len(s.words) <= MaxWords {
		s.words = append(s.words, source.Word{Text: text, Span: s.span(s.t, s.start, s.i)})
	}
}

// closed notes a closing quote at byte at: where the word is empty so far,
// this is what a message about it points at.
func (s *splitter) closed(at int) {
	if s.in && len(s.buf) == 0 && s.hint < 0 {
		s.hint = at
	}
}

// strong reads '…'.
func (s *splitter) strong() {
	s.cook()
	n := strings.IndexAny(s.s[s.i+1:], "'\r")
	if n < 0 || s.s[s.i+1+n] == '\r' {
		s.fail(s.i, "unmatched quote")
		return
	}
	s.buf = append(s.buf, s.s[s.i+1:s.i+1+n]...)
	s.i += n + 2
	s.closed(s.i - 1)
}

// weak reads "…".
func (s *splitter) weak() {
	open := s.i
	s.cook()
	s.i++
	for s.i < len(s.s) && !s.failed {
		switch c := s.s[s.i]; c {
		case '"':
			s.closed(s.i)
			s.i++
			return
		case '\\':
			s.escape(true)
		case '$':
			s.variable()
		case '\r':
			s.fail(open, "unmatched quote")
		default:
			s.in = true
			s.buf = append(s.buf, c)
			s.i++
		}
	}
	if !s.failed {
		s.fail(open, "unmatched quote")
	}
}

// escape reads a backslash and what belongs to it.
func (s *splitter) escape(quoted bool) {
	if s.i+1 >= len(s.s) {
		s.put(1, '\\')
		return
	}
	switch c := s.s[s.i+1]; c {
	case '\\', ' ', '\t', '#', '"', '\'':
		s.put(2, c)
	case '$':
		if quoted {
			s.put(2, c)
		} else {
			s.put(1, '\\')
		}
	case 't':
		s.put(2, '\t')
	case 'n':
		s.put(2, '\n')
	case 'r':
		s.put(2, '\r')
	case 'x':
		if s.i+3 >= len(s.s) || source.HexDigit(s.s[s.i+2]) < 0 || source.HexDigit(s.s[s.i+3]) < 0 {
			s.fail(s.i, "truncated or invalid hexadecimal sequence")
			return
		}
		s.put(4, byte(source.HexDigit(s.s[s.i+2])<<4|source.HexDigit(s.s[s.i+3])))
	default:
		s.put(1, '\\')
	}
}

// put adds c to the word in place of the next n bytes of the line.
func (s *splitter) put(n int, c byte) {
	s.cook()
	s.buf = append(s.buf, c)
	s.i += n
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// variable reads $X, ${X}, ${X-default}, ${X[*]} and the pseudo variables.
func (s *splitter) variable() {
	i := s.i + 1
	brace := i < len(s.s) && s.s[i] == '{'
	if brace {
		i++
	}
	first := i
	if i < len(s.s) && s.s[i] == '.' {
		i++
	}
	if i >= len(s.s) || !isNameByte(s.s[i]) || s.s[i] >= '0' && s.s[i] <= '9' {
		s.fail(first, "forbidden first char in environment variable name")
		return
	}
	for i < len(s.s) && isNameByte(s.s[i]) {
		i++
	}
	name := s.s[first:i]
	fallback, cut, many := "", -1, false
	if brace {
		var ok bool
		if i, fallback, cut, many, ok = s.braces(first, i); !ok {
			return
		}
	}
	value, set := "", true
	if name[0] == '.' {
		if value, set = s.pseudo(name, s.t.Pos.Line); !set {
			s.cut = first + len(name)
			s.fail(first, "forbidden first char in environment variable name")
			return
		}
	} else {
		value, set = s.env.Lookup(name)
	}
	if cut >= 0 {
		s.cut = cut
	}
	switch {
	case set:
	case cut >= 0:
		value = fallback
	case !many:
		if s.hint < 0 {
			s.hint, s.hintVar = first, true
		}
		if s.unset == "" {
			s.unset = name
		}
	}
	s.i = i
	if many {
		s.expandWords(value)
		return
	}
	s.buf = append(s.buf, value...)
	s.in = true
}

// braces reads what may follow a name within braces, which begin before byte
// first: "[*]", "-default", and the closing brace. cut is where the default
// ends, or -1.
func (s *splitter) braces(first, i int) (end int, fallback string, cut int, many, ok bool) {
	cut = -1
	if strings.HasPrefix(s.s[i:], "[") {
		if !strings.HasPrefix(s.s[i:], "[*]") {
			s.fail(i, "truncated or invalid word expansion sequence")
			return
		}
		many = true
		i += 3
	}
	if strings.HasPrefix(s.s[i:], "-") {
		if n := strings.IndexByte(s.s[i:], '}'); n >= 0 {
			fallback = s.s[i+1 : i+n]
			i += n
			cut = i
		}
	}
	if i >= len(s.s) || s.s[i] != '}' {
		s.fail(first-1, "unmatched brace in environment variable name")
		return
	}
	return i + 1, fallback, cut, many, true
}

// expandWords adds a value whose blanks end words. A value without words
// makes no word at all.
func (s *splitter) expandWords(value string) {
	blank := func(c byte) bool { return isBlank(c) || c == '\n' }
	for i := 0; i < len(value); {
		if !blank(value[i]) {
			s.in = true
			s.buf = append(s.buf, value[i])
			i++
			continue
		}
		for i < len(value) && blank(value[i]) {
			i++
		}
		if len(s.buf) > 0 {
			s.emit(string(s.buf))
			s.buf, s.in = s.buf[:0], false
		}
	}
	s.in = s.in && len(s.buf) > 0
}

// fail reports an error at byte at of the line, with the caret lines.
func (s *splitter) fail(at int, text string) {
	s.failed = true
	d := s.diags.Alertf(diag.Syntax, s.span(s.t, min(at, len(s.s)), min(at+1, len(s.s))), "%s at position %d:", text, at+1)
	d.Layout = diag.ParsingTight
	d.Extra = caret(s.echo(), at)
}

// echo returns the line as the original echoes it: a default value of a
// variable ends it.
func (s *splitter) echo() string {
	if s.cut > 0 {
		return s.s[:s.cut]
	}
	return s.s
}

// Widths of the echo of a line: it has 80 columns, and where the caret would
// stand beyond them it stands in column 40.
const (
	echoWidth = 80
	echoCaret = 40
)

// caret returns a line, its blanks as spaces and all that is not printable
// ASCII as '?', and a line with a caret below byte at of it.
func caret(line string, at int) []string {
	lead := 0
	for lead < len(line) && lead < at && isBlank(line[lead]) {
		lead++
	}
	line, at = line[lead:], at-lead
	pre, post := "", ""
	if at >= echoWidth {
		pre, post = "...", "..."
		from := min(at-echoCaret+len(pre), len(line))
		line, at = line[from:], echoCaret
	}
	out := []byte(pre + line[:min(len(line), echoWidth-len(pre)-len(post))] + post)
	for i, c := range out {
		switch {
		case isBlank(c) || c == '\n':
			out[i] = ' '
		case c < ' ' || c >= 0x7f:
			out[i] = '?'
		}
	}
	return []string{"  " + string(out), strings.Repeat(" ", at+2) + "^"}
}

// emptyArgument is the advice below the message.
const emptyArgument = "Aborting to prevent all subsequent arguments from being silently ignored. If this is caused by an environment variable expansion, please have a look at section 2.3 of the configuration manual to find solutions to address this."

// emptyArg reports word i, which is empty and ends the list of arguments.
// It returns the words that are left to read.
func (r *reader) emptyArg(t *lexer.Token, words []source.Word, i int) []source.Word {
	s := &r.split1
	if i == 0 {
		return nil // the original skips such a line without a word
	}
	at := s.hint
	if at < 0 {
		at = int(words[i].Span.Start) - t.Pos.Offset
	}
	d := diag.Diagnostic{Severity: diag.Alert, Code: diag.Syntax, Layout: diag.ParsingTight, Span: words[i].Span,
		Text:  fmt.Sprintf("argument number %d at position %d is empty and marks the end of the argument list:", i, at+1),
		Extra: append(caret(s.echo(), at), emptyArgument)}
	if name := s.unset; name != "" {
		d.Hint = "the variable " + name + " is not set: set it, or write \"${" + name + "-default}\""
	}
	if r.opt.EmptyArgs {
		d.Severity = diag.Warning
		r.diags.Add(d)
		return words[:i]
	}
	r.diags.Add(d)
	return nil
}
