package balance

import (
	"container/heap"
	"slices"
	"sync"

	"tandem/parser/keyword"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

var roundRobin = keyword.Define(keyword.Spec{
	Name: "roundrobin", In: keyword.Backend | keyword.Defaults,
	Doc: "Each server in turn, by weights that may change.",
}, func(*keyword.Env, *rest) (*Algorithm, error) {
	return &Algorithm{Name: "roundrobin", New: newRoundRobin}, nil
})

// rrPolicy spreads each server's turns evenly over time. Time is the number of
// picks. A server of weight w out of a total W is due every W/w picks; the
// whole part is its next due time, the rest is carried in w-ths. Servers that
// never had a turn wait in order of weight and take the picks at which nobody
// is due. Of those due at the same time the one goes first that has the
// smallest carry less weight, then the one that waits longest.
type rrPolicy struct {
	b *server.Backend

	mu    sync.Mutex
	farm  *server.Farm
	nodes []rrNode
	ready rrHeap    // had a turn
	fresh []*rrNode // had none yet, the heaviest first
	total int
	now   int64
	seq   uint64
	held  []*rrNode // scratch: passed over while looking for one with room
}

type rrNode struct {
	s     *server.Server
	w     int
	due   int64
	carry int
	seq   uint64
}

type rrHeap []*rrNode

// Len, Less, Swap, Push and Pop are the heap's.
func (h rrHeap) Len() int { return len(h) }

// Less orders by due time, then by the rule for ties.
func (h rrHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.due != b.due {
		return a.due < b.due
	}
	if x, y := a.carry-a.w, b.carry-b.w; x != y {
		return x < y
	}
	return a.seq < b.seq
}

// Swap exchanges two nodes.
func (h rrHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push appends a *rrNode.
func (h *rrHeap) Push(x any) { *h = append(*h, x.(*rrNode)) }

// Pop removes the last one.
func (h *rrHeap) Pop() any {
	old := *h
	n := old[len(old)-1]
	*h = old[:len(old)-1]
	return n
}

func newRoundRobin(b *server.Backend, _ HashType) Policy { return &rrPolicy{b: b} }

// Pick returns the next server that has room.
func (p *rrPolicy) Pick(_ *tx.Tx, avoid *server.Server) *server.Server {
	f := p.b.Farm()
	if len(f.Servers) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.farm != f {
		p.load(f)
	}
	var last *server.Server // avoid, where it is the only one
	for range len(f.Servers) {
		n := p.next()
		if n.s.Room() {
			if n.s != avoid {
				p.turn(n)
				p.restore()
				return n.s
			}
			last = n.s
		}
		p.held = append(p.held, n)
	}
	p.restore()
	return last
}

// next takes the node whose turn it is out of its set.
func (p *rrPolicy) next() *rrNode {
	if len(p.ready) > 0 && (p.ready[0].due <= p.now || len(p.fresh) == 0) {
		return heap.Pop(&p.ready).(*rrNode)
	}
	n := p.fresh[0]
	p.fresh = p.fresh[1:]
	return n
}

// turn counts a pick of n and puts it back.
func (p *rrPolicy) turn(n *rrNode) {
	if n.seq == 0 {
		n.due = p.now
	}
	n.due += int64(p.total / n.w)
	if n.carry += p.total % n.w; n.carry >= n.w {
		n.carry -= n.w
		n.due++
	}
	p.now++
	p.seq++
	n.seq = p.seq
	heap.Push(&p.ready, n)
}

// restore puts back what was passed over, in its old place.
func (p *rrPolicy) restore() {
	for i := len(p.held) - 1; i >= 0; i-- {
		if n := p.held[i]; n.seq != 0 {
			heap.Push(&p.ready, n)
		} else {
			p.fresh = slices.Insert(p.fresh, 0, n)
		}
	}
	p.held = p.held[:0]
}

// load takes over a changed set of servers. Those that stay keep their turn;
// where only a weight changed, the time until it shrinks or grows with it.
func (p *rrPolicy) load(f *server.Farm) {
	old := map[*server.Server]rrNode{}
	for i := range p.nodes {
		old[p.nodes[i].s] = p.nodes[i]
	}
	p.farm, p.total = f, f.Total
	p.nodes = make([]rrNode, len(f.Servers))
	p.ready, p.fresh = make(rrHeap, 0, len(f.Servers)), make([]*rrNode, 0, 2*len(f.Servers))
	p.held = make([]*rrNode, 0, len(f.Servers))
	for i, s := range f.Servers {
		n := &p.nodes[i]
		n.s, n.w = s, f.Weights[i]
		if o, ok := old[s]; ok && o.seq != 0 {
			n.due, n.seq = min(o.due, p.now+int64(p.total/n.w)+1), o.seq
			p.ready = append(p.ready, n)
		} else {
			p.fresh = append(p.fresh, n)
		}
	}
	heap.Init(&p.ready)
	slices.SortStableFunc(p.fresh, func(a, b *rrNode) int { return b.w - a.w })
}
