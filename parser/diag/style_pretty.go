package diag

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// PrettyStyle prints messages for a person: the line of the file, a mark under
// the words meant, the reason, what to write instead. The same message at
// several places is printed once, with a list of the other places.
type PrettyStyle struct {
	Color    bool // mark with ANSI colours
	ShowDiag bool // print DIAG messages too
	NoCount  bool // leave the last line out, which counts the messages
}

// Colours of the severities, and of what stands beside them.
const (
	colorReset = "\x1b[0m"
	colorBold  = "\x1b[1m"
	colorFaint = "\x1b[2m"
	colorHint  = "\x1b[36m"
)

var prettySeverity = [...]struct{ word, color string }{
	Diag:    {"hint", "\x1b[36m"},
	Notice:  {"note", "\x1b[34m"},
	Warning: {"warning", "\x1b[33m"},
	Alert:   {"error", "\x1b[31m"},
}

// Print writes the messages of l.
func (p *PrettyStyle) Print(w io.Writer, l *List) error {
	b := bufio.NewWriter(w)
	groups := p.group(l)
	for _, g := range groups {
		p.message(b, g[0])
		p.others(b, g[1:])
		b.WriteByte('\n')
	}
	if !p.NoCount {
		p.count(b, groups)
	}
	return b.Flush()
}

// group gathers messages that say the same, in order of their first.
func (p *PrettyStyle) group(l *List) [][]*Diagnostic {
	type key struct {
		code            Code
		subject, text   string
		severity, clone int
	}
	var out [][]*Diagnostic
	seen := map[key]int{}
	for i := range l.All {
		d := &l.All[i]
		if d.Severity == Diag && !p.ShowDiag || d.Code == Summary {
			continue // count sums up
		}
		if i > 0 && d.Severity == Notice && d.Code == UnknownRef && d.Span == l.All[i-1].Span {
			continue // it tells the place of the message before it, which is shown with its place here
		}
		k := key{d.Code, d.Subject, d.Text, int(d.Severity), 0}
		if d.Span.IsZero() {
			k.clone = i + 1 // nothing would tell them apart
		}
		if n, ok := seen[k]; ok {
			out[n] = append(out[n], d)
			continue
		}
		seen[k] = len(out)
		out = append(out, []*Diagnostic{d})
	}
	return out
}

// message writes one message with its line.
func (p *PrettyStyle) message(b *bufio.Writer, d *Diagnostic) {
	s := prettySeverity[d.Severity]
	b.WriteString(p.paint(s.color+colorBold, s.word))
	if d.Code != "" {
		b.WriteString(p.paint(colorFaint, "["+string(d.Code)+"]"))
	}
	b.WriteString(": ")
	text := plainText(d.Text)
	if d.Subject != "" {
		text = d.Subject + ": " + text
	}
	first, rest, _ := strings.Cut(text, "\n")
	b.WriteString(p.paint(colorBold, first) + "\n")
	margin := 1
	if !d.Span.IsZero() {
		margin = p.source(b, d, s.color)
	}
	pad := strings.Repeat(" ", margin+1)
	for line := range strings.SplitSeq(rest, "\n") {
		if line != "" {
			b.WriteString(pad + p.paint(colorFaint, "=") + " " + line + "\n")
		}
	}
	if help := d.help(); help != "" {
		b.WriteString(pad + p.paint(colorHint, "= help:") + " " + help + "\n")
	}
}

// help makes a sentence of the hint: a lone word is what was probably meant.
func (d *Diagnostic) help() string {
	switch {
	case d.Hint == "":
		return ""
	case d.Code == RemovedWord || d.Code == Deprecated:
		return "write '" + d.Hint + "'"
	case d.Code == UnknownKeyword || d.Code == UnknownRef || d.Code == UnknownSection || d.Code == BadValue || d.Code == BadArguments:
		if !strings.Contains(d.Hint, " ") {
			return "did you mean '" + d.Hint + "' ?"
		}
	}
	return d.Hint
}

