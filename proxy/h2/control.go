package h2

func (c *Conn) priority(p []byte, id uint32) bool {
	if u32(p)&maxWindow == id { // depends on itself
		return c.fault(ProtocolError)
	}
	return true
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
