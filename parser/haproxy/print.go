package haproxy

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Print writes a file. What Parse read comes out byte for byte. Edits show: a
// word whose Text was changed, or that has no Span, is written as Quote says;
// a line without Span is new and written below the line before it; a line that
// was taken out of its section is gone with the comments above it. Words made
// of variables are changed by giving them no Span.
func Print(f *File) []byte {
	p := printer{src: f.Source.Data, out: make([]byte, 0, len(f.Source.Data))}
	for _, s := range f.Sections {
		if len(s.Line.Words) > 0 {
			p.line(&s.Line, "")
		}
		for i := range s.Lines {
			p.line(&s.Lines[i], "    ")
		}
	}
	return append(p.out, p.src[f.tail:]...)
}

type printer struct {
	src []byte
	out []byte
}

// line writes a line and the text before it.
func (p *printer) line(l *Line, indent string) {
	if l.Span.IsZero() {
		p.fresh(l, indent)
		return
	}
	p.out = append(p.out, p.src[l.lead:l.Span.Start]...)
	pos := l.Span.Start
	var last source.Span
	for i, w := range l.Words {
		switch {
		case w.Span.IsZero():
			if i == 0 {
				for pos < l.Span.End && isBlank(p.src[pos]) {
					p.out = append(p.out, p.src[pos])
					pos++
				}
			} else if n := len(p.out); !isBlank(p.out[n-1]) {
				p.out = append(p.out, ' ')
			}
			p.out = append(p.out, Quote(w.Text)...)
			switch {
			case i+1 == len(l.Words):
				pos = max(pos, l.end)
			case !l.Words[i+1].Span.IsZero():
				p.out = append(p.out, ' ')
				pos = max(pos, l.Words[i+1].Span.Start)
			}
		case w.Span != last && w.Span.Start >= pos:
			p.out = append(p.out, p.src[pos:w.Span.Start]...)
			if raw := w.Span.Text(); changed(raw, w.Text) {
				p.out = append(p.out, Quote(w.Text)...)
			} else {
				p.out = append(p.out, raw...)
			}
			pos, last = w.Span.End, w.Span
		}
	}
	p.out = append(p.out, p.src[pos:l.Span.End]...)
}

// changed says whether a word that was written as raw has another text now.
// Words with variables count as unchanged.
func changed(raw, text string) bool {
	if raw == text || strings.IndexByte(raw, '$') >= 0 && strings.IndexByte(raw, '"') >= 0 {
		return false
	}
	r := reader{env: &Environ{}, diags: &diag.List{}, file: &File{}}
	s := splitter{reader: &r, t: &lexer.Token{Value: raw}, s: raw, hint: -1, cut: -1}
	s.run()
	return !s.failed && (len(s.words) != 1 || s.words[0].Text != text)
}

// fresh writes a line that was not read from the file.
func (p *printer) fresh(l *Line, indent string) {
	if len(p.out) > 0 {
		p.out = append(p.out, '\n')
	}
	p.out = append(p.out, indent...)
	for i, w := range l.Words {
		if i > 0 {
			p.out = append(p.out, ' ')
		}
		p.out = append(p.out, Quote(w.Text)...)
	}
}

// Quote writes a word so that it reads back as text: plain where it can be,
// else between the quotes that need no escapes.
func Quote(text string) string {
	if text != "" && !strings.ContainsAny(text, " \t\n\v\f\r#\"'\\\x00") {
		return text
	}
	if !strings.ContainsAny(text, "'\n\r\x00") {
		return "'" + text + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\\', '$':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case 0:
			b.WriteString(`\x00`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
