package engine

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"tandem/proxy/server"
)

// reuseMode is "http-reuse" (configuration manual 4.2).
type reuseMode uint8

const (
	reuseSafe reuseMode = iota
	reuseNever
	reuseAggressive
	reuseAlways
)

func reuseOf(word string) reuseMode {
	switch word {
	case "never":
		return reuseNever
	case "aggressive":
		return reuseAggressive
	case "always":
		return reuseAlways
	}
	return reuseSafe
}

// upConn is a connection to a server.
type upConn struct {
	sock
	srv     *srv
	buf     *buffer // response bytes; nil while idle
	uses    int     // requests sent
	key     uint64  // which requests may share it (source, SNI, destination)
	private bool    // belongs to one client: NTLM
	since   time.Time
	mux     muxStream // of HTTP/2 and FastCGI: the connection is one stream's
	muxConn *muxConn
}

// Close ends the connection, with a reset where the backend wants that
// (option nolinger).
func (u *upConn) Close() error {
	if u.srv != nil && u.srv.noLinger {
		u.noLinger()
	}
	return u.sock.Close()
}

// pool are the idle connections to one server, the last used first. The
// connections outlive configurations, as the server does.
type pool struct {
	muxes  muxes
	agents agents
	mu     sync.Mutex
	list   []*upConn
	n      atomic.Int64
	need   atomic.Int64  // connections in use at once lately
	peak   atomic.Int64  // the same since the last sweep
	port   atomic.Uint32 // connections that took a port of a "source" range
	look   atomic.Int64  // moment from which dead ones may be looked for again, ns
}

// mayLook says whether dead connections may be looked for now: that costs a
// system call for each, so not with every request.
func (p *pool) mayLook(now time.Time) bool {
	ns, at := now.UnixNano(), p.look.Load()
	return ns >= at && p.look.CompareAndSwap(at, ns+int64(200*time.Millisecond))
}

// used counts a connection that carries a request from now on.
func (s *srv) used() {
	n := s.s.Stats.Used.Add(1)
	if n > s.pool.peak.Load() {
		s.pool.peak.Store(n)
	}
	if n > s.pool.need.Load() {
		s.pool.need.Store(n)
		s.s.Stats.Need.Set(n)
	}
}

// crowded says whether one more idle connection would be more than needed.
func (p *pool) crowded(s *srv) bool {
	return p.n.Load()+int64(s.s.Stats.Used.Load())+1 > max(p.need.Load(), int64(lowConn(s)))
}

// lowConn is "pool-low-conn": idle connections that are kept in any case.
func lowConn(s *srv) int {
	if p := s.s.Params; p != nil {
		return max(p.PoolLowConn, 0)
	}
	return 0
}

var pools sync.Map // *server.Server -> *pool

// poolOf returns the pool of a server.
func (e *Engine) poolOf(s *server.Server) *pool {
	if p, ok := pools.Load(s); ok {
		return p.(*pool)
	}
	p, _ := pools.LoadOrStore(s, &pool{})
	return p.(*pool)
}

// get takes an idle connection that a request with key may use. proven asks
// for one that was reused before.
func (p *pool) get(key uint64, proven bool) *upConn {
	if p.n.Load() == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.list) - 1; i >= 0; i-- {
		c := p.list[i]
		if c.key == key && (!proven || c.uses > 1) {
			p.list = append(p.list[:i], p.list[i+1:]...)
			p.n.Add(-1)
			p.count(c, -1)
			return c
		}
	}
	return nil
}

func (p *pool) count(c *upConn, d int64) {
	if c.uses > 1 {
		c.srv.s.Stats.IdleSafe.Add(d)
	} else {
		c.srv.s.Stats.IdleUnsafe.Add(d)
	}
}

// put keeps c for a later request; false: the pool is full.
func (p *pool) put(c *upConn, now time.Time, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit >= 0 && len(p.list) >= limit {
		return false
	}
	c.since = now
	p.list = append(p.list, c)
	p.n.Add(1)
	p.count(c, 1)
	return true
}

// sweep closes connections that are idle since before or were closed by the
// server.
func (p *pool) sweep(before time.Time) {
	p.mu.Lock()
	var dead []*upConn
	keep := p.list[:0]
	for _, c := range p.list {
		if c.since.Before(before) || !c.quiet() {
			dead = append(dead, c)
			p.count(c, -1)
		} else {
			keep = append(keep, c)
		}
	}
	clear(p.list[len(keep):])
	p.list = keep
	p.n.Store(int64(len(keep)))
	p.mu.Unlock()
	for _, c := range dead {
		c.Close()
	}
}

// closeIdle closes the connections to all servers that are idle for at least age.
func (e *Engine) closeIdle(age time.Duration) {
	before := time.Now().Add(-age)
	for _, b := range e.rt.Load().backs {
		b.everyServer(func(s *srv) {
			s.pool.sweep(before)
			s.pool.muxes.sweep(before, -1)
			s.pool.agents.sweep(before)
		})
	}
}

// Sweep closes connections to servers that were idle for longer than their
// pool-purge-delay, or that the server closed.
func (e *Engine) Sweep(now time.Time) {
	for _, b := range e.rt.Load().backs {
		b.everyServer(func(s *srv) {
			d := 5 * time.Second
			if p := s.s.Params; p != nil && p.PoolPurgeDelay > 0 {
				d = p.PoolPurgeDelay
			}
			s.pool.sweep(now.Add(-d))
			s.pool.muxes.sweep(now.Add(-d), maxReuse(s))
			s.pool.agents.sweep(now.Add(-d))
			s.pool.relax(s)
		})
	}
}

// relax lets the estimate of needed connections follow what was used lately.
func (p *pool) relax(s *srv) {
	peak := p.peak.Swap(int64(s.s.Stats.Used.Load()))
	if need := p.need.Load(); peak < need {
		p.need.Store((need + peak + 1) / 2)
		s.s.Stats.Need.Set((need + peak + 1) / 2)
	}
}

// sweepEvery is how often idle connections are looked after.
const sweepEvery = time.Second

// startSweeper begins to look after idle connections, once.
func (e *Engine) startSweeper() {
	e.sweeper.Do(func() {
		go func() {
			t := time.NewTicker(restTick)
			defer t.Stop()
			swept := time.Now()
			var calm calm
			for now := range t.C {
				if e.drain.Load() {
					return
				}
				e.putToRest(now)
				if calm.comes(e.rested.Load(), now) {
					e.crew.trim()
					e.crew.trim() // all that wait
					runtime.GC()  // what pools held is free after the second
					debug.FreeOSMemory()
				}
				if now.Sub(swept) >= sweepEvery {
					swept = now
					e.Sweep(now)
					e.crew.trim()
				}
			}
		}()
	})
}
