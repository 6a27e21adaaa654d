package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadOf(t *testing.T) {
	t.Parallel()
	f := func(in []float64, want spread) {
		t.Helper()
		if diff := cmp.Diff(want, spreadOf(in)); diff != "" {
			t.Errorf("spreadOf(%v): %s", in, diff)
		}
	}
	f(nil, spread{})
	f([]float64{3}, spread{3, 3, 3})
	f([]float64{9, 1, 2}, spread{2, 1, 9})
	f([]float64{4, 1, 2, 8}, spread{3, 1, 8})
}

func TestRatios(t *testing.T) {
	t.Parallel()
	f := func(a, b, want []float64) {
		t.Helper()
		if diff := cmp.Diff(want, ratios(a, b)); diff != "" {
			t.Errorf("ratios(%v, %v): %s", a, b, diff)
		}
	}
	f(nil, nil, nil)
	// pair by pair, not mean by mean
	f([]float64{2, 30}, []float64{1, 10}, []float64{2, 3})
	// a round that is missing or failed
	f([]float64{2, 0, 4}, []float64{1, 1}, []float64{2})
	f([]float64{2, 2}, []float64{0, 4}, []float64{.5})
}

func TestCompare(t *testing.T) {
	t.Parallel()
	r := rowResult{Peers: []peerResult{
		{Peer: "ours", Samples: []sample{{Basis: 10, P99: 30}, {Basis: 12, P99: 20}, {Basis: 11, P99: 10}}},
		{Peer: "haproxy", Samples: []sample{{Basis: 10, P99: 10}, {Basis: 10, P99: 10}, {Basis: 10, P99: 10}}},
		{Peer: "gone", Absent: "not installed"},
	}}
	r.compare("haproxy")
	if diff := cmp.Diff(&spread{1.1, 1, 1.2}, r.Peers[0].Ratio); diff != "" {
		t.Errorf("ratio of CPU: %s", diff)
	}
	if diff := cmp.Diff(&spread{2, 1, 3}, r.Peers[0].P99); diff != "" {
		t.Errorf("ratio of p99: %s", diff)
	}
	if r.Peers[2].Ratio != nil {
		t.Errorf("an absent peer has the ratio %v", *r.Peers[2].Ratio)
	}
	other := rowResult{Peers: []peerResult{{Peer: "ours", Samples: []sample{{Basis: 1}}}}}
	other.compare("haproxy")
	if other.Peers[0].Ratio != nil {
		t.Error("a ratio to a peer that is not there")
	}
}
