package h2

import (
	"errors"
	"os"
	"time"
)

// Serve reads the connection until its end, beginning with what was read
// already. It returns once all streams are closed and all output is written.
// The reader's buffer is taken from and given back to the caller's pool.
func (c *Conn) Serve(first []byte) error {
	if !c.cfg.Client {
		c.start()
	}
	c.in = make([]byte, int(c.cfg.FrameSize)+frameHeadLen+max(0, len(first)-minFrameSize))
	c.w = copy(c.in, first)
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
			c.w += k
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

func (c *Conn) priority(p []byte, id uint32) bool {
	if u32(p)&maxWindow == id { // depends on itself
		return c.fault(ProtocolError)
	}
	return true
}

// fault ends the connection for a fault that counts as a glitch.
func (c *Conn) fault(code Code) bool {
	c.mu.Lock()
	c.glitch()
	c.failLocked(code)
	c.mu.Unlock()
	return false
}

func (c *Conn) rstStream(p []byte, id uint32) bool {
	if st := c.cfg.Stats; st != nil {
		st.RstStream.Add(1)
	}
	if c.isIdle(id) {
		return c.fault(ProtocolError)
	}
	c.mu.Lock()
	if s := c.streams[id]; s != nil {
		s.drop()
		c.resets = remember(c.resets, id)
		s.fail(&Error{Code(u32(p)), true})
		if s.orphan() {
			c.glitch()
		}
	}
	c.mu.Unlock()
	return true
}

func (c *Conn) settings(p []byte, flags byte) bool {
	if st := c.cfg.Stats; st != nil {
		st.Settings.Add(1)
	}
	if flags&flagAck != 0 {
		if len(p) != 0 {
			return c.fault(FrameSizeError)
		}
		c.mu.Lock()
		c.acked = true
		c.mu.Unlock()
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; len(p) > 0; p = p[6:] {
		v := u32(p[2:])
		switch int(p[0])<<8 | int(p[1]) {
		case setEnablePush:
			if v > 1 {
				c.glitch()
				c.failLocked(ProtocolError)
				return false
			}
		case setMaxStreams:
			c.peerMax = v
		case setExtConnect:
			c.peerExt = v == 1
		case setWindow:
			if v > maxWindow {
				c.glitch()
				c.failLocked(FlowControlError)
				return false
			}
			d := int64(v) - c.initWin
			c.initWin = int64(v)
			for _, s := range c.streams {
				if s.sendWin += d; s.sendWin > maxWindow {
					c.glitch()
					c.failLocked(FlowControlError)
					return false
				}
			}
			c.wakeWriters()
		case setFrameSize:
			if v < minFrameSize || v > 1<<24-1 {
				c.glitch()
				c.failLocked(ProtocolError)
				return false
			}
			c.maxFrame = int(min(v, minFrameSize)) // longer ones only delay others
		}
	}
	c.out = appendFrameHead(c.out, 0, frSettings, flagAck, 0)
	c.flushLocked()
	return true
}

func (c *Conn) ping(p []byte, flags byte) bool {
	if flags&flagAck != 0 {
		return true
	}
	c.mu.Lock()
	c.out = append(appendFrameHead(c.out, 8, frPing, flagAck, 0), p...)
	c.flushLocked()
	c.mu.Unlock()
	return true
}

// goneAway takes note that the peer wants no more streams of ours; those that
// it says it did not see can be tried elsewhere.
func (c *Conn) goneAway(p []byte) {
	if st := c.cfg.Stats; st != nil {
		st.Goaway.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = true
	if !c.cfg.Client {
		return
	}
	c.gone = true
	c.peerLast = min(c.peerLast, u32(p)&maxWindow)
	for id, s := range c.streams {
		if id > c.peerLast {
			s.drop()
			s.fail(&Error{RefusedStream, true})
		}
	}
}

func (c *Conn) windowUpdate(p []byte, id uint32) bool {
	n := int64(u32(p) & maxWindow)
	if id != 0 && c.isIdle(id) {
		return c.fault(ProtocolError)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id == 0 {
		if n == 0 {
			c.glitch()
			c.failLocked(ProtocolError)
			return false
		}
		if c.sendWin += n; c.sendWin > maxWindow {
			c.glitch()
			c.failLocked(FlowControlError)
			return false
		}
		c.wakeWriters()
		return true
	}
	s := c.streams[id]
	if s == nil {
		return true
	}
	switch {
	case n == 0:
		c.glitch()
		s.resetLocked(ProtocolError, true)
	case s.sendWin+n > maxWindow:
		c.glitch()
		s.resetLocked(FlowControlError, true)
	default:
		s.sendWin += n
		s.wakeWrite()
	}
	return true
}

// unpad takes the padding off a payload (RFC 9113 6.1).
func (c *Conn) unpad(p []byte, flags byte) ([]byte, bool) {
	if flags&flagPadded == 0 {
		return p, true
	}
	if len(p) == 0 {
		return nil, c.fault(FrameSizeError)
	}
	n := int(p[0])
	if n >= len(p) {
		return nil, c.fault(ProtocolError)
	}
	return p[1 : len(p)-n], true
}

func (c *Conn) data(p []byte, flags byte, id uint32) bool {
	if st := c.cfg.Stats; st != nil {
		st.Data.Add(1)
	}
	if c.isIdle(id) {
		return c.fault(ProtocolError)
	}
	size := len(p)
	p, ok := c.unpad(p, flags)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.grantConn(size)
	s := c.streams[id]
	if s == nil { // closed: what was under way is dropped
		c.afterReset(id)
		return true
	}
	if s.recvEnd {
		c.glitch()
		s.resetLocked(StreamClosed, true)
		return true
	}
	if s.recvWin -= int64(size); s.recvWin < -s.slack {
		c.glitch()
		c.failLocked(FlowControlError)
		return false
	}
	if size > 0 && len(p) == 0 && flags&flagEndStream == 0 {
		c.glitch()
	}
	s.receive(p, size-len(p), flags&flagEndStream != 0)
	return true
}

// grantConn gives the connection's window back at once: what streams hold is
// bounded by their own.
func (c *Conn) grantConn(n int) {
	c.credit += n
	c.gotData = true
	c.grantNow(16 << 10)
}

// grantNow sends the update where it is worth at least so many bytes.
func (c *Conn) grantNow(least int) {
	if c.gotData && c.credit >= least {
		c.out = append32(appendFrameHead(c.out, 4, frWindowUpdate, 0, 0), uint32(c.credit))
		c.credit = 0
		c.flushLocked()
	}
}

func (c *Conn) headers(p []byte, flags byte, id uint32) bool {
	if st := c.cfg.Stats; st != nil {
		st.Headers.Add(1)
	}
	if !c.cfg.Client && id&1 == 0 {
		return c.fault(ProtocolError)
	}
	p, ok := c.unpad(p, flags)
	if !ok {
		return false
	}
	fresh := !c.cfg.Client && id > c.lastID
	if fresh {
		c.mu.Lock()
		c.lastID = id
		c.mu.Unlock()
	}
	if flags&flagPriority != 0 {
		if len(p) < 5 {
			return c.fault(FrameSizeError)
		}
		if u32(p)&maxWindow == id {
			return c.fault(ProtocolError)
		}
		p = p[5:]
	}
	if flags&flagEndHeaders != 0 {
		return c.headBlock(p, flags, id, fresh)
	}
	c.fresh = fresh
	c.block = append(c.block[:0], p...)
	c.blockID, c.blockFl, c.contNum = id, flags, 0
	return true
}

// continuation adds to a header block. Blocks that would not fit the memory
// of one head, and floods of short frames, end the connection.
func (c *Conn) continuation(p []byte, flags byte) bool {
	if c.contNum++; len(c.block)+len(p) > max(c.cfg.MaxHead, minFrameSize) || c.contNum > c.cfg.MaxHeaders+1 {
		return c.fault(EnhanceYourCalm)
	}
	c.block = append(c.block, p...)
	if flags&flagEndHeaders == 0 {
		return true
	}
	id := c.blockID
	c.blockID = 0
	ok := c.headBlock(c.block, c.blockFl, id, c.fresh)
	if cap(c.block) > 4096 {
		c.block = nil
	}
	return ok
}

// resetsKept is how many streams that the peer reset are remembered.
const resetsKept = 16

func remember(ids []uint32, id uint32) []uint32 {
	if len(ids) == resetsKept {
		ids = ids[:copy(ids, ids[1:])]
	}
	return append(ids, id)
}

// afterReset tells a peer that sends on a stream which it reset itself that
// this cannot be; what it sends on one that we reset was under way.
func (c *Conn) afterReset(id uint32) {
	for i, x := range c.resets {
		if x == id {
			c.resets = append(c.resets[:i], c.resets[i+1:]...)
			c.glitch()
			c.queueRst(id, StreamClosed)
			return
		}
	}
}
