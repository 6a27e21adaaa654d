package main

import "time"

// sample is what one round of one peer gave. Times are in microseconds.
type sample struct {
	CPU   float64 `json:"cpu_us"`  // of the proxy, for each request (idle: connection; check: run)
	Rate  float64 `json:"rate"`    // requests a second
	P50   float64 `json:"p50_us"`  // latency as the driver saw it
	P99   float64 `json:"p99_us"`  // likewise
	P999  float64 `json:"p999_us"` // likewise
	Busy  float64 `json:"busy"`    // processor time of the proxy over wall time
	Basis float64 `json:"basis"`   // what the ratio compares
}

// peerResult is one peer in one row.
type peerResult struct {
	Peer    string   `json:"peer"`
	Absent  string   `json:"absent,omitempty"` // why there is nothing
	Samples []sample `json:"samples,omitempty"`
	RSS     int64    `json:"rss"`            // most resident at any time of the row, bytes
	Each    float64  `json:"each,omitempty"` // idle: bytes for each connection
	Sys     float64  `json:"sys,omitempty"`  // share of system time
	Ratio   *spread  `json:"ratio,omitempty"`
	P99     *spread  `json:"p99_ratio,omitempty"`
	Notes   []string `json:"notes,omitempty"` // wrong answers and the like
}

// rowResult is one row of the table.
type rowResult struct {
	Row    string       `json:"row"`
	Title  string       `json:"title"`
	Driver string       `json:"driver"` // wrk or own
	Basis  string       `json:"basis"`  // what the ratio compares
	Peers  []peerResult `json:"peers"`
}

// report is everything: what -json writes.
type report struct {
	Date   string        `json:"date"`
	System string        `json:"system"`
	Cores  string        `json:"cores"`
	Rounds int           `json:"rounds"`
	Time   time.Duration `json:"time"`
	Base   string        `json:"base"` // the peer that ratios divide by
	Driver string        `json:"driver"`
	Peers  []peer        `json:"peers"`
	Rows   []rowResult   `json:"rows"`
}

// column takes one number of each sample.
func (p *peerResult) column(get func(sample) float64) []float64 {
	out := make([]float64, len(p.Samples))
	for i, s := range p.Samples {
		out[i] = get(s)
	}
	return out
}

// compare fills in the ratios of all peers to the one named base.
func (r *rowResult) compare(base string) {
	var b *peerResult
	for i := range r.Peers {
		if r.Peers[i].Peer == base {
			b = &r.Peers[i]
		}
	}
	if b == nil {
		return
	}
	for i := range r.Peers {
		p := &r.Peers[i]
		p.Ratio = ratioOf(p, b, func(s sample) float64 { return s.Basis })
		p.P99 = ratioOf(p, b, func(s sample) float64 { return s.P99 })
	}
}

// ratioOf is nil when there is nothing to compare.
func ratioOf(p, b *peerResult, get func(sample) float64) *spread {
	rs := ratios(p.column(get), b.column(get))
	if len(rs) == 0 {
		return nil
	}
	s := spreadOf(rs)
	return &s
}
