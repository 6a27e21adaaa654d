package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseSample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		bad  string // what stands behind it
		want Sample
		err  string
	}{
		{in: "src", want: Sample{Fetch: Call{Name: "src"}}},
		{in: "src()", want: Sample{Fetch: Call{Name: "src", Parens: true}}},
		{in: "req.hdr(Host,-1),lower,field(2,.)", want: Sample{Fetch: Call{Name: "req.hdr", Args: []string{"Host", "-1"}, Parens: true},
			Convs: []Call{{Name: "lower"}, {Name: "field", Args: []string{"2", "."}, Parens: true}}}},
		{in: "src,,lower,", want: Sample{Fetch: Call{Name: "src"}, Convs: []Call{{Name: "lower"}}}},
		{in: `str("a,b)" 'c"d' \q\ \\e)`, want: Sample{Fetch: Call{Name: "str", Args: []string{`a,b) c"d \q \e`}, Parens: true}}},
		{in: `str(a\,b)`, want: Sample{Fetch: Call{Name: "str", Args: []string{`a\`, "b"}, Parens: true}}},
		{in: `str(\r\n\t"\"")`, want: Sample{Fetch: Call{Name: "str", Args: []string{"\r\n\t\""}, Parens: true}}},
		{in: `regsub("(a|b)",,g)`, want: Sample{Fetch: Call{Name: "regsub", Args: []string{"(a|b)", "", "g"}, Parens: true}}},
		{in: "", err: "missing fetch method"},
		{in: "(a)", err: "missing fetch method"},
		{in: "src, lower", bad: "unknown converter ''", want: Sample{Fetch: Call{Name: "src"}}},
		{in: "src]", bad: "missing comma after fetch keyword", want: Sample{Fetch: Call{Name: "src"}}},
		{in: "req.hdr(a)x", bad: "missing comma after fetch keyword", want: Sample{Fetch: Call{Name: "req.hdr", Args: []string{"a"}, Parens: true}}},
		{in: "src,lower]", bad: "missing comma after converter 'lower'", want: Sample{Fetch: Call{Name: "src"}, Convs: []Call{{Name: "lower"}}}},
		{in: "req.hdr(a", want: Sample{Fetch: Call{Name: "req.hdr", Args: []string{"a"}, Parens: true, Open: true}}},
		{in: `req.hdr("a)`, want: Sample{Fetch: Call{Name: "req.hdr", Args: []string{"a)"}, Parens: true, Open: true}}},
		{in: "src,lower(", want: Sample{Fetch: Call{Name: "src"}, Convs: []Call{{Name: "lower", Parens: true, Open: true}}}},
	} {
		got, err := ParseSample(c.in)
		if c.err != "" || err != nil {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		bad := ""
		if got.Bad != nil {
			bad = got.Bad.Error()
		}
		if bad != c.bad {
			t.Errorf("%s: %q behind it, want %q", c.in, bad, c.bad)
		}
		if d := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Sample{}, "Text", "Bad"), cmpopts.IgnoreUnexported(Call{})); d != "" || !strings.HasPrefix(c.in, got.Text) {
			t.Errorf("%s: text %q\n%s", c.in, got.Text, d)
		}
	}
}

func TestParseFmt(t *testing.T) {
	t.Parallel()
	src := &Sample{Text: "src", Fetch: Call{Name: "src"}}
	for _, c := range []struct {
		in   string
		want []FmtItem
		bad  string // what stands behind the last expression
		err  string
	}{
		{in: ""},
		{in: "a b", want: []FmtItem{{Text: "a b"}}},
		{in: "100%% %ci:%cp", want: []FmtItem{{Text: "100% "}, {Alias: "ci"}, {Text: ":"}, {Alias: "cp"}}},
		{in: "%[src]x", want: []FmtItem{{Sample: src}, {Text: "x"}}},
		{in: "%{+Q,-X}[src]%{}ci", want: []FmtItem{{Sample: src, Flags: []string{"+Q", "-X"}}, {Alias: "ci", Flags: []string{""}}}},
		{in: "%(n:sint){+Q}ci%(m)Tq", want: []FmtItem{{Alias: "ci", Name: "n", Type: "sint", Flags: []string{"+Q"}}, {Alias: "Tq", Name: "m"}}},
		{in: "%[src]]", want: []FmtItem{{Sample: src}, {Text: "]"}}},
		{in: "%", err: "truncated line after '%'"},
		{in: "%[src]%", err: "truncated line after '%'"},
		{in: "%(a)", err: "truncated line after '%'"},
		{in: "%{+Qci", err: "truncated line after '+Qci'"},
		{in: "a%{+Q}", err: "parse argument modifier without alias name near '%{+Q}'"},
		{in: "%{+Q}(n)ci", err: "parse argument modifier without alias name near '%{+Q}'"},
		{in: "%[src", bad: "missing ']' after 'src'"},
		{in: "%[src lower]", bad: "expected ']' after 'src', but found ' '"},
		{in: "%[foo]%", err: "truncated line after '%'"},
		{in: "%5ci", err: "unexpected alias name near '5' at position 1 line : '%5ci'. Maybe you want to write a single '%', use the syntax '%%'"},
		{in: "%[ src ]", err: "failed to parse sample expression < src ]> : missing fetch method"},
		{in: "%[[src]]", err: "failed to parse sample expression <[src]]> : missing fetch method"},
		{in: "%(name:bad)ci", err: "unexpected output type 'bad' at position 7 line : '%(name:bad)ci'. Supported types are: str, sint, bool, raw"},
		{in: "%(a b)ci", err: "invalid character in custom name near ' ' at position 3 line : '%(a b)ci'"},
		{in: "%(a:str:b)ci", err: "invalid character in custom name near ':' at position 7 line : '%(a:str:b)ci'"},
		{in: "% x", err: "unexpected alias name near ' ' at position 1 line : '% x'. Maybe you want to write a single '%', use the syntax '%%'"},
	} {
		got, err := ParseFmt(c.in)
		if c.err != "" || err != nil {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if c.bad != "" {
			if last := got.Items[len(got.Items)-1].Bad; last == nil || last.Error() != c.bad {
				t.Errorf("%s: %v behind it, want %q", c.in, last, c.bad)
			}
			continue
		}
		if d := cmp.Diff(c.want, got.Items, cmpopts.IgnoreUnexported(Call{})); d != "" {
			t.Errorf("%s:\n%s", c.in, d)
		}
	}
}

func TestParseCond(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []string
		want [][]Term
		err  string
	}{
		{in: []string{"if", "a", "!b", "or", "!", "c"}, want: [][]Term{{{Name: "a", Index: 3}, {Name: "b", Neg: true, Index: 4}}, {{Name: "c", Neg: true, Index: 7}}}},
		{in: []string{"unless", "{", "path", "/x", "}", "||", "!{", "src", "x"}, want: [][]Term{{{Test: []string{"path", "/x"}, Index: 3}}, {}}, err: "missing closing '}' in condition"},
		{in: []string{"if", "!!a"}, want: [][]Term{{{Name: "a", Index: 3}}}},
		{in: []string{"if", "!{", "path", "/x", "}"}, want: [][]Term{{{Neg: true, Test: []string{"path", "/x"}, Index: 3}}}},
		{in: []string{"if"}},
		{in: []string{"if", "or"}},
		{in: []string{"if", "!"}},
		{in: []string{"if", "OR", "a", "!", "||"}, want: [][]Term{{{Name: "a", Index: 4}}}},
		{in: []string{"if", "a", "!or", "b"}, want: [][]Term{{{Name: "a", Index: 3}}, {{Name: "b", Index: 5}}}},
		{in: []string{"if", "{", "}"}, want: [][]Term{{{Test: []string{}, Index: 3}}}},
	} {
		got, err := ParseCond(c.in, 2)
		if c.err != "" || err != nil {
			if err == nil || err.Error() != c.err {
				t.Errorf("%v: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if d := cmp.Diff(c.want, got.Any); d != "" {
			t.Errorf("%v:\n%s", c.in, d)
		}
	}
}
