package config

import (
	"strings"
	"testing"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// TestEra dates files by the newest release that would have taken them.
func TestEra(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"listen l\n bind 127.0.0.1:1\n", "3.5"},
		{"listen l 127.0.0.1:1\n", "1.5"},
		{"listen l\n bind 127.0.0.1:1\n reqadd X:\\ y\n", "2.0"},
		{"listen l\n bind 127.0.0.1:1\n reqadd X:\\ y\n redispatch\n clitimeout 3s\n appsession a len 5 timeout 1h\n", "1.5"},
		{"global\n nbproc 2\n", "2.4"},
		{"frontend x\n bind 127.0.0.1:1\nbackend x\n", "3.2"},
		{"listen l\n bind 127.0.0.1:1\n server s 127.0.0.1:1\n server s 127.0.0.1:2\n", "1.9"},
		{"listen l\n bind 127.0.0.1:1\n log-format %Ci\n", "2.4"},
		{"program p\n command x\n", "3.2"},
		{"listen l\n bind 127.0.0.1:1\n keepalive\n", "1.3"},
	} {
		diags := &diag.List{}
		cfg := Compile([]*source.File{source.New("t.cfg", []byte(c.text))}, Options{CheckOnly: true}, NewDeps(), diags)
		if diags.HasErrors() {
			t.Errorf("%q is refused: %v", c.text, diags.All)
		}
		if got := cfg.Era.String(); got != c.want {
			t.Errorf("%q is of %s, want %s", c.text, got, c.want)
		}
	}
}

// TestDefaultBalance holds that backends that name no algorithm have the one
// of their file's era.
func TestDefaultBalance(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"listen l\n bind 127.0.0.1:1\n":                                    "random",
		"listen l\n bind 127.0.0.1:1\n balance leastconn\n":                "leastconn",
		"listen l\n bind 127.0.0.1:1\n timeout clitimeout 5s\n":            "roundrobin",
		"frontend l\n bind 127.0.0.1:1\nbackend l\n":                       "roundrobin",
		"listen l\n bind 127.0.0.1:1\n dispatch 127.0.0.1:1\n":             "random", // of 3.4
		"listen l\n mode tcp\n bind 127.0.0.1:1\n balance uri\n":           "roundrobin",
		"global\n no-quic\nlisten l\n bind 127.0.0.1:1\n":                  "roundrobin",
		"global\n nbproc 1\nlisten l\n bind 127.0.0.1:1\n balance first\n": "first",
	} {
		diags := &diag.List{}
		cfg := Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{CheckOnly: true}, NewDeps(), diags)
		for _, p := range cfg.Proxies {
			if p.Back != nil && (p.Balance == nil || p.Balance.Name != want) {
				t.Errorf("%q: balance is %v, want %s: %v", text, p.Balance, want, diags.All)
			}
		}
	}
}

// TestEraNotes holds that every default of an old file is explained, and that
// those said to be kept are.
func TestEraNotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, reuse string
		kept, other int
	}{
		{"listen l\n bind 127.0.0.1:1\n", "safe", 0, 0},
		{"listen l\n bind 127.0.0.1:1\n redisp\n", "safe", 1, 4},
		{"listen l 127.0.0.1:1\n", "never", 3, 7},
		{"listen l 127.0.0.1:1\n http-reuse always\n", "always", 3, 7},
		{"listen l\n bind 127.0.0.1:1\n keepalive\n", "never", 3, 8},
	} {
		cfg := Compile([]*source.File{source.New("t.cfg", []byte(c.text))}, Options{CheckOnly: true}, NewDeps(), &diag.List{})
		notes, kept := cfg.EraNotes(), 0
		for _, n := range notes {
			if strings.HasPrefix(n, "Kept ") {
				kept++
			}
		}
		if kept != c.kept || len(notes)-kept != c.other {
			t.Errorf("%q: %d kept and %d others, want %d and %d: %q", c.text, kept, len(notes)-kept, c.kept, c.other, notes)
		}
		if got := cfg.Proxies[0].Reuse; got != c.reuse {
			t.Errorf("%q: http-reuse %s, want %s", c.text, got, c.reuse)
		}
	}
}
