package haproxy

import (
	"strings"
	"testing"

	"tandem/parser/diag"
	"tandem/parser/source"
)

func TestPrintEdited(t *testing.T) {
	t.Parallel()
	f, _ := parse(t, "# top\nglobal # g\n\tnbproc  1 # old\n\n\tdaemon\nlisten 'a b'\n  bind \"$X\" :80\n# end\n", map[string]string{"X": ":1"})
	g := f.Sections[0]
	g.Lines[0].Words[0] = source.Word{Text: "nbthread"}
	g.Lines[0].Words[1] = source.Word{Text: "1 2"}
	g.Lines = append(g.Lines, Line{Words: []source.Word{{Text: "log-tag"}, {Text: "it's #1"}}})
	l := f.Sections[1]
	l.Lines[0].Words = append(l.Lines[0].Words, source.Word{Text: "ssl"})
	const want = "# top\nglobal # g\n\tnbthread '1 2' # old\n\n\tdaemon\n    log-tag \"it's #1\"\nlisten 'a b'\n  bind \"$X\" :80 ssl\n# end\n"
	if got := string(Print(f)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"a", "a"}, {"", "''"}, {"a b", "'a b'"}, {"it's", `"it's"`}, {"$x'\"\\\n\r\t", `"\$x'\"\\\n\r` + "\t\""}, {"#", "'#'"}, {"$x", "$x"},
	} {
		if got := Quote(c.in); got != c.want {
			t.Errorf("Quote(%q) = %s, want %s", c.in, got, c.want)
		}
		f, diags := parse(t, "x "+c.want+"\n", nil)
		if c.in != "" && (diags.HasErrors() || f.Sections[0].Lines[0].Words[1].Text != c.in) {
			t.Errorf("%q does not read back: %v", c.in, diags.All)
		}
	}
}

// FuzzParse checks that any text is read without a panic and printed back.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"global\n\tdaemon\n\tstats socket /s mode 600 # c\n\ndefaults\n\tmode http\n\ttimeout client 5s\n",
		"frontend \"w w\"\n  bind :80,:81 ssl crt '/a b'\n  acl x path_reg ^/a\\ b$\n  use_backend %[req.hdr(host),lower] if x !{ path / }\n",
		".if defined(A) && (!streq(\"$A\",\"x\") || 0)\nlisten a\n.elif 1\n.else\n.endif\n.notice \"$.LINE ${.SECTION} ${X-d} ${X[*]}\"\n",
		"[s]\nspoe-agent a\r\n\"\n'\n\\x4\n\x00\n", "a \"\" \"$X\"\n", "\"${A[*]}\"\"${A-", "no log\ndefault x\n.\n", "a" + strings.Repeat(" b", 70) + "\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var diags diag.List
		file := Parse(source.New("f", []byte(text)), Options{Getenv: func(n string) (string, bool) { return " a b ", n != "X" }}, &diags)
		if got := string(Print(file)); got != text {
			t.Errorf("%q prints as %q", text, got)
		}
		for _, s := range file.Sections {
			for _, l := range append([]Line{s.Line}, s.Lines...) {
				for _, w := range l.Words {
					if w.Text == "" || w.Span.Start < l.Span.Start || w.Span.End > l.Span.End {
						t.Errorf("%q: word %+v of line %+v", text, w, l.Span)
					}
				}
			}
		}
	})
}
