package engine

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/socket"
	"tandem/stats"
)

// slotGate counts the connections of the whole process (global maxconn).
type slotGate struct {
	mu      sync.Mutex
	cond    *sync.Cond
	n       int64
	waiting int
}

// wait returns once there is room; stop ends the wait. limit is asked with
// the number of connections.
func (g *slotGate) wait(room func(n int64) bool, stop func() bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cond == nil {
		g.cond = sync.NewCond(&g.mu)
	}
	for !room(g.n) {
		if stop() {
			return false
		}
		g.waiting++
		g.cond.Wait()
		g.waiting--
	}
	return true
}

func (g *slotGate) add(d int64) {
	g.mu.Lock()
	g.n += d
	if g.waiting > 0 {
		g.cond.Broadcast()
	}
	g.mu.Unlock()
}

// Serve accepts connections of l until ln is closed. Where a limit of the
// process, the frontend or the listener is reached, connections wait in the
// system's backlog, as with the original.
func (e *Engine) Serve(ln net.Listener, l *listen.Listener) error {
	e.serving.Add(1)
	defer e.serving.Done()
	e.startSweeper()
	e.crew.own()
	defer e.crew.disown()
	own := ownListener(ln)
	for {
		if !e.slots.wait(func(n int64) bool { return e.room(l, n) }, e.drain.Load) {
			return nil
		}
		for d := e.rateWait(l, time.Now()); d > 0 && !e.drain.Load(); d = e.rateWait(l, time.Now()) {
			time.Sleep(d)
		}
		var nc net.Conn
		var peer netip.AddrPort
		var err error
		if own != nil {
			nc, peer, err = own.Next()
		} else {
			nc, err = ln.Accept()
		}
		if err != nil {
			var ne net.Error
			switch {
			case errors.Is(err, net.ErrClosed):
				return nil
			case errors.As(err, &ne) && ne.Timeout():
			case isResource(err):
				time.Sleep(100 * time.Millisecond) // descriptors ran out; others will end
			default:
				return err
			}
			continue
		}
		e.conns.Add(1)
		e.crew.run(func() { e.serve(nc, peer, l) })
	}
}

// ownListener is ln as one of our own, nil where it is none.
func ownListener(ln net.Listener) *socket.Listener {
	if s, ok := ln.(*listen.Socket); ok {
		ln = s.Listener
	}
	own, _ := ln.(*socket.Listener)
	return own
}

// room says whether l may take another connection while the process has n.
func (e *Engine) room(l *listen.Listener, n int64) bool {
	rt := e.rt.Load()
	if most := e.limit.Load(); most > 0 && n >= most {
		return false
	}
	fe := rt.fronts[l.Front]
	if fe == nil {
		return true
	}
	limit := l.Front.MaxConn.Load()
	if limit == 0 {
		limit = int64(fe.p.MaxConn)
	}
	if limit > 0 && int64(fe.st.Sess.Load()) >= limit {
		return false
	}
	return l.Bind == nil || l.Bind.MaxConn <= 0 || int64(l.Stats.Sess.Load()) < int64(l.Bind.MaxConn)
}

// processLimits are those of the whole process beside maxconn; 0 means none.
// The CLI changes the rates while others read them.
type processLimits struct {
	conns, sessions, handshakes atomic.Int64 // per second: maxconnrate, maxsessrate, maxsslrate
	ciphered                    atomic.Int64 // maxsslconn: TLS connections at once, both sides
}

func (p *processLimits) load(g *config.Global) {
	p.conns.Store(int64(g.MaxConnRate))
	p.sessions.Store(int64(g.MaxSessRate))
	p.handshakes.Store(int64(g.MaxSSLRate))
	p.ciphered.Store(int64(g.MaxSSLConn))
}

// cipheredPause is how long a listener with TLS waits before it looks again
// whether there is room below maxsslconn: connections to servers count too,
// and nobody tells of their end.
const cipheredPause = 5 * time.Millisecond

// rateWait returns how long to wait before it may be asked again whether the
// next session may begin, 0 when it may (manual 3.1 maxconnrate, maxsessrate,
// maxsslrate, maxsslconn; 4.2 rate-limit sessions).
func (e *Engine) rateWait(l *listen.Listener, now time.Time) time.Duration {
	ms, pr := e.nowMS(now), e.deps.Process
	var wait int64
	hold := func(r *stats.Rate, limit int64) {
		if limit > 0 {
			wait = max(wait, r.Wait(ms, uint32(min(limit, math.MaxUint32)), 1))
		}
	}
	hold(&pr.ConnRate, e.limits.conns.Load())
	hold(&pr.SessRate, e.limits.sessions.Load())
	ciphered := l.Bind != nil && l.Bind.TLS.Enabled
	if ciphered {
		hold(&pr.SSLRate, e.limits.handshakes.Load())
	}
	limit := l.Front.RateLimit.Load()
	fe := e.rt.Load().fronts[l.Front]
	if limit == 0 && fe != nil {
		limit = int64(fe.p.RateLimit)
	}
	if fe != nil {
		hold(&fe.st.SessRate, limit)
	}
	d := time.Duration(wait) * time.Millisecond
	if most := e.limits.ciphered.Load(); ciphered && most > 0 && int64(pr.SSLConns.Load()) >= most {
		d = max(d, cipheredPause)
	}
	return d
}

// isResource says whether err is about a lack of descriptors or memory.
func isResource(err error) bool {
	for _, x := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, x) {
			return true
		}
	}
	return false
}
