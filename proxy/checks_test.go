package proxy

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/check"
	"tandem/proxy/config"
)

// TestCheckAloneIsCiphered holds that a server without TLS in traffic is
// verified in checks as one with it: files stand under ca-base, and the name
// is the step's.
func TestCheckAloneIsCiphered(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`global
	ca-base %[1]s
healthcheck web
	type httpchk
	http-check connect ssl
backend a
	option httpchk
	http-check connect ssl
	server s1 %[2]s check ca-file ca.pem
backend b
	server s2 %[2]s check ca-file ca.pem healthcheck web
	server s3 %[2]s check
`, dir, web.Listener.Addr())
	diags := &diag.List{}
	cfg := config.Compile([]*source.File{source.New("t.cfg", []byte(text))}, config.Options{}, config.NewDeps(), diags)
	side := loadTLS(cfg, diags)
	if diags.HasErrors() {
		t.Fatalf("%v", diags.All)
	}
	cfg.Commit(time.Now())
	dialer := newProber(cfg, side).Dialer
	for _, x := range targets(cfg) {
		for name, want := range map[string]bool{"example.com": true, "": true, "other.test": false} {
			c, err := dialer.Dial(t.Context(), x.Server, check.Connect{Explicit: true, SSL: true, SNI: name})
			if err == nil {
				c.Close()
			}
			if got := err == nil; got != (want && x.Server.Name != "s3") {
				t.Errorf("%s as %q: %v", x.Server.Name, name, err)
			}
		}
	}
}
