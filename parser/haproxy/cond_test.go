package haproxy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testCond = &CondEnv{
	Getenv:     func(n string) (string, bool) { v, ok := testEnv[n]; return v, ok },
	Version:    "3.5-dev5-50872d-2",
	OpenSSL:    "3.0.11",
	SSLLibrary: "OpenSSL 3.0.11",
	Feature:    func(n string) bool { return n == "OPENSSL" },
	Enabled:    func(n string) bool { return n == "EPOLL" },
}

// TestArgument holds what -cc of the original (3.5) answers.
func TestArgument(t *testing.T) {
	t.Parallel()
	const no = "Failed to evaluate condition: "
	for _, c := range []struct{ in, want string }{
		{"", "1"}, {"1", "0"}, {"200rrr", no + "unexpected character 'r' at the end of conditional expression '200rrr'"},
		{"!(0))", no + "unexpected character ')' at the end of conditional expression '!(0))'"},
		{`streq(a,"a)`, "Syntax Error in condition: Unmatched quote."},
		{"(1", no + "expected ')' after conditional expression '(1'"},
		{"1 &&", no + "unparsable conditional expression '&&'"},
		{"1 && 0 || 1", "0"}, {"!!1", "0"}, {"! 1", "1"}, {" 1", "0"}, {"1&&1", "0"}, {"1||0", "0"},
		{"1 |", no + "unexpected character '|' at the end of conditional expression '1 |'"},
		{"foo(1)", no + "unparsable conditional expression 'foo(1)'"},
		{"feature", "1"}, {"feature()", "1"}, {"feature(OPENSSL)", "0"},
		{"feature(x", no + "expected ')' in argument 1 of predicate 'feature' used in conditional expression"},
		{"streq(a)", no + "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression"},
		{"streq(a,b,c)", no + "expected ')' before ',c)' in argument 1 of predicate 'streq' used in conditional expression"},
		{"streq(a,a)x", no + "unexpected character 'x' at the end of conditional expression 'streq(a,a)x'"},
		{"enabled(FOO)", "1"}, {"enabled(epoll)", "1"}, {"enabled(EPOLL)", "0"},
		{"version_atleast(2.4-dev19)", "0"}, {"version_atleast(x)", "0"}, {"version_atleast()", "0"}, {"version_before(3.6)", "0"},
		{"version_atleast(3.5-dev5)", "0"}, {"version_atleast(3.5-dev6)", "1"}, {"version_atleast(3.5)", "1"},
		{"-1", "0"}, {"00", "1"}, {"+1", "0"}, {"(1)", "0"}, {"()", no + "unparsable conditional expression ')'"},
		{"!", no + "unparsable conditional expression '!'"},
		{"1 !1", no + "unexpected character '!' at the end of conditional expression '1 !1'"},
		{"defined(HOME)", "0"}, {"defined HOME", no + "unexpected character 'H' at the end of conditional expression 'defined HOME'"},
		{"streq(a, a)", "1"}, {`streq('a b',a\ b)`, "0"}, {"strstr(abc,b)", "0"}, {"strneq(a,b)", "0"},
		{"openssl_version_atleast(1.1.1)", "0"}, {"openssl_version_before(3.0.2)", "1"},
		{"openssl_version_atleast(x)", no + "invalid argument to conditional expression predicate 'openssl_version_atleast': 'x'"},
		{"ssllib_name_startswith(Open)", "0"}, {"fips_mode()", "1"}, {"fips_mode", "1"},
		{"awslc_api_atleast(35)", no + "invalid argument to conditional expression predicate 'awslc_api_atleast': '35'"},
		{"99999999999999999999", "0"}, {"0x1", "0"}, {"(((((1)))))", "0"}, {"strstr(,)", "0"}, {"streq(,)", "0"},
		{"streq()", no + "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression"},
		{"1 # foo", no + "unexpected character '#' at the end of conditional expression '1 # foo'"},
		{`"${NO}"`, "1"}, {`"$1"`, "Unhandled error in condition, please report this to the developers."},
		{`\xZZ`, "Syntax Error in condition: Truncated or invalid hexadecimal sequence."},
		{`streq("$HOME",/root)`, "0"}, {"streq(a b,a  b)", "0"}, {`streq("a  b",a  b)`, "1"},
		{strings.Repeat("1 ", 70), "Error in condition: Too many words."},
	} {
		v, err := EvalArgument(c.in, testCond)
		got := "1"
		if v {
			got = "0"
		}
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

// TestConditionMessages holds where the original points in .if lines.
func TestConditionMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, text string
		at       int // as printed
	}{
		{"200rrr", "unexpected character 'r' at the end of conditional expression '200rrr'", 4},
		{"(1", "expected ')' after conditional expression '(1'", 1},
		{"((1)", "expected ')' after conditional expression '((1)'", 1},
		{"!(1", "expected ')' after conditional expression '!(1'", 1},
		{"1 &&", "unparsable conditional expression '&&'", 3},
		{"1 ||", "unparsable conditional expression '1 ||'", 3},
		{"1 && foo bar", "unparsable conditional expression 'foo bar'", 6},
		{"(1 && foo)", "unparsable conditional expression 'foo)'", 7},
		{"feature(a,b)", "expected ')' before ',b)' in argument 1 of predicate 'feature' used in conditional expression", 10},
		{"feature(a", "expected ')' in argument 1 of predicate 'feature' used in conditional expression", 10},
		{"1 && streq(a)", "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression", 13},
		{"streq", "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression", 6},
		{"streq(a,b", "expected ')' in argument 1 of predicate 'streq' used in conditional expression", 10},
		{"!!foo", "unparsable conditional expression '!!foo'", 1},
		{"fips_mode(x)", "expected ')' before 'x)' in argument 0 of predicate 'fips_mode' used in conditional expression", 11},
		{"openssl_version_atleast(x)", "invalid argument to conditional expression predicate 'openssl_version_atleast': 'x'", 27},
		{"089", "unexpected character '8' at the end of conditional expression '089'", 2},
		{"0x", "unexpected character 'x' at the end of conditional expression '0x'", 2},
		{"1 &&& 1", "unparsable conditional expression '& 1'", 5},
		{"1 && && 1", "unparsable conditional expression '&& 1'", 6},
		{"defined(A)(B)", "unexpected character '(' at the end of conditional expression 'defined(A)(B)'", 11},
		{"defined(", "expected ')' in argument 1 of predicate 'defined' used in conditional expression", 9},
		{"- 1", "unparsable conditional expression '- 1'", 1},
	} {
		_, diags := parse(t, "global\n  .if "+c.in+"\n .endif\n", nil)
		want := fmt.Sprintf("A [t.cfg:2]: %s in '.if' at position %d:\n  .if %s\n      %*s\n", c.text, c.at, c.in, c.at, "^")
		if d := cmp.Diff(want, messages(diags)); d != "" {
			t.Errorf("%s:\n%s", c.in, d)
		}
	}
}

