package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestExamples holds that the examples are accepted without a message.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/keepalived/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r := Load(f, data, oracleOptions())
		if r.Status != 0 || len(r.Diags.All) > 0 {
			t.Errorf("%s: status %d, %v", f, r.Status, r.Diags.All)
		}
		router := len(r.Config.Instances) == 1 && len(r.Config.Scripts) == 1
		if balancer := len(r.Config.VirtualServers) == 2; router == balancer {
			t.Errorf("%s: %d instances, %d scripts, %d services", f, len(r.Config.Instances), len(r.Config.Scripts), len(r.Config.VirtualServers))
		}
	}
}
