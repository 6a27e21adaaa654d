package h2

import (
	"errors"
	"os"
	"sync"
	"time"
)

// Serve reads the connection until its end, beginning with what was read
// already. It returns once all streams are closed and all output is written.
func (c *Conn) Serve(first []byte) error {
	if !c.cfg.Client {
		c.start()
	}
	c.in = c.small[:]
	if len(first) > len(c.small) {
		c.widen(len(first))
	}
	c.w = copy(c.in, first)
	defer c.shrink()
	if !c.cfg.Client && !c.preface() {
		c.settle()
		return c.Err()
	}
	for c.frame() {
	}
	c.mu.Lock()
	c.end(ErrClosed)
	c.mu.Unlock()
	c.settle()
	return c.Err()
}

// preface checks the client's first bytes.
func (c *Conn) preface() bool {
	for {
		n := min(c.w, len(Preface))
		if string(c.in[:n]) != Preface[:n] {
			c.mu.Lock()
			c.out = nil
			c.end(ErrClosed)
			c.mu.Unlock()
			return false
		}
		if n == len(Preface) {
			c.r = n
			return true
		}
		if !c.fill() {
			return false
		}
	}
}

// fill reads once. It returns false at the end of the connection.
func (c *Conn) fill() bool {
	if c.r > 0 {
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	}
	c.mu.Lock()
	c.grantNow(1)
	for len(c.out) > outFlood && c.err == nil { // the peer asks and does not read
		c.cond.Wait()
	}
	c.mu.Unlock()
	switch {
	case c.w == 0 && c.got <= len(c.small): // little comes at a time
		c.shrink()
	case c.w == len(c.small):
		c.widen(0)
	}
	for {
		c.mu.Lock()
		n, since, err, leaving := c.held, c.idle, c.err, c.leaving
		c.mu.Unlock()
		if err != nil || leaving && n == 0 {
			return false
		}
		var deadline time.Time
		if d := c.patience(); d > 0 {
			if deadline = since.Add(d); n > 0 {
				deadline = time.Now().Add(d)
			}
		}
		k, err := c.wire.Recv(c.in[c.w:], deadline)
		if k > 0 {
			c.w, c.got = c.w+k, k
			return true
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			if err == nil {
				err = ErrClosed
			}
			c.mu.Lock()
			c.end(err)
			c.mu.Unlock()
			return false
		}
		c.mu.Lock()
		n, since = c.held, c.idle
		c.mu.Unlock()
		if d := c.patience(); n == 0 && d > 0 && time.Since(since) >= d {
			c.mu.Lock()
			c.goAwayLocked()
			c.end(ErrClosed)
			c.mu.Unlock()
			return false
		}
	}
}

// frameBuffers are for connections with frames of the common size.
var frameBuffers = sync.Pool{New: func() any { return new([minFrameSize + frameHeadLen]byte) }}

// widen makes the input's buffer hold any frame, and n bytes.
func (c *Conn) widen(n int) {
	n = max(n, int(c.cfg.FrameSize)+frameHeadLen)
	if len(c.in) >= n {
		return
	}
	old := c.in[:c.w]
	if n == minFrameSize+frameHeadLen {
		c.big = frameBuffers.Get().(*[minFrameSize + frameHeadLen]byte)
		c.in = c.big[:]
	} else {
		c.in = make([]byte, n)
	}
	copy(c.in, old)
}

// shrink gives the buffer back, which is empty: the small one will do.
func (c *Conn) shrink() {
	if c.big != nil {
		frameBuffers.Put(c.big)
		c.big = nil
	}
	c.in, c.r, c.w = c.small[:], 0, 0
}

// patience is how long the connection may wait for a frame.
func (c *Conn) patience() time.Duration {
	if c.cfg.Idle == nil {
		return 0
	}
	c.mu.Lock()
	first := c.total == 0
	c.mu.Unlock()
	return c.cfg.Idle(first)
}

// frame reads one frame and acts on it. It returns false at the end.
func (c *Conn) frame() bool {
	for c.w-c.r < frameHeadLen {
		if !c.fill() {
			return false
		}
	}
	h := c.in[c.r:]
	n := int(h[0])<<16 | int(h[1])<<8 | int(h[2])
	typ, flags, id := h[3], h[4], u32(h[5:])&maxWindow
	if !c.settled && (typ != frSettings || id != 0) { // nobody who speaks HTTP/2
		c.mu.Lock()
		c.end(ErrClosed)
		c.mu.Unlock()
		return false
	}
	if code, ok := c.checkHead(n, typ, id); !ok {
		c.mu.Lock()
		c.glitch()
		c.failLocked(code)
		c.mu.Unlock()
		return false
	}
	for c.w-c.r < frameHeadLen+n {
		if !c.fill() {
			return false
		}
	}
	p := c.in[c.r+frameHeadLen : c.r+frameHeadLen+n]
	c.r += frameHeadLen + n
	if !c.settled {
		c.mu.Lock()
		c.settled = true
		c.cond.Broadcast()
		c.mu.Unlock()
	}
	ok := true
	switch typ {
	case frData:
		ok = c.data(p, flags, id)
	case frHeaders:
		ok = c.headers(p, flags, id)
	case frPriority:
		ok = c.priority(p, id)
	case frRstStream:
		ok = c.rstStream(p, id)
	case frSettings:
		ok = c.settings(p, flags)
	case frPing:
		ok = c.ping(p, flags)
	case frGoAway:
		c.goneAway(p)
	case frWindowUpdate:
		ok = c.windowUpdate(p, id)
	case frContinuation:
		ok = c.continuation(p, flags)
	}
	return ok && c.Err() == nil
}

// checkHead judges a frame by its head alone, as the original does, so that
// nothing is waited for in vain.
func (c *Conn) checkHead(n int, typ byte, id uint32) (Code, bool) {
	if n > int(c.cfg.FrameSize) {
		return FrameSizeError, false
	}
	if c.blockID != 0 && (typ != frContinuation || id != c.blockID) {
		return ProtocolError, false
	}
	switch typ {
	case frData, frHeaders, frPriority, frRstStream:
		if id == 0 {
			return ProtocolError, false
		}
	case frSettings, frPing, frGoAway:
		if id != 0 {
			return ProtocolError, false
		}
	case frPushPromise:
		return ProtocolError, false
	case frContinuation:
		if c.blockID == 0 {
			return ProtocolError, false
		}
	}
	switch typ {
	case frHeaders:
		return FrameSizeError, n > 0
	case frPriority:
		return FrameSizeError, n == 5
	case frRstStream, frWindowUpdate:
		return FrameSizeError, n == 4
	case frSettings:
		return FrameSizeError, n%6 == 0
	case frPing:
		return FrameSizeError, n == 8
	case frGoAway:
		return FrameSizeError, n >= 8
	}
	return NoError, true
}

// isIdle says whether no stream of that id was opened yet.
func (c *Conn) isIdle(id uint32) bool {
	if c.cfg.Client == (id&1 == 1) { // ours
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.cfg.Client || id >= c.nextID
	}
	return id > c.lastID
}

// fault ends the connection for a fault that counts as a glitch.
func (c *Conn) fault(code Code) bool {
	c.mu.Lock()
	c.glitch()
	c.failLocked(code)
	c.mu.Unlock()
	return false
}
