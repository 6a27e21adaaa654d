package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStatus(t *testing.T) {
	t.Parallel()
	text := "Name:\thaproxy\nVmPeak:\t  190000 kB\nVmHWM:\t   15872 kB\nVmRSS:\t   14000 kB\nThreads:\t1\n"
	got, err := parseStatus([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(memory{RSS: 14000 << 10, Peak: 15872 << 10}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "Name:\tzombie\n", "VmRSS:\t12 MB\n", "VmRSS:\tmany kB\n"} {
		if got, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("parseStatus(%q) = %v", bad, got)
		}
	}
}

func TestParseStatSys(t *testing.T) {
	t.Parallel()
	f := func(text string, want float64) {
		t.Helper()
		if got := parseStatSys([]byte(text)); got != want {
			t.Errorf("parseStatSys(%q) = %v, want %v", text, got, want)
		}
	}
	f("12 (haproxy) S 1 12 12 0 -1 4194560 100 0 0 0 25 75 0 0 20 0 1 0 9", .75)
	f("12 (a) b (c) S 1 12 12 0 -1 4194560 100 0 0 0 3 1 0 0 20 0 1 0 9", .25)
	f("12 (idle) S 1 12 12 0 -1 4194560 100 0 0 0 0 0 0 0 20 0 1 0 9", 0)
	f("12 (short) S 1", 0)
	f("", 0)
}

func TestProcessTree(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	for file, text := range map[string]string{
		"10/task/10/children": "11 12 ", "10/task/19/children": "13",
		"11/task/11/children": "", "12/task/12/children": "14 x ",
	} {
		path := filepath.Join(proc, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]int{10, 11, 12, 13, 14}, processTree(proc, 10)); diff != "" {
		t.Error(diff)
	}
}

func TestCPUTime(t *testing.T) {
	t.Parallel()
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	x := 0
	for began := time.Now(); time.Since(began) < 2*time.Millisecond; {
		x++
	}
	after, err := treeCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// Finer than a clock tick of 10 ms.
	if used := after - before; used <= 0 || x == 0 {
		t.Errorf("%v of processor time for %d turns of work", used, x)
	}
	if _, err := cpuTime(1<<22 + 1); err == nil {
		t.Error("a process that cannot be has processor time")
	}
	if m, err := treeMemory(os.Getpid()); err != nil || m.RSS <= 0 || m.Peak < m.RSS {
		t.Errorf("memory of this process: %+v, %v", m, err)
	}
}
