package balance

import (
	"sync/atomic"

	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// keyFunc computes the key of a request; ok is false where it has none. raw
// says that the number is the key and no hash function is to be applied.
type keyFunc func(t *tx.Tx) (key []byte, number uint32, raw, ok bool)

// keyed makes the Algorithm that hashes a key.
func keyed(name string, key keyFunc) *Algorithm {
	return &Algorithm{Name: name, Static: true, New: func(b *server.Backend, h HashType) Policy {
		p := &keyedPolicy{b: b, key: key, hash: hashFunc(h.Function), mix: h.Avalanche, consistent: h.Consistent, factor: h.Factor, affinity: h.PreserveAffinity}
		p.slots.b, p.ring.b = b, b
		p.mix = p.mix || h.Consistent && h.Function == ""
		return p
	}}
}

// keyedPolicy maps keys to servers, by slots or on a ring.
type keyedPolicy struct {
	b          *server.Backend
	key        keyFunc
	hash       func([]byte) uint32
	mix        bool
	consistent bool
	factor     int
	affinity   string
	slots      mapOf
	ring       ringOf
	next       atomic.Uint32 // for requests without key
}

// Pick returns the server of the request's key; requests without one take
// turns.
func (p *keyedPolicy) Pick(t *tx.Tx, avoid *server.Server) *server.Server {
	if len(p.b.Farm().Servers) == 0 {
		return nil
	}
	key, h, raw, ok := p.key(t)
	if !ok {
		return p.inTurn(avoid)
	}
	if !raw {
		h = p.hash(key)
	}
	if p.mix {
		h = sample.Avalanche(h)
	}
	if p.consistent {
		return p.onRing(h, avoid)
	}
	list := p.slots.get().list
	i := int(h % uint32(len(list)))
	if s := list[i]; s != avoid && !p.spared(s) {
		return s
	}
	for k := 1; k < len(list); k++ {
		if s := list[(i+k)%len(list)]; s != avoid && !p.spared(s) {
			return s
		}
	}
	return list[i]
}

// inTurn is the round robin of requests without key.
func (p *keyedPolicy) inTurn(avoid *server.Server) *server.Server {
	n := p.next.Add(1) - 1
	if !p.consistent {
		return turn(p.slots.get().list, int(n), avoid)
	}
	r := p.ring.get()
	if len(r.points) == 0 {
		return nil
	}
	return turn(r.farm.Servers, int(n), avoid)
}

func (p *keyedPolicy) onRing(h uint32, avoid *server.Server) *server.Server {
	r := p.ring.get()
	if p.factor == 0 && (p.affinity == "" || p.affinity == "always") {
		return r.walk(h, avoid, nil)
	}
	return r.walk(h, avoid, func(s *server.Server, w int) bool {
		return !p.spared(s) && (p.factor == 0 || bounded(r.farm, s, w, p.factor))
	})
}

// spared says whether hash-preserve-affinity lets the request go elsewhere
// because s is busy.
func (p *keyedPolicy) spared(s *server.Server) bool {
	switch p.affinity {
	case "maxconn":
		return !s.Room()
	case "maxqueue":
		m := int64(s.Params.MaxQueue)
		return m > 0 && s.MaxConn() > 0 && s.Waiting() >= m
	}
	return false
}
