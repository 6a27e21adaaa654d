package diag

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/source"
)

// sample is a list with one message of each layout.
func sample() *List {
	f := source.New("t.cfg", []byte("global\n\tstats timeout \"10s\nlisten a\n server x 1.1.1.1\u00a0foo\n bogus\n"))
	at := func(text string) source.Span {
		i := strings.Index(string(f.Data), text)
		return source.Span{File: f, Start: int32(i), End: int32(i + len(text))}
	}
	l := &List{}
	l.Add(Diagnostic{Severity: Notice, Code: UserMessage, Layout: ParsingTight, Span: at("global"), Text: "'x'."})
	d := l.Alertf(Syntax, at("\"10s"), "unmatched quote at position 16:")
	d.Layout, d.Extra = ParsingTight, []string{`  stats timeout "10s`, "                ^"}
	d.Hint = "close the quote"
	l.Add(Diagnostic{Severity: Diag, Code: NoEffect, Span: at("listen"), Text: "a hint"})
	d = l.Alertf(UnknownKeyword, at("1.1.1.1\u00a0foo"), "unknown keyword 'foo'.")
	d.Layout, d.Subject = Place, "server a/x"
	l.Alertf(UnknownKeyword, at("bogus"), "unknown keyword 'bogus' in 'listen' section")
	l.Add(Diagnostic{Severity: Alert, Layout: Bare, Text: "Fatal errors found in configuration."})
	l.Add(Diagnostic{Severity: Warning, Code: MissingTimeout, Layout: PostParse, Text: "missing timeouts for proxy 'a'.\n   | While not"})
	l.Add(Diagnostic{Severity: Warning, Layout: PostParse, Span: at("bogus"), Text: "late"})
	l.Add(Diagnostic{Severity: Notice, Code: ForeignChars, Span: at("\u00a0"), Text: "no-break space", Quiet: true})
	return l
}

func TestHaproxyStyle(t *testing.T) {
	t.Parallel()
	const alerts = `[NOTICE]   (42) : config : parsing [t.cfg:1]: 'x'.
[NOTICE]   (42) : haproxy version is 3.5
[NOTICE]   (42) : path to executable is /sbin/h
[ALERT]    (42) : config : parsing [t.cfg:2]: unmatched quote at position 16:
  stats timeout "10s
                ^
`
	const rest = `[ALERT]    (42) : config : [t.cfg:4] : 'server a/x' : unknown keyword 'foo'.
[ALERT]    (42) : config : parsing [t.cfg:5] : unknown keyword 'bogus' in 'listen' section
[ALERT]    (42) : config : Fatal errors found in configuration.
[WARNING]  (42) : missing timeouts for proxy 'a'.
   | While not
[WARNING]  (42) : [t.cfg:5] : late
`
	for _, c := range []struct {
		name     string
		showDiag bool
		want     string
	}{
		{"default", false, alerts + rest},
		{"diag", true, alerts + "[DIAG]     (42) : config : parsing [t.cfg:3] : a hint\n" + rest},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := HaproxyStyle{PID: 42, Version: "3.5", Exe: "/sbin/h", ShowDiag: c.showDiag}
			var b strings.Builder
			l := sample()
			for range 2 { // the second time nothing is new
				if err := h.Print(&b, l); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(c.want, b.String()); d != "" {
				t.Error(d)
			}
			l.Add(Diagnostic{Severity: Alert, Layout: Bare, Text: "more"})
			b.Reset()
			if err := h.Print(&b, l); err != nil || b.String() != "[ALERT]    (42) : config : more\n" {
				t.Errorf("added message: %q, %v", b.String(), err)
			}
		})
	}
}

func TestHaproxyStyleOwnProcess(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l := &List{}
	l.Noticef("", source.Span{}, "n")
	if err := (&HaproxyStyle{Version: "3.5"}).Print(&b, l); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "[NOTICE]   (") || strings.Contains(b.String(), "version") {
		t.Errorf("got %q", b.String())
	}
}

func TestPrettyStyle(t *testing.T) {
	t.Parallel()
	f := source.New("t.cfg", []byte("frontend a\n\tbind :80\u00a0ssl\nfrontend b\n\tbind :81\u00a0ssl\n"))
	l := &List{}
	for _, line := range []int{2, 4} {
		start := int32(f.LineStart(line) + 9)
		d := l.Alertf(ForeignChars, source.Span{File: f, Start: start, End: start + 2}, "a no-break space where a blank is meant:")
		d.Hint = "replace it"
	}
	for _, hint := range []struct {
		code Code
		text string
	}{{UnknownKeyword, "bind"}, {RemovedWord, "bind :80"}} {
		l.Warnf(hint.code, source.Span{File: f, Start: 12, End: 16}, "about a word").Hint = hint.text
	}
	at := source.Span{File: f, Start: 9, End: 10}
	l.Alertf(UnknownRef, at, "no such backend: 'a'")
	l.Noticef(UnknownRef, at, "'default_backend' names 'a'")
	l.Alertf(Summary, source.Span{}, "Error(s) found in configuration file : t.cfg")
	l.Warnf(MissingTimeout, source.Span{}, "missing timeouts.\n   | While not\n   | properly").Subject = "proxy a"
	var b strings.Builder
	if err := (&PrettyStyle{}).Print(&b, l); err != nil {
		t.Fatal(err)
	}
	const want = `error[foreign-chars]: a no-break space where a blank is meant
 --> t.cfg:2:10
  |
2 |     bind :80·ssl
  |             ^
  = help: replace it
  = also at: t.cfg:4

warning[unknown-keyword]: about a word
 --> t.cfg:2:2
  |
2 |     bind :80·ssl
  |     ^^^^
  = help: did you mean 'bind' ?

warning[removed-word]: about a word
 --> t.cfg:2:2
  |
2 |     bind :80·ssl
  |     ^^^^
  = help: write 'bind :80'

error[unknown-ref]: no such backend: 'a'
 --> t.cfg:1:10
  |
1 | frontend a
  |          ^

warning[missing-timeout]: proxy a: missing timeouts.
  = While not
  = properly

3 errors, 3 warnings
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestPrettyStyleLongLine(t *testing.T) {
	t.Parallel()
	f := source.New("t.cfg", []byte(strings.Repeat("a", 300)+"\"x"+strings.Repeat("b", 300)+"\n"))
	l := &List{}
	l.Alertf(Syntax, source.Span{File: f, Start: 300, End: 302}, "quote")
	var b strings.Builder
	if err := (&PrettyStyle{NoCount: true, Color: true}).Print(&b, l); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if !strings.Contains(lines[3], "…aaaa") || !strings.Contains(lines[3], "\"xbbb") || len(lines[3]) > 200 {
		t.Errorf("line %q", lines[3])
	}
	if !strings.Contains(b.String(), "\x1b[31m^^\x1b[0m") {
		t.Errorf("no coloured mark in %q", b.String())
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := JSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got []Record
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := Record{File: "t.cfg", Line: 2, Column: 16, EndColumn: 20, Rule: Syntax, Severity: "alert", Text: "unmatched quote at position 16:", Suggestion: "close the quote"}
	if d := cmp.Diff(want, got[1]); d != "" {
		t.Error(d)
	}
	if len(got) != 9 || !got[8].Ours || got[5].File != "" {
		t.Errorf("records: %+v", got)
	}
	b.Reset()
	if err := JSON(&b, &List{}); err != nil || b.String() != "[\n]\n" {
		t.Errorf("empty list: %q, %v", b.String(), err)
	}
}
