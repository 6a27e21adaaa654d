package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/proxy"
)

func TestReference(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := proxy.Reference(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n## Global section\n", "\n## Sample fetches\n", "\n## Section resolvers\n",
		"HAProxy 2.1 dropped it; write `http-request add-header ", "- `maxconn <value>`: Most connections of the process.\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the reference lacks %q", want)
		}
	}
}

func TestScaffold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := scaffold(dir, "action", "set-foo"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "proxy/action/set_foo.go")
	if _, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.AllErrors); err != nil {
		t.Error(err)
	}
	text, _ := os.ReadFile(path)
	if !strings.Contains(string(text), "setFooArgs") || strings.Contains(string(text), "%!") {
		t.Errorf("wrote %s", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "testdata/haproxy/check/set_foo.txtar")); err != nil {
		t.Error(err)
	}
	for _, c := range [][2]string{{"action", "set-foo"}, {"action", "Set Foo"}, {"nothing", "x"}} {
		if err := scaffold(dir, c[0], c[1]); err == nil {
			t.Errorf("%v was written", c)
		}
	}
}
