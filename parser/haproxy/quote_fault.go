package haproxy

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// Widths of the echo of a line: it has 80 columns, and where the caret would
// stand beyond them it stands in column 40.
const (
	echoWidth = 80
	echoCaret = 40
)

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
