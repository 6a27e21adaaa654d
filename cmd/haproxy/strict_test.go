package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStrictCheck asks what the newest release would say of an old file: the
// word that is taken with a warning is refused, at its line, and only where it
// was asked for.
func TestStrictCheck(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "old.cfg")
	text := "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nlisten l\n bind 127.0.0.1:1\n reqadd X:\\ y\n server s 127.0.0.1:1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags []string
		code  int
		want  string
	}{
		{nil, 0, ":8] : 'reqadd' was dropped in HAProxy 2.1; it is accepted here"},
		{[]string{"--strict"}, 1, ":8] : The 'reqadd' directive is not supported anymore since HAProxy 2.1."},
		{[]string{"--strict", "--json"}, 1, `"severity":"alert","text":"The 'reqadd' directive`},
	} {
		cmd := exec.Command(os.Args[0], append([]string{"-c", "-f", path}, c.flags...)...)
		cmd.Env = append(os.Environ(), envPlay+"=1")
		out, _ := cmd.CombinedOutput()
		said := string(out)
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%v: exit code %d, want %d and %q in:\n%s", c.flags, code, c.code, c.want, said)
		}
	}
}
