//go:build reference

package config

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/parser/diag"
)

// TestCheckOriginal asks the original itself whether the archives say what it
// says. It needs root, and keepalived 2.4 built with BFD as keepalived-2.4 on
// the path or named by TANDEM_KEEPALIVED.
func TestCheckOriginal(t *testing.T) {
	t.Parallel()
	bin := os.Getenv("TANDEM_KEEPALIVED")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("keepalived-2.4"); err != nil {
			t.Skip("keepalived-2.4 is not installed")
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	const setup = `ip link set lo up; ip link add eth0 type veth peer name peer0; ip addr add 10.9.9.9/24 dev eth0; ip link set eth0 up
for f in */k.conf; do (cd ${f%/k.conf}; timeout 5 "$0" -t -f k.conf >out 2>&1; echo $? >rc); done`
	dir := t.TempDir()
	cases := readChecks(t)
	for i, c := range cases {
		sub := filepath.Join(dir, strconv.Itoa(i))
		if err := errors.Join(os.Mkdir(sub, 0o755), os.WriteFile(filepath.Join(sub, "k.conf"), []byte(c.text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "-n", "sh", "-c", setup, bin)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, c := range cases {
		if c.reason != "" {
			continue
		}
		sub := filepath.Join(dir, strconv.Itoa(i))
		out, _ := os.ReadFile(filepath.Join(sub, "out"))
		rc, _ := os.ReadFile(filepath.Join(sub, "rc"))
		if got := strings.TrimSpace(string(rc)); got != strconv.Itoa(c.status) {
			t.Errorf("%s: status %s, archive %d\n%s", c.name, got, c.status, c.text)
		}
		if diff := cmp.Diff(c.want, said(string(out))); diff != "" {
			t.Errorf("%s\n%s\n%s", c.name, c.text, diff)
		}
	}
}

// TestOutputs compares every message with captured outputs of the original,
// when TANDEM_OUTPUTS names a directory with FILE.txt and FILE.rc for each.
func TestOutputs(t *testing.T) {
	t.Parallel()
	dir, outs := os.Getenv("TANDEM_CORPUS"), os.Getenv("TANDEM_OUTPUTS")
	if dir == "" || outs == "" {
		t.Skip("TANDEM_OUTPUTS is not set")
	}
	files, _ := filepath.Glob(filepath.Join(outs, "*.txt"))
	good := 0
	for _, o := range files {
		base := strings.TrimSuffix(filepath.Base(o), ".txt")
		path := filepath.Join(dir, "keepalived", base)
		data, err := os.ReadFile(path)
		if err != nil {
			path = filepath.Join(dir, "tutorials", base)
			if data, err = os.ReadFile(path); err != nil {
				continue
			}
		}
		text, _ := os.ReadFile(o)
		want := distinct(strings.ReplaceAll(string(text), "("+path+": ", "("))
		r := Load(path, data, oracleOptions())
		var b bytes.Buffer
		kept := &diag.List{}
		for _, d := range r.Diags.All {
			if !d.Ours {
				kept.Add(d)
			}
		}
		_ = diag.Keepalived(&b, kept, path)
		got := distinct(strings.ReplaceAll(b.String(), "("+path+": ", "("))
		if got == want {
			good++
			continue
		}
		t.Logf("%s\n--- ours\n%s--- original\n%s", base, minus(got, want), minus(want, got))
	}
	t.Logf("%d of %d outputs equal", good, len(files))
}

// distinct drops repeated lines.
func distinct(s string) string {
	seen := map[string]bool{}
	var out strings.Builder
	for _, l := range strings.SplitAfter(s, "\n") {
		if !seen[l] {
			seen[l] = true
			out.WriteString(l)
		}
	}
	return out.String()
}

// minus returns the lines of a that b lacks, or all if only the order differs.
func minus(a, b string) string {
	have := map[string]bool{}
	for _, l := range strings.SplitAfter(b, "\n") {
		have[l] = true
	}
	var out strings.Builder
	for _, l := range strings.SplitAfter(a, "\n") {
		if !have[l] {
			out.WriteString("  " + l)
		}
	}
	if out.Len() == 0 {
		return "  (order)\n"
	}
	return out.String()
}
