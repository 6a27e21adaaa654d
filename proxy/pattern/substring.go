package pattern

import (
	"bytes"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// fewSubstrings is up to how many patterns are looked for one by one.
const fewSubstrings = 4

// subIndex looks for a few substrings one by one.
type subIndex struct {
	pats [][]byte // in lower case with fold
	es   []*Entry
	fold bool
}

func (x *subIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	for i, p := range x.pats {
		if (!x.fold && bytes.Contains(v.B, p) || x.fold && containsFold(v.B, p)) && !x.es[i].dead.Load() {
			return x.es[i]
		}
	}
	return nil
}

// containsFold looks for p, which is in lower case, in b of any case.
func containsFold(b, p []byte) bool {
	if len(p) == 0 {
		return true
	}
	for i := 0; i+len(p) <= len(b); i++ {
		if sample.Lower(b[i]) != p[0] {
			continue
		}
		k := 1
		for k < len(p) && sample.Lower(b[i+k]) == p[k] {
			k++
		}
		if k == len(p) {
			return true
		}
	}
	return false
}

// automaton looks for many substrings in one pass (Aho and Corasick, 1975).
// Bytes that no pattern has share one column of its table.
type automaton struct {
	class  [256]uint8
	width  int
	next   []int32 // state*width + class
	out    [][]*Entry
	hasOut []bool // own or inherited output
}

// newAutomaton builds it; patterns are in lower case where fold is set.
func newAutomaton(pats []string, es []*Entry, fold bool) *automaton {
	a := &automaton{width: 1}
	for _, p := range pats {
		for i := range len(p) {
			if c := p[i]; a.class[c] == 0 && a.width < 256 {
				a.class[c] = uint8(a.width)
				a.width++
			}
		}
	}
	if fold {
		for c := 'A'; c <= 'Z'; c++ {
			a.class[c] = a.class[c|0x20]
		}
	}
	state := func() int32 {
		a.next = append(a.next, make([]int32, a.width)...)
		a.out = append(a.out, nil)
		a.hasOut = append(a.hasOut, false)
		return int32(len(a.out) - 1)
	}
	state()
	for i, p := range pats {
		s := int32(0)
		for k := range len(p) {
			at := int(s)*a.width + int(a.class[p[k]])
			if a.next[at] == 0 {
				n := state()
				a.next[at] = n
			}
			s = a.next[at]
		}
		a.out[s] = append(a.out[s], es[i])
		a.hasOut[s] = true
	}
	a.link()
	return a
}

// link fills in where to go on after a mismatch.
func (a *automaton) link() {
	fail := make([]int32, len(a.out))
	var queue []int32
	for c := range a.width {
		if n := a.next[c]; n != 0 {
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if f := fail[s]; a.hasOut[f] {
			a.out[s] = append(a.out[s], a.out[f]...)
			a.hasOut[s] = true
		}
		for c := range a.width {
			at := int(s)*a.width + c
			via := a.next[int(fail[s])*a.width+c]
			if n := a.next[at]; n != 0 {
				fail[n] = via
				queue = append(queue, n)
			} else {
				a.next[at] = via
			}
		}
	}
}

func (a *automaton) find(_ *tx.Tx, v *sample.Value) *Entry {
	var best *Entry
	collect := func(s int32) {
		for _, e := range a.out[s] {
			if !e.dead.Load() && better(e, best) {
				best = e
			}
		}
	}
	if a.hasOut[0] {
		collect(0)
	}
	s := int32(0)
	for _, c := range v.B {
		s = a.next[int(s)*a.width+int(a.class[c])]
		if a.hasOut[s] {
			collect(s)
		}
	}
	return best
}
