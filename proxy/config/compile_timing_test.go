package config

import (
	"fmt"
	"strings"
	"testing"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// manyBackends makes a configuration of n backends with 3 servers each, all
// with words of their own, and as many conditions that choose them.
func manyBackends(n int) []byte {
	var b strings.Builder
	b.WriteString("defaults\n  mode http\n  timeout client 5s\n  timeout connect 5s\n  timeout server 5s\nfrontend www\n  bind :80\n")
	for i := range n {
		fmt.Fprintf(&b, "  acl host%d hdr(host) -i www%d.example.org\n  use_backend be%d if host%d { path_beg /%d/ }\n", i, i, i, i, i)
	}
	for i := range n {
		fmt.Fprintf(&b, "backend be%d\n  balance leastconn\n  http-request set-header X-Pool \"be%d\"\n  timeout queue 3s\n", i, i)
		for k := range 3 {
			fmt.Fprintf(&b, "  server s%d 10.%d.%d.%d:8080 check cookie c%d-%d\n", k, i>>8, i&255, k, i, k)
		}
	}
	return []byte(b.String())
}

// BenchmarkCompile reads, compiles and links 27,007 lines.
func BenchmarkCompile(b *testing.B) {
	src := source.New("big.cfg", manyBackends(3000))
	b.SetBytes(int64(len(src.Data)))
	b.ReportAllocs()
	for b.Loop() {
		var diags diag.List
		Compile([]*source.File{src}, Options{CheckOnly: true}, NewDeps(), &diags)
		if len(diags.All) > 0 {
			b.Fatal(diags.All[0].Text)
		}
	}
}

// TestCompileAllocs keeps the number of allocations in proportion to lines.
func TestCompileAllocs(t *testing.T) {
	src := source.New("big.cfg", manyBackends(100))
	perLine := testing.AllocsPerRun(3, func() {
		var diags diag.List
		Compile([]*source.File{src}, Options{CheckOnly: true}, NewDeps(), &diags)
	}) / float64(src.Lines())
	if perLine > 30 {
		t.Errorf("%.1f allocations a line, want at most 30", perLine)
	}
}
