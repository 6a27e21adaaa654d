package haproxy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/source"
)

func TestLoadPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"b.cfg": "b\n", "a.cfg": "a\n", "B.cfg": "B\n", ".h.cfg": "h\n", "c.txt": "c\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "d.cfg"), 0o700); err != nil {
		t.Fatal(err)
	}
	var diags diag.List
	one := filepath.Join(dir, "c.txt")
	files := LoadPaths([]string{one, dir, dir + "/none"}, &diags)
	var got []string
	for _, f := range files {
		got = append(got, f.Name+"="+string(f.Data))
	}
	want := []string{one + "=c\n", dir + "/B.cfg=B\n", dir + "/a.cfg=a\n", dir + "/b.cfg=b\n"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("A config : Cannot open configuration file/directory "+dir+"/none : No such file or directory\n", messages(&diags)); d != "" {
		t.Error(d)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	var diags diag.List
	f := Parse(source.New("big", make([]byte, MaxSize+1)), Options{}, &diags)
	if !f.Stopped || !diags.HasErrors() {
		t.Errorf("%d bytes are read: %v", MaxSize+1, diags.All)
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	f, diags := parse(t, "no option x\ndefault log a\nno\nno no log\ndefault bogus\nlog y\n", nil)
	var ok []string
	for i := range f.Sections[0].Lines {
		ok = append(ok, f.Sections[0].Lines[i].Words[0].Text)
	}
	if d := cmp.Diff([]string{"no", "default", "log"}, ok); d != "" || diags.Count(diag.Alert) != 3 {
		t.Errorf("%d alerts\n%s", diags.Count(diag.Alert), d)
	}
	if w := f.Sections[0].Lines[0].Bare(); len(w) != 2 || w[0].Text != "option" {
		t.Errorf("bare words %v", texts(w))
	}
}

func TestScopesAndHook(t *testing.T) {
	t.Parallel()
	var diags diag.List
	var seen []string
	f := Parse(source.New("s", []byte("[a]\nspoe-agent x\n m\n[b]\nspoe-message y\n[]\nspoe-group z\n")), Options{
		IsSection: SPOESections,
		Each:      func(s *Section, l *Line) { seen = append(seen, s.Scope+"/"+s.Title()+"/"+l.Words[0].Text) },
	}, &diags)
	if d := cmp.Diff([]string{"a/x/spoe-agent", "a/x/m", "b/y/spoe-message", "/z/spoe-group"}, seen); d != "" || len(diags.All) > 0 {
		t.Errorf("%v\n%s", diags.All, d)
	}
	if len(f.Sections) != 3 || f.Sections[0].Name() != "x" || (&Section{Keyword: source.Word{Text: "global"}}).Title() != "global" {
		t.Errorf("sections %v", layout(f))
	}
}

func TestEmptyArgsOfOldReleases(t *testing.T) {
	t.Parallel()
	var diags diag.List
	f := Parse(source.New("t.cfg", []byte("global\n a b \"\" c\n")), Options{EmptyArgs: true}, &diags)
	if d := cmp.Diff([][]string{{"a", "b"}}, layout(f)[0].Lines); d != "" || diags.Count(diag.Warning) != 1 || diags.HasErrors() {
		t.Errorf("%v\n%s", diags.All, d)
	}
}
