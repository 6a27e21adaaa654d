package pattern

import (
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// trieIndex finds the patterns with which a string begins, or, read from
// behind, with which it ends.
type trieIndex struct {
	nodes   []trieNode
	fold    bool
	reverse bool
	longest bool // the longest pattern wins, not the first in the list
}

// trieNode has the rest of an edge's label, so that chains take one node.
type trieNode struct {
	label string // bytes on the way into the node, beyond the first
	es    []*Entry
	keys  []byte // first byte of each child
	kids  []int32
}

// newTrie makes an empty trie.
func newTrie(fold, reverse, longest bool) *trieIndex {
	return &trieIndex{nodes: make([]trieNode, 1), fold: fold, reverse: reverse, longest: longest}
}

// add adds a pattern, already in lower case where the trie folds.
func (x *trieIndex) add(p string, e *Entry) {
	if x.reverse {
		p = reversed(p)
	}
	n := int32(0)
	for p != "" {
		k := x.child(n, p[0])
		if k < 0 {
			x.nodes = append(x.nodes, trieNode{label: p[1:]})
			k = int32(len(x.nodes) - 1)
			x.nodes[n].keys = append(x.nodes[n].keys, p[0])
			x.nodes[n].kids = append(x.nodes[n].kids, k)
			n, p = k, ""
			break
		}
		label, rest := x.nodes[k].label, p[1:]
		same := 0
		for same < len(label) && same < len(rest) && label[same] == rest[same] {
			same++
		}
		if same < len(label) { // split the edge
			old := x.nodes[k]
			old.label = label[same+1:]
			x.nodes = append(x.nodes, old)
			x.nodes[k] = trieNode{label: label[:same], keys: []byte{label[same]}, kids: []int32{int32(len(x.nodes) - 1)}}
		}
		n, p = k, rest[same:]
	}
	x.nodes[n].es = append(x.nodes[n].es, e)
}

func (x *trieIndex) child(n int32, c byte) int32 {
	keys := x.nodes[n].keys
	for i := range keys {
		if keys[i] == c {
			return x.nodes[n].kids[i]
		}
	}
	return -1
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func (x *trieIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	b := v.B
	best := firstAlive(x.nodes[0].es)
	n, at := int32(0), 0
	for at < len(b) {
		k := x.child(n, x.byteAt(b, at))
		if k < 0 {
			return best
		}
		at++
		label := x.nodes[k].label
		if len(b)-at < len(label) {
			return best
		}
		for i := range len(label) {
			if x.byteAt(b, at+i) != label[i] {
				return best
			}
		}
		at += len(label)
		n = k
		if len(x.nodes[n].es) > 0 {
			if e := firstAlive(x.nodes[n].es); e != nil && (x.longest || better(e, best)) {
				best = e
			}
		}
	}
	return best
}

// byteAt returns byte i of b in the direction and case of the trie.
func (x *trieIndex) byteAt(b []byte, i int) byte {
	c := b[i]
	if x.reverse {
		c = b[len(b)-1-i]
	}
	if x.fold {
		c = sample.Lower(c)
	}
	return c
}
