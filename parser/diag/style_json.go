package diag

import (
	"encoding/json"
	"io"
	"strings"
)

// Record is one message as the JSON style prints it. Its fields only grow.
type Record struct {
	File       string `json:"file,omitempty"`
	Line       int    `json:"line,omitempty"`       // from 1
	Column     int    `json:"column,omitempty"`     // in bytes, from 1
	EndColumn  int    `json:"end_column,omitempty"` // exclusive; only where it is on the same line
	Rule       Code   `json:"rule"`
	Severity   string `json:"severity"` // "diag", "notice", "warning", "alert"
	Subject    string `json:"subject,omitempty"`
	Text       string `json:"text"`
	Suggestion string `json:"suggestion,omitempty"`
	Ours       bool   `json:"ours,omitempty"`      // the original does not say this
	Tolerated  bool   `json:"tolerated,omitempty"` // the newest release of the original refuses this
	Process    string `json:"process,omitempty"`
}

// Records returns the messages of l as the JSON style prints them.
func Records(l *List) []Record {
	out := make([]Record, 0, len(l.All))
	for i := range l.All {
		d := &l.All[i]
		r := Record{
			Rule: d.Code, Severity: strings.ToLower(d.Severity.String()),
			Subject: d.Subject, Text: d.Text, Suggestion: d.Hint,
			Ours: d.Ours || d.Quiet, Tolerated: d.Tolerated, Process: d.Pass,
		}
		if !d.Span.IsZero() {
			r.File, r.Line, r.Column = d.Span.File.Name, d.Span.Line(), d.Span.Col()
			if line, col := d.Span.File.Position(int(d.Span.End)); line == r.Line && col > r.Column {
				r.EndColumn = col
			}
		}
		out = append(out, r)
	}
	return out
}

// JSON writes the messages of l as one JSON array, one message a line, for
// programs: its fields and rule ids are stable, texts are not.
func JSON(w io.Writer, l *List) error {
	var b strings.Builder
	b.WriteByte('[')
	for i, r := range Records(l) {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(text)
	}
	b.WriteString("\n]\n")
	_, err := io.WriteString(w, b.String())
	return err
}
