package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/vrrp/config"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   string
		status int
		done   bool
		out    string // of both streams
	}{
		{"--bogus", 1, true, "Unknown option --bogus\n"},
		{"-Z", 1, true, "Unknown option -Z\n"},
		{"-f", 1, true, "Missing parameter for option -f\n"},
		{"-nlf", 1, true, "Missing parameter for option -f\n"},
		{"--signum=STOP", 0, true, "15\n"},
		{"--signum=RELOAD", 0, true, "1\n"},
		{"--signum=DATA", 0, true, "10\n"},
		{"--signum=STATS", 0, true, "12\n"},
		{"--signum=STATS_CLEAR", 0, true, "63\n"},
		{"--signum=JSON", 0, true, "36\n"},
		{"--signum STOP", 0, true, "15\n"},
		{"--signum=FOO", 1, true, "Unknown sigfunc FOO\n"},
		{"-S x", 1, true, "invalid number 'x'\nInvalid log facility 'x'\n"},
		{"-n x y", 0, false, "Unexpected argument(s): x y \n"},
		{"-nlDD -f k.conf -pfile --vrrp_pid=v -c c --config-id=i", 0, false, ""},
	} {
		var b bytes.Buffer
		_, status, done := parse(append([]string{"keepalived"}, strings.Fields(c.args)...), &b, &b)
		if status != c.status || done != c.done || b.String() != c.out {
			t.Errorf("%s: %d %v %q", c.args, status, done, b.String())
		}
	}
	o, _, _ := parse([]string{"k", "-nlDD", "-f", "k.conf", "-pfile", "--vrrp_pid=v", "--config-id", "i", "-tlog", "-S", "local3"}, nil, nil)
	if !o.foreground || !o.console || o.detail != 2 || o.file != "k.conf" || o.pid != "file" || o.vrrpPid != "v" || o.id != "i" || !o.test || o.testOutput != "log" || o.facility != 19<<3 {
		t.Errorf("%+v", o)
	}
}

// TestOptionTable holds its laws: every name once, and all that the original takes.
func TestOptionTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"v": true, "h": true, "T": true}
	for _, o := range optionTable {
		for _, n := range []string{o.long, strings.Trim(string(o.short), "\x00")} {
			if n != "" && seen[n] {
				t.Errorf("%s twice", n)
			}
			seen[n] = true
		}
	}
	for _, r := range "vhlnduDRSfpiesmMgGtPCrVXacITBbxA" {
		if !seen[string(r)] {
			t.Errorf("-%c is missing", r)
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if st := about("version", "k", &b); st != 0 || !strings.HasPrefix(b.String(), "Keepalived v2.4.3 (") {
		t.Errorf("%d %q", st, b.String())
	}
	b.Reset()
	if st := about("help", "/sbin/k", &b); st != 0 || !strings.HasPrefix(b.String(), "Usage: /sbin/k [OPTION...]\n  -f, --use-file=FILE ") {
		t.Errorf("%d %q", st, b.String())
	}
}

func TestPidFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p    config.Process
		want string
	}{
		{config.Process{}, "/run/keepalived.pid"},
		{config.Process{UsePIDDir: true}, "/run/keepalived/keepalived.pid"},
		{config.Process{Instance: "a"}, "/run/keepalived/keepalived_a.pid"},
	} {
		if got := pidPaths(&options{}, &c.p).parent; got != c.want {
			t.Errorf("%+v: %s", c.p, got)
		}
	}
	path := filepath.Join(t.TempDir(), "d", "p.pid")
	if err := writePid(path, 1234567); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "1234567\n" || running(path) {
		t.Errorf("%q", data)
	}
	// A link that somebody laid is replaced, not followed.
	target := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := path + "2"
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := writePid(link, 1); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(target); string(data) != "x" {
		t.Errorf("the link's target was written: %q", data)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, log := filepath.Join(dir, "k.conf"), filepath.Join(dir, "log")
	if err := os.WriteFile(file, []byte("bogus\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if st := check(&options{file: file}, &b); st != 5 || !strings.HasPrefix(b.String(), "(Line 1) Unknown keyword 'bogus'\n") {
		t.Errorf("%d %q", st, b.String())
	}
	b.Reset()
	if st := check(&options{file: file, testOutput: log}, &b); st != 5 || b.Len() != 0 {
		t.Errorf("%d %q", st, b.String())
	}
	if data, _ := os.ReadFile(log); !strings.HasPrefix(string(data), "(Line 1) Unknown keyword") {
		t.Errorf("%q", data)
	}
	if st := check(&options{file: filepath.Join(dir, "none")}, &b); st != 0 || !strings.HasPrefix(b.String(), "Config files missing '") {
		t.Errorf("%d %q", st, b.String())
	}
}

func TestAbsolute(t *testing.T) {
	t.Parallel()
	wd, _ := os.Getwd()
	got := strings.Join(absolute([]string{"-f", "k", "--use-file=k", "-fk", "-n"}), " ")
	if want := "-f " + wd + "/k --use-file=" + wd + "/k -f" + wd + "/k -n"; got != want {
		t.Errorf("%s", got)
	}
}
