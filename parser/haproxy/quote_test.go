package haproxy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
)

var testEnv = map[string]string{"HOME": "/root", "EMPTY": "", "LST": "a  b\tc ", "L2": " a b"}

// TestWords reads the words of one line; each was tried on the original.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want []string
	}{
		{`a b`, []string{"a", "b"}},
		{"\ta \v b\f", []string{"a", "b"}},
		{`a#b`, []string{"a"}},
		{`"a#b" c # d "`, []string{"a#b", "c"}},
		{`a\ b\#c\\d\te\nf\rg\"h\'`, []string{"a b#c\\d\te\nf\rg\"h'"}},
		{`a\q\$\.`, []string{`a\q\$\.`}},
		{`"\$HOME\x41\q\ "`, []string{`$HOMEA\q `}},
		{`\x41\x20b`, []string{"A b"}},
		{`'$HOME\n"#'x`, []string{`$HOME\n"#x`}},
		{`"$HOME"/x`, []string{"/root/x"}},
		{`$HOME`, []string{"$HOME"}},
		{`"${HOME}x" "$HOME/$.LINE"`, []string{"/rootx", "/root/2"}},
		{`"${NO-/x y}"z`, []string{"/x yz"}},
		{`"${HOME-/x}"`, []string{"/root"}},
		{`"${NO-a b}c}"`, []string{"a bc}"}},
		{`"${NO-"x"}"`, []string{`"x"`}},
		{`"${NO-$HOME}"`, []string{"$HOME"}},
		{`"${NO-a\}b}"`, []string{`a\b}`}},
		{`x "${LST[*]}" y`, []string{"x", "a", "b", "c", "y"}},
		{`"x${LST[*]}y"`, []string{"xa", "b", "c", "y"}},
		{`"x${L2[*]}"`, []string{"x", "a", "b"}},
		{`a "${NO[*]}" b`, []string{"a", "b"}},
		{`"${NO[*]-a b}"`, []string{"a", "b"}},
		{`"${.FILE}:${.LINE}"`, []string{"t.cfg:2"}},
		{`"<${.SECTION}>"`, []string{"<global>"}},
		{`""x'' y`, []string{"x", "y"}},
		{`x \`, []string{"x", `\`}},
		{"a b\r", []string{"a", "b"}},
		{"a\rb", []string{"a"}},
		{"a\u00a0b", []string{"a\u00a0b"}},
	} {
		f, diags := parse(t, "global\n"+c.in+"\n", testEnv)
		if diags.HasErrors() {
			t.Errorf("%s: %v", c.in, diags.All)
			continue
		}
		if d := cmp.Diff([][]string{c.want}, layout(f)[0].Lines); d != "" {
			t.Errorf("%s:\n%s", c.in, d)
		}
	}
}

// messages renders what the original prints, places and echoes included.
func messages(l *diag.List) string {
	var b strings.Builder
	for i := range l.All {
		d := &l.All[i]
		if d.Quiet {
			continue
		}
		b.WriteString(d.Severity.String()[:1] + " " + strings.TrimPrefix(d.Place(), "config : parsing ") + d.Text + "\n")
		for _, e := range d.Extra {
			if e != emptyArgument {
				b.WriteString(e + "\n")
			}
		}
	}
	return b.String()
}

// TestMessages holds what the original (3.5) prints for lines it cannot read.
func TestMessages(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("0123456789", 9)
	for _, c := range []struct{ in, want string }{
		{"global\n \"stats\" timeout \"10s\n a\n", "A [t.cfg:2]: unmatched quote at position 18:\n  \"stats\" timeout \"10s\n                  ^\n"},
		{"global\n a '10s\n", "A [t.cfg:2]: unmatched quote at position 4:\n  a '10s\n    ^\n"},
		{"global\n log-tag '\\n\\'' z\n", "A [t.cfg:2]: unmatched quote at position 15:\n  log-tag '\\n\\'' z\n               ^\n"},
		{"global\n log-tag \"a\rb\" z\n", "A [t.cfg:2]: unmatched quote at position 10:\n  log-tag \"a b\" z\n          ^\n"},
		{"global\n\tstats timeout \"${A\"\t\n", "A [t.cfg:2]: unmatched brace in environment variable name at position 18:\n  stats timeout \"${A\" \n                  ^\n"},
		{"global\n a \"${HOME/x}\" z\n", "A [t.cfg:2]: unmatched brace in environment variable name at position 6:\n  a \"${HOME/x}\" z\n      ^\n"},
		{"global\n a \"$1\"\n", "A [t.cfg:2]: forbidden first char in environment variable name at position 6:\n  a \"$1\"\n      ^\n"},
		{"global\n a \"${}\"\n", "A [t.cfg:2]: forbidden first char in environment variable name at position 7:\n  a \"${}\"\n       ^\n"},
		{"global\n c \"${.FOO-x}\" z\n", "A [t.cfg:2]: forbidden first char in environment variable name at position 7:\n  c \"${.FOO\n       ^\n"},
		{"global\n log-tag \"${LST[x]}\" z\n", "A [t.cfg:2]: truncated or invalid word expansion sequence at position 16:\n  log-tag \"${LST[x]}\" z\n                ^\n"},
		{"global\n stats timeout \\x4\n", "A [t.cfg:2]: truncated or invalid hexadecimal sequence at position 16:\n  stats timeout \\x4\n                ^\n"},
		{"global\n e \"${NO-x}\" \"y\n", "A [t.cfg:2]: unmatched quote at position 14:\n  e \"${NO-x\n              ^\n"},
		{"global\n stats \"\" timeout 10s\n", "A [t.cfg:2]: argument number 1 at position 9 is empty and marks the end of the argument list:\n  stats \"\" timeout 10s\n         ^\n"},
		{"global\n stats timeout \"${NOPE}\"\n", "A [t.cfg:2]: argument number 2 at position 19 is empty and marks the end of the argument list:\n  stats timeout \"${NOPE}\"\n                   ^\n"},
		{"global\n stats timeout \"${EMPTY}\" x\n", "A [t.cfg:2]: argument number 2 at position 25 is empty and marks the end of the argument list:\n  stats timeout \"${EMPTY}\" x\n                         ^\n"},
		{"global\n p \"x$NO\" \"\"\n", "A [t.cfg:2]: argument number 2 at position 7 is empty and marks the end of the argument list:\n  p \"x$NO\" \"\"\n       ^\n"},
		{"global\n q \"\"x \"$NO\"\n", "A [t.cfg:2]: argument number 2 at position 10 is empty and marks the end of the argument list:\n  q \"\"x \"$NO\"\n          ^\n"},
		{"global\n n x\"\" \"\"\n", "A [t.cfg:2]: argument number 2 at position 9 is empty and marks the end of the argument list:\n  n x\"\" \"\"\n         ^\n"},
		{"global\n ee \"${NO[*]}\"\"\"\n", "A [t.cfg:2]: argument number 1 at position 16 is empty and marks the end of the argument list:\n  ee \"${NO[*]}\"\"\"\n                ^\n"},
		{"global\n \"\" foo\n", ""},
		{"global\n v \\x00z a\n", "A [t.cfg:2]: argument number 1 at position 4 is empty and marks the end of the argument list:\n  v \\x00z a\n    ^\n"},
		{"global\n stats timeout 10s", "W [t.cfg:2]: Missing LF on last line, file might have been truncated at position 19: HAProxy 2.3 and later refuse that. It is accepted here.\n"},
		{"global\n# foo", "W [t.cfg:2]: Missing LF on last line, file might have been truncated at position 6: HAProxy 2.3 and later refuse that. It is accepted here.\n"},
		{"global\n  ", "W [t.cfg:2]: Missing LF on last line, file might have been truncated at position 3: HAProxy 2.3 and later refuse that. It is accepted here.\n"},
		{"global\n log-tag \"\\", "A [t.cfg:2]: unmatched quote at position 10:\n  log-tag \"\\\n          ^\nW [t.cfg:2]: Missing LF on last line, file might have been truncated at position 12: HAProxy 2.3 and later refuse that. It is accepted here.\n"},
		{"global\n bogus\x00x\n", "A [t.cfg:2]: Missing LF on last line, file might have been truncated at position 7.\n"},
		{"global\n# a\x00b\n foo\n", "A [t.cfg:2]: Stray NUL character at position 4.\n"},
		{"\x00", "A [t.cfg:1]: Missing LF on last line, file might have been truncated at position 1.\n"},
		{"global\n log-tag" + words(63) + "\n", ""},
		{"global\n log-tag" + words(64) + "\n", "A [t.cfg:2]: too many words, truncating after word 64, position 248: <a63>.\n"},
		{"global\n log-tag" + words(70) + "\n", "A [t.cfg:2]: too many words, truncating after word 64, position 248: <a63>.\n"},
		{"[engine] foo\nglobal\n", "A [t.cfg:1] : character 'f' is not permitted after scope declaration.\n"},
		{"global\n log-tag " + digits + " \"x\n", "A [t.cfg:2]: unmatched quote at position 101:\n  ...456789012345678901234567890123456789 \"x...\n                                          ^\n"},
		{"global\n log-tag \"" + digits + " x\n", "A [t.cfg:2]: unmatched quote at position 10:\n  log-tag \"01234567890123456789012345678901234567890123456789012345678901234567890\n          ^\n"},
		{"global\n   log-tag " + digits + " " + digits + " \"x " + digits + " \n", "A [t.cfg:2]: unmatched quote at position 194:\n  ...456789012345678901234567890123456789 \"x 0123456789012345678901234567890123...\n                                          ^\n"},
		{"global\n \"x\t\r\n", "A [t.cfg:2]: unmatched quote at position 2:\n  \"x  \n  ^\n"},
	} {
		_, diags := parse(t, c.in, testEnv)
		if d := cmp.Diff(c.want, messages(diags)); d != "" {
			t.Errorf("%q:\n%s", c.in, d)
		}
	}
}

// words makes " a1 a2 … an".
func words(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		b.WriteString(" a")
		if i >= 10 {
			b.WriteByte(byte('0' + i/10))
		}
		b.WriteByte(byte('0' + i%10))
	}
	return b.String()
}

func TestForeignChars(t *testing.T) {
	t.Parallel()
	_, diags := parse(t, "\ufeffglobal\n log \u201cx\u201d # \u201cfine\u201d\n a\u00a0b\n 'c\u00a0d'\n x\u00e9\n", nil)
	var got []string
	for _, d := range diags.All {
		if d.Code != diag.ForeignChars || !d.Quiet {
			t.Errorf("unexpected %+v", d)
		}
		got = append(got, d.Span.String()+" "+d.Text)
	}
	want := []string{
		"t.cfg:1 a byte order mark (U+FEFF) stands here, where nothing is meant",
		"t.cfg:2 a typographic quote (U+201C) stands here, where '\"' is meant",
		"t.cfg:3 a no-break space (U+00A0) stands here, where a blank is meant",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
