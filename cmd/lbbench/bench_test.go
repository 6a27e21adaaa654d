package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's binary play the sub-roles and a proxy, so that the
// whole bench runs with nothing installed.
func TestMain(m *testing.M) {
	if isRole, err := runRole(os.Args[1:]); isRole {
		exit(err)
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "-v":
			fmt.Println("relay version 1")
			os.Exit(0)
		case "-c", "-db":
			exit(fakeProxy(os.Args[1] == "-c", os.Args[3]))
		}
	}
	os.Exit(m.Run())
}

// fakeProxy is a peer that relays bytes as the first bind and server lines of
// an HAProxy configuration tell it.
func fakeProxy(check bool, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if check {
		if bytes.Contains(text, []byte("no-such-way")) {
			return errors.New("[ALERT] (1) : no such way")
		}
		return nil
	}
	bind, server := "", ""
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case words[0] == "bind":
			bind = words[1]
		case words[0] == "server" && server == "":
			server = words[2]
		}
	}
	ln, err := net.Listen("tcp", bind)
	if err != nil {
		return err
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			s, err := net.Dial("tcp", server)
			if err != nil {
				return
			}
			defer s.Close()
			go func() { _, _ = io.Copy(s, c); s.Close() }()
			_, _ = io.Copy(c, s)
		}()
	}
}

// testBench is a bench of the test's own relay, alone, in short rounds.
func testBench(t *testing.T) *bench {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		self: self, dir: t.TempDir(), spawn: newSpawner(), cores: pickCores(cpus, cpuSiblings), maxConn: 100, base: "a",
		rounds: 2, time: 20 * time.Millisecond, warm: 10 * time.Millisecond, settle: 10 * time.Millisecond,
		peers: []peer{{Name: "a", Path: self}, {Name: "b", Path: self}, {Name: "gone", Absent: "not installed"}},
		show:  func(string, ...any) {},
	}
	t.Cleanup(func() { close(b.spawn.jobs) })
	if err := writeCerts(b.dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	return b
}

// runRows runs the named rows and gives their results by name.
func runRows(t *testing.T, b *bench, names string) map[string]rowResult {
	t.Helper()
	rows, err := chooseRows(allRows(20), names)
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.run(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]rowResult{}
	for _, r := range list {
		out[r.Row] = r
	}
	return out
}

func TestBenchOfRelay(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	for name, r := range runRows(t, b, "http-64,tcp-8m,free-close,idle,check-100k") {
		if len(r.Peers) != 3 || r.Peers[2].Absent != "not installed" {
			t.Errorf("%s: peers %+v", name, r.Peers)
		}
		for _, p := range r.Peers[:2] {
			if len(p.Samples) != b.rounds || p.RSS <= 0 || p.Absent != "" {
				t.Errorf("%s, %s: %+v", name, p.Peer, p)
			}
			for _, n := range p.Notes {
				if !strings.Contains(n, "for each connection") {
					t.Errorf("%s, %s: %s", name, p.Peer, n)
				}
			}
			for _, s := range p.Samples {
				if s.CPU <= 0 || s.P50 <= 0 || s.Busy <= 0 {
					t.Errorf("%s, %s: %+v", name, p.Peer, s)
				}
			}
			if p.Ratio == nil && name != "idle" { // a few kB may not show in RSS
				t.Errorf("%s, %s has no ratio", name, p.Peer)
			}
		}
	}
	if left, err := os.ReadDir(b.dir); err != nil || len(left) == 0 {
		t.Errorf("the run left %d files, error %v", len(left), err)
	}
}

// TestBenchSeesWrongAnswers gives a relay work that only a proxy can do.
func TestBenchSeesWrongAnswers(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	b.rounds = 1
	f := func(row, want string) {
		t.Helper()
		for _, p := range runRows(t, b, row)[row].Peers[:2] {
			if len(p.Samples) > 0 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], want) {
				t.Errorf("%s: %+v, want %q", row, p, want)
			}
		}
	}
	f("rules", "wrong answer, not measured: /admin/x: status 200 instead of 403")
	f("map", "wrong answer, not measured: "+mapKey(0)+": the server did not receive")
	f("tls-64", "wrong answer, not measured: TLS handshake")
}

func TestBenchSeesFailedStart(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	b.peers = []peer{{Name: "roleless", Path: b.self}, {Name: "lost", Path: "/nowhere/at-all"}}
	b.peers[0].Nginx = true // is started with options that the relay does not know
	r := runRows(t, b, "http-1")["http-1"]
	for _, p := range r.Peers {
		if len(p.Samples) > 0 || len(p.Notes) != 1 {
			t.Errorf("%+v", p)
		}
	}
	if !strings.HasPrefix(r.Peers[0].Notes[0], "did not start: ") {
		t.Errorf("note %q", r.Peers[0].Notes[0])
	}
}

func TestBenchStops(t *testing.T) {
	t.Parallel()
	b := testBench(t)
	b.rounds = 1 << 30
	ctx, cancel := context.WithCancel(t.Context())
	b.show = func(format string, a ...any) {
		if strings.HasPrefix(fmt.Sprintf(format, a...), "round 2/") {
			cancel()
		}
	}
	rows, err := chooseRows(allRows(20), "http-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.run(ctx, rows); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	// Whatever it started is over: nobody is left to answer.
	if _, err := askStats(b.origin.HTTP); err == nil {
		t.Error("the origin still runs")
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	show := progress(w)
	show("[%d/%d %s] ", 1, 2, "http-64")
	show("round 1/5, %s", "ours") // not where the output is kept
	show("")
	show("[%d/%d %s] ", 2, 2, "map")
	w.Close()
	defer r.Close()
	var got []string
	for in := bufio.NewScanner(r); in.Scan(); {
		got = append(got, in.Text())
	}
	if len(got) != 2 || !strings.HasSuffix(got[0], "[1/2 http-64]") || !strings.HasSuffix(got[1], "[2/2 map]") {
		t.Errorf("progress %q", got)
	}
}
