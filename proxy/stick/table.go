package stick

import (
	"hash/maphash"
	"net/netip"

	"github.com/cespare/xxhash/v2"
)

// Table is one stick-table: what its line says, and its entries, which a
// table of the same layout in the next configuration takes over.
type Table struct {
	Config
	*store
}

// smallTable is the size up to which a table has one shard, so that the
// oldest entry of all goes when it is full, not the oldest of a part.
const smallTable = 4096

// NewTable makes an empty table.
func NewTable(c Config) *Table {
	n := 1
	if c.Size > smallTable {
		n = 16
	}
	layout := c
	s := &store{layout: &layout, seed: maphash.MakeSeed(), shards: make([]shard, n), names: xxhash.Sum64String(c.Name)}
	for i := range s.shards {
		s.shards[i].m = map[string]*Entry{}
	}
	t := &Table{Config: c, store: s}
	t.adjust()
	return t
}

// adjust gives the entries the limits of the table's line.
func (t *Table) adjust() {
	t.limit.Store(int64(t.Size))
	t.life.Store(0)
	if t.HasExpire {
		t.life.Store(max(t.ExpireMS, 1))
	}
	t.keep.Store(t.NoPurge)
	t.factor.Store(t.BytesFactor)
}

// AppendIP appends an address as a key; ok is false if it cannot be one.
func (t *Table) AppendIP(dst []byte, a netip.Addr) (key []byte, ok bool) {
	switch t.Key {
	case KeyIPv4:
		if a = a.Unmap(); !a.Is4() {
			return dst, false
		}
		b := a.As4()
		return append(dst, b[:]...), true
	case KeyIPv6:
		b := a.As16()
		return append(dst, b[:]...), a.IsValid()
	}
	return dst, false
}

// AppendInt appends an integer as a key, of which 32 bits count.
func (t *Table) AppendInt(dst []byte, n int64) []byte {
	return append(dst, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// AppendBytes appends a string or a block as a key: cut to the table's length,
// blocks padded with zeros.
func (t *Table) AppendBytes(dst, b []byte) []byte {
	n := t.KeyLen
	dst = append(dst, b[:min(n, len(b))]...)
	if t.Key == KeyBinary {
		for i := len(b); i < n; i++ {
			dst = append(dst, 0)
		}
	}
	return dst
}

// EnableServers makes entries hold the server that a key sticks to, which
// "stick" lines do without being asked. Only for tables that are still empty,
// before Adopt.
func (t *Table) EnableServers() {
	one, two := t.Store(ServerID, 1, 0), t.Store(ServerKey, 1, 0)
	if one || two {
		layout := t.Config
		t.store.layout = &layout
	}
}
