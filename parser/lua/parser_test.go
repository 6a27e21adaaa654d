package lua

import (
	"testing"

	glua "github.com/yuin/gopher-lua"
)

// TestRefusals compares what is said of texts that are no programs with the
// messages of Lua 5.3.6.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ src, want string }{
		{"x = = 1\n", "f:1: unexpected symbol near '='"},
		{"x=\"abc\n", "f:1: unfinished string near '\"abc'"},
		{"if x then\n", "f:2: 'end' expected (to close 'if' at line 1) near <eof>"},
		{"x = 5 5\n", "f:1: unexpected symbol near '5'"},
		{"local t <const> = 3; t = 4\n", "f:1: unexpected symbol near '<'"},
		{"f(\n", "f:2: unexpected symbol near <eof>"},
		{"x = }\n", "f:1: unexpected symbol near '}'"},
		{"x = \"a\\q\"\n", "f:1: invalid escape sequence near '\"a\\q'"},
		{"x = 0x\n", "f:1: malformed number near '0x'"},
		{"x = 3..2\n", "f:1: malformed number near '3..2'"},
		{"for i = 1 do end\n", "f:1: ',' expected near 'do'"},
		{"for i do end\n", "f:1: '=' or 'in' expected near 'do'"},
		{"function f( end\n", "f:1: <name> or '...' expected near 'end'"},
		{"local function f() return end end\n", "f:1: <eof> expected near 'end'"},
		{"x = [[abc\n", "f:2: unfinished long string (starting at line 1) near <eof>"},
		{"--[[ abc\n", "f:2: unfinished long comment (starting at line 1) near <eof>"},
		{"x = {1,2\n", "f:2: '}' expected (to close '{' at line 1) near <eof>"},
		{"function f() return ... end", "f:1: cannot use '...' outside a vararg function near '...'"},
		{"x\n", "f:2: syntax error near <eof>"},
		{"(f())\n", "f:2: syntax error near <eof>"},
		{"x = 9007199254740993\n", "f:1: integer '9007199254740993' has more than 53 bits, which numbers do not hold here"},
		{"x = 0x7fffffffffffffff", "f:1: integer '0x7fffffffffffffff' has more than 53 bits, which numbers do not hold here"},
	} {
		_, err := Parse(c.src, "f")
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.src, err, c.want)
		}
	}
}

// TestDeep bounds what nesting costs.
func TestDeep(t *testing.T) {
	t.Parallel()
	src := ""
	for range 5000 {
		src += "("
	}
	if _, err := Parse("x = "+src, "f"); err == nil {
		t.Error("accepted")
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    string
		want float64
		ok   bool
	}{
		{"10", 10, true}, {" 10 ", 10, true}, {"-1.5", -1.5, true}, {"0x10", 16, true}, {"1e2", 100, true}, {"0x1p4", 16, true}, {".5", .5, true},
		{"", 0, false}, {"x", 0, false}, {"1x", 0, false}, {"inf", 0, false}, {"1_000", 0, false}, {"- 1", 0, false},
	} {
		if got, ok := Number(c.s); got != c.want || ok != c.ok {
			t.Errorf("%q: %v %v", c.s, got, ok)
		}
	}
}

// FuzzParse looks for texts that the reader, or the compiler behind it, cannot
// stand.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"local a, b = 1, 'x' ; function t.a.b:c(...) return ... end", "for i=1,2,3 do goto x ::x:: end", "x = {1, a=2, [3]=4; f()} .. [==[ ]=] ]==]",
		"repeat local x <const> until not x // 2 ~ 3 >> -1 << #y", "x = \"\\u{1F600}\\x41\\065\\z  \\\n\"", "while a do if b then break elseif c then else end end",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		block, err := Parse(src, "f")
		if err == nil {
			_, _ = glua.Compile(block, "f")
		}
	})
}
