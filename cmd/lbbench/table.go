package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// tableHead names the columns.
var tableHead = []string{"row", "peer", "CPU/req", "req/s", "p50", "p99", "p99.9", "RSS", "core", "ratio (min-max)", "p99 ratio"}

// writeTable prints the report as text: what was compared, one line for each
// peer and row, the notes.
func writeTable(w io.Writer, r report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "lbbench, %s\n%s\n%s\nrounds: %d of %v each, peers in turn; load by %s\n", r.Date, r.System, r.Cores, r.Rounds, r.Time, r.Driver)
	absent := map[string]string{}
	for _, p := range r.Peers {
		absent[p.Name] = p.Absent
		what := p.Version
		if p.Absent != "" {
			what = "absent: " + p.Absent
		}
		fmt.Fprintf(&b, "  %s: %s\n", p.Name, what)
	}
	b.WriteByte('\n')
	lines := [][]string{tableHead}
	var notes []string
	for _, row := range r.Rows {
		name := row.Row
		for i := range row.Peers {
			p := &row.Peers[i]
			lines = append(lines, append([]string{name, p.Peer}, cells(p)...))
			name = ""
			if p.Absent != "" && p.Absent != absent[p.Peer] {
				notes = append(notes, fmt.Sprintf("%s, %s: %s", row.Row, p.Peer, p.Absent))
			}
			for _, n := range p.Notes {
				notes = append(notes, fmt.Sprintf("%s, %s: %s", row.Row, p.Peer, n))
			}
		}
	}
	align(&b, lines)
	fmt.Fprintf(&b, "\nratio: to %s, round by round: median (least-most); of CPU/req, except: idle, of RSS for each connection.\n"+
		"core: processor time of the proxy over wall time. RSS: the most in the row. Times at p50-p99.9: of a request, in the driver.\n", r.Base)
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "  %s: %s (%s)\n", row.Row, row.Title, row.Driver)
	}
	if len(notes) > 0 {
		b.WriteString("notes:\n")
	}
	for _, n := range notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cells renders one peer's numbers: medians of its rounds.
func cells(p *peerResult) []string {
	if len(p.Samples) == 0 {
		what := "failed"
		if p.Absent != "" {
			what = "absent"
		}
		return []string{what, "-", "-", "-", "-", "-", "-", "-", "-"}
	}
	med := func(get func(sample) float64) float64 { return spreadOf(p.column(get)).Median }
	out := []string{
		micros(med(func(s sample) float64 { return s.CPU })),
		count(med(func(s sample) float64 { return s.Rate })),
		micros(med(func(s sample) float64 { return s.P50 })),
		micros(med(func(s sample) float64 { return s.P99 })),
		micros(med(func(s sample) float64 { return s.P999 })),
		fmt.Sprintf("%.1f MiB", float64(p.RSS)/(1<<20)),
		fmt.Sprintf("%.0f%%", 100*med(func(s sample) float64 { return s.Busy })),
		"-", "-",
	}
	if r := p.Ratio; r != nil {
		out[7] = fmt.Sprintf("%.2f (%.2f-%.2f)", r.Median, r.Min, r.Max)
	}
	if r := p.P99; r != nil {
		out[8] = fmt.Sprintf("%.2f", r.Median)
	}
	return out
}

// micros renders a time given in microseconds with about three digits.
func micros(v float64) string {
	switch {
	case v <= 0:
		return "-"
	case v < 1000:
		return fmt.Sprintf("%.1f µs", v)
	case v < 1e6:
		return fmt.Sprintf("%.2f ms", v/1e3)
	}
	return fmt.Sprintf("%.2f s", v/1e6)
}

// count renders a rate.
func count(v float64) string {
	switch {
	case v <= 0:
		return "-"
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// align writes the lines with columns of even width: two of text on the left,
// the numbers on the right.
func align(b *strings.Builder, lines [][]string) {
	width := make([]int, len(tableHead))
	for _, l := range lines {
		for i, c := range l {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, l := range lines {
		var text strings.Builder
		for i, c := range l {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i > 0 {
				text.WriteString("  ")
			}
			if i < 2 {
				text.WriteString(c + pad)
			} else {
				text.WriteString(pad + c)
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " "))
		b.WriteByte('\n')
	}
}
