package engine

import (
	"net"
	"sync/atomic"
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
	e     *Engine
	rt    *setup
	fe    *front
	cli   net.Conn
	sess  tx.Rested
	since time.Duration // when the wait began, after the engine's start
	over  atomic.Bool   // it ends instead of going on
}

// mayRest says whether c is fit for it: a connection that keeps no server
// connections for itself.
func (c *conn) mayRest() bool { return c.cli.system() != nil && len(c.mine) == 0 }

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

// A process gives memory back when so many connections went to rest and for a
// tick no more did, but not more often than that.
const (
	calmConns = 512
	calmEvery = 30 * time.Second
)

// calm finds the moments at which it is worth to give memory back that many
// connections needed until they went to rest: left to itself, the collector
// runs when as much has been allocated again, which may be never.
type calm struct {
	last, done int64 // connections that went to rest up to the last tick, and to the last such moment
	at         time.Time
}

// comes is asked with every tick how many connections went to rest so far.
func (k *calm) comes(rested int64, now time.Time) bool {
	still := rested == k.last
	k.last = rested
	if !still || rested-k.done < calmConns || now.Sub(k.at) < calmEvery {
		return false
	}
	k.done, k.at = rested, now
	return true
}

// lieDown moves what c must remember to a resting and gives c back.
func (c *conn) lieDown() {
	e := c.e
	r := &resting{e: e, rt: c.rt, fe: c.fe, cli: c.cli.Conn, sess: c.sess.Rest(), since: c.since.Sub(e.start)}
	fd, until := c.cli.system(), after(c.since, r.fe.kaT)
	c.sess.Vars = tx.Vars{}
	e.mu.Lock()
	delete(e.live, c)
	e.resting[r] = struct{}{}
	e.mu.Unlock()
	c.recycle()
	e.rested.Add(1)
	fd.Notify(until, func(error) { e.crew.run(r.resume) })
}

// end makes the connection end; others call it, who hold the engine's lock.
func (r *resting) end() {
	r.over.Store(true)
	systemOf(r.cli).Interrupt()
}

// resume goes on as a conn, with the next request or to the end.
func (r *resting) resume() {
	c := r.wake()
	defer c.end()
	if r.over.Load() || c.e.leaves(c.sess.ID) && !c.fe.idleOnResponse {
		return
	}
	in, err := c.cli.readIdle(&c.e.bufs, after(c.since, c.fe.kaT))
	c.idle.Store(false)
	if err == nil {
		c.in = in
		c.serveRequests(false)
	}
}

// wake makes a conn of r.
func (r *resting) wake() *conn {
	e := r.e
	c := e.free.Get().(*conn)
	c.rt, c.fe, c.sess = r.rt, r.fe, r.sess.Session()
	c.src, c.dst = c.sess.Src, c.sess.Dst
	c.cli.init(r.cli)
	c.keep, c.closing, c.up = true, false, nil
	c.idle.Store(true)
	c.cutting.Store(false)
	c.use.cause.Store(0)
	c.since = e.start.Add(r.since)
	e.mu.Lock()
	delete(e.resting, r)
	e.live[c] = struct{}{}
	e.mu.Unlock()
	return c
}
