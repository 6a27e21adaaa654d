package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/config"
)

// TestHealthcheckSection holds that a server with "healthcheck" is checked as
// that section says, others as their backend says.
func TestHealthcheckSection(t *testing.T) {
	t.Parallel()
	const text = `healthcheck web
	type httpchk
	http-check send meth GET uri /health
backend b
	option redis-check
	server s1 127.0.0.1:1 check
	server s2 127.0.0.1:2 check healthcheck web
backend c
	option httpchk
	http-check send meth GET uri /health
	server s3 127.0.0.1:3 check
`
	diags := &diag.List{}
	cfg := config.Compile([]*source.File{source.New("t.cfg", []byte(text))}, config.Options{}, config.NewDeps(), diags)
	if diags.HasErrors() {
		t.Fatalf("%v", diags.All)
	}
	cfg.Commit(time.Now())
	want := map[string]string{"s1": "redis-check", "s2": "httpchk", "s3": "httpchk"}
	for _, x := range targets(cfg) {
		if got := fmt.Sprintf("%v", x.Method); !strings.Contains(got, want[x.Server.Name]) {
			t.Errorf("%s: %s, want %s", x.Server.Name, got, want[x.Server.Name])
		}
		delete(want, x.Server.Name)
	}
	if len(want) > 0 {
		t.Errorf("no checks of %v", want)
	}
	for _, d := range diags.All {
		if d.Ours {
			t.Errorf("%s", d.Text)
		}
	}
}
