package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// TestTLSDefaults looks at what the ssl-default-* words give to lines that say
// nothing, and leave to those that do.
func TestTLSDefaults(t *testing.T) {
	t.Parallel()
	const text = "global\n ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets\n ssl-default-bind-ciphers A\n" +
		" ssl-default-server-options no-tlsv12\nlisten l\n mode http\n bind 127.0.0.1:1 ssl crt x\n" +
		" bind 127.0.0.1:2 ssl crt x ssl-min-ver TLSv1.2 ciphers B\n server s 127.0.0.1:3 ssl verify none\n"
	diags := &diag.List{}
	cfg := Compile([]*source.File{source.New("t.cfg", []byte(text))}, Options{CheckOnly: true, Offline: true}, NewDeps(), diags)
	if diags.HasErrors() {
		t.Fatal(diags.All)
	}
	p := cfg.Proxies[0]
	type tls struct {
		min, ciphers string
		noTickets    bool
	}
	var got []tls
	for _, b := range p.Binds {
		got = append(got, tls{b.TLS.MinVer, b.TLS.Ciphers, b.TLS.NoTickets})
	}
	want := []tls{{"TLSv1.3", "A", true}, {"TLSv1.2", "B", true}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(tls{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"TLSv1.2"}, p.Servers[0].Params.TLS.NoVer); d != "" {
		t.Error(d)
	}
}
