package h2

import (
	"io"
	"os"
	"time"

	"tandem/proxy/tx"
)

// Start sends the preface of a client and reads in a goroutine of its own
// until the end, which done is told of.
func (c *Conn) Start(done func(err error)) {
	c.mu.Lock()
	c.held++ // a connection that waits for its first stream is in use
	c.mu.Unlock()
	c.start()
	c.cfg.Go(func() { done(c.Serve(nil)) })
}

// Ready ends the state in which Start leaves the connection: from now on it
// may be closed for being idle.
func (c *Conn) Ready() {
	c.mu.Lock()
	if c.held--; c.held == 0 {
		c.idle = time.Now()
	}
	c.cond.Broadcast()
	c.mu.Unlock()
}

// lastID is the number from which a connection takes no more streams.
const lastID = 1 << 30

// Open begins a stream. It returns nil where the connection takes no more, now
// or for ever. Limit bounds the streams at once beside the server's own limit.
func (c *Conn) Open(limit int) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.room(limit) {
		return nil
	}
	s := newStream(c, c.nextID)
	c.open(s)
	s.id, s.gone = 0, true
	delete(c.streams, c.nextID) // numbered with its head: ids must go up on the wire
	return s
}

func (c *Conn) room(limit int) bool {
	return c.err == nil && !c.gone && !c.leaving && c.nextID < lastID && c.held < limit && c.held < int(c.peerMax)
}

// Usable says whether the connection takes streams at all, and how many it
// carries.
func (c *Conn) Usable() (ok bool, streams int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err == nil && !c.gone && !c.leaving && c.nextID < lastID, c.held
}

// ExtConnect waits for the server's settings, until deadline (zero: for ever),
// and says whether it takes extended CONNECT (RFC 8441 3).
func (s *Stream) ExtConnect(deadline time.Time) bool {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.settled && !deadline.IsZero() {
		defer time.AfterFunc(time.Until(deadline), func() {
			c.mu.Lock()
			c.cond.Broadcast()
			c.mu.Unlock()
		}).Stop()
	}
	for !c.settled && c.err == nil && (deadline.IsZero() || time.Now().Before(deadline)) {
		c.cond.Wait()
	}
	return c.peerExt
}

// Refuse gives up a stream that has no head yet. The original then resets a
// stream that the server does not know, which may cost the connection: that is
// done only where nobody else uses it.
func (s *Stream) Refuse() {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held > 1 || s.id != 0 || c.err != nil || c.gone {
		return
	}
	c.queueRst(c.nextID, Cancel)
	c.nextID = lastID // what the server makes of it shall meet no other stream
}

// Request sends a request's head.
func (s *Stream) Request(m *tx.Message, end bool) error {
	c := s.c
	c.mu.Lock()
	if s.err == nil && c.err != nil {
		s.err = c.err
	}
	if s.err != nil || c.gone {
		c.mu.Unlock()
		return &Error{RefusedStream, true}
	}
	s.id = c.nextID
	c.nextID += 2
	s.gone = false
	s.sendWin = c.initWin
	s.method = string(m.Method)
	c.streams[s.id] = s
	c.out = appendHead(c.out, c.maxFrame, s.id, m, end, s.Protocol)
	if s.sentHead = true; end {
		s.sentEnd = true
	}
	c.flushLocked()
	c.mu.Unlock()
	return nil
}

// ReadHead waits for a response's head, interim ones included, and puts it
// into m.
func (s *Stream) ReadHead(m *tx.Message, deadline time.Time) error {
	c := s.c
	c.mu.Lock()
	s.rdl = deadline
	for {
		switch {
		case len(s.heads) > 0:
			*m, *s.heads[0] = *s.heads[0], *m
			s.heads = s.heads[1:]
			c.mu.Unlock()
			return nil
		case s.err != nil:
			err := s.err
			c.mu.Unlock()
			return err
		case s.recvEnd:
			c.mu.Unlock()
			return io.ErrUnexpectedEOF
		}
		d := s.rdl
		if !d.IsZero() && !time.Now().Before(d) {
			c.mu.Unlock()
			return os.ErrDeadlineExceeded
		}
		c.mu.Unlock()
		s.rwake.wait(d)
		c.mu.Lock()
	}
}

// Answered says whether the server answered anything on the stream.
func (s *Stream) Answered() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.started
}

// answerHead takes a response's head or trailers.
func (c *Conn) answerHead(p []byte, end bool, id uint32) bool {
	c.mu.Lock()
	s := c.streams[id]
	c.mu.Unlock()
	if s == nil {
		if c.isIdle(id) {
			return c.fault(ProtocolError)
		}
		if !c.decode(p, nil, responseHead) {
			return c.fault(CompressionError)
		}
		return true
	}
	if s.sawFinal {
		return c.trailers(s, p, end)
	}
	m := &tx.Message{}
	if !c.decode(p, m, responseHead) {
		return c.fault(CompressionError)
	}
	good := c.head.finish(end)
	c.mu.Lock()
	defer c.mu.Unlock()
	interim := m.Status < 200
	if !good || interim && (end || m.Status == 101) {
		c.glitch()
		s.resetLocked(ProtocolError, true)
		return true
	}
	if len(s.heads) > 8 { // nobody takes them
		s.resetLocked(EnhanceYourCalm, true)
		return true
	}
	s.heads = append(s.heads, m)
	s.started = true
	if !interim {
		s.sawFinal = true
		bodyless := s.method == "HEAD" || m.Status == 204 || m.Status == 304
		if c.head.hasLen && !bodyless {
			s.left, s.hasLeft = c.head.length, true
		}
		switch {
		case bodyless || end:
			m.Framing, m.Length = tx.NoBody, 0
			if end && s.hasLeft && s.left > 0 {
				c.glitch()
				s.resetLocked(ProtocolError, true)
				return true
			}
		}
	}
	s.recvEnd = end
	s.finishLocked()
	s.wakeRead()
	return true
}
