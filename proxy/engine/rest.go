package engine

import (
	"net/netip"
	"time"

	"tandem/proxy/tx"
)

// Idle connections are looked through every restTick; those that wait for a
// request since restAfter give the memory back that only requests need.
const (
	restTick  = 100 * time.Millisecond
	restAfter = 100 * time.Millisecond
)

// resting is a client connection that waits for its next request for a while:
// what must outlive a conn. No goroutine waits for it.
type resting struct {
	e        *Engine
	rt       *setup
	fe       *front
	cli      sock
	sess     tx.Session
	src, dst netip.AddrPort
	since    time.Time // when the wait began
}

// mayRest says whether c is fit for it: a connection in the clear that keeps
// no server connections for itself.
func (c *conn) mayRest() bool { return c.cli.fd != nil && len(c.mine) == 0 }

// putToRest wakes the connections that are idle for long, so that they go to
// rest.
func (e *Engine) putToRest(now time.Time) {
	before := now.Add(-restAfter).UnixNano()
	e.mu.Lock()
	for c := range e.live {
		if at := c.idleAt.Load(); at != 0 && at < before && c.idle.Load() {
			c.cli.rest()
		}
	}
	e.mu.Unlock()
}

// lieDown moves what c must remember to a resting and gives c back.
func (c *conn) lieDown() {
	e := c.e
	r := &resting{e: e, rt: c.rt, fe: c.fe, sess: c.sess, src: c.src, dst: c.dst, since: c.since}
	r.cli.init(c.cli.Conn)
	c.sess.Vars = tx.Vars{}
	e.mu.Lock()
	delete(e.live, c)
	e.resting[r] = struct{}{}
	e.mu.Unlock()
	c.recycle()
	r.cli.fd.Notify(after(r.since, r.fe.kaT), func(error) { e.crew.run(r.resume) })
}

// resume goes on as a conn, with the next request or to the end.
func (r *resting) resume() {
	var in *buffer
	if r.fe.idleOnResponse || !r.e.leaves(r.sess.ID) {
		in, _ = r.cli.readIdle(&r.e.bufs, after(r.since, r.fe.kaT))
	}
	c := r.wake(in)
	defer c.end()
	if in != nil {
		c.serveRequests(false)
	}
}

// wake makes a conn of r. In is what came of the next request.
func (r *resting) wake(in *buffer) *conn {
	e := r.e
	c := e.free.Get().(*conn)
	c.rt, c.fe, c.sess, c.src, c.dst = r.rt, r.fe, r.sess, r.src, r.dst
	c.cli.init(r.cli.Conn)
	c.keep, c.closing, c.up, c.in = true, false, nil, in
	c.idle.Store(false)
	c.cutting.Store(false)
	c.use.cause.Store(0)
	c.since = r.since
	e.mu.Lock()
	delete(e.resting, r)
	e.live[c] = struct{}{}
	e.mu.Unlock()
	return c
}
