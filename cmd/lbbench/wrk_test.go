package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWrkScriptOfOneRequest(t *testing.T) {
	t.Parallel()
	text := wrkScript(loadSpec{Close: true, Requests: []request{{Path: "/a", Header: []string{`X-Quote: "x"`}}}})
	for _, part := range []string{
		"wrk.method = \"GET\"\n", "wrk.path = \"/a\"\n", "wrk.headers[\"Host\"] = \"bench.example\"\n",
		`wrk.headers["X-Quote"] = "\"x\""` + "\n", "wrk.headers[\"Connection\"] = \"close\"\n", "done = function(s, lat)",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
	// Without this function wrk prepares the text once.
	if strings.Contains(text, "request = function") {
		t.Errorf("one request is made anew each time:\n%s", text)
	}
}

func TestWrkScriptOfSeveral(t *testing.T) {
	t.Parallel()
	text := wrkScript(loadSpec{Requests: []request{{Path: "/a"}, {Path: "/b"}}})
	for _, part := range []string{
		`"GET /a HTTP/1.1\013\010Host: bench.example\013\010\013\010",` + "\n", `"GET /b HTTP/1.1`, "request = function",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func TestLuaString(t *testing.T) {
	t.Parallel()
	if got, want := luaString("a\"\\\x00é"), `"a\"\\\000\195\169"`; got != want {
		t.Errorf("luaString = %s, want %s", got, want)
	}
}

func TestWrkCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := func(d time.Duration, tls bool, wantTime, wantURL string) {
		t.Helper()
		args, err := wrkCommand(loadSpec{Addr: "127.0.0.1:9", TLS: tls, Conns: 64, Time: d, Requests: []request{{Path: "/x"}}}, dir)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"-t", "1", "-c", "64", "-d", wantTime, "--timeout", "10s", "-s", filepath.Join(dir, "wrk.lua"), wantURL}
		if diff := cmp.Diff(want, args); diff != "" {
			t.Error(diff)
		}
	}
	f(time.Second, false, "1s", "http://127.0.0.1:9/x")
	f(100*time.Millisecond, true, "1s", "https://127.0.0.1:9/x")
	f(2600*time.Millisecond, false, "3s", "http://127.0.0.1:9/x")
	if _, err := os.Stat(filepath.Join(dir, "wrk.lua")); err != nil {
		t.Error(err)
	}
	if got := roundTime(loadSpec{Time: 100 * time.Millisecond}, true); got != time.Second {
		t.Errorf("a round of wrk takes %v", got)
	}
	if got := roundTime(loadSpec{Time: 100 * time.Millisecond}, false); got != 100*time.Millisecond {
		t.Errorf("a round of our own driver takes %v", got)
	}
}

func TestParseWrk(t *testing.T) {
	t.Parallel()
	out := "Running 1s test @ http://127.0.0.1:9/\n  98 requests in 1.00s\n\n" + wrkMark +
		`{"requests":98,"wall":1000000000,"p50":701000,"p99":3130000,"p999":11790000,"wrong":3,"broken":0}` + "\nmore\n"
	got, err := parseWrk(out)
	if err != nil {
		t.Fatal(err)
	}
	want := loadResult{
		Requests: 95, Wall: time.Second, P50: 701 * time.Microsecond, P99: 3130 * time.Microsecond,
		P999: 11790 * time.Microsecond, Wrong: 3, FirstErr: "status of 400 or more",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "unable to connect\n", wrkMark + "{nan}\n"} {
		if got, err := parseWrk(bad); err == nil {
			t.Errorf("parseWrk(%q) = %+v", bad, got)
		}
	}
}
