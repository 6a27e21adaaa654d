package pattern

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
)

// eachLine calls f for every "words => answer" of a capture.
func eachLine(t *testing.T, file string, f func(words, want string)) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	n := 0
	for s := bufio.NewScanner(in); s.Scan(); {
		if words, want, ok := strings.Cut(s.Text(), " => "); ok && !strings.HasPrefix(words, "#") {
			f(words, want)
			n++
		}
	}
	if n < 50 {
		t.Errorf("only %d lines in %s", n, file)
	}
}

func TestMatchingAgainstOracle(t *testing.T) {
	t.Parallel()
	trx := newTx(testRequest)
	eachLine(t, "testdata/oracle/acl.txt", func(words, want string) {
		x, err := CompileTest(testEnv(), strings.Fields(words), 0)
		if err != nil {
			t.Errorf("%s: %v", words, err)
			return
		}
		got := "no"
		if x.Eval(trx) == Pass {
			got = "yes"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", words, got, want)
		}
	})
}

func TestRefusalsAgainstOracle(t *testing.T) {
	t.Parallel()
	eachLine(t, "testdata/oracle/refused.txt", func(words, want string) {
		_, err := CompileTest(testEnv(), strings.Fields(words), 0)
		refusal, refused := strings.CutPrefix(want, "! ")
		switch {
		case refused && err == nil:
			t.Errorf("%s is accepted, want %q", words, refusal)
		case !refused && err != nil:
			t.Errorf("%s is refused: %v", words, err)
		case refused && !sameRefusal(err.Error(), refusal):
			t.Errorf("%s is refused with %q, want %q", words, err, refusal)
		}
	})
}

// sameRefusal compares texts; what a regular expression library says is its own.
func sameRefusal(got, want string) bool {
	if i := strings.Index(want, "(error="); i >= 0 {
		return strings.HasPrefix(got, want[:i])
	}
	return got == want
}

func compileCond(t *testing.T, e *keyword.Env, words string) *Cond {
	t.Helper()
	c, err := expr.ParseCond(strings.Fields(words), 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := CompileCond(e, c)
	if err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return out
}

func TestConditions(t *testing.T) {
	t.Parallel()
	e := testEnv()
	acls := &ACLs{Parent: &ACLs{}}
	acls.Parent.Add("inherited", mustTest(t, e, "path_beg /p"))
	acls.Add("host", mustTest(t, e, "hdr(host) nope"))
	acls.Add("host", mustTest(t, e, "hdr(host) a.b:80"))
	keyword.Attach(e, acls)
	trx := newTx(testRequest)
	for words, want := range map[string]Result{
		"if TRUE": Pass, "if FALSE": Fail, "unless FALSE": Pass, "if host": Pass, "if inherited host": Pass,
		"if FALSE or host": Pass, "if FALSE || FALSE": Fail, "if !host": Fail, "if { path_end .html } !FALSE": Pass,
		"if METH_GET": Pass, "if METH_POST": Fail, "if LOCALHOST": Pass, "if HTTP_1.1": Pass, "if HTTP_URL_SLASH": Pass,
		"if HTTP_URL_STAR": Fail, "if HTTP_CONTENT": Fail, "if HTTP": Pass, "if WAIT_END": Pass,
		"if { acl(host,inherited) }": Pass, "if { acl(host,!inherited) }": Fail, "if { acl(TRUE) }": Pass,
	} {
		if got := compileCond(t, e, words).Eval(trx); got != want {
			t.Errorf("%s = %v, want %v", words, got, want)
		}
	}
	var none *Cond
	if none.Eval(trx) != Pass {
		t.Error("no condition must pass")
	}
	for name := range predefinedTexts {
		if predefined(e, name) == nil {
			t.Errorf("predefined ACL %s does not compile", name)
		}
	}
	c, _ := expr.ParseCond([]string{"if", "hots"}, 0)
	if _, err := CompileCond(e, c); err == nil || err.Error() != "no such ACL : 'hots'" {
		t.Errorf("unknown ACL: %v", err)
	}
}

// A condition that can never hold where it stands is worth a warning.
func TestLayerWarnings(t *testing.T) {
	t.Parallel()
	e := testEnv()
	e.Scope = keyword.HTTPRequest
	acls := &ACLs{}
	acls.Add("late", mustTest(t, e, "status 200"))
	keyword.Attach(e, acls)
	compileCond(t, e, "if late")
	compileCond(t, e, "if { res.hdr(a) b }")
	compileCond(t, e, "if { path / } { src 1.2.3.4 }")
	want := []string{
		"'acl 'late' will never match because it only involves keywords that are incompatible with 'frontend http-request header rule'.",
		"'anonymous acl will never match because it uses keyword 'res.hdr' which is incompatible with 'frontend http-request header rule'.",
	}
	if len(e.Diags.All) != len(want) {
		t.Fatalf("%d diagnostics, want %d: %v", len(e.Diags.All), len(want), e.Diags.All)
	}
	for i, w := range want {
		if e.Diags.All[i].Text != w {
			t.Errorf("warning %q, want %q", e.Diags.All[i].Text, w)
		}
	}
}

func TestNoPatternWarning(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]int{
		"path_beg": 1, "path": 1, "src": 1, "path --": 0, "ssl_fc": 0, "path -m found": 0, "path_beg /x": 0,
		"hdr_beg(host),lower a": 1, "path_beg -m end a": 1, "path_beg -m beg a": 0, "path -m end a": 0,
		"hdr(host),lower -m end a": 0, "hdr_end(host),lower -m end a": 0, "hdr_end(host),lower -m beg a": 1, "method,lower get": 1,
		"payload(0,1),hex a": 0, "hdr(host),lower a": 0, "path_dir,lower -m beg a": 1,
	} {
		e := testEnv()
		mustTest(t, e, words)
		if got := len(e.Diags.All); got != want {
			t.Errorf("%s gives %d warnings, want %d: %v", words, got, want, e.Diags.All)
		}
	}
}

func TestAliasesOfTheDump(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../testdata/oracle/haproxy-3.5-samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known := map[string]bool{}
	for _, a := range Aliases() {
		known[a] = true
	}
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		if a, ok := strings.CutPrefix(s.Text(), "acl "); ok {
			n++
			if !known[a] {
				t.Errorf("missing: %s", a)
			}
		}
	}
	if n != len(known) {
		t.Errorf("%d aliases, the original has %d", len(known), n)
	}
	for name, a := range aliases {
		if sample.Fetches.Lookup(a.fetch) == nil {
			t.Errorf("%s stands for an unknown fetch", name)
		}
	}
}
