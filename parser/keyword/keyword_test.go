package keyword

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/source"
)

// made is what test keywords make.
type made struct {
	Name string
	Args any
}

type headerArgs struct {
	Name string   `parser:"@Word"`
	Fmt  expr.Fmt `parser:"@@"`
}

type optionalArgs struct {
	Path string     `parser:"@Word"`
	Len  *expr.Word `parser:"('len' @@)?"`
	Mode string     `parser:"@('tcp' | 'http')?"`
	Cond *expr.Cond `parser:"@@?"`
}

type listArgs struct {
	Names []string `parser:"@Word+"`
}

type handArgs struct{ Rest []string }

// ParseArgs takes words up to "end".
func (h *handArgs) ParseArgs(a *Args) error {
	for a.More() && a.Peek() != "end" {
		w, i, _ := a.Next()
		if w == "bad" {
			return a.Env.Errorf(i, "'%s' is bad", w)
		}
		h.Rest = append(h.Rest, w)
	}
	return nil
}

// Usage is shown in texts.
func (*handArgs) Usage() string { return "<word>*" }

func keep[A any](name string) func(*Env, *A) (made, error) {
	return func(_ *Env, a *A) (made, error) { return made{name, *a}, nil }
}

var (
	testHeader = Define(Spec{Name: "set-header", In: HTTPRequest, Doc: "d"}, keep[headerArgs]("set-header"))
	testPlain  = Define(Spec{Name: "option httplog", In: AnyProxy, Flags: No}, keep[None]("httplog"))
	testPath   = Define(Spec{Name: "log", In: Global}, keep[optionalArgs]("log"))
	testList   = Define(Spec{Name: "names", In: Global, Misuse: "'names' wants names."}, keep[listArgs]("names"))
	testHand   = Define(Spec{Name: "hand", In: Global}, keep[handArgs]("hand"))
	testMap    = Define(Spec{Name: "set-map(", In: HTTPRequest, Flags: Prefix}, keep[listArgs]("set-map("))
	testTimer  = Define(Spec{Name: "timeout client", In: Frontend}, func(e *Env, a *struct {
		T expr.Word `parser:"@@"`
	}) (made, error) {
		d, err := a.T.Duration(time.Millisecond)
		if err != nil {
			return made{}, e.Errorf(a.T.Index, "%s", err)
		}
		return made{"timeout", d}, nil
	})
)

func testTable() *Table[made] {
	return NewTable("test", []*Def[made]{testHeader, testPlain, testPath, testList}, []*Def[made]{testHand, testMap, testTimer})
}

// wordsOf makes the words of a line.
func wordsOf(line string) []source.Word {
	f := source.New("f", []byte(line))
	var words []source.Word
	pos := 0
	for _, w := range strings.Fields(line) {
		pos += strings.Index(line[pos:], w)
		words = append(words, source.Word{Text: w, Span: source.Span{File: f, Start: int32(pos), End: int32(pos + len(w))}})
		pos += len(w)
	}
	return words
}

