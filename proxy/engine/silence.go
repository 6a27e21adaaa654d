package engine

import "time"

// watchAfter is how long a server may think before the engine begins to look
// whether the client is still there.
const watchAfter = 200 * time.Millisecond

// silence is the wait for a server's answer: how long it may still take, and
// whether the client is looked after meanwhile.
type silence struct {
	c        *conn
	to       time.Duration
	deadline time.Time
	watching bool
}

// silent begins the wait, at start.
func (c *conn) silent(start time.Time, to time.Duration) silence {
	return silence{c: c, to: to, deadline: after(start, to)}
}

// until is when the next look is due.
func (s *silence) until() time.Time {
	if !s.watching {
		if d := time.Now().Add(watchAfter); s.deadline.IsZero() || d.Before(s.deadline) {
			return d
		}
	}
	return s.deadline
}

// broken says that something came: the server's silence begins anew.
func (s *silence) broken() { s.deadline = after(time.Now(), s.to) }

// judge looks what an error of the wait means. On says to wait on; a failure
// is the exchange's. Otherwise it was the server's connection that ended.
func (s *silence) judge(err error) (f failure, on bool) {
	c := s.c
	switch {
	case c.aborted.Load():
		return clientGone, false
	case c.upl.failed() != okay:
		return c.upl.failed(), false
	case isTimeout(err) && !s.watching && (s.deadline.IsZero() || time.Now().Before(s.deadline)):
		s.watching = true
		c.watch()
		return okay, true
	case isTimeout(err) && c.upl.running: // the server cannot answer what it does not have yet
		s.broken()
		return okay, true
	case isTimeout(err):
		return answerTimeout, false
	}
	return okay, false
}

// end ends the wait.
func (s *silence) end() {
	if s.watching {
		s.c.unwatch()
	}
}

// watch looks whether the client goes away while a server thinks.
func (c *conn) watch() {
	up := c.up
	c.watchFor(func() { up.interrupt() })
}

// watchFor calls gone once the client is gone, until unwatch.
func (c *conn) watchFor(gone func()) {
	if c.st != nil {
		if !c.upl.running && (c.be == nil || c.be.abortOnClose) {
			c.watched = true
			c.st.OnReset(func() {
				c.aborted.Store(true)
				gone()
			})
		}
		return
	}
	if c.upl.running || c.in == nil || c.be != nil && !c.be.abortOnClose {
		return
	}
	if c.watchDone == nil {
		c.watchDone = make(chan struct{}, 1)
	}
	c.watched = true
	in := c.in
	go func() {
		for in.w < len(in.b) {
			n, err := c.cli.read(in.b[in.w:], time.Time{})
			in.w += n
			if err != nil {
				if !c.cli.interrupted() {
					c.aborted.Store(true)
					gone()
				}
				break
			}
		}
		c.watchDone <- struct{}{}
	}()
}

func (c *conn) unwatch() {
	if !c.watched {
		return
	}
	c.watched = false
	if c.st != nil {
		c.st.OnReset(nil)
		return
	}
	c.cli.interrupt()
	<-c.watchDone
	c.cli.revive()
}
