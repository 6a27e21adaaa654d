package proxy

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/haproxy"
	"tandem/parser/source"
)

// TestDumpConfig prints a file as understood; what is printed prints the same.
func TestDumpConfig(t *testing.T) {
	t.Parallel()
	const text = "# c\nglobal\n  maxconn 3 # x\n  log-tag \"a b\"\n.if 0\n  quiet\n.endif\n  setenv A 'x'\nlisten l\n bind :80\n acl a path \"$A\" 'q\"' a\\ b\n"
	const want = "\t\nglobal \n\tmaxconn 3 \n\tlog-tag \"a b\" \n\t\n\t\n\t\n\tsetenv A x \nlisten l \n\tbind :80 \n\tacl a path x \"q\\\"\" \"a b\" \n"
	for _, in := range []string{text, want} {
		var b bytes.Buffer
		if err := DumpConfig(&b, []*source.File{source.New("t.cfg", []byte(in))}, haproxy.Options{}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}
