package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"tandem/proxy"
	"tandem/proxy/config"
)

// TestExamples holds that every example is accepted without a warning, by us
// and, where it is installed, by the original.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/haproxy/*.cfg")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	original, _ := exec.LookPath("haproxy")
	for _, f := range files {
		_, diags := proxy.Load(proxy.Options{Files: []string{f}, CheckOnly: true}, config.NewDeps())
		for _, d := range diags.All {
			t.Errorf("%s: %s: %s", f, d.Span, d.Text)
		}
		if original == "" {
			continue
		}
		if out, err := exec.Command(original, "-c", "-f", f).CombinedOutput(); err != nil {
			t.Errorf("the original refuses %s: %v\n%s", f, err, out)
		}
	}
}
