package pattern

import (
	"net/netip"
	"sort"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// index finds the entry that a sample matches. It is immutable but for the
// marks in its entries, so readers need no lock. Where several entries match,
// the original's order decides: the longest prefix for IP and for beg with
// case, the first in the list otherwise.
type index interface {
	// find returns the entry that v matches, nil if none.
	find(t *tx.Tx, v *sample.Value) *Entry
}

// better says whether a comes before b in the list.
func better(a, b *Entry) bool { return b == nil || a != nil && a.order < b.order }

// firstAlive returns the first entry of a chain that was not deleted.
func firstAlive(es []*Entry) *Entry {
	for _, e := range es {
		if !e.dead.Load() {
			return e
		}
	}
	return nil
}

// found matches every sample.
type foundIndex struct{ e *Entry }

func (x foundIndex) find(*tx.Tx, *sample.Value) *Entry { return x.e }

// boolIndex matches what is not zero.
type boolIndex struct{ e *Entry }

func (x boolIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	if v.Int != 0 {
		return x.e
	}
	return nil
}

// exactIndex compares whole strings; with fold, keys are in lower case.
type exactIndex struct {
	m    map[string][]*Entry
	fold bool
}

func (x *exactIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	if !x.fold {
		return firstAlive(x.m[string(v.B)])
	}
	var buf [256]byte
	return firstAlive(x.m[string(appendLower(buf[:0], v.B))])
}

// appendLower appends b in lower case.
func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, sample.Lower(c))
	}
	return dst
}

// lowerString returns s in ASCII lower case.
func lowerString(s string) string { return string(appendLower(nil, []byte(s))) }

// spanIndex compares integers or lengths.
type spanIndex struct {
	exact  map[int64][]*Entry // single numbers, where there are many
	spans  []span
	es     []*Entry
	length bool
}

func (x *spanIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	n := v.Int
	if x.length {
		n = int64(len(v.B))
	}
	best := (*Entry)(nil)
	if x.exact != nil {
		best = firstAlive(x.exact[n])
	}
	for i, s := range x.spans {
		if n >= s.lo && n <= s.hi && !x.es[i].dead.Load() {
			if better(x.es[i], best) {
				return x.es[i]
			}
			break
		}
	}
	return best
}

// ipIndex finds the longest network that holds an address: one hash per
// length in use.
type ipIndex struct {
	v4   map[uint64][]*Entry // length<<32 | network
	v6   map[[17]byte][]*Entry
	len4 []int // in use, longest first
	len6 []int
}

func (x *ipIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	ip := v.IP
	if ip.Is4() {
		if e := x.find4(ip); e != nil || len(x.len6) == 0 {
			return e
		}
		return x.find6(netip.AddrFrom16(ip.As16()))
	}
	if e := x.find6(ip); e != nil {
		return e
	}
	if len(x.len4) == 0 {
		return nil
	}
	if ip4, ok := sample.EmbeddedIPv4(ip); ok {
		return x.find4(ip4)
	}
	return nil
}

func (x *ipIndex) find4(ip netip.Addr) *Entry {
	a := ip.As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	for _, bits := range x.len4 {
		key := uint64(bits)<<32 | uint64(n)&(^uint64(0)<<(32-bits))&0xffffffff
		if e := firstAlive(x.v4[key]); e != nil {
			return e
		}
	}
	return nil
}

func (x *ipIndex) find6(ip netip.Addr) *Entry {
	for _, bits := range x.len6 {
		if e := firstAlive(x.v6[key6(ip, bits)]); e != nil {
			return e
		}
	}
	return nil
}

// key6 is a network of IPv6 with its length behind it.
func key6(ip netip.Addr, bits int) (k [17]byte) {
	a := ip.As16()
	copy(k[:], a[:bits/8])
	if rest := bits % 8; rest > 0 {
		k[bits/8] = a[bits/8] & (0xff << (8 - rest))
	}
	k[16] = byte(bits)
	return k
}

func (x *ipIndex) add(p netip.Prefix, e *Entry) {
	bits := p.Bits()
	if p.Addr().Is4() {
		a := p.Addr().As4()
		n := uint64(a[0])<<24 | uint64(a[1])<<16 | uint64(a[2])<<8 | uint64(a[3])
		key := uint64(bits)<<32 | n
		x.v4[key] = append(x.v4[key], e)
		x.len4 = addLength(x.len4, bits)
		return
	}
	key := key6(p.Addr(), bits)
	x.v6[key] = append(x.v6[key], e)
	x.len6 = addLength(x.len6, bits)
}

// addLength keeps a list of lengths without doubles, longest first.
func addLength(list []int, n int) []int {
	i := sort.Search(len(list), func(i int) bool { return list[i] <= n })
	if i < len(list) && list[i] == n {
		return list
	}
	list = append(list, 0)
	copy(list[i+1:], list[i:])
	list[i] = n
	return list
}

// regIndex tries regular expressions in order.
type regIndex struct {
	res []*sample.Regexp
	es  []*Entry
}

func (x *regIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	for i, re := range x.res {
		if re.Match(v.B) && !x.es[i].dead.Load() {
			return x.es[i]
		}
	}
	return nil
}

// findRegexp is find with the regular expression, for map_regm.
func (x *regIndex) findRegexp(b []byte) (*Entry, *sample.Regexp) {
	for i, re := range x.res {
		if re.Match(b) && !x.es[i].dead.Load() {
			return x.es[i], re
		}
	}
	return nil, nil
}

// wordIndex finds patterns between delimiters (dir, dom).
type wordIndex struct {
	words []string // without delimiters at the ends; lower case with fold
	es    []*Entry
	fold  bool
	delim func(c byte) bool
}

// isDirDelim says where path elements end.
func isDirDelim(c byte) bool { return c == '/' || c == '?' }

// isDomDelim says where elements of host names and URLs end.
func isDomDelim(c byte) bool { return c == '/' || c == '?' || c == '.' || c == ':' }

func (x *wordIndex) find(_ *tx.Tx, v *sample.Value) *Entry {
	for i, w := range x.words {
		if x.contains(v.B, w) && !x.es[i].dead.Load() {
			return x.es[i]
		}
	}
	return nil
}

func (x *wordIndex) contains(b []byte, w string) bool {
	if w == "" {
		return false
	}
	for i := 0; i+len(w) <= len(b); i++ {
		if i > 0 && !x.delim(b[i-1]) {
			continue
		}
		end := i + len(w)
		if (end == len(b) || x.delim(b[end])) && equal(b[i:end], w, x.fold) {
			return true
		}
	}
	return false
}

// equal compares a sample with a pattern, which is in lower case with fold.
func equal(b []byte, p string, fold bool) bool {
	if !fold {
		return string(b) == p
	}
	if len(b) != len(p) {
		return false
	}
	for i, c := range b {
		if sample.Lower(c) != p[i] {
			return false
		}
	}
	return true
}

// trimDelims takes delimiters from both ends of a pattern.
func trimDelims(s string, delim func(byte) bool) string {
	for s != "" && delim(s[0]) {
		s = s[1:]
	}
	for s != "" && delim(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
