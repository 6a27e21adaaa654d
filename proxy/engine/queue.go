package engine

import "tandem/proxy/server"

// usable says whether persistence may send a request to s.
func (c *conn) usable(s *server.Server) bool { return s != nil && s.Willing() }

// enterServer takes a place on the server that was chosen, or waits for one;
// it may come back with another server of the backend. wanted says that
// persistence or a rule chose it: then the request waits for that one.
func (c *conn) enterServer(s *server.Server, wanted bool, avoid *server.Server) (*server.Server, failure) {
	b := c.be.b
	for range 64 {
		if s != nil && s.Enter() {
			return s, okay
		}
		if !wanted && s != nil { // full since it was picked
			if s = c.pick(avoid); s != nil && s.Enter() {
				return s, okay
			}
			s = nil
		}
		if s == nil && len(b.Farm().Servers) == 0 {
			return nil, noServer
		}
		got, f := c.wait(s)
		if f != okay || got != nil {
			return got, f
		}
		wanted = false
		s = c.pick(avoid)
	}
	return nil, queueFull
}

// pick asks the balancing algorithm.
func (c *conn) pick(avoid *server.Server) *server.Server {
	if c.be.p.Policy != nil {
		return c.be.p.Policy.Pick(&c.t, avoid)
	}
	if len(c.be.servers) == 0 {
		return nil
	}
	return c.be.defaultPick.pick(c.be.servers, avoid)
}

// wait stands in the queue of s, or in the backend's for nil. A nil server
// without failure means: choose again.
func (c *conn) wait(s *server.Server) (*server.Server, failure) {
	t, b := &c.t, c.be.b
	if s != nil {
		t.QueueSrv = int(s.Waiting()) + 1 // itself counts
	} else {
		t.QueueBack = int(b.Waiting()) + 1
	}
	to := c.be.p.Timeouts.Queue
	if !c.be.p.Timeouts.SetQueue && to == 0 {
		to = c.be.p.Timeouts.Connect
	}
	if d := t.Settings.TimeoutQueue; d != nil {
		to = *d
	}
	abort := make(chan struct{})
	if c.sess.HTTP {
		c.watchFor(func() { close(abort) })
		defer c.unwatch()
	}
	got, out := b.Wait(&c.place, s, to, abort, c.look())
	c.look()
	switch out {
	case server.Granted:
		return got, okay
	case server.Full:
		return nil, queueFull
	case server.TimedOut:
		t.Time.Queue = c.at
		return nil, queueTimeout
	case server.Aborted:
		return nil, clientGone
	}
	return nil, okay
}

// leaveServer gives the place back.
func (c *conn) leaveServer() {
	if s := c.slot.s; s != nil {
		c.slot.s = nil
		s.Stats.Sess.Add(-1)
		s.Leave()
	}
}