// plainText drops what only the original's layout needs: the colon that leads
// to caret lines, the margin of continuation lines.
func plainText(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, ":"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "   | ")
	}
	return strings.Join(lines, "\n")
}

// maxSource is how much of a line is shown.
const maxSource = 160

// source writes the place, the line and the mark; it returns the width of the
// line number.
func (p *PrettyStyle) source(b *bufio.Writer, d *Diagnostic, color string) int {
	f := d.Span.File
	line, col := f.Position(int(d.Span.Start))
	num := strconv.Itoa(line)
	pad := strings.Repeat(" ", len(num))
	fmt.Fprintf(b, "%s%s %s:%d:%d\n", pad, p.paint(colorFaint, "-->"), f.Name, line, col)
	text := strings.TrimRight(string(f.Line(line)), "\r")
	from := min(col-1, len(text))
	to := min(from+int(d.Span.End-d.Span.Start), len(text))
	if from > maxSource/2 && len(text) > maxSource {
		cut := from - maxSource/4
		text, from, to = "…"+text[cut:], from-cut+len("…"), to-cut+len("…")
	}
	if len(text) > maxSource {
		text = text[:maxSource] + "…"
		from, to = min(from, maxSource), min(to, maxSource)
	}
	bar := p.paint(colorFaint, "|")
	shown, mark := visible(text[:from]), max(1, utf8.RuneCountInString(visible(text[from:max(from, to)])))
	fmt.Fprintf(b, "%s %s\n", pad, bar)
	fmt.Fprintf(b, "%s %s %s\n", num, bar, visible(text))
	fmt.Fprintf(b, "%s %s %s%s\n", pad, bar, strings.Repeat(" ", utf8.RuneCountInString(shown)), p.paint(color, strings.Repeat("^", mark)))
	return len(num)
}

// visible makes control and look-alike characters seen: tabs become four
// blanks, a no-break space a middle dot, what is not printable a box.
func visible(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case r == '\u00a0' || r == '\u2007' || r == '\u202f':
			b.WriteRune('·')
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError || r == '\ufeff' || r >= 0x200b && r <= 0x200f:
			b.WriteRune('□')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maxPlaces is how many other places of a message are named.
const maxPlaces = 8

// others names the other places of a message.
func (p *PrettyStyle) others(b *bufio.Writer, same []*Diagnostic) {
	if len(same) == 0 {
		return
	}
	b.WriteString("  " + p.paint(colorFaint, "= also at:"))
	last := ""
	for i, d := range same {
		if i == maxPlaces {
			fmt.Fprintf(b, " and %d more", len(same)-i)
			break
		}
		sep := " "
		if i > 0 {
			sep = ", "
		}
		if d.Span.File.Name == last {
			fmt.Fprintf(b, "%s%d", sep, d.Span.Line())
		} else {
			fmt.Fprintf(b, "%s%s", sep, d.Span)
		}
		last = d.Span.File.Name
	}
	b.WriteByte('\n')
}

// count writes how many messages of each severity there were.
func (p *PrettyStyle) count(b *bufio.Writer, groups [][]*Diagnostic) {
	var counts [Alert + 1]int
	for _, g := range groups {
		counts[g[0].Severity] += len(g)
	}
	var parts []string
	for s := Alert; s >= Notice; s-- {
		if n := counts[s]; n > 0 {
			word := prettySeverity[s].word
			if n > 1 {
				word += "s"
			}
			parts = append(parts, p.paint(prettySeverity[s].color, strconv.Itoa(n)+" "+word))
		}
	}
	if len(parts) > 0 {
		b.WriteString(strings.Join(parts, ", ") + "\n")
	}
}

// paint colours text.
func (p *PrettyStyle) paint(color, text string) string {
	if !p.Color {
		return text
	}
	return color + text + colorReset
}
