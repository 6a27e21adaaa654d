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
	t      *lexer.Token
	s      string // the line
	i      int    // next byte of s
	words  []source.Word
	start  int  // of the word being read
	in     bool // within a word
	plain  bool // the word is so far s[start:i]
	expand bool // within "${X[*]}" blanks end words
	failed bool
}

// split cuts the line of t into words: blanks, both quotes, escapes, comments
// and variables (configuration manual 2.2, 2.3). It returns false where it
// reported an error.
func (r *reader) split(t *lexer.Token) ([]source.Word, bool) {
	if cap(r.words)-len(r.words) < MaxWords+1 {
		r.words = make([]source.Word, 0, wordBlock)
	}
	s := splitter{reader: r, t: t, s: t.Value, i: t.Pos.Column - 1, words: r.words[len(r.words):len(r.words):cap(r.words)]}
	if n := strings.IndexByte(s.s, 0); n >= 0 {
		s.nul(n)
		return nil, false
	}
	s.run()
	if s.failed {
		s.missingLF(len(s.s))
		return nil, false
	}
	if len(s.words) > MaxWords {
		w := s.words[MaxWords-1]
		at := int(w.Span.Start) - t.Pos.Offset
		d := s.alert(t, "too many words, truncating after word %d, position %d: <%s>.", MaxWords, at+1, w.Text)
		d.Span = w.Span
		s.missingLF(len(s.s))
		return nil, false
	}
	s.missingLF(len(s.s))
	n := len(s.words)
	if cap(s.words) == cap(r.words)-len(r.words) {
		r.words = r.words[:len(r.words)+n]
	}
	return s.words[:n:n], true
}

// run is the loop over the line's bytes.
func (s *splitter) run() {
	for s.i < len(s.s) && !s.failed {
		c := s.s[s.i]
		switch {
		case c > '\\' || c >= '(' && c < '\\':
			s.begin()
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
		case c == '#':
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
	text := s.s[s.start:s.i]
	if !s.plain {
		text = string(s.buf)
	}
	if len(s.words) <= MaxWords {
		s.words = append(s.words, source.Word{Text: text, Span: s.span(s.t, s.start, s.i)})
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
}

// weak reads "…".
func (s *splitter) weak() {
	open := s.i
	s.cook()
	s.i++
	for s.i < len(s.s) && !s.failed {
		switch c := s.s[s.i]; c {
		case '"':
			s.i++
			return
		case '\\':
			s.escape(true)
		case '$':
			s.variable()
		case '\r':
			s.fail(open, "unmatched quote")
		default:
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
		if s.i+3 >= len(s.s) || hex(s.s[s.i+2]) < 0 || hex(s.s[s.i+3]) < 0 {
			s.fail(s.i, "truncated or invalid hexadecimal sequence")
			return
		}
		s.put(4, byte(hex(s.s[s.i+2])<<4|hex(s.s[s.i+3])))
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

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
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
	value, set, many := "", false, false
	if brace {
		if strings.HasPrefix(s.s[i:], "[") {
			if !strings.HasPrefix(s.s[i:], "[*]") {
				s.fail(i, "truncated or invalid word expansion sequence")
				return
			}
			many = true
			i += 3
		}
		if strings.HasPrefix(s.s[i:], "-") {
			n := strings.IndexByte(s.s[i:], '}')
			if n < 0 {
				s.fail(first, "unmatched brace in environment variable name")
				return
			}
			value = s.s[i+1 : i+n]
			i += n
		}
		if i >= len(s.s) || s.s[i] != '}' {
			s.fail(first, "unmatched brace in environment variable name")
			return
		}
		i++
	}
	if name[0] == '.' {
		v, ok := s.pseudo(name, s.t.Pos.Line)
		if !ok {
			s.fail(first, "forbidden first char in environment variable name")
			return
		}
		value, set = v, true
	} else if v, ok := s.env.Lookup(name); ok {
		value, set = v, true
	}
	_ = set
	s.i = i
	if !many {
		s.buf = append(s.buf, value...)
		return
	}
	s.expandWords(value)
}

// expandWords adds a value whose blanks end words.
func (s *splitter) expandWords(value string) {
	for i := 0; i < len(value); {
		if !isBlank(value[i]) && value[i] != '\n' {
			s.buf = append(s.buf, value[i])
			i++
			continue
		}
		for i < len(value) && (isBlank(value[i]) || value[i] == '\n') {
			i++
		}
		if len(s.buf) == 0 && s.plain {
			continue
		}
		start := s.start
		s.end()
		s.in, s.plain, s.start = true, false, start
		s.buf = s.buf[:0]
	}
}

// fail reports an error at byte at of the line, with the caret lines.
func (s *splitter) fail(at int, text string) {
	s.failed = true
	d := s.diags.Alertf(diag.Syntax, s.span(s.t, at, min(at+1, len(s.s))), "%s at position %d:", text, at+1)
	d.Layout = diag.ParsingTight
	d.Extra = caret(s.s, at)
}

// caret returns the line and a line with a caret below its byte at.
func caret(line string, at int) []string {
	line = strings.TrimSuffix(line, "\r")
	lead := 0
	for lead < len(line) && lead < at && isBlank(line[lead]) {
		lead++
	}
	return []string{"  " + line[lead:], fmt.Sprintf("  %*s", at-lead+1, "^")}
}

// nul reports the byte that C strings end at.
func (s *splitter) nul(at int) {
	s.alert(s.t, "Stray NUL character at position %d.", at+1).Span = s.span(s.t, at, at+1)
	s.file.Stopped = true
}

// missingLF reports a last line without LF.
func (s *splitter) missingLF(at int) {
	if s.t.Pos.Offset+len(s.s) < len(s.text) {
		return
	}
	d := s.alert(s.t, "Missing LF on last line, file might have been truncated at position %d.", at+1)
	d.Span = s.span(s.t, at, at)
	d.Hint = "end the last line with a line feed"
}

// emptyArg reports an empty argument, which ends the list.
func (r *reader) emptyArg(t *lexer.Token, words []source.Word, i int) []source.Word {
	if i == 0 {
		return nil
	}
	at := int(words[i].Span.Start) - t.Pos.Offset
	d := diag.Diagnostic{Severity: diag.Alert, Code: diag.Syntax, Layout: diag.ParsingTight, Span: words[i].Span,
		Text: fmt.Sprintf("argument number %d at position %d is empty and marks the end of the argument list:", i, at+1)}
	d.Extra = append(caret(t.Value, at), "Aborting to prevent all subsequent arguments from being silently ignored. If this is caused by an environment variable expansion, please have a look at section 2.3 of the configuration manual to find solutions to address this.")
	r.diags.Add(d)
	return nil
}
