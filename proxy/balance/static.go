package balance

import (
	"sync"
	"sync/atomic"

	"tandem/parser/keyword"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

var staticRR = keyword.Define(keyword.Spec{
	Name: "static-rr", In: keyword.Backend | keyword.Defaults,
	Doc: "Each server in turn, by weights that do not change.",
}, func(*keyword.Env, *rest) (*Algorithm, error) {
	return &Algorithm{Name: "static-rr", Static: true, New: func(b *server.Backend, _ HashType) Policy { return &staticPolicy{m: mapOf{b: b}} }}, nil
})

// mapOf keeps the slots of a farm: a list in which each server stands as
// often as its weight says, spread evenly.
type mapOf struct {
	b   *server.Backend
	mu  sync.Mutex
	cur atomic.Pointer[slots]
}

type slots struct {
	farm *server.Farm
	list []*server.Server
}

// get returns the slots of the backend's present farm.
func (m *mapOf) get() *slots {
	f := m.b.Farm()
	if s := m.cur.Load(); s != nil && s.farm == f {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.cur.Load(); s != nil && s.farm == f {
		return s
	}
	weights := make([]int, len(f.Servers))
	for i, x := range f.Servers {
		weights[i] = x.Weight() // no slow start: the map is static
	}
	s := &slots{farm: f, list: spread(f.Servers, weights)}
	m.cur.Store(s)
	return s
}

// spread fills as many slots as the weights add up to, reduced by their common
// divisor. For each slot every server earns its weight; the one that could pay
// for the most whole rounds gets the slot, the first among equals, and pays
// one round.
func spread(servers []*server.Server, weights []int) []*server.Server {
	g, total := 0, 0
	for _, w := range weights {
		g = gcd(g, w)
		total += w
	}
	if g == 0 {
		return nil
	}
	total /= g
	earned := make([]int, len(weights))
	list := make([]*server.Server, total)
	for slot := range list {
		best, rounds := -1, 0
		for i, w := range weights {
			earned[i] += w / g
			if r := floorDiv(earned[i], total); best < 0 || r > rounds {
				best, rounds = i, r
			}
		}
		earned[best] -= total
		list[slot] = servers[best]
	}
	return list
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -1 - (-a-1)/b
	}
	return a / b
}

// staticPolicy walks through the slots.
type staticPolicy struct {
	m    mapOf
	next atomic.Uint32
}

// Pick returns the server of the next slot that has room.
func (p *staticPolicy) Pick(_ *tx.Tx, avoid *server.Server) *server.Server {
	list := p.m.get().list
	return turn(list, int(p.next.Add(1)-1), avoid)
}

// turn looks from slot start on for a server with room.
func turn(list []*server.Server, start int, avoid *server.Server) *server.Server {
	var last *server.Server
	for i := range list {
		s := list[(start+i)%len(list)]
		switch {
		case s == avoid:
			if s.Room() {
				last = s
			}
		case s.Room():
			return s
		}
	}
	return last
}
