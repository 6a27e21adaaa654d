package stats

import (
	"strconv"
	"strings"
)

// Filter chooses rows. The zero value keeps all.
type Filter struct {
	ProxyID   int64   // iid; 0 and below: any
	Kinds     KindSet // 0: all. The arguments 1, 2, 4 of "show stat" are [KindsOf]
	ID        int64   // sid, together with ProxyID; below 1: any
	HideDown  bool    // "up": leave out servers that are not usable
	HideMaint bool    // "no-maint": leave out servers in maintenance
	Scope     string  // keep proxies whose name contains this text
}

// KindsOf turns the <type> argument of "show stat" into a set: 1 frontends, 2
// backends, 4 servers, 8 listeners, their sums, -1 for everything.
func KindsOf(arg int) KindSet {
	if arg < 0 {
		return All
	}
	var s KindSet
	for i, k := range []KindSet{Frontends, Backends, Servers, Listeners} {
		if arg&(1<<i) != 0 {
			s |= k
		}
	}
	return s
}

// Apply returns the rows that pass. Where servers may be hidden, the status of
// a backend tells how many of its servers are usable: "UP (2/3)".
func (f *Filter) Apply(rows []Row) []Row {
	type count struct{ up, all int }
	counts := map[uint32]count{}
	hiding := f.HideDown || f.HideMaint
	if hiding {
		for i := range rows {
			if r := &rows[i]; r.Kind == KindServer {
				c := counts[r.ProxyID]
				c.all++
				if !r.State.IsDown() {
					c.up++
				}
				counts[r.ProxyID] = c
			}
		}
	}
	out := make([]Row, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		if !f.keeps(r) {
			continue
		}
		out = append(out, *r)
		if hiding && r.Kind == KindBackend {
			c := counts[r.ProxyID]
			out[len(out)-1].Status = r.Status + " (" + strconv.Itoa(c.up) + "/" + strconv.Itoa(c.all) + ")"
		}
	}
	return out
}

func (f *Filter) keeps(r *Row) bool {
	switch {
	case f.ProxyID > 0 && int64(r.ProxyID) != f.ProxyID,
		f.Kinds != 0 && !f.Kinds.Has(r.Kind),
		f.Scope != "" && !strings.Contains(r.Proxy, f.Scope):
		return false
	case r.Kind != KindServer && r.Kind != KindListener:
		return true
	case f.ID > 0 && int64(r.ID) != f.ID:
		return false
	case r.Kind == KindServer && f.HideDown && r.State.IsDown(),
		r.Kind == KindServer && f.HideMaint && r.State.IsMaint():
		return false
	}
	return true
}
