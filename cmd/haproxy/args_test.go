package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseArgs(t *testing.T) {
	t.Parallel()
	f := func(line string, want arguments) {
		t.Helper()
		got, err := parseArgs(strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			return
		}
		if diff := cmp.Diff(want, *got, cmp.AllowUnexported(arguments{}), cmpopts.IgnoreFields(arguments{}, "words")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
	f("-f a -f b -c", arguments{files: []string{"a", "b"}, check: true})
	f("-db -V -q -f a", arguments{foreground: true, verbose: true, quiet: true, files: []string{"a"}})
	f("-dM -dI -dW -d -f a", arguments{zeroWarning: true, debug: true, files: []string{"a"}})
	f("-dM0x50,no-merge -f a", arguments{files: []string{"a"}})
	f("-f a -sf 12 34 -D", arguments{files: []string{"a"}, oldPids: []int{12, 34}, daemon: true})
	f("-st 1 -f a", arguments{oldPids: []int{1}, terminate: true, files: []string{"a"}})
	f("-c --strict -f a", arguments{check: true, strict: true, files: []string{"a"}})
	f("-f a -sf", arguments{files: []string{"a"}})
	f("-n 10 -N 5 -m 100 -L me -p /run/x -C /tmp -x /s -S /m", arguments{maxconn: 10, proxyMaxconn: 5, memory: 100, localPeer: "me", pidFile: "/run/x", dir: "/tmp", socket: "/s", masterCLI: []string{"/m"}})
	f("-Ws -- a b", arguments{master: true, systemd: true, foreground: true, files: []string{"a", "b"}})
	f("-Ds -f a", arguments{master: true, systemd: true, foreground: true, files: []string{"a"}})
	f("-n 1x -N x -m +5 -f a", arguments{maxconn: 1, memory: 5, files: []string{"a"}})
	f("-cx -Vx -qx -Dx -foo a", arguments{check: true, verbose: true, quiet: true, daemon: true, files: []string{"a"}})
	f("-nx 5 -sfx 7 -f a", arguments{maxconn: 5, oldPids: []int{7}, files: []string{"a"}})
	f("-dA out -f a", arguments{files: []string{"a"}})
	f("-cc 1", arguments{cond: "1", hasCond: true})
	f("-vv -f", arguments{version: "vv"})
	f("-dKall", arguments{dumpKeywords: true, keywords: "all"})
	f("-dz -f a", arguments{debug: true, files: []string{"a"}})
}

func TestParseArgsRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"a", "-z", "-f", "-n", "-", "-sf 0", "-c a", "-z 1"} {
		if _, err := parseArgs(strings.Fields(line)); !errors.As(err, &usageError{}) {
			t.Errorf("%q: error %v, want the usage text", line, err)
		}
	}
	for line, want := range map[string]string{
		"-sf 1x":         "-sf option: some bytes unconsumed in PID list {x}",
		"-c -st abc":     "-st option: some bytes unconsumed in PID list {abc}",
		"-dMx":           "-dM: unknown pool debugging feature <x>",
		"-dM0x50,uaf,no": "-dM: unknown pool debugging feature <no>",
		"-dA -c":         "-dA: missing output file name",
	} {
		if _, err := parseArgs(strings.Fields(line)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
	if _, err := parseArgs([]string{"-C", ""}); err == nil {
		t.Error("a directory without a name was accepted")
	}
}

// TestVersionIsReadable holds what scripts read from -v and -vv.
func TestVersionIsReadable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	printVersion(&b, "vv")
	first, rest, _ := strings.Cut(b.String(), "\n")
	if f := strings.Fields(first); len(f) < 4 || f[0] != "HAProxy" || f[1] != "version" || !strings.HasPrefix(f[2], "3.") {
		t.Errorf("first line: %q", first)
	}
	for _, want := range []string{"\n  TARGET  = linux-glibc\n", "+OPENSSL", "+THREAD", "+LUA"} {
		if !strings.Contains(rest, want) {
			t.Errorf("-vv does not say %q", want)
		}
	}
}

func TestEnding(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{0: "Exit", 1: "Exit", 143: "Terminated", 130: "Interrupt"} {
		if got := ending(code); got != want {
			t.Errorf("ending(%d) = %q, want %q", code, got, want)
		}
	}
}
