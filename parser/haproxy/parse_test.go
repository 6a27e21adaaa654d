package haproxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// lay is what tests compare of a file: keyword words, then the lines' words.
type lay struct {
	Line  []string
	Lines [][]string
}

func texts(words []source.Word) []string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

func layout(f *File) []lay {
	var out []lay
	for _, s := range f.Sections {
		l := lay{Line: texts(s.Line.Words)}
		for _, line := range s.Lines {
			l.Lines = append(l.Lines, texts(line.Words))
		}
		out = append(out, l)
	}
	return out
}

func parse(t testing.TB, text string, env map[string]string) (*File, *diag.List) {
	t.Helper()
	var diags diag.List
	f := Parse(source.New("t.cfg", []byte(text)), Options{
		Getenv: func(n string) (string, bool) { v, ok := env[n]; return v, ok },
		Cond:   &CondEnv{Version: "3.5"},
	}, &diags)
	if got := string(Print(f)); got != text {
		t.Errorf("print(parse(x)) differs:\n%s", cmp.Diff(text, got))
	}
	return f, &diags
}

func TestParseLayout(t *testing.T) {
	t.Parallel()
	f, diags := parse(t, "# head\nstray\nglobal # c\n  daemon\n\nfrontend \"www\"\n\tbind :80\n.if 1\n  no log\n.else\n  listen x\n.endif\nbackend b\n", nil)
	if len(diags.All) > 0 {
		t.Errorf("diagnostics: %v", diags.All)
	}
	want := []lay{
		{Lines: [][]string{{"stray"}}},
		{Line: []string{"global"}, Lines: [][]string{{"daemon"}}},
		{Line: []string{"frontend", "www"}, Lines: [][]string{{"bind", ":80"}, {"no", "log"}}},
		{Line: []string{"backend", "b"}},
	}
	if d := cmp.Diff(want, layout(f)); d != "" {
		t.Error(d)
	}
}
