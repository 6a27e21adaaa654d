package server

import (
	"testing"

	"tandem/parser/keyword"
)

// TestSharedParams says which lines may have the same parameters.
func TestSharedParams(t *testing.T) {
	t.Parallel()
	defaults, others := DefaultParams(), DefaultParams()
	others.Weight = 7
	e := newEnv()
	keyword.Attach(e, &Shared{})
	read := func(line string, defaults *Params) *Params {
		t.Helper()
		l, err := ParseServer(e, wordsOf(line), defaults)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return l.Params
	}
	for line, shared := range map[string]bool{
		"weight 10 check inter 5s": true,
		"":                         true,
		"cookie a":                 true,
		"track b/s1":               false, // a reference has a place
		"inter 5":                  false, // warns of a short interval, each time
		"from none weight 3":       false,
	} {
		first := read("server s1 10.0.0.1:80 "+line, defaults)
		if got := read("server s2 10.0.0.2:81 "+line, defaults) == first; got != shared {
			t.Errorf("%q: shared %v, want %v", line, got, shared)
		}
		if read("server s3 10.0.0.3:80 "+line, others) == first {
			t.Errorf("%q: shared with a line of other defaults", line)
		}
	}
	if read("server s1 10.0.0.1:80 cookie a", defaults).Cookie != "a" || read("server s1 10.0.0.1:80 cookie b", defaults).Cookie != "b" {
		t.Error("other words, but the same parameters")
	}
}

// BenchmarkSharedServer reads server lines whose words were seen before, and
// ones whose words were not.
func BenchmarkSharedServer(b *testing.B) {
	words := wordsOf("server s1 10.0.0.1:80 check inter 2s rise 3 weight 10")
	for name, shared := range map[string]*Shared{"shared": {}, "own": nil} {
		b.Run(name, func(b *testing.B) {
			e, defaults := newEnv(), DefaultParams()
			keyword.Attach(e, shared)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseServer(e, words, defaults); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
