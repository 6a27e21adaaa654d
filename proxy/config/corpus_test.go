package config

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// realFile is a configuration of real users and what HAProxy 3.5 says of it.
type realFile struct {
	name    string
	refused bool
	first   string // the first ALERT, without its label
}

// realFiles are the configurations below the directory that TANDEM_CORPUS
// names; they are not ours to ship.
func realFiles(t *testing.T) (dir string, files []realFile) {
	t.Helper()
	if dir = os.Getenv("TANDEM_CORPUS"); dir == "" {
		t.Skip("TANDEM_CORPUS is not set")
	}
	table, err := os.ReadFile(filepath.Join(dir, "oracle.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		// kind, file, oracle, rc, alerts, warnings, class, rc_with_fixtures, first_alert
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) == 9 && f[0] == "haproxy" && strings.HasPrefix(f[2], "haproxy-3.5") {
			files = append(files, realFile{f[1], f[3] != "0", f[8]})
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d files in the table", len(files))
	}
	return dir, files
}

// strangers is how many files may differ because the original found a file
// that is not on this machine.
const strangers = 3

var missingFile = regexp.MustCompile(`'(/[^']+)' : No such file`)

var placeInFile = regexp.MustCompile(`\[FILE:(\d+)\]`)

// alerts returns the first lines of the ALERTs as they are printed, without
// their labels.
func alerts(l *diag.List) (out []string) {
	for i := range l.All {
		d := &l.All[i]
		if d.Severity != diag.Alert || d.Quiet {
			continue
		}
		text := d.Place()
		if d.Subject != "" {
			text += "'" + d.Subject + "' : "
		}
		first, _, _ := strings.Cut(text+d.Text, "\n")
		out = append(out, first)
	}
	return append(out, "")
}

// TestRealFiles checks configurations of real users as HAProxy 3.5 was asked
// to: in an empty directory, without DNS. Read strictly, each gets its verdict:
// refused or not, and the line of the first ALERT. Where the other way of
// reading gives another verdict, messages that carry the mark explain it.
func TestRealFiles(t *testing.T) {
	dir, files := realFiles(t)
	t.Chdir(t.TempDir())
	system := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = system })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS")
	}}
	tolerant, words, strange := 0, 0, map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil {
			t.Error(err)
			continue
		}
		check := func(strict bool) (l *diag.List, first string, same bool) {
			l = &diag.List{Strict: strict}
			cfg := Compile([]*source.File{source.New("FILE", text)}, Options{CheckOnly: true}, NewDeps(), l)
			said := alerts(l)
			if cfg.Global.Quiet { // nothing is printed then
				said = []string{""}
			}
			place := func(s string) string { return strings.Join(placeInFile.FindStringSubmatch(s), "") }
			if m := missingFile.FindStringSubmatch(said[0]); m != nil && place(said[0]) != place(f.first) {
				if _, err := os.Stat(m[1]); err != nil {
					strange[f.name] = true
					said = said[1:]
				}
			}
			return l, said[0], l.HasErrors() == f.refused && place(said[0]) == place(f.first)
		}
		strict, first, same := check(true)
		if !same {
			t.Errorf("%s, strictly: refused %v with %q, HAProxy 3.5: %v with %q", f.name, strict.HasErrors(), first, f.refused, f.first)
		}
		if first == f.first {
			words++
		}
		lenient, first, same := check(false)
		marked := slices.ContainsFunc(lenient.All, func(d diag.Diagnostic) bool { return d.Tolerated })
		switch {
		case same:
			tolerant++
		case !marked:
			t.Errorf("%s: refused %v with %q, HAProxy 3.5: %v with %q, and no message tells why", f.name, lenient.HasErrors(), first, f.refused, f.first)
		case lenient.HasErrors() && !f.refused:
			t.Errorf("%s: refused with %q, which HAProxy 3.5 accepts", f.name, first)
		}
	}
	if len(strange) > strangers {
		t.Errorf("files of another machine explain %d verdicts: %v", len(strange), strange)
	}
	t.Logf("%d files: %d first ALERTs in the same words when read strictly; %d verdicts equal without", len(files), words, tolerant)
}
