package config

import (
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/stick"
)

// TestTablesSurvive compiles a configuration twice: the second takes over the
// entries of the tables that are the same.
func TestTablesSurvive(t *testing.T) {
	t.Parallel()
	const text = `defaults
	mode http
	timeout connect 1s
	timeout client 1s
	timeout server 1s
backend b
	stick-table type string size 10 store gpc0
	stick on hdr(x)
backend c
	stick on hdr(x) table p/t
peers p
	table t type string size 10
`
	deps := NewDeps()
	load := func() *Config {
		diags := &diag.List{}
		cfg := Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{}, deps, diags)
		if diags.HasErrors() {
			t.Fatalf("%v", diags.All)
		}
		cfg.Commit(time.Unix(1, 0))
		return cfg
	}
	tables := load().Tables()
	if len(tables) != 2 || tables[0].Name != "b" || tables[1].Name != "p/t" {
		t.Fatalf("%v", tables)
	}
	for _, x := range tables {
		if !x.Stores(stick.ServerID) {
			t.Errorf("%s: the server of a key is not stored", x.Name)
		}
		x.Entry([]byte("k"), 1000)
	}
	for _, x := range load().Tables() {
		if x.Lookup([]byte("k"), 1000) == nil {
			t.Errorf("%s: the entry was lost", x.Name)
		}
	}
}
