package config

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// checkText compiles one file and returns whether it is accepted and what is
// said, printed as the original prints it but for process id and program name.
func checkText(t testing.TB, text string) (ok bool, said []string) {
	t.Helper()
	return checkList(t, text, &diag.List{})
}

// checkList is checkText into a given list.
func checkList(t testing.TB, text string, diags *diag.List) (ok bool, said []string) {
	t.Helper()
	Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{CheckOnly: true}, NewDeps(), diags)
	if diags.Strict { // to be held against the original: without what only we say
		diags.All = slices.DeleteFunc(diags.All, func(d diag.Diagnostic) bool { return d.Ours })
	}
	var b bytes.Buffer
	if err := (&diag.HaproxyStyle{PID: 1}).Print(&b, diags); err != nil {
		t.Fatal(err)
	}
	return !diags.HasErrors(), messages(b.String())
}

var processID = regexp.MustCompile(`^(\[\w+\]) +\(\d+\) : `)

// messages takes what both programs say apart: notices and the closing lines
// are left out, and of ours what the original has no word for.
func messages(out string) []string {
	var said []string
	for _, l := range strings.Split(strings.TrimRight(out, "\n"), "\n") {
		l = processID.ReplaceAllString(l, "$1 ")
		switch {
		case l == "", strings.HasPrefix(l, "[NOTICE]"), strings.Contains(l, "Error(s) found in configuration file"),
			strings.Contains(l, "Fatal errors found in configuration"), strings.Contains(l, "is not acted on yet."):
		default:
			said = append(said, l)
		}
	}
	return said
}

// original runs the program that is installed as haproxy-3.5 on a text.
func original(t testing.TB, path, text string) (ok bool, said []string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.cfg"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-c", "-f", "t.cfg")
	cmd.Dir = dir
	var b bytes.Buffer
	cmd.Stderr = &b
	err := cmd.Run()
	return err == nil, messages(b.String())
}

// lineCase is one case of a keyword file: lines below a prelude.
type lineCase struct {
	lines string
	want  []string
	ok    bool
}

// parseCases reads "> line", "= message" and "rc n".
func parseCases(data string) []lineCase {
	var out []lineCase
	var c lineCase
	for _, l := range strings.Split(strings.TrimRight(data, "\n"), "\n") {
		switch {
		case strings.HasPrefix(l, ">"):
			c.lines += l[1:] + "\n"
		case strings.HasPrefix(l, "= "):
			c.want = append(c.want, l[2:])
		case strings.HasPrefix(l, "rc "):
			c.ok = l == "rc 0"
			out = append(out, c)
			c = lineCase{}
		}
	}
	return out
}

// TestKeywordLines runs the cases of testdata/haproxy/keyword. They hold what
// HAProxy 3.5 said; with it installed, a sample of them is held against it.
func TestKeywordLines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/haproxy/keyword/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	theirs, lookErr := exec.LookPath("haproxy-3.5")
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			prelude, cases := "", []lineCase(nil)
			for _, s := range readArchive(t, f).Files {
				if s.Name == "prelude" {
					prelude = string(s.Data)
				} else {
					cases = parseCases(string(s.Data))
				}
			}
			if len(cases) == 0 {
				t.Fatal("no cases")
			}
			for i, c := range cases {
				ok, said := checkText(t, prelude+c.lines)
				if ok != c.ok {
					t.Errorf("%saccepted: %v, said %q", c.lines, ok, said)
				} else if d := cmp.Diff(c.want, said); d != "" {
					t.Errorf("%s(-want +got)\n%s", c.lines, d)
				}
				if lookErr != nil || i%25 != 0 {
					continue
				}
				if ok, said := original(t, theirs, prelude+c.lines); ok != c.ok || !cmp.Equal(c.want, said) {
					t.Errorf("the original on %s: %v %q", c.lines, ok, said)
				}
			}
		})
	}
}

// readArchive reads a txtar file.
func readArchive(t testing.TB, path string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestChecks runs testdata/haproxy/check: a file, the verdict ("ok" or
// "refused"), what is said ("stderr"), and where the original's verdict is
// another, "diverges: <reason>". "strict" is all that is said with --strict,
// which is what the original says.
func TestChecks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/haproxy/check/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	theirs, lookErr := exec.LookPath("haproxy-3.5")
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, want, refused, diverges, compare := "", []string(nil), false, false, false
			var strict []string
			for _, s := range readArchive(t, f).Files {
				switch {
				case s.Name == "t.cfg":
					text = string(s.Data)
				case s.Name == "refused":
					refused = true
				case s.Name == "stderr":
					compare = true
					want = strings.Split(strings.TrimRight(string(s.Data), "\n"), "\n")
				case s.Name == "strict":
					strict = strings.Split(strings.TrimRight(string(s.Data), "\n"), "\n")
				case strings.HasPrefix(s.Name, "diverges: "):
					diverges = true
				case s.Name != "ok":
					t.Errorf("unknown part %q", s.Name)
				}
			}
			ok, said := checkText(t, text)
			if ok == refused {
				t.Errorf("accepted: %v, said %q", ok, said)
			}
			if d := cmp.Diff(want, said); compare && d != "" {
				t.Errorf("said (-want +got)\n%s", d)
			}
			if strict != nil {
				_, said := checkList(t, text, &diag.List{Strict: true})
				if d := cmp.Diff(strict, said); d != "" {
					t.Errorf("said with --strict (-want +got)\n%s", d)
				}
			}
			if lookErr == nil {
				ok, said := original(t, theirs, text)
				if ok == refused != diverges {
					t.Errorf("the original accepts: %v, says %q", ok, said)
				}
				if d := cmp.Diff(strict, said); strict != nil && d != "" {
					t.Errorf("the original (-want +got)\n%s", d)
				}
			}
		})
	}
}

// FuzzCompile looks for texts that the check cannot stand.
func FuzzCompile(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/haproxy/*/*.txtar")
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range a.Files {
			switch s.Name {
			case "t.cfg":
				f.Add(string(s.Data))
			case "cases":
				for i, c := range parseCases(string(s.Data)) {
					if i%40 == 0 {
						f.Add("listen l\n" + c.lines)
						f.Add("global\n" + c.lines)
					}
				}
			}
		}
	}
	for _, s := range []string{"", "\x00", "\xef\xbb\xbfglobal\n", "defaults a from b\ndefaults b from a\n", "listen \"\n", "frontend f\r\n bind :1\r\n",
		"backend b\n server s 1.1.1.1:1 track b/s\n", "peers p\n table t type ip size 1\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			t.Skip("long texts only repeat short ones")
		}
		for _, strict := range []bool{false, true} {
			diags := &diag.List{Strict: strict}
			cfg := Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{CheckOnly: true, Offline: true}, NewDeps(), diags)
			if cfg == nil {
				t.Error("no configuration came back")
			}
		}
	})
}
