package diag

import (
	"fmt"
	"io"
	"strings"
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
	switch {
	case d.Layout == Bare || d.Layout == PostParse || d.Span.IsZero():
		return text
	case d.Pass == "" && d.Span.File.Name == main:
		return fmt.Sprintf("(Line %d) %s", d.Span.Line(), text)
	}
	return fmt.Sprintf("(%s: Line %d) %s", d.Span.File.Name, d.Span.Line(), text)
}
