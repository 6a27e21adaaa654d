package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBigConfig(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := writeBigConfig(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for what, want := range map[string]int{
		"\n": 100_009, "\nfrontend ": 1, "\n    use_backend ": 10_000, "\nbackend ": 10_000, "\n    server ": 50_000,
	} {
		if got := strings.Count(text, what); got != want {
			t.Errorf("%q stands %d times, want %d", what, got, want)
		}
	}
	_, rest, _ := strings.Cut(text, "\nbackend be09999\n")
	if got := strings.Count(rest, "\n"); got != 8 {
		t.Errorf("the last backend has %d lines, want 8", got)
	}
}

func TestBrokenConfig(t *testing.T) {
	t.Parallel()
	var good, broken bytes.Buffer
	if err := writeBigConfig(&good); err != nil {
		t.Fatal(err)
	}
	if err := writeBrokenConfig(&broken); err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(broken.Bytes(), good.Bytes())
	if !ok || string(rest) != "    balance no-such-way\n" {
		t.Errorf("same beginning: %v, then %.60q", ok, rest)
	}
}

func TestMaps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := writeMaps(dir); err != nil {
		t.Fatal(err)
	}
	for name, last := range map[string]string{
		haproxyMap: mapKey(mapEntries-1) + " " + mapValue(mapEntries-1) + "\n",
		nginxMap:   mapKey(mapEntries-1) + " " + mapValue(mapEntries-1) + ";\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(text, []byte("\n")); got != mapEntries || !bytes.HasSuffix(text, []byte(last)) {
			t.Errorf("%s: %d entries, ends in %q", name, got, text[max(0, len(text)-30):])
		}
	}
}
