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
