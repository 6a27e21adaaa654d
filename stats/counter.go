// Package stats counts what the proxy does and renders the counts.
//
// It is a leaf: it imports nothing of this module, owns no clock and no
// socket. The rooms that serve traffic own one counter set per object
// ([Frontend], [Listener], [Backend], [Server]) and add to it; the rooms that
// answer questions take a snapshot ([Row], [Info]) and hand it to a renderer
// (CSV, typed, JSON, HTML, Prometheus). The set of columns, their order and
// their type tags are an interface that monitoring tools rely on
// (HAProxy Management Guide, chapter 9.1): they live in columns_*.go.
package stats

import "sync/atomic"

// Counter is a number that only grows until it is cleared. The zero value is
// ready. One Add is one atomic instruction and never allocates.
type Counter = atomic.Uint64

// Gauge is a current level together with the highest level that it reached
// since the process started or the maximums were cleared.
type Gauge struct {
	cur atomic.Int64
	max atomic.Int64
}

// Add moves the level by d (negative to leave) and returns the new level.
func (g *Gauge) Add(d int64) int64 {
	v := g.cur.Add(d)
	if d > 0 {
		raise(&g.max, v)
	}
	return v
}

// Set replaces the level.
func (g *Gauge) Set(v int64) {
	g.cur.Store(v)
	raise(&g.max, v)
}

// Load returns the level, never below zero: a snapshot may see a leave before
// the enter that it belongs to.
func (g *Gauge) Load() uint64 { return clampNeg(g.cur.Load()) }

// Max returns the highest level seen.
func (g *Gauge) Max() uint64 { return clampNeg(g.max.Load()) }

// clear forgets the maximum. The level itself describes the present and is
// never cleared; the maximum restarts from zero even when the level is above,
// which is what "clear counters" has always shown.
func (g *Gauge) clear(bool) { g.max.Store(0) }

func clampNeg(v int64) uint64 {
	if v < 0 {
		return 0
	}
	return uint64(v)
}

// raise lifts m to v when v is larger.
func raise(m *atomic.Int64, v int64) {
	for {
		old := m.Load()
		if v <= old || m.CompareAndSwap(old, v) {
			return
		}
	}
}
