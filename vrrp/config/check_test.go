package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"tandem/parser/diag"
)

// checkCase is a configuration with the original's answer.
type checkCase struct {
	name   string // file and number
	text   string
	status int
	want   []string // its messages without their repetitions, "3: text" or "text"
	reason string   // set where we differ on purpose
	ours   []string
}

// readChecks reads testdata/keepalived/check. An archive holds a frame with
// %s, then for each case the lines that stand there: "ok", "refused 5" or
// "diverges 5: reason" (the original's status), and "stderr" with its messages.
func readChecks(t *testing.T) []checkCase {
	t.Helper()
	files, err := filepath.Glob("../../testdata/keepalived/check/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no check cases", err)
	}
	var out []checkCase
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		frame := "%s"
		for _, s := range a.Files {
			body := string(s.Data)
			kind, rest, _ := strings.Cut(s.Name, " ")
			switch kind {
			case "frame":
				frame = body
			case "stderr":
				out[len(out)-1].want = lines(body)
			case "ours":
				out[len(out)-1].ours = lines(body)
			case "ok", "refused", "diverges":
				c := checkCase{name: fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(f), ".txtar"), len(out)),
					text: strings.Replace(frame, "%s", strings.TrimSuffix(body, "\n"), 1)}
				number, reason, _ := strings.Cut(rest, ": ")
				c.status, _ = strconv.Atoi(number)
				c.reason = reason
				out = append(out, c)
			default:
				t.Fatalf("%s: unknown section %q", f, s.Name)
			}
		}
	}
	return out
}

func lines(s string) []string {
	if s = strings.TrimSuffix(s, "\n"); s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

var placed = regexp.MustCompile(`^\((?:k\.conf: )?Line (\d+)\) `)

// said brings messages to the form of the archives.
func said(text string) []string {
	var out []string
	seen := map[string]bool{}
	for _, l := range lines(text) {
		l = placed.ReplaceAllString(l, "$1: ")
		if !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

// TestCheck holds -t against the answers of keepalived 2.4.3.
func TestCheck(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/usr/bin/true"); err != nil {
		t.Skip("the cases name /usr/bin/true, which is not here")
	}
	opt := oracleOptions()
	opt.Running = &Account{}
	for _, c := range readChecks(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := Load("k.conf", []byte(c.text), opt)
			var b strings.Builder
			for i := range r.Diags.All {
				if d := &r.Diags.All[i]; !d.Ours {
					b.WriteString(diag.KeepalivedLine(d, "k.conf") + "\n")
				}
			}
			got := said(b.String())
			if c.reason != "" {
				if diff := cmp.Diff(c.ours, got); diff != "" {
					t.Errorf("%s\n%s", c.text, diff)
				}
				return
			}
			if r.Status != c.status {
				t.Errorf("status %d, original %d\n%s", r.Status, c.status, c.text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n-original +ours\n%s", c.text, diff)
			}
		})
	}
}

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
