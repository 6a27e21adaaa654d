package sample

import (
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// stickOp is what a word of the stick families does with an entry's data.
type stickOp struct {
	data, rate stick.Data // rate: of a counter that is raised
	raise      bool       // inc_…, updt_conn_cnt: makes the entry where it can
	clear      bool       // clr_…: gives what was there
	kilo       bool       // kbytes_…
}

// stickOpOf returns the operation behind a word without its family:
// "http_req_rate", "get_gpc0", "inc_gpc".
func stickOpOf(name string) (op stickOp, ok bool) {
	switch {
	case name == "kbytes_in":
		return stickOp{data: stick.BytesInCnt, kilo: true}, true
	case name == "kbytes_out":
		return stickOp{data: stick.BytesOutCnt, kilo: true}, true
	case name == "updt_conn_cnt":
		return stickOp{data: stick.ConnCnt, rate: stick.ConnRate, raise: true}, true
	}
	rest, inc := strings.CutPrefix(name, "inc_")
	rest, clr := strings.CutPrefix(rest, "clr_")
	rest = strings.TrimPrefix(rest, "get_")
	op.raise, op.clear = inc, clr
	if op.data, ok = stick.DataNamed(rest); ok && inc {
		op.rate, ok = stick.DataNamed(rest + "_rate")
	}
	return op, ok
}

// run applies the operation to an entry, which may be nil: then the value is
// 0. It fails where the table does not store the data.
func (op *stickOp) run(t *tx.Tx, table *stick.Table, e *stick.Entry, index int, v *Value) bool {
	var n uint64
	if e != nil {
		now := t.Now.UnixMilli()
		ok := false
		switch {
		case op.raise:
			n, ok = e.Add(op.data, index, 1, now)
			if _, rated := e.Add(op.rate, index, 1, now); rated && !ok {
				ok = true
				n, _ = e.Get(op.rate, index, now)
			}
			table.Refresh(e, now)
		case op.clear:
			if n, ok = e.Get(op.data, index, now); ok {
				e.Set(op.data, index, 0, now)
				table.Refresh(e, now)
			}
		default:
			n, ok = e.Get(op.data, index, now)
		}
		if !ok {
			return false
		}
	}
	if op.kilo {
		n >>= 10
	}
	v.SetInt(int64(n))
	return true
}

// stickEntry finds the entry of a value in a table; with create it makes one.
func stickEntry(t *tx.Tx, table *stick.Table, v *Value, create bool) (e *stick.Entry, ok bool) {
	var mem [64]byte
	key, ok := StickKey(mem[:0], t, table, v)
	if !ok && (v.Type == tx.TypeStr || v.Type == tx.TypeBin) && len(v.B) == 0 {
		// No rule stores an empty text, but converters look it up.
		key, ok = table.AppendBytes(mem[:0], nil), true
	}
	if !ok {
		return nil, false
	}
	now := t.Now.UnixMilli()
	if create {
		return table.Entry(key, now), true
	}
	return table.Lookup(key, now), true
}

// trackedEntry returns the entry of a session's counter, or the entry of its
// key in the table that is named; ok is false where nothing is tracked.
func trackedEntry(t *tx.Tx, counter int, ref *keyword.Ref, create bool) (table *stick.Table, e *stick.Entry, ok bool) {
	if counter < 0 || counter >= len(t.Sess.Tracked) {
		return nil, nil, false
	}
	tr := &t.Sess.Tracked[counter]
	if tr.Entry == nil {
		return nil, nil, false
	}
	table = tr.Table
	if ref == nil {
		return table, tr.Entry, true
	}
	if other := keyword.Target[*stick.Table](ref); other != table {
		if other == nil || other.Key != table.Key {
			return nil, nil, false
		}
		now := t.Now.UnixMilli()
		var mem [64]byte
		key := append(mem[:0], tr.Entry.Key()...)
		if create {
			return other, other.Entry(key, now), true
		}
		return other, other.Lookup(key, now), true
	}
	return table, tr.Entry, true
}

// stickFetch makes the function of a fetch of the stick families. byAddress
// says that the client's address is the key.
func stickFetch(name string, counter, index int, byAddress bool, ref *keyword.Ref) evalFunc {
	switch name {
	case "tracked":
		return func(t *tx.Tx, v *Value) bool {
			_, e, ok := trackedEntry(t, counter, ref, false)
			v.SetBool(ok && e != nil)
			return true
		}
	case "trackers":
		return func(t *tx.Tx, v *Value) bool {
			_, e, ok := trackedEntry(t, counter, ref, false)
			v.SetInt(0)
			if e != nil {
				v.SetInt(int64(e.Users()))
			}
			return ok
		}
	case "key":
		return func(t *tx.Tx, v *Value) bool {
			table, e, ok := trackedEntry(t, counter, nil, false)
			return ok && keyValue(t, table, e.Key(), v)
		}
	case "table_cnt", "table_avl":
		return func(t *tx.Tx, v *Value) bool {
			table := keyword.Target[*stick.Table](ref)
			if table == nil {
				return false
			}
			n := table.Used(t.Now.UnixMilli())
			if name == "table_avl" {
				n = table.Size - n
			}
			v.SetInt(int64(n))
			return true
		}
	}
	op, known := stickOpOf(name)
	if !known {
		return func(*tx.Tx, *Value) bool { return false }
	}
	if byAddress {
		return func(t *tx.Tx, v *Value) bool {
			table := keyword.Target[*stick.Table](ref)
			if table == nil || !t.Sess.Src.IsValid() {
				return false
			}
			v.SetIP(t.Sess.Src.Addr())
			e, ok := stickEntry(t, table, v, op.raise)
			return ok && op.run(t, table, e, index, v)
		}
	}
	return func(t *tx.Tx, v *Value) bool {
		table, e, ok := trackedEntry(t, counter, ref, op.raise)
		return ok && op.run(t, table, e, index, v)
	}
}

// keyValue gives a key as a sample.
func keyValue(t *tx.Tx, table *stick.Table, key string, v *Value) bool {
	switch table.Key {
	case stick.KeyIPv4, stick.KeyIPv6:
		a, ok := addrFromKey(key)
		if !ok {
			return false
		}
		setAddr(v, a)
	case stick.KeyInteger:
		v.SetInt(int64(uint32(key[0])<<24 | uint32(key[1])<<16 | uint32(key[2])<<8 | uint32(key[3])))
	case stick.KeyBinary:
		v.SetBin(append(t.Scratch.Alloc(len(key))[:0], key...))
	default:
		v.SetStr(append(t.Scratch.Alloc(len(key))[:0], key...))
	}
	return true
}
