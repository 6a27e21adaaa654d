package sample

import (
	"net/netip"
	"unsafe"

	"tandem/parser/keyword"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// addrFromKey reads the 4 or 16 bytes of an address.
func addrFromKey(key string) (netip.Addr, bool) {
	return netip.AddrFromSlice(unsafe.Slice(unsafe.StringData(key), len(key)))
}

// stickConvs look up the sample in a stick table.
var stickConvs = func() []word[Conv] {
	ws := []word[Conv]{
		conv("in_table", "table", tx.TypeAny, tx.TypeBool, "Whether the sample is a key of a stick table.", newInTable),
		conv("table_expire", "table[,integer]", tx.TypeAny, tx.TypeInt, "Milliseconds until a key of a stick table expires.", newTableTime(func(t *stick.Table, left int64) int64 { return left })),
		conv("table_idle", "table[,integer]", tx.TypeAny, tx.TypeInt, "Milliseconds since a key of a stick table was used.", newTableTime(func(t *stick.Table, left int64) int64 { return t.ExpireMS - left })),
		conv("table_trackers", "table", tx.TypeAny, tx.TypeInt, "How many track a key of a stick table.", newTableTrackers),
		conv("table_server_id", "table", tx.TypeAny, tx.TypeInt, "Number of the server that a key of a stick table sticks to.", newTableData("server_id", false)),
	}
	for _, c := range stickCounters {
		name := c.name
		switch name {
		case "updt_conn_cnt":
			continue
		case "get_gpc", "get_gpc0", "get_gpc1", "get_gpt", "get_gpt0":
			name = name[len("get_"):]
		}
		sig := "table"
		if c.index {
			sig = "integer,table"
		}
		ws = append(ws, conv("table_"+name, sig, tx.TypeAny, tx.TypeInt, "Of the sample as key of a stick table: "+c.doc+".", newTableData(c.name, c.index)))
	}
	return ws
}()

func newTableData(name string, index bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		i, idx := 0, 0
		if index {
			idx, i = int(a.int(0, 0)), 1
		}
		var ref *keyword.Ref
		if i < len(a) {
			ref = a[i].ref
		}
		op, known := stickOpOf(name)
		return func(t *tx.Tx, v *Value) bool {
			table := keyword.Target[*stick.Table](ref)
			if table == nil || !known {
				return false
			}
			e, ok := stickEntry(t, table, v, op.raise)
			return ok && op.run(t, table, e, idx, v)
		}, nil
	}
}

// tableRef returns the table that is a converter's first argument.
func tableRef(a args) *keyword.Ref {
	if len(a) == 0 {
		return nil
	}
	return a[0].ref
}

func newInTable(_ *keyword.Env, a args) (evalFunc, error) {
	ref := tableRef(a)
	return func(t *tx.Tx, v *Value) bool {
		table := keyword.Target[*stick.Table](ref)
		if table == nil {
			return false
		}
		e, ok := stickEntry(t, table, v, false)
		v.SetBool(ok && e != nil)
		return true
	}, nil
}

// newTableTime makes a converter of the milliseconds that an entry still lives.
func newTableTime(of func(table *stick.Table, left int64) int64) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		ref, def, hasDef := tableRef(a), a.int(1, 0), a.has(1)
		return func(t *tx.Tx, v *Value) bool {
			table := keyword.Target[*stick.Table](ref)
			if table == nil {
				return false
			}
			e, ok := stickEntry(t, table, v, false)
			if !ok || e == nil {
				v.SetInt(def)
				return hasDef
			}
			v.SetInt(of(table, table.Left(e, t.Now.UnixMilli())))
			return true
		}, nil
	}
}

func newTableTrackers(_ *keyword.Env, a args) (evalFunc, error) {
	ref := tableRef(a)
	return func(t *tx.Tx, v *Value) bool {
		table := keyword.Target[*stick.Table](ref)
		if table == nil {
			return false
		}
		e, ok := stickEntry(t, table, v, false)
		n := 0
		if e != nil {
			n = e.Users()
		}
		v.SetInt(int64(n))
		return ok
	}, nil
}