func TestReadArguments(t *testing.T) {
	t.Parallel()
	table := testTable()
	for _, c := range []struct {
		in   string
		want any // Args of made
		next int // first word not taken
		err  string
		at   int
	}{
		{in: "option httplog x", want: None{}, next: 2},
		{in: "names a b c", want: listArgs{[]string{"a", "b", "c"}}, next: 4},
		{in: "names", err: "'names' wants names.", at: 1},
		{in: "hand a b end c", want: handArgs{[]string{"a", "b"}}, next: 3},
		{in: "hand a bad", err: "'bad' is bad", at: 2},
		{in: "log /x", want: optionalArgs{Path: "/x"}, next: 2},
		{in: "log /x len 5 http y", want: optionalArgs{Path: "/x", Len: &expr.Word{Text: "5", Index: 3}, Mode: "http"}, next: 5},
		{in: "log", err: "'log' expects <path> [len <len>] [tcp | http] [<cond>] as argument.", at: 1},
		{in: "log /x if {", err: "missing closing '}' in condition", at: 3},
		{in: "set-header x", err: "'set-header' expects <name> <fmt> as argument.", at: 2},
		{in: "set-header x %", err: "truncated line after '%'", at: 2},
		{in: "timeout client 5s", want: 5 * time.Second, next: 3},
		{in: "timeout client 5x", err: "unexpected character in time", at: 2},
		{in: "set-map(a) k v", want: listArgs{[]string{"set-map(a)", "k", "v"}}, next: 3},
	} {
		words := wordsOf(c.in)
		d, i := table.Match(words, 0)
		if d == nil {
			t.Errorf("%s: no keyword", c.in)
			continue
		}
		got, next, err := d.Read(&Env{Diags: &diag.List{}}, words, i)
		if c.err != "" || err != nil {
			var ke *Error
			if !errors.As(err, &ke) || ke.Text != c.err || ke.Index != c.at {
				t.Errorf("%s: error %+v, want %q at %d", c.in, err, c.err, c.at)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got.Args); diff != "" || next != c.next {
			t.Errorf("%s: next %d, want %d\n%s", c.in, next, c.next, diff)
		}
	}
}

// TestReadHeader holds grammars of several nodes: a word, then a log format.
func TestReadHeader(t *testing.T) {
	t.Parallel()
	words := wordsOf("http-request set-header X-A %ci if a")
	got, next, err := testHeader.Read(&Env{Diags: &diag.List{}}, words, 2)
	if err != nil || next != 4 {
		t.Fatal(next, err)
	}
	a := got.Args.(headerArgs)
	if a.Name != "X-A" || a.Fmt.Index != 3 || len(a.Fmt.Items) != 1 || a.Fmt.Items[0].Alias != "ci" {
		t.Errorf("%+v", a)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	table := testTable()
	for in, want := range map[string]string{
		"option httplog": "option httplog", "option": "", "option tcplog": "", "log": "log", "timeout client 5": "timeout client",
		"timeout": "", "set-map(": "set-map(", "set-map(x)": "set-map(", "set-map": "", "": "", "logs": "",
	} {
		d, _ := table.Match(wordsOf(in), 0)
		got := ""
		if d != nil {
			got = d.Name
		}
		if got != want {
			t.Errorf("%q matches %q, want %q", in, got, want)
		}
	}
	if d := table.Lookup("log"); d != testPath {
		t.Errorf("Lookup finds %v", d)
	}
}

func TestTableOrder(t *testing.T) {
	t.Parallel()
	table := testTable()
	var names []string
	for _, d := range table.All() {
		names = append(names, d.Name)
		if err := d.Grammar(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	want := []string{"hand", "log", "names", "option httplog", "set-header", "set-map(", "timeout client"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"hand", "log", "names", "option", "set-header", "set-map(", "timeout"}, table.Heads()); d != "" {
		t.Error(d)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name defined twice is accepted")
		}
	}()
	NewTable("twice", []*Def[made]{testPath, testPath})
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	table := testTable()
	for _, c := range []struct {
		in    string
		scope Scope
		want  string
	}{
		{"nmaes", 0, "names"}, {"set-heder", HTTPRequest, "set-header"}, {"set-heder", Global, ""},
		{"opton", AnyProxy, "option"}, {"option htplog", AnyProxy, "option httplog"}, {"zzzzzz", 0, ""},
	} {
		if got := table.Suggest(c.in, c.scope); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.in, c.scope, got, c.want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"set-header <name> <fmt>": testHeader.Usage(),
		"option httplog":          testPlain.Usage(),
		"names <names>+":          testList.Usage(),
		"hand <word>*":            testHand.Usage(),
		"log <path> [len <len>] [tcp | http] [<cond>]": testPath.Usage(),
	} {
		if got != want {
			t.Errorf("usage %q, want %q", got, want)
		}
	}
}

func TestNote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		spec Spec
		exp  bool
		ok   bool
		want string
	}{
		{"plain", Spec{Name: "a"}, false, true, ""},
		{"removed", Spec{Name: "reqadd", Until: V(2, 1), Instead: "http-request add-header"}, false, true, "WARNING 'reqadd' was dropped in HAProxy 2.1; it is accepted here and does what it did. Please write 'http-request add-header' instead."},
		{"experimental", Spec{Name: "a", Flags: Experimental}, false, false, "ALERT 'a' directive is experimental, must be allowed via a global 'expose-experimental-directives'"},
		{"exposed", Spec{Name: "a", Flags: Experimental}, true, true, ""},
		{"idle", Spec{Name: "a", Flags: NotActed}, false, true, "WARNING 'a' is not acted on yet."},
		{"refused", Spec{Name: "a", Flags: Refused}, false, false, "ALERT 'a' is known but not supported by this program; it is refused because ignoring it would be unsafe."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var diags diag.List
			d := Define(c.spec, keep[None]("x"))
			ok := d.Note(&Env{Diags: &diags, Experimental: c.exp, Words: wordsOf("a b")}, 0)
			got := ""
			for _, m := range diags.All {
				got += m.Severity.String() + " " + m.Text
			}
			if ok != c.ok || got != c.want {
				t.Errorf("%v, %q; want %v, %q", ok, got, c.ok, c.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for v, want := range map[Version]string{0: "", V(1, 3): "1.3", V(3, 5): "3.5", V(2, 10): "2.10"} {
		if v.String() != want {
			t.Errorf("%d prints %q, want %q", v, v, want)
		}
	}
	if V(2, 9) >= V(3, 0) || V(1, 8) >= V(1, 9) {
		t.Error("versions do not compare")
	}
}

func TestEnv(t *testing.T) {
	t.Parallel()
	e := &Env{Diags: &diag.List{}, Owner: "be", Subject: "server be/s", Words: wordsOf("use_backend  x y")}
	if s := e.Span(1); s.Text() != "x" {
		t.Errorf("word 1 is %q", s.Text())
	}
	for _, i := range []int{-1, 9} {
		if s := e.Span(i); s.Text() != "use_backend  x y" {
			t.Errorf("line is %q", s.Text())
		}
	}
	r := e.NewRef(ToBackend, "x", 1)
	if r.By != "use_backend" || r.Owner != "be" || len(e.Refs) != 1 || Target[int](r) != 0 {
		t.Errorf("reference %+v", r)
	}
	r.Resolve(7)
	if Target[int](r) != 7 || Target[string](r) != "" || Target[int](nil) != 0 {
		t.Error("targets differ")
	}
	if d := e.Warnf(diag.BadValue, 1, "w %d", 1); d.Subject != e.Subject || d.Text != "w 1" || d.Span.Text() != "x" {
		t.Errorf("warning %+v", d)
	}
	Attach(e, 5)
	Attach(e, "s")
	if Attached[int](e) != 5 || Attached[string](e) != "s" || Attached[bool](e) {
		t.Error("attached values differ")
	}
}
