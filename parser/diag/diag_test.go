package diag

import (
	"testing"

	"tandem/parser/source"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"balance", "bind", "backend", "timeout", "option", "use_backend", "tfo"}
	for _, c := range []struct{ in, want string }{
		{"blance", "balance"},
		{"balanec", "balance"},
		{"bnid", "bind"},
		{"timout", "timeout"},
		{"foo", "tfo"},
		{"use-backend", "use_backend"},
		{"zzzzzzzzz", ""},
		{"ba", ""}, // twice the length of the shorter is the limit
		{"bbaallaannccee", "balance"},
		{"b1nd", "bind"},
		{"BIND", "bind"}, // case does not count
		{"use9backend", "use_backend"},
		{"", ""},
	} {
		if got := Nearest(c.in, words); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var a, b List
	a.Noticef(Syntax, source.Span{}, "n %d", 1)
	a.Warnf(Syntax, source.Span{}, "w")
	if a.HasErrors() {
		t.Error("errors without an alert")
	}
	b.Alertf(Syntax, source.Span{}, "a").Hint = "h"
	a.Append(&b)
	if !a.HasErrors() || a.Count(Alert) != 1 || a.Count(Warning) != 1 || a.Count(Notice) != 1 || a.Count(Diag) != 0 {
		t.Errorf("counts of %+v", a)
	}
	if a.All[2].Hint != "h" || a.All[0].Text != "n 1" {
		t.Errorf("messages %+v", a.All)
	}
	for s, want := range map[Severity]string{Diag: "DIAG", Notice: "NOTICE", Warning: "WARNING", Alert: "ALERT"} {
		if s.String() != want {
			t.Errorf("%d prints %s", s, s)
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	f := source.New("f", []byte("a\nb\n"))
	at := source.Span{File: f, Start: 2, End: 3}
	for _, c := range []struct {
		layout Layout
		span   source.Span
		want   string
	}{
		{Parsing, at, "config : parsing [f:2] : "},
		{ParsingTight, at, "config : parsing [f:2]: "},
		{Place, at, "config : [f:2] : "},
		{Bare, at, "config : "},
		{Parsing, source.Span{}, "config : "},
		{PostParse, at, "[f:2] : "},
		{PostParse, source.Span{}, ""},
	} {
		if got := (&Diagnostic{Layout: c.layout, Span: c.span}).Place(); got != c.want {
			t.Errorf("layout %d: %q, want %q", c.layout, got, c.want)
		}
	}
}

func TestTolerate(t *testing.T) {
	t.Parallel()
	at := source.Span{File: source.New("f", []byte("a\nb\n")), Start: 2, End: 3}
	ours := Diagnostic{Code: RemovedWord, Span: at, Text: "was dropped", Hint: "c"}
	theirs := Diagnostic{Layout: ParsingTight, Text: "is not supported"}
	l := &List{}
	if d, taken := l.Tolerate(ours, theirs); !taken || l.HasErrors() || d.Severity != Warning || !d.Ours || !d.Tolerated || d.Text != ours.Text {
		t.Errorf("taken %v: %+v", taken, d)
	}
	l = &List{Strict: true}
	if d, taken := l.Tolerate(ours, theirs); taken || !l.HasErrors() || d.Severity != Alert || d.Ours || d.Tolerated || d.Text != theirs.Text || d.Span != at || d.Hint != "c" || d.Code != RemovedWord {
		t.Errorf("taken %v: %+v", taken, d)
	}
}
