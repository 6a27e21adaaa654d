package keepalived_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/keepalived"
)

// read reads a text with a fixed identity and returns its logical lines as
// "line: text" and its messages as "! line: text".
func read(t *testing.T, text string) []string {
	t.Helper()
	doc := keepalived.Read("k.conf", []byte(text), keepalived.Options{ConfigID: "node", Dir: t.TempDir(),
		Getenv: func(n string) string { return "<" + n + ">" }})
	return dump(doc)
}

func dump(doc *keepalived.Document) []string {
	var out []string
	say := func(ds []diag.Diagnostic) {
		for _, d := range ds {
			out = append(out, "! "+d.Span.String()+": "+d.Text)
		}
	}
	for _, l := range doc.Lines {
		say(l.Diags)
		out = append(out, l.Span.String()+": "+l.Text)
	}
	say(doc.Tail)
	return out
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"comments", "! a\n# b\n c # d\ne ! f\n\"g # h\" # i\n", []string{"k.conf:3: c", "k.conf:4: e", `k.conf:5: "g # h"`}},
		{"escaped comment signs", "a\\# b\\!\n", []string{"k.conf:1: a# b!"}},
		{"braces anywhere", "a { b\nc } d {\n", []string{"k.conf:1: a", "k.conf:1: {", "k.conf:1: b", "k.conf:2: c", "k.conf:2: }", "k.conf:2: d", "k.conf:2: {"}},
		{"quoted braces", "a \"{\" b\n", []string{`k.conf:1: a "{" b`}},
		{"CR LF and no last LF", "a\r\nb", []string{"k.conf:1: a", "k.conf:2: b"}},
		{"definitions", "$A=1\n$B=${A}0\nx $A ${B}y $A, $C $A9\n", []string{"k.conf:3: x 1 10y 1, $C $A9"}},
		{"the last definition wins", "$A=1\n$A=2\n$A\n", []string{"k.conf:3: 2"}},
		{"a definition over lines", "$A=a \\\n  b {\\\n}\nx $A\n$A y\n", []string{"k.conf:4: x a", "k.conf:4: b", "k.conf:4: {", "k.conf:4: }", "k.conf:5: $A y"}},
		{"standard definitions", "i ${_INSTANCE} ${_ENV HOME}\nh ${_HASH} x\nr ${_RANDOM 3 5}\n", []string{"k.conf:1: i node <HOME>", "k.conf:2: h", "k.conf:3: r 3"}},
		{"conditions", "@node a\n@other b\n@^node c\n@^other d\n@node\n", []string{"k.conf:1: a", "k.conf:4: d"}},
		{"condition and definition", "@node $A=1\n@other $A=2\n$A\n", []string{"k.conf:3: 1"}},
		{"sequences", "~SEQ(i,2) a$i\n~SEQ(i,5,-2,1) b$i\n~SEQx(i,9,11) c$i\n", []string{"k.conf:1: a1", "k.conf:1: a2", "k.conf:2: b5", "k.conf:2: b3", "k.conf:2: b1", "k.conf:3: c9", "k.conf:3: ca", "k.conf:3: cb"}},
		{"lists", "~LST({a,b},{1,2},{3}) x${a}y${b}\n", []string{"k.conf:1: x1y2", "k.conf:1: x3y"}},
		{"sequences in sequences", "~SEQ(i,2) ~LST(a,x,y) ${a}${i}\n", []string{"k.conf:1: x1", "k.conf:1: y1", "k.conf:1: x2", "k.conf:1: y2"}},
		{"step 0", "~SEQ(i,1,0,5) a\n", []string{"! k.conf:1: Invalid ~SEQ values '~SEQ(i,1,0,5) a'", "! k.conf:1: Invalid ~SEQ specification '~SEQ(i,1,0,5) a'"}},
		{"open quote", "a \"b\nc\n", []string{"! k.conf:1: Unterminated quote 'a \"b'", "k.conf:1: a \"b", "k.conf:2: c"}},
		{"NUL", "a\x00b\nc\n", []string{"! k.conf:1: configuration appears to have embedded NULs - ignoring line", "k.conf:2: c"}},
		{"recursion ends", "$A=$B\n$B=$A\n$A\n", []string{"! k.conf:3: definitions refer to each other without end in '$A'", "k.conf:3: $A"}},
		{"extra brace", "}\n", []string{"! k.conf:1: Extra '}' found", "k.conf:1: }"}},
		{"missing include", "include nothing\n", []string{"! k.conf:1: Config files missing 'nothing'."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, read(t, c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLongLine(t *testing.T) {
	t.Parallel()
	got := read(t, strings.Repeat("x", 1023)+"yz\nb\n")
	if diff := cmp.Diff([]string{"! k.conf:1: line too long - ignoring", "k.conf:1: yz", "k.conf:2: b"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestInclude follows files, whose own includes are relative to them.
func TestInclude(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("d/a.conf", "in a\ninclude sub.inc\n", 0o644)
	write("d/b.conf", "in b\n", 0o644)
	write("d/sub.inc", "in sub\n$V=5\n", 0o644)
	write("x.conf", "never\n", 0o755)
	write("loop.conf", "include loop.conf\n", 0o644)
	text := "include d/*.conf\nhere $V\ninclude {x.conf,d}\ninclude d/{b,a}.conf\nincludew d/*.none\n"
	doc := keepalived.Read("k.conf", []byte(text), keepalived.Options{Dir: dir})
	want := []string{
		"d/a.conf:1: in a", "sub.inc:1: in sub", "d/b.conf:1: in b", "k.conf:2: here 5",
		"! k.conf:3: Configuration file 'x.conf' is not a regular non-executable file - skipping",
		"! k.conf:3: Configuration file 'd/' is a directory - skipping",
		"d/b.conf:1: in b", "d/a.conf:1: in a", "sub.inc:1: in sub",
		"! k.conf:5: No config files matched 'd/*.none'.",
	}
	if diff := cmp.Diff(want, dump(doc)); diff != "" {
		t.Error(diff)
	}
	if !doc.IncludeFailed {
		t.Error("includew of nothing did not fail")
	}
	if doc = keepalived.Read("loop.conf", []byte("include loop.conf\n"), keepalived.Options{Dir: dir}); len(doc.Files) > 64 {
		t.Errorf("a loop read %d files", len(doc.Files))
	}
}

// TestIncludeLine holds where an include may stand, and what fails it.
func TestIncludeLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"y.conf": "in y\n", "in.conf": "include y.conf\n", "d/x": "in x\n"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const missing = "! k.conf:1: Config files missing '"
	for _, c := range []struct {
		text  string
		want  []string
		fails bool
		check keepalived.Check
	}{
		{text: "@x include y.conf\n@^x include y.conf\n", want: []string{"y.conf:1: in y"}},
		{text: "include ${_PWD}/y.conf\n", want: []string{dir + "/y.conf:1: in y"}},
		{text: "$A=y\ninclude ${A}.conf\n", want: []string{"y.conf:1: in y"}},
		{text: "$A=include\n$A y.conf\n", want: []string{"y.conf:1: in y"}},
		{text: "~LST(f,y,in) include ${f}.conf\n", want: []string{"y.conf:1: in y", "y.conf:1: in y"}},
		{text: "a { include y.conf\nb\n", want: []string{"k.conf:1: a", "k.conf:1: {", "y.conf:1: in y", "k.conf:2: b"}},
		{text: "a { include y.conf }\n", want: []string{"k.conf:1: a", "k.conf:1: {", missing + "y.conf }'."}},
		{text: "$A=a \\\ninclude y.conf\\\nb\n$A\n", want: []string{"k.conf:4: a", "k.conf:4: b", "y.conf:1: in y"}},
		{text: "includem no\n", want: []string{missing + "no'."}, fails: true},
		{text: "includew no\n", want: []string{missing + "no'."}, fails: true},
		{text: "includer no\n", want: []string{missing + "no'."}},
		{text: "includeb no\n", want: []string{missing + "no'."}},
		{text: "includem *.no\n"},
		{text: "includew *.no\n", want: []string{"! k.conf:1: No config files matched '*.no'."}, fails: true},
		{text: "includer no/*\n", want: []string{missing + "no/*'."}},
		{text: "includew no/*\n", want: []string{missing + "no/*'."}, fails: true},
		{text: "includew {y,no}.conf\n", want: []string{"! k.conf:1: Some config files missing: \"{y,no}.conf\".", "y.conf:1: in y"}},
		{text: "includeb {y,no}.conf\n", want: []string{"! k.conf:1: Some config files missing: \"{y,no}.conf\"."}, fails: true},
		{text: "includeb {y,no*}.conf\n", want: []string{"y.conf:1: in y"}},
		{text: "includeb {no,none}\n", want: []string{missing + "{no,none}'."}, fails: true},
		{text: "includem {no,none}\n", want: []string{missing + "{no,none}'."}},
		{text: "include d\n", want: []string{"! k.conf:1: Configuration file 'd/' is a directory - skipping"}},
		{text: "includeb d\n", want: []string{"! k.conf:1: Configuration file 'd/' is a directory - skipping"}, fails: true},
		{text: "a\ninclude no\n", want: []string{"k.conf:1: a", "! k.conf:2: Config files missing 'no'."}, check: keepalived.CheckMatch, fails: true},
		{text: "include no\na\n", want: []string{missing + "no'.", "k.conf:2: a"}, check: keepalived.CheckMatch},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			doc := keepalived.Read("k.conf", []byte(c.text), keepalived.Options{Dir: dir, ConfigID: "x", Include: func(n int) keepalived.Check {
				if n == 0 {
					return 0
				}
				return c.check
			}})
			if diff := cmp.Diff(c.want, dump(doc)); diff != "" || doc.IncludeFailed != c.fails {
				t.Errorf("failed %v\n%s", doc.IncludeFailed, diff)
			}
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		words  []string
		script []string
	}{
		{`a  b	c`, []string{"a", "b", "c"}, []string{"a", "b", "c"}},
		{`a "b c"d e"f"`, []string{"a", "b c", "d", "e", "f"}, []string{"a", "b cd", "ef"}},
		{`s "x 'y z' \"q\"" u`, []string{"s", `x 'y z' \`, `q\`, "u"}, []string{"s", `x 'y z' \"q\"`, "u"}},
		{`s 'a b' c`, []string{"s", "'a", "b'", "c"}, []string{"s", "a b", "c"}},
	} {
		l := keepalived.Logical{Text: c.text}
		texts := func(script bool) []string {
			w, _ := l.Words()
			if script {
				w, _ = l.ScriptWords()
			}
			var out []string
			for _, x := range w {
				out = append(out, x.Text)
			}
			return out
		}
		// An odd quote ends the splitting at the words before it.
		if got := texts(false); !strings.Contains(c.text, `\"`) {
			if diff := cmp.Diff(c.words, got); diff != "" {
				t.Errorf("%s: %s", c.text, diff)
			}
		}
		if diff := cmp.Diff(c.script, texts(true)); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
	// The example of keepalived.conf(5), "Quoted strings".
	argv, ok := keepalived.SplitCommand(`/etc/notify.sh ' spaces\\x20f\x69le ' '\"s p a c e \"' SG1.low master`)
	want := []string{"/etc/notify.sh", ` spaces\x20file `, `"s p a c e "`, "SG1.low", "master"}
	if diff := cmp.Diff(want, argv); diff != "" || !ok {
		t.Error(ok, diff)
	}
}

func roundTrip(t *testing.T, data []byte) {
	t.Helper()
	f, err := keepalived.Parse("f", data)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.String(); got != string(data) {
		t.Errorf("printed\n%q\nread\n%q", got, data)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"a { b }\n", "\"x\n\r\n! c\n", "a\\#b\\\n\t}", "$A=\\\n~SEQ(i,1,3) $i", "\x00\r", "include {a,b}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data)
		if strings.Contains(string(data), "include") || strings.Contains(string(data), "~") {
			return // the disk is not this target's, nor are a million lines of a sequence
		}
		for _, l := range keepalived.Read("f", data, keepalived.Options{ConfigID: "x"}).Lines {
			l.Words()
			l.ScriptWords()
			keepalived.SplitCommand(l.Text)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data := []byte(strings.Repeat("vrrp_instance V {\n  interface eth0 # base\n  virtual_ipaddress {\n    10.0.0.1/24 dev eth0\n  }\n}\n", 1000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		keepalived.Read("f", data, keepalived.Options{ConfigID: "x"})
	}
}
