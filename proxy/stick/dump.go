package stick

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unsafe"
)

// AppendHead appends the line that "show table" prints of a table.
func (t *Table) AppendHead(dst []byte, now int64) []byte {
	return fmt.Appendf(dst, "# table: %s, type: %s, size:%d, used:%d\n", t.Name, t.Key, t.Size, t.Used(now))
}

// ID is the number by which "show table … ptr" knows the entry.
func (e *Entry) ID() uintptr { return uintptr(unsafe.Pointer(e)) }

// AppendRow appends the line that "show table <name>" prints of an entry.
func (t *Table) AppendRow(dst []byte, e *Entry, now int64) []byte {
	dst = append(strconv.AppendUint(append(dst, "0x"...), uint64(e.ID()), 16), ": key="...)
	dst = t.AppendKey(dst, e.key)
	dst = append(dst, " use="...)
	dst = strconv.AppendInt(dst, int64(e.Users()), 10)
	dst = append(dst, " exp="...)
	dst = strconv.AppendInt(dst, t.Left(e, now), 10)
	dst = append(dst, " shard="...)
	dst = strconv.AppendInt(dst, int64(t.ShardOf(e)), 10)
	for d := range numData {
		if col := &t.cols[d]; col.stored {
			for i := range col.n {
				dst = t.appendCell(dst, e, d, i, now)
			}
		}
	}
	return append(dst, '\n')
}

// appendCell appends " name=value", with the number of an array's element in
// the name and the period of a rate behind it.
func (t *Table) appendCell(dst []byte, e *Entry, d Data, i int, now int64) []byte {
	dst = append(dst, ' ')
	switch {
	case d == ServerKey:
		_, key := e.Server()
		if key == "" {
			key = "-"
		}
		return append(append(dst, "server_key="...), key...)
	case infos[d].array:
		name, tail, _ := strings.Cut(infos[d].name, "_")
		dst = strconv.AppendInt(append(dst, name...), int64(i), 10)
		if tail != "" {
			dst = append(append(dst, '_'), tail...)
		}
	default:
		dst = append(dst, infos[d].name...)
	}
	if infos[d].rate {
		dst = append(strconv.AppendInt(append(dst, '('), t.cols[d].period, 10), ')')
	}
	v, _ := e.Get(d, i, now)
	return strconv.AppendUint(append(dst, '='), v, 10)
}

// AppendKey appends a key as people read it.
func (t *Table) AppendKey(dst []byte, key string) []byte {
	switch t.Key {
	case KeyIPv4, KeyIPv6:
		a, _ := netip.AddrFromSlice([]byte(key))
		return a.AppendTo(dst)
	case KeyInteger:
		n := uint32(key[0])<<24 | uint32(key[1])<<16 | uint32(key[2])<<8 | uint32(key[3])
		return strconv.AppendUint(dst, uint64(n), 10)
	case KeyBinary:
		return fmt.Appendf(dst, "%X", key)
	}
	for i := range len(key) {
		switch c := key[i]; {
		case c < ' ' || c >= 0x7f:
			dst = fmt.Appendf(dst, "\\x%02X", c)
		case c == '\\':
			dst = append(dst, `\\`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// ParseKey reads a key as people write it, as "set table … key" takes it. The
// error has the text that the stats socket answers.
func (t *Table) ParseKey(s string) ([]byte, error) {
	switch t.Key {
	case KeyIPv4, KeyIPv6:
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("Invalid key")
		}
		if key, ok := t.AppendIP(nil, a); ok {
			return key, nil
		}
		return nil, fmt.Errorf("Invalid key")
	case KeyInteger:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("Invalid key")
		}
		return t.AppendInt(nil, n), nil
	case KeyString:
		return t.AppendBytes(nil, []byte(s)), nil
	}
	return nil, fmt.Errorf("Inserting keys into tables of type other than ip, ipv6, string and integer is not supported")
}

// Filter is one "data.<type> <operator> <value>" of "show table" and "clear
// table".
type Filter struct {
	Data  Data
	Index int
	Op    string // eq ne le ge lt gt
	Value uint64
}

// ParseData reads "data.<type>" or "data.<type>[<index>]", and says whether
// there is such a kind of data.
func ParseData(s string) (d Data, index int, ok bool) {
	s, ok = strings.CutPrefix(s, "data.")
	if !ok {
		return 0, 0, false
	}
	if name, in, has := strings.Cut(s, "["); has {
		n, err := strconv.Atoi(strings.TrimSuffix(in, "]"))
		if err != nil || n < 0 {
			return 0, 0, false
		}
		s, index = name, n
	}
	d, ok = DataNamed(s)
	return d, index, ok
}

// Pass says whether an entry passes the filter.
func (f *Filter) Pass(e *Entry, now int64) bool {
	v, ok := e.Get(f.Data, f.Index, now)
	if !ok {
		return false
	}
	switch f.Op {
	case "eq":
		return v == f.Value
	case "ne":
		return v != f.Value
	case "le":
		return v <= f.Value
	case "ge":
		return v >= f.Value
	case "lt":
		return v < f.Value
	}
	return v > f.Value
}

// Find returns the entry with that ID, nil if there is none.
func (t *Table) Find(id uintptr, now int64) *Entry {
	for _, e := range t.Entries(now) {
		if e.ID() == id {
			return e
		}
	}
	return nil
}