// TestDirectives reads blocks; the messages are those of the original.
func TestDirectives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"nested", ".if 1\n.notice a\n.if 0\n.notice b\n.elif 1\n.notice c\n.elif 1\n.notice d\n.else\n.notice e\n.endif\n.else\n.notice f\n.endif\n", "N [t.cfg:2]: 'a'.\nN [t.cfg:6]: 'c'.\n"},
		{"dropped conditions are not read", ".if 0\n.if bogus(\n.elif bogus(\n.else\n.endif\n.notice x\n.else\n.notice y\n.endif\n", "N [t.cfg:8]: 'y'.\n"},
		{"dropped lines are split", ".if 0\n.bogus \"x\n a \"$NO\"\n.endif\n", "A [t.cfg:2]: unmatched quote at position 8:\n  .bogus \"x\n         ^\n"},
		{"lone else", "global\n.else\n.notice x\n", "A [t.cfg:2]: lone '.else' with no matching '.if'.\n"},
		{"lone elif", ".elif 1\n", "A [t.cfg:1]: lone '.elif' with no matching '.if'.\n"},
		{"lone endif", ".endif\n", "A [t.cfg:1]: lone '.endif' with no matching '.if'.\n"},
		{"second else", ".if 0\n.else\n.else\n.endif\n", "A [t.cfg:3]: '.else' after '.else' is not permitted.\n"},
		{"elif behind else", ".if 1\n.else\n.elif 1\n.endif\n", "A [t.cfg:3]: '.elif' after '.else' is not permitted.\n"},
		{"argument", "global\n.if 1\n.else foo\n.notice x\n.endif\n", "A [t.cfg:3]: Unexpected argument 'foo' for '.else'.\nA [t.cfg:3]: non-terminated '.if' block.\n"},
		{"open", ".if 1\n .if 0\n# x\n", "A [t.cfg:3]: non-terminated '.if' block.\n"},
		{"open without LF", "global\n.if 0\n foo", "W [t.cfg:3]: Missing LF on last line, file might have been truncated at position 5: HAProxy 2.3 and later refuse that. It is accepted here.\nA [t.cfg:3]: non-terminated '.if' block.\n"},
		{"endif without LF", "global\n.if 0\n.endif", "W [t.cfg:3]: Missing LF on last line, file might have been truncated at position 7: HAProxy 2.3 and later refuse that. It is accepted here.\n"},
		{"unknown", ". x\n", "A [t.cfg:1]: unknown directive '.'.\n"},
		{"messages", ".notice \"a b\" c\n.notice\n.warning \"x y\"\n.diag d\n.alert stop\n.notice no\n", "A [t.cfg:1]: Unexpected argument 'c' for '.notice'. Use quotes if the message should contain spaces.\nN [t.cfg:2]: ''.\nW [t.cfg:3]: 'x y'.\nD [t.cfg:4]: 'd'.\nA [t.cfg:5]: 'stop'.\n"},
		{"variables", "global\n setenv A 1\n presetenv A 2\n presetenv B \"${A}b\"\n unsetenv HOME\n.if streq(\"$A$B\",11b) && !defined(HOME)\n.notice ok\n.endif\n resetenv B\n.notice \"<${A-no}${B}>\"\nfrontend f\n setenv C 1\n.notice \"${C-no}\"\n", "N [t.cfg:7]: 'ok'.\nN [t.cfg:10]: '<no1b>'.\nN [t.cfg:13]: 'no'.\n"},
		{"nesting", strings.Repeat(".if 1\n", 100), "A [t.cfg:100]: too many nested '.if', max is 100.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, diags := parse(t, c.in, testEnv)
			if d := cmp.Diff(c.want, messages(diags)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	ordered := []string{"", "1.8", "2.4-dev1", "2.4-dev19", "2.4-rc1", "2.4", "2.4.1", "2.4.1-10", "2.4.10", "3.5-dev5", "3.5-dev5-50872d-2", "3.5"}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got := compareVersions(a, b); got != want {
				t.Errorf("compare(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}
