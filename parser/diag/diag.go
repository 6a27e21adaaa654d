// Package diag is the one message type of both programs. A message is made
// once, with its place, its words and its advice; the style_*.go files print
// it as haproxy, as keepalived, for a person, or as JSON.
package diag

import (
	"fmt"

	"tandem/parser/source"
)

// Severity orders messages; an Alert refuses the configuration.
type Severity uint8

// The four severities, in haproxy's words (management.txt, "errors").
const (
	Diag    Severity = iota // hints, shown with -dD only
	Notice                  // information
	Warning                 // accepted, but read this
	Alert                   // refused
)

// String returns the upper-case label: DIAG, NOTICE, WARNING, ALERT.
func (s Severity) String() string {
	return [...]string{"DIAG", "NOTICE", "WARNING", "ALERT"}[s]
}

// Layout says how haproxy lays out the place of a message; the originals are
// not uniform, and scripts match their first lines.
type Layout uint8

// The layouts seen in haproxy 3.5 (reference: management.txt; observed output).
const (
	Parsing      Layout = iota // "config : parsing [f:3] : text"
	ParsingTight               // "config : parsing [f:3]: text" (lexer errors)
	Place                      // "config : [f:3] : text"
	Bare                       // "config : text"
	PostParse                  // "text" or "[f:3] : text": checks made after the whole text was read
	Told                       // "text": as PostParse, but the place, if any, is not printed or part of the text
)

// Diagnostic is one message.
type Diagnostic struct {
	Severity Severity
	Code     Code        // stable id of the rule that spoke
	Layout   Layout      // how haproxy prints the place
	Span     source.Span // the words meant; zero: none
	Subject  string      // "server be/s1": haproxy puts it in quotes before the text
	Text     string      // in the original's words; no final LF; further lines allowed
	Hint     string      // what to write instead; shown by the pretty and JSON styles
	Extra    []string    // lines printed as they are below the text (caret lines of the lexer)
	Pass     string      // keepalived: the process that says it ("" parent, "vrrp", "checker")
	Quiet    bool        // only for the pretty and JSON styles: the original prints nothing here
	Ours     bool        // the original does not say this: zero-warning does not count it
	Lenient  bool        // an alert that refuses nothing: the original goes on and succeeds
	// Tolerated says that the newest release of the original refuses what this
	// warning of ours is about: all such messages together are what makes our
	// verdict on a configuration another than its.
	Tolerated bool
}

// List collects messages in the order in which they were made.
type List struct {
	All    []Diagnostic
	Strict bool           // nothing is tolerated: see Tolerate
	counts [Alert + 1]int // all of a severity
	fatal  int            // alerts that refuse the configuration
}

// Add appends d and returns it for amendment.
func (l *List) Add(d Diagnostic) *Diagnostic {
	l.All = append(l.All, d)
	l.counts[d.Severity]++
	if d.Severity == Alert && !d.Lenient {
		l.fatal++
	}
	return &l.All[len(l.All)-1]
}

// Alertf adds a refusal at span.
func (l *List) Alertf(c Code, at source.Span, format string, args ...any) *Diagnostic {
	return l.Add(Diagnostic{Severity: Alert, Code: c, Span: at, Text: fmt.Sprintf(format, args...)})
}

// Warnf adds a warning at span.
func (l *List) Warnf(c Code, at source.Span, format string, args ...any) *Diagnostic {
	return l.Add(Diagnostic{Severity: Warning, Code: c, Span: at, Text: fmt.Sprintf(format, args...)})
}

// Noticef adds a notice at span.
func (l *List) Noticef(c Code, at source.Span, format string, args ...any) *Diagnostic {
	return l.Add(Diagnostic{Severity: Notice, Code: c, Span: at, Text: fmt.Sprintf(format, args...)})
}

// Tolerate adds ours, a warning about something that the newest release of the
// original refuses and that is taken here all the same, or, where the list is
// strict, theirs, the alert of the original, which by default stands at the
// same place in the same layout. It returns what it added, and whether the
// words are taken.
func (l *List) Tolerate(ours, theirs Diagnostic) (d *Diagnostic, taken bool) {
	if !l.Strict {
		ours.Severity, ours.Ours, ours.Tolerated = Warning, true, true
		return l.Add(ours), true
	}
	theirs.Severity, theirs.Hint = Alert, ours.Hint
	if theirs.Code == "" {
		theirs.Code = ours.Code
	}
	if theirs.Span.IsZero() {
		theirs.Span = ours.Span
	}
	return l.Add(theirs), false
}

// Count returns how many messages of that severity there are.
func (l *List) Count(s Severity) int { return l.counts[s] }

// HasErrors says whether any message refuses the configuration.
func (l *List) HasErrors() bool { return l.fatal > 0 }

// Refusals returns how many messages refuse the configuration.
func (l *List) Refusals() int { return l.fatal }

// Refuse refuses the configuration beside the messages: the original words
// some of its refusals as warnings.
func (l *List) Refuse() { l.fatal++ }

// Keep replaces all messages by the given ones.
func (l *List) Keep(all []Diagnostic) {
	strict := l.Strict
	*l = List{Strict: strict}
	for i := range all {
		l.Add(all[i])
	}
}

// Append adds all messages of m behind those of l.
func (l *List) Append(m *List) {
	refusals := l.fatal + m.fatal
	for _, d := range m.All {
		l.Add(d)
	}
	l.fatal = refusals
}
