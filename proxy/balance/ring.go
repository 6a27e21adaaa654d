package balance

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// ring is the tree of a consistent hash: each server stands on it at as many
// points as its effective weight says.
type ring struct {
	farm   *server.Farm
	points []point // in order of key
}

type point struct {
	key uint32
	s   *server.Server
	w   int
}

// ringOf keeps the ring of a backend's present farm.
type ringOf struct {
	b   *server.Backend
	mu  sync.Mutex
	cur atomic.Pointer[ring]
}

func (r *ringOf) get() *ring {
	f := r.b.Farm()
	if x := r.cur.Load(); x != nil && x.farm == f {
		return x
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.cur.Load(); x != nil && x.farm == f {
		return x
	}
	x := newRing(f)
	r.cur.Store(x)
	return x
}

// newRing places the points of all servers.
func newRing(f *server.Farm) *ring {
	r := &ring{farm: f, points: make([]point, 0, f.Total)}
	for i, s := range f.Servers {
		base := nodeKey(s)
		for k := range f.Weights[i] {
			r.points = append(r.points, point{sample.Avalanche(base + uint32(k)), s, f.Weights[i]})
		}
	}
	slices.SortStableFunc(r.points, func(a, b point) int {
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		}
		return 0
	})
	return r
}

// nodeKey is what the points of a server are derived from (configuration
// manual 5.2, hash-key). An id owns 4096 numbers, one for each point.
func nodeKey(s *server.Server) uint32 {
	switch p := s.Params; p.HashKey {
	case "id32":
		return uint32(s.ID)
	case "guid":
		if p.GUID != "" {
			return sample.Avalanche(sample.SDBM([]byte(p.GUID)))
		}
	case "addr", "addr-port":
		if e := s.Addr(); e != nil {
			if a, err := netip.ParseAddr(e.Host); err == nil {
				key := a.AsSlice()
				if p.HashKey == "addr-port" {
					key = binary.BigEndian.AppendUint16(key, uint16(e.Port))
				}
				return sample.Avalanche(sample.SDBM(key))
			}
		}
	}
	return uint32(s.ID) * 4096
}

// near returns the index of the point that is nearest to h, around the ring.
func (r *ring) near(h uint32) int {
	n := len(r.points)
	if n == 0 {
		return -1
	}
	next, _ := slices.BinarySearchFunc(r.points, h, func(p point, h uint32) int {
		switch {
		case p.key < h:
			return -1
		case p.key > h:
			return 1
		}
		return 0
	})
	next %= n
	prev := (next + n - 1) % n
	if r.points[next].key-h <= h-r.points[prev].key {
		return next
	}
	return prev
}

// walk returns the first server from the point nearest to h on that ok
// accepts; avoid is passed over as long as there is another.
func (r *ring) walk(h uint32, avoid *server.Server, ok func(s *server.Server, w int) bool) *server.Server {
	i := r.near(h)
	if i < 0 {
		return nil
	}
	start := r.points[i].s
	var last *server.Server
	for range r.points {
		p := &r.points[i]
		if ok == nil || ok(p.s, p.w) {
			if p.s != avoid {
				return p.s
			}
			last = p.s
		}
		if i++; i == len(r.points) {
			i = 0
		}
	}
	if last == nil && ok != nil {
		return start // nobody fits: the hash decides alone
	}
	return last
}

// bounded says whether s may take one more request under hash-balance-factor:
// its share of all requests, this one included, times the factor.
func bounded(f *server.Farm, s *server.Server, w, factor int) bool {
	var all int64
	for _, x := range f.Servers {
		all += x.Cur() + x.Waiting()
	}
	limit := (all + 1) * int64(w) * int64(factor)
	unit := int64(f.Total) * 100
	return (s.Cur()+s.Waiting())*unit < limit
}

var random = keyword.Define(keyword.Spec{
	Name: "random", In: keyword.Backend | keyword.Defaults,
	Doc: "The least loaded of some servers drawn at random; two if not said.",
}, func(_ *keyword.Env, _ *rest) (*Algorithm, error) { return randomOf(2), nil })

var randomN = keyword.Define(keyword.Spec{
	Name: "random(", In: keyword.Backend | keyword.Defaults, Flags: keyword.Prefix | keyword.NotDumped,
	Doc: "The least loaded of <draws> servers drawn at random.",
}, func(_ *keyword.Env, a *parenArg) (*Algorithm, error) {
	if !a.closed {
		return nil, bad(a.index, "balance random : missing closing parenthesis.")
	}
	if a.text == "" {
		return randomOf(2), nil
	}
	n, err := strconv.ParseUint(a.text, 10, 31)
	if err != nil {
		return nil, bad(a.index, "balance random : unexpected character '%s' after argument.", oddDigit(a.text))
	}
	if n < 1 {
		return nil, bad(a.index, "balance random : number of draws must be at least 1.")
	}
	return randomOf(int(n)), nil
})

func randomOf(draws int) *Algorithm {
	return &Algorithm{Name: "random", New: func(b *server.Backend, h HashType) Policy {
		return &randomPolicy{r: ringOf{b: b}, draws: draws, factor: h.Factor}
	}}
}

// randomPolicy draws points of the ring.
type randomPolicy struct {
	r             ringOf
	draws, factor int
}

// Pick draws as often as configured and takes the least loaded server.
func (p *randomPolicy) Pick(_ *tx.Tx, avoid *server.Server) *server.Server {
	r := p.r.get()
	if len(r.points) == 0 {
		return nil
	}
	var best *server.Server
	bestW := 0
	for range p.draws {
		pt := r.points[r.near(rand.Uint32())]
		if pt.s == avoid && len(r.farm.Servers) > 1 || !pt.s.Room() || p.factor > 0 && !bounded(r.farm, pt.s, pt.w, p.factor) {
			continue
		}
		if best == nil || load(pt.s, pt.w) < load(best, bestW) {
			best, bestW = pt.s, pt.w
		}
	}
	if best != nil {
		return best
	}
	return turn(r.farm.Servers, int(rand.Uint32()>>1), avoid)
}
