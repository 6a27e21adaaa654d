package peers

import "tandem/proxy/stick"

// Shared is a table that a section shares: its entries in the order of their
// last change, each with the number of that change.
type Shared struct {
	Table *stick.Table
	Also  *stick.Table // "write-to"; nil: none
	Name  string       // on the wire
	ID    uint64       // on the wire

	// Guarded by the section's lock.
	update      uint32 // number of the last change, here or learned
	localUpdate uint32 // of the last change made here
	nodes       map[*stick.Entry]*node
	first, last *node
}

// node is an entry's place in the order of changes.
type node struct {
	e          *stick.Entry
	seq        uint32
	local      bool // changed here since it was learned
	prev, next *node
}

// touch notes a change of an entry: made here, or learned from a peer.
func (t *Shared) touch(e *stick.Entry, local bool) {
	if t.nodes == nil {
		t.nodes = map[*stick.Entry]*node{}
	}
	n := t.nodes[e]
	if n == nil {
		n = &node{e: e}
		t.nodes[e] = n
	} else {
		t.unlink(n)
	}
	t.update++
	n.seq, n.local = t.update, local
	if local {
		t.localUpdate = t.update
	}
	n.prev, n.next = t.last, nil
	if t.last != nil {
		t.last.next = n
	} else {
		t.first = n
	}
	t.last = n
}

func (t *Shared) unlink(n *node) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		t.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		t.last = n.prev
	}
}

// pending is an entry to tell, with its number.
type pending struct {
	e   *stick.Entry
	seq uint32
}

// after returns what changed here after number seq, for the peer of a shard
// (0: all), in order; all makes it everything that is known, learned or not.
func (t *Shared) after(seq uint32, shard int, all bool) []pending {
	var out []pending
	at := t.last
	for at != nil && (all || int32(at.seq-seq) > 0) {
		if at.prev == nil {
			break
		}
		at = at.prev
	}
	for ; at != nil; at = at.next {
		if !all && (int32(at.seq-seq) <= 0 || !at.local) || at.e.Gone() {
			continue
		}
		if shard > 0 && t.Table.Spread > 0 && t.Table.ShardOf(at.e) != shard {
			continue
		}
		out = append(out, pending{at.e, at.seq})
	}
	return out
}

// sweep drops the places of entries that are gone, once there are many.
func (t *Shared) sweep(used int) {
	if len(t.nodes) <= used+used/8+64 {
		return
	}
	for n := t.first; n != nil; n = n.next {
		if n.e.Gone() {
			t.unlink(n)
			delete(t.nodes, n.e)
		}
	}
}
