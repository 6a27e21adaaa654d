package engine

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"tandem/proxy/listen"
	"tandem/proxy/socket"
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
		if d := e.rateWait(l, time.Now()); d > 0 {
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

// rateWait returns how long to wait before the next session may begin
// ("rate-limit sessions").
func (e *Engine) rateWait(l *listen.Listener, now time.Time) time.Duration {
	limit := l.Front.RateLimit.Load()
	fe := e.rt.Load().fronts[l.Front]
	if limit == 0 && fe != nil {
		limit = int64(fe.p.RateLimit)
	}
	if limit <= 0 || fe == nil {
		return 0
	}
	return time.Duration(fe.st.SessRate.Wait(e.nowMS(now), uint32(limit), 1)) * time.Millisecond
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
