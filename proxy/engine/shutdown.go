package engine

import (
	"sync"
	"sync/atomic"

	"tandem/proxy/server"
)

// usage is what a connection uses at a server right now, for those who end
// sessions from outside. The mutex makes sure that whoever ends the session
// meets the connection's present use, never the next user of what it gave
// back.
type usage struct {
	mu    sync.Mutex
	srv   *server.Server
	up    *upConn
	cause atomic.Uint32 // why the session was shut down; 0: it was not
}

// enter notes the server that was chosen.
func (u *usage) enter(s *server.Server) {
	u.mu.Lock()
	u.srv = s
	u.mu.Unlock()
}

// connect notes the connection to it. It returns false for a session that was
// shut down in the meantime.
func (u *usage) connect(up *upConn) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.up = up
	return u.cause.Load() == 0
}

// leave forgets the connection and the server. It returns false for a session
// that was shut down: its connection must not be used again.
func (u *usage) leave() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.srv, u.up = nil, nil
	return u.cause.Load() == 0
}

// shutdown ends what the connection does at s, or whatever it does for nil;
// other goroutines call it. Cause is the first character of the termination
// state.
func (c *conn) shutdown(s *server.Server, cause byte) {
	u := &c.use
	u.mu.Lock()
	defer u.mu.Unlock()
	if s != nil && u.srv != s || !u.cause.CompareAndSwap(0, uint32(cause)) {
		return
	}
	if u.up != nil {
		u.up.interrupt()
		u.up.SetWriteDeadline(longAgo)
	}
	c.cut()
}

// endKilled gives a transaction that was shut down the state of its log line,
// as the original's: 500 in HTTP, although nothing is sent, and 'C' wherever
// it was.
func (c *conn) endKilled() {
	cause := byte(c.use.cause.Load())
	if cause == 0 {
		return
	}
	c.keep = false
	c.t.Term = [2]byte{cause, 'C'}
	if c.sess.HTTP {
		c.t.Status = 500
	}
}

// shutter ends the sessions of a server; it is what the server is told of
// them, once, instead of each session for itself.
type shutter struct {
	e *Engine
	s *server.Server
}

// Shutdown implements server.Session.
func (x shutter) Shutdown(cause byte) {
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	for c := range x.e.live {
		c.shutdown(x.s, cause)
	}
}
