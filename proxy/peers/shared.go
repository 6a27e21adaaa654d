package peers

import (
	"tandem/proxy/recent"
	"tandem/proxy/stick"
)

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
	changes     map[*stick.Entry]*change
	order       recent.List[change]
}

// change is the last one of an entry.
type change struct {
	e     *stick.Entry
	seq   uint32
	local bool // made here
	place recent.Node[change]
}

// touch notes a change of an entry: made here, or learned from a peer.
func (t *Shared) touch(e *stick.Entry, local bool) {
	if t.changes == nil {
		t.changes = map[*stick.Entry]*change{}
	}
	c := t.changes[e]
	if c == nil {
		c = &change{e: e}
		c.place.Of = c
		t.changes[e] = c
	}
	t.update++
	c.seq, c.local = t.update, local
	if local {
		t.localUpdate = t.update
	}
	t.order.Touch(&c.place)
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
	at := t.order.Last()
	for at != nil && (all || int32(at.Of.seq-seq) > 0) && at.Prev() != nil {
		at = at.Prev()
	}
	for ; at != nil; at = at.Next() {
		c := at.Of
		if !all && (int32(c.seq-seq) <= 0 || !c.local) || c.e.Gone() {
			continue
		}
		if shard > 0 && t.Table.Spread > 0 && t.Table.ShardOf(c.e) != shard {
			continue
		}
		out = append(out, pending{c.e, c.seq})
	}
	return out
}

// sweep drops the changes of entries that are gone, once there are many.
func (t *Shared) sweep(used int) {
	if len(t.changes) <= used+used/8+64 {
		return
	}
	for e, c := range t.changes {
		if e.Gone() {
			c.place.Leave()
			delete(t.changes, e)
		}
	}
}
