package h2

import "tandem/proxy/tx"

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

// decode runs a block through the decoder; false: the table is out of step
// with the peer's.
func (c *Conn) decode(p []byte, m *tx.Message, kind headKind) bool {
	c.head.begin(m, kind)
	if _, err := c.dec.Write(p); err != nil {
		return false
	}
	return c.dec.Close() == nil && !c.head.fatal
}

// headBlock acts on a complete header block.
func (c *Conn) headBlock(p []byte, flags byte, id uint32, fresh bool) bool {
	end := flags&flagEndStream != 0
	if c.cfg.Client {
		return c.answerHead(p, end, id)
	}
	if fresh {
		return c.newStream(p, end, id)
	}
	c.mu.Lock()
	s := c.streams[id]
	c.mu.Unlock()
	if s == nil {
		if !c.decode(p, nil, trailerHead) {
			return c.fault(CompressionError)
		}
		return c.fault(StreamClosed)
	}
	return c.trailers(s, p, end)
}

// trailers takes the fields behind a body.
func (c *Conn) trailers(s *Stream, p []byte, end bool) bool {
	if !c.decode(p, &s.inTrailers, trailerHead) {
		return c.fault(CompressionError)
	}
	good := c.head.finish(end)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case s.recvEnd || !end:
		c.glitch()
		c.failLocked(ProtocolError)
		return false
	case !good:
		c.glitch()
		s.resetLocked(ProtocolError, true)
	default:
		s.receive(nil, 0, true)
	}
	return true
}

// newStream takes a request.
func (c *Conn) newStream(p []byte, end bool, id uint32) bool {
	c.mu.Lock()
	limit := int(c.cfg.MaxStreams)
	refuse := limit > 0 && len(c.streams) >= limit
	late := c.goAway && (c.leaving || c.cfg.MaxTotal > 0 && c.total >= c.cfg.MaxTotal+c.cfg.MaxStreams)
	for !refuse && limit > 0 && c.held >= 2*limit && c.err == nil { // those that the peer reset and we still work on
		c.cond.Wait()
	}
	c.mu.Unlock()
	if refuse || late {
		if !c.decode(p, nil, requestHead) {
			return c.fault(CompressionError)
		}
		c.mu.Lock()
		if refuse {
			c.glitch()
		}
		c.queueRst(id, RefusedStream)
		c.mu.Unlock()
		return true
	}
	s := c.another(id)
	if !c.decode(p, &s.Head, requestHead) {
		if c.cfg.Refused != nil {
			c.cfg.Refused(true)
		}
		return c.fault(CompressionError)
	}
	if !c.head.finish(end) {
		if c.cfg.Refused != nil {
			c.cfg.Refused(false)
		}
		c.mu.Lock()
		c.glitch()
		if st := c.cfg.Stats; st != nil {
			st.StreamErrors.Add(1)
			st.RstStreamSent.Add(1)
		}
		c.queueRst(id, ProtocolError)
		c.mu.Unlock()
		return true
	}
	s.Flags = c.head.flags
	s.Protocol = append(s.Protocol[:0], c.head.protocol...)
	s.recvEnd = end
	s.left, s.hasLeft = c.head.length, c.head.hasLen
	c.mu.Lock()
	c.total++
	c.open(s)
	if s.Flags&ExtConnect != 0 {
		s.grant() // a tunnel is to be wide from the start
	}
	if c.cfg.MaxTotal > 0 && c.total >= c.cfg.MaxTotal {
		c.goAwayLocked()
		c.flushLocked()
	}
	c.mu.Unlock()
	c.cfg.Accept(s)
	return true
}

// queueRst answers a frame of a stream that will not be.
func (c *Conn) queueRst(id uint32, code Code) {
	if c.err != nil {
		return
	}
	c.out = append32(appendFrameHead(c.out, 4, frRstStream, 0, id), uint32(code))
	c.flushLocked()
}
