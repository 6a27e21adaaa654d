package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAllRows(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range allRows(5000) {
		if seen[r.Name] || r.Name == "" || r.Title == "" {
			t.Errorf("row %q (%q) has no name of its own or no title", r.Name, r.Title)
		}
		seen[r.Name] = true
		if r.Kind == rowCheck {
			continue
		}
		if r.Load.Conns < 1 || len(r.Load.Requests) == 0 || r.Load.Want <= 0 || len(r.Probes) == 0 {
			t.Errorf("row %s: a load without connections, requests, expected length or probes: %+v", r.Name, r.Load)
		}
		if r.Load.TLS != (r.Setup.Cert != "") {
			t.Errorf("row %s: driver and proxy do not agree on TLS", r.Name)
		}
		if len(r.Load.Requests)%max(1, r.Load.Depth) != 0 && len(r.Load.Requests) > 1 {
			t.Errorf("row %s: %d requests do not divide by the depth %d", r.Name, len(r.Load.Requests), r.Load.Depth)
		}
	}
	// The rows that the project's goals name.
	for _, name := range []string{"http-1", "http-64", "http-1000", "http-close", "http-pipeline", "http-100k", "http-8m",
		"upload-8m", "tcp-64", "tcp-8m", "tls-64", "tls-hs-p256", "tls-hs-rsa", "tls-8m", "rules", "map", "stick", "idle", "check-100k", "free-64"} {
		if !seen[name] {
			t.Errorf("no row %s", name)
		}
	}
}

func TestChooseRows(t *testing.T) {
	t.Parallel()
	rows := allRows(100)
	f := func(patterns string, want ...string) {
		t.Helper()
		got, err := chooseRows(rows, patterns)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range got {
			names = append(names, r.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%q: %s", patterns, diff)
		}
	}
	f("http-64", "http-64")
	f("map,tls-hs-*", "tls-hs-p256", "tls-hs-rsa", "map") // in the table's order
	if got, err := chooseRows(rows, ""); err != nil || len(got) != len(rows) {
		t.Errorf("no pattern keeps %d rows, error %v", len(got), err)
	}
	for _, bad := range []string{"nothing", "http-64,nothing", "[", ","} {
		if got, err := chooseRows(rows, bad); err == nil {
			t.Errorf("chooseRows(%q) = %d rows", bad, len(got))
		}
	}
}

func TestRequestWire(t *testing.T) {
	t.Parallel()
	got := string(request{Method: "POST", Path: "/u", Host: "h", Header: []string{"A: b"}, Body: 3}.wire(true))
	want := "POST /u HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\n" + string(pattern(3))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := string(request{Path: "/"}.wire(false)); got != "GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n" {
		t.Errorf("the plainest request is %q", got)
	}
}

func TestWires(t *testing.T) {
	t.Parallel()
	spec := loadSpec{Depth: 2, Requests: []request{{Path: "/a"}, {Path: "/b"}, {Path: "/c"}}}
	one := func(p string) string { return string(request{Path: p}.wire(false)) }
	var got []string
	for _, w := range spec.wires() {
		got = append(got, string(w))
	}
	want := []string{one("/a") + one("/b"), one("/c") + one("/a"), one("/b") + one("/c")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
