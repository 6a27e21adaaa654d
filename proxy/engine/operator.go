package engine

import (
	"time"

	"tandem/proxy/config"
	"tandem/proxy/tx"
)

// NowMS is the clock that the engine feeds the rate counters with, for those
// who read them.
func (e *Engine) NowMS() int64 { return e.nowMS(time.Now()) }

// Cut ends the connection of that session at once and says whether there is
// one ("shutdown session").
func (e *Engine) Cut(id uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.live {
		if c.sess.ID == id {
			c.shutdown(nil, 'K')
			return true
		}
	}
	for r := range e.resting {
		if r.sess.ID == id {
			r.cli.Close()
			return true
		}
	}
	return false
}

// RunService implements what "use-service" asks of a connection.
func (c *conn) RunService(name string, t *tx.Tx) bool {
	s, ok := c.e.deps.Service.(interface {
		Named(name string, t *tx.Tx) bool
	})
	return ok && s.Named(name, t)
}

// SetMaxConn changes the connection limit of the whole process until the next
// configuration; 0 means none.
func (e *Engine) SetMaxConn(n int64) {
	e.limit.Store(n)
	e.slots.add(0) // wakes those who wait for room
}

// SetRates changes the limits of the whole process on connections, sessions
// and TLS handshakes per second to those of g; 0 means none.
func (e *Engine) SetRates(g *config.Global) { e.limits.load(g) }
