package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"tandem/parser/diag"
	"tandem/parser/keepalived"
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
		frame := "%s\n"
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
	dir := t.TempDir() // the archives name tracked files in an empty directory
	for _, c := range readChecks(t) {
		c.text = strings.ReplaceAll(c.text, "/tmp/kp/empty", dir)
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

// TestIncludeCheck holds which includes fail after include_check and under -e,
// by the original's exit statuses.
func TestIncludeCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"y", "d/x"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	includes := []string{"no", "*.no", "{y,no}", "d"}
	for _, c := range []struct {
		words  string // of include_check; "-" is no such line
		all    bool   // -e
		status [4]int // of each of includes
	}{
		{words: "-"},
		{words: "-", all: true, status: [4]int{6, 6, 6, 6}},
		{words: "", status: [4]int{6, 6, 6, 6}},
		{words: "read", status: [4]int{0, 0, 0, 6}},
		{words: "match", status: [4]int{6, 0, 0, 6}},
		{words: "wildcard_match", status: [4]int{0, 6, 0, 6}},
		{words: "brace_match", status: [4]int{0, 0, 6, 6}},
		{words: "+match", status: [4]int{6, 0, 0, 0}},
		{words: "+match", all: true, status: [4]int{6, 6, 6, 6}},
		{words: "-match", all: true, status: [4]int{0, 6, 6, 6}},
		{words: "-read -match"},
		{words: "read -match", status: [4]int{0, 0, 0, 6}},
		{words: "match read", status: [4]int{6, 5, 5, 6}},
		{words: "all", status: [4]int{5, 5, 5, 5}},
	} {
		for i, include := range includes {
			t.Run(c.words+" "+include, func(t *testing.T) {
				t.Parallel()
				text := "global_defs {\n include_check " + c.words + "\n}\ninclude " + include + "\n"
				if c.words == "-" {
					text = "include " + include + "\n"
				}
				opt := oracleOptions()
				if c.all {
					opt.IncludeCheck = keepalived.CheckAll
				}
				r := Load(filepath.Join(dir, "k.conf"), []byte(text), opt)
				if r.Status != c.status[i] {
					t.Errorf("status %d, original %d: %v", r.Status, c.status[i], r.Diags.All)
				}
			})
		}
	}
}
