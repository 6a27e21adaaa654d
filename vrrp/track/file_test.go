package track

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseValue(t *testing.T) {
	t.Parallel()
	// As the original reads them, by its effect on a priority.
	tests := []struct {
		text string
		want int
		bad  bool
	}{
		{"5\n", 5, false}, {"", 0, false}, {"junk", 0, false}, {"6abc", 6, false}, {" 7", 7, false}, {"8\n9", 8, false},
		{"\n5", 5, false}, {"+4", 4, false}, {"-3", -3, false}, {"  -3", -3, false}, {"-+3", 0, false}, {"0x10", 16, false}, {"0xg", 0, false},
		{"017", 15, false}, {"08", 0, false}, {"0b1", 0, false}, {"2 4", 2, false}, {"-254", -254, false}, {"2147483647", 2147483647, false},
		{"2147483648", 0, true}, {"4294967296", 0, true}, {"-9999999999", 0, true}, {"99999999999999999999999", 0, true}, {"\x00\xff", 0, false},
	}
	for _, tc := range tests {
		got, err := parseValue([]byte(tc.text))
		if got != tc.want || (err != nil) != tc.bad {
			t.Errorf("%q: %d, %v; want %d", tc.text, got, err, tc.want)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	f.Add([]byte("0x10"))
	f.Add([]byte("-254\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, err := parseValue(data); v > 1<<31-1 || v < -(1<<31) || err != nil && v != 0 {
			t.Errorf("%q: %d, %v", data, v, err)
		}
	})
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := readFile(path); v != 0 || err != nil {
		t.Errorf("no file: %d, %v", v, err)
	}
	write("12\n" + strings.Repeat("x", 1<<20))
	if v, err := readFile(path); v != 12 || err != nil {
		t.Errorf("long file: %d, %v", v, err)
	}
	write("99999999999\n")
	if _, err := readFile(path); err == nil || err.Error() != "Invalid number 99999999999 read from "+path+" - ignoring" {
		t.Errorf("%v", err)
	}
	// What could block or never end is nothing.
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{fifo, dir, "/dev/zero"} {
		if v, err := readFile(p); v != 0 || err != nil {
			t.Errorf("%s: %d, %v", p, v, err)
		}
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, link := filepath.Join(dir, "old"), filepath.Join(dir, "link")
	if err := os.WriteFile(old, []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(old, link); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		file File
		path string
		want string
		bad  bool
	}{
		{File{Path: old, Init: true, Value: 7}, old, "2\n", false},
		{File{Path: link, Init: true, Value: 7, Overwrite: true}, old, "2\n", true},
		{File{Path: old, Init: true, Value: 7, Overwrite: true}, old, "7\n", false},
		{File{Path: filepath.Join(dir, "new"), Init: true, Value: -3}, filepath.Join(dir, "new"), "-3\n", false},
		{File{Path: old}, old, "7\n", false},
	}
	for i, tc := range tests {
		err := tc.file.prepare()
		if data, _ := os.ReadFile(tc.path); string(data) != tc.want || (err != nil) != tc.bad {
			t.Errorf("%d: %q, %v; want %q", i, data, err, tc.want)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(s string) string { return filepath.Join(dir, s) }
	write := func(s, v string) {
		if err := os.WriteFile(path(s), []byte(v), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "5")
	told, logged := make(chan Result, 10), make(chan string, 10)
	want := func(name string, v int) {
		t.Helper()
		select {
		case r := <-told:
			if r != (Result{Kind: KindFile, Name: name, Value: v}) {
				t.Errorf("told %+v, want %s %d", r, name, v)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s %d is not told", name, v)
		}
	}
	list := []File{{Name: "a", Path: path("a")}, {Name: "b", Path: path("b"), Init: true, Value: 9}}
	w, known := newFiles(list, nil, func(s string) { logged <- s }, func(r Result) { told <- r })
	if got := fmt.Sprint(known); got != "[{1 a false 5} {1 b false 9}]" {
		t.Errorf("known at the start: %s", got)
	}
	write("a", "6")
	want("a", 6)
	if err := os.Remove(path("a")); err != nil {
		t.Fatal(err)
	}
	want("a", 0)
	write("q", "8")
	if err := os.Rename(path("q"), path("a")); err != nil {
		t.Fatal(err)
	}
	want("a", 8)
	// A number that is none of ours is told of once, and changes nothing.
	write("a", "99999999999")
	if got := <-logged; !strings.HasPrefix(got, "Invalid number 99999999999 read from ") {
		t.Errorf("%q", got)
	}
	write("b", "1")
	want("b", 1)
	last := w.stop()
	if last["a"] != 8 || last["b"] != 1 || len(told) != 0 || len(logged) != 0 {
		t.Errorf("at the end %v, %d results and %d lines more", last, len(told), len(logged))
	}
	// After a reload first values are not written again.
	w, known = newFiles(list, last, func(s string) { t.Log(s) }, func(r Result) { told <- r })
	if got := fmt.Sprint(known); got != "[{1 a false 8} {1 b false 1}]" {
		t.Errorf("known after a reload: %s", got)
	}
	w.stop()
}

// A directory that comes later is noticed.
func TestFilesWithoutDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	told := make(chan Result, 1)
	w, _ := newFiles([]File{{Name: "f", Path: filepath.Join(dir, "f")}}, nil, func(string) {}, func(r Result) { told <- r })
	if !w.blind {
		t.Fatal("a directory that does not exist is watched")
	}
	w.stop()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("4"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.look()
	if r := <-told; r.Value != 4 {
		t.Errorf("told %+v", r)
	}
}
