package pattern

import (
	"net/netip"
	"strconv"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// Lookup is what one use of a list says of a text, for "get map" and "get acl".
type Lookup struct {
	Method Method
	Fold   bool   // case does not matter
	Tree   bool   // found by an index, not by trying one pattern after the other
	Entry  *Entry // nil: none matches
}

// Lookups tries a text against every way in which the list is used.
func (l *List) Lookups(text string) []Lookup {
	l.mu.Lock()
	sets := append([]*Set(nil), l.sets...)
	l.mu.Unlock()
	out := make([]Lookup, 0, len(sets))
	for _, s := range sets {
		r := Lookup{Method: s.kind.method, Fold: s.kind.fold, Tree: s.kind.tree()}
		var v sample.Value
		if textValue(&v, text, s.kind.method) {
			r.Entry = s.Find(nil, &v)
		}
		out = append(out, r)
	}
	return out
}

// tree says whether the original looks such patterns up in a tree.
func (k kind) tree() bool {
	switch k.method {
	case IP:
		return true
	case Str, Beg:
		return !k.fold
	}
	return false
}

// textValue reads a text as the method's type of sample.
func textValue(v *sample.Value, text string, m Method) bool {
	switch m.wants() {
	case tx.TypeInt:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false
		}
		v.Type, v.Int = tx.TypeInt, n
		return true
	case tx.TypeAddr:
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return false
		}
		v.Type, v.IP = tx.TypeIPv6, ip
		if ip.Is4() {
			v.Type = tx.TypeIPv4
		}
		return true
	}
	v.SetStr([]byte(text))
	return true
}
