package haproxy

import (
	"fmt"
	"strings"
	"testing"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// bigConfig makes a file of n lines, 50 bytes each on average.
func bigConfig(n int) []byte {
	var b strings.Builder
	b.WriteString("global\n    maxconn 1000\ndefaults\n    mode http\n    timeout client 5s\n    timeout connect 5s\n    timeout server 5s\nfrontend www\n    bind :80\n")
	for i := 0; i < n-9; i++ {
		switch i % 10 {
		case 0:
			fmt.Fprintf(&b, "backend be%d # the %d-th\n", i, i)
		case 1:
			fmt.Fprintf(&b, "    acl host%d hdr(host) -i \"www%d.example.org\"\n", i, i)
		default:
			fmt.Fprintf(&b, "    server s%d 10.%d.%d.1:8080 check weight 10\n", i, i>>8&255, i&255)
		}
	}
	return []byte(b.String())
}

// BenchmarkParse reads 100,009 lines; the goal is well below 150 ms and 100 MB.
func BenchmarkParse(b *testing.B) {
	data := bigConfig(100_009)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var diags diag.List
		f := Parse(source.New("big.cfg", data), Options{}, &diags)
		if len(diags.All) > 0 || len(f.Sections) < 10_000 {
			b.Fatal(len(diags.All), len(f.Sections))
		}
	}
}

// TestParseAllocs keeps the number of allocations in proportion to sections,
// not to words.
func TestParseAllocs(t *testing.T) {
	data := bigConfig(2009)
	src := source.New("big.cfg", data)
	perLine := testing.AllocsPerRun(5, func() {
		var diags diag.List
		Parse(src, Options{}, &diags)
	}) / 2009
	if perLine > 4 {
		t.Errorf("%.1f allocations a line, want at most 4", perLine)
	}
}
