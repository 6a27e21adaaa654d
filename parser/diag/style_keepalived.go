package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"tandem/parser/source"
)

// Keepalived writes the messages of l as keepalived does: "(Line 3) text"
// from the parent process for the first file, "(file: Line 3) text" from its
// children and for included files, and the bare text for what is found once
// everything was read. What the original does not say comes last, marked as a
// note. main is the name of the first file.
func Keepalived(w io.Writer, l *List, main string) error {
	var b strings.Builder
	for _, ours := range [...]bool{false, true} {
		for i := range l.All {
			if d := &l.All[i]; !d.Quiet && d.Ours == ours {
				b.WriteString(KeepalivedLine(d, main))
				b.WriteByte('\n')
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// KeepalivedLine is one message without its end of line, for a log.
func KeepalivedLine(d *Diagnostic, main string) string {
	text := d.Text
	if d.Ours {
		text = "note: " + text
	}
	if d.Layout == Bare || d.Layout == PostParse || d.Span.IsZero() {
		return text
	}
	n := d.Span.Line()
	if d.Pass == "" && Unended(d.Span) {
		n--
	}
	switch {
	case d.Pass != "" || d.Span.File.Name != main:
		return fmt.Sprintf("(%s: Line %d) %s", d.Span.File.Name, n, text)
	case n == 0:
		return text
	}
	return fmt.Sprintf("(Line %d) %s", n, text)
}

// Unended says that a place lies in the last line of a file that does not end
// with a line feed: the original's first reading has not counted that line yet
// when it says something of it.
func Unended(s source.Span) bool {
	data := s.File.Data
	return len(data) > 0 && data[len(data)-1] != '\n' && bytes.IndexByte(data[s.Start:], '\n') < 0
}
