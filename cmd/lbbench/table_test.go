package main

import (
	"strings"
	"testing"
	"time"
)

func TestWriteTable(t *testing.T) {
	t.Parallel()
	r := report{
		Date: "2026-01-01", System: "a machine", Cores: "two cores", Rounds: 2, Time: time.Second, Base: "haproxy", Driver: "wrk",
		Peers: []peer{{Name: "ours", Version: "v1"}, {Name: "haproxy", Version: "v2"}, {Name: "nginx", Absent: "not installed"}},
		Rows: []rowResult{{Row: "http-64", Title: "sixty-four", Driver: "wrk", Peers: []peerResult{
			{Peer: "ours", RSS: 10 << 20, Notes: []string{"wrong answer"}, Samples: []sample{
				{CPU: 12, Basis: 12, Rate: 70000, P50: 700, P99: 1500, P999: 2e6, Busy: .98},
				{CPU: 14, Basis: 14, Rate: 80000, P50: 800, P99: 1500, P999: 2e6, Busy: 1}}},
			{Peer: "haproxy", RSS: 20 << 20, Samples: []sample{
				{CPU: 10, Basis: 10, Rate: 90000, P50: 600, P99: 1000, P999: 3000, Busy: 1},
				{CPU: 10, Basis: 10, Rate: 90000, P50: 600, P99: 1000, P999: 3000, Busy: 1}}},
			{Peer: "nginx", Absent: "not installed"},
		}}, {Row: "tcp-64", Title: "relay", Driver: "own driver", Peers: []peerResult{
			{Peer: "ours", Notes: []string{"did not start"}},
			{Peer: "haproxy", Absent: "has no equivalent"},
		}}},
	}
	for i := range r.Rows {
		r.Rows[i].compare(r.Base)
	}
	var b strings.Builder
	if err := writeTable(&b, r); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, line := range []string{
		"rounds: 2 of 1s each, peers in turn; load by wrk",
		"  nginx: absent: not installed",
		"row      peer     CPU/req  req/s       p50      p99    p99.9       RSS  core   ratio (min-max)  p99 ratio",
		"http-64  ours     13.0 µs  75000  750.0 µs  1.50 ms   2.00 s  10.0 MiB   99%  1.30 (1.20-1.40)       1.50",
		"         haproxy  10.0 µs  90000  600.0 µs  1.00 ms  3.00 ms  20.0 MiB  100%  1.00 (1.00-1.00)       1.00",
		"         nginx     absent      -         -        -        -         -     -                 -          -",
		"tcp-64   ours      failed      -         -        -        -         -     -                 -          -",
		"  http-64, ours: wrong answer",
		"  tcp-64, ours: did not start",
		"  tcp-64, haproxy: has no equivalent",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %q in:\n%s", line, got)
		}
	}
	// Told once, above the table.
	if strings.Contains(got, "http-64, nginx") {
		t.Errorf("a note for each row of an absent peer:\n%s", got)
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "-", .5: "0.5 µs", 999: "999.0 µs", 1500: "1.50 ms", 2.5e6: "2.50 s"} {
		if got := micros(v); got != want {
			t.Errorf("micros(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "-", 12.34: "12.3", 90000.4: "90000"} {
		if got := count(v); got != want {
			t.Errorf("count(%v) = %q, want %q", v, got, want)
		}
	}
}
