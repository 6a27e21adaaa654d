package h2

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

// receive takes payload of a frame. pad counts bytes that only took window.
func (s *Stream) receive(p []byte, pad int, end bool) {
	if s.hasLeft {
		if uint64(len(p)) > s.left || end && uint64(len(p)) != s.left {
			s.c.glitch()
			s.resetLocked(ProtocolError, true)
			return
		}
		s.left -= uint64(len(p))
	}
	s.rbuf.add(p)
	s.held += len(p)
	if end && len(p) > 0 { // as the original, which grants before it looks at the end
		s.recvWin = 0
		s.update(uint32(len(p) + pad))
	}
	s.recvEnd = s.recvEnd || end
	if pad > 0 && !s.recvEnd {
		s.grant()
	}
	s.finishLocked()
	s.wakeRead()
}

// grant lets the peer send more, once that is worth a frame. While few
// streams receive, each gets more of the shared receive buffer.
func (s *Stream) grant() {
	c := s.c
	if s.recvEnd || s.err != nil {
		return
	}
	if c.cfg.RxBuf > 0 && s.window < int64(c.cfg.RxBuf)*7/8 {
		share := int64(c.cfg.RxBuf) * 7 / 8 / int64(max(1, len(c.streams)))
		if more := min(share-s.window, int64(c.cfg.RxBuf)*7/8-int64(c.extra)); more > 0 {
			c.extra += int(more)
			s.window += more
		}
	}
	n := s.window - s.recvWin - int64(s.held)
	if n <= 0 || n < s.window/2 && n < chunkSize && s.held > 0 {
		return
	}
	s.recvWin += n
	s.update(uint32(n))
}

func (s *Stream) update(n uint32) {
	s.c.out = append32(appendFrameHead(s.c.out, 4, frWindowUpdate, 0, s.id), n)
	s.c.flushLocked()
}

func (s *Stream) releaseBuf() {
	s.rbuf.free()
	s.held = 0
	if x := s.window - int64(s.c.cfg.Window); x > 0 {
		s.c.extra -= int(x)
		s.window -= x
	}
}
