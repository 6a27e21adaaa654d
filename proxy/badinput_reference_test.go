//go:build reference

package proxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestBadInputReference plays the same table on the haproxy binary that
// TANDEM_HAPROXY names, so that the table itself is proven.
func TestBadInputReference(t *testing.T) {
	t.Parallel()
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	for _, b := range badInputs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			if b.stricter != "" {
				t.Skip("stricter on purpose: " + b.stricter)
			}
			b.play(t, func(s *stage, cfg string) { s.startReference(t, bin, cfg) })
		})
	}
}

// startReference serves the configuration by another binary.
func (s *stage) startReference(t *testing.T, bin, cfg string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.cfg")
	if err := os.WriteFile(file, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-db", "-q", "-f", file)
	for name, fd := range s.openListeners(t, cfg) {
		s.vars[name] = strconv.Itoa(3 + len(cmd.ExtraFiles))
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), name))
	}
	cmd.Env = os.Environ()
	for k, v := range s.vars {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

// TestRunReference plays the scripts on that binary, too.
func TestRunReference(t *testing.T) {
	t.Parallel()
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	files, _ := filepath.Glob("../testdata/haproxy/run/*.txtar")
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			playScript(t, a, func(s *stage, cfg string) { s.startReference(t, bin, cfg) })
		})
	}
}
