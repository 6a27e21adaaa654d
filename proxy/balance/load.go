package balance

import (
	"math"
	"sync/atomic"

	"tandem/parser/keyword"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

var leastConn = keyword.Define(keyword.Spec{
	Name: "leastconn", In: keyword.Backend | keyword.Defaults,
	Doc: "The server with the fewest requests for its weight.",
}, func(*keyword.Env, *rest) (*Algorithm, error) {
	return &Algorithm{Name: "leastconn", New: func(b *server.Backend, _ HashType) Policy { return &leastPolicy{b: b} }}, nil
})

var first = keyword.Define(keyword.Spec{
	Name: "first", In: keyword.Backend | keyword.Defaults,
	Doc: "The first server that has a free slot.",
}, func(*keyword.Env, *rest) (*Algorithm, error) {
	return &Algorithm{Name: "first", New: func(b *server.Backend, _ HashType) Policy { return firstPolicy{b} }}, nil
})

// load is what a server has to do, queue included, relative to its weight.
func load(s *server.Server, weight int) int64 {
	return (s.Cur() + s.Waiting()) * (1 << 24) / int64(weight)
}

// leastPolicy takes the least loaded server, equal ones in turn.
type leastPolicy struct {
	b    *server.Backend
	next atomic.Uint32
}

// Pick looks at every server once, which reads two words of each. Where it
// begins changes with every pick, so that equal servers take turns.
func (p *leastPolicy) Pick(_ *tx.Tx, avoid *server.Server) *server.Server {
	f := p.b.Farm()
	n := len(f.Servers)
	if n == 0 {
		return nil
	}
	start := int(p.next.Add(1)-1) % n
	var best, last *server.Server
	least := int64(math.MaxInt64)
	for i := range n {
		k := start + i
		if k >= n {
			k -= n
		}
		s := f.Servers[k]
		if l := load(s, f.Weights[k]); l < least && roomOrQueue(s) {
			if s == avoid {
				last = s
				continue
			}
			best, least = s, l
		}
	}
	if best == nil {
		return last
	}
	return best
}

// roomOrQueue says whether s takes the request at once, or may queue it: with
// an explicit maxqueue a full server is as good as any (configuration manual
// 5.2, maxqueue).
func roomOrQueue(s *server.Server) bool {
	return s.Room() || s.Params.MaxQueue > 0 && s.Waiting() < int64(s.Params.MaxQueue)
}

type firstPolicy struct{ b *server.Backend }

// Pick returns the server with the lowest id that has room.
func (p firstPolicy) Pick(_ *tx.Tx, avoid *server.Server) *server.Server {
	f := p.b.Farm()
	var best, last *server.Server
	for _, s := range f.Servers {
		if !s.Room() {
			continue
		}
		if s == avoid {
			last = s
		} else if best == nil || s.ID < best.ID {
			best = s
		}
	}
	if best == nil {
		return last
	}
	return best
}
