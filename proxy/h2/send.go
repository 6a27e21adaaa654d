package h2

import (
	"io"
	"os"
	"time"

	"tandem/proxy/tx"
)

// Write implements net.Conn.
func (s *Stream) Write(b []byte) (int, error) { return s.send(b, false) }

// Send writes b; end says that nothing follows.
func (s *Stream) Send(b []byte, end bool, deadline time.Time) error {
	s.c.mu.Lock()
	s.wdl = deadline
	s.c.mu.Unlock()
	_, err := s.send(b, end)
	return err
}

func (s *Stream) send(b []byte, end bool) (sent int, err error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(b) > 0 || end && !s.sentEnd {
		switch {
		case s.err != nil:
			return sent, s.err
		case s.sentEnd:
			return sent, io.ErrClosedPipe
		}
		n := min(len(b), c.maxFrame)
		if n > 0 {
			n = int(min(int64(n), s.sendWin, c.sendWin))
		}
		if len(c.out) >= outLimit || n <= 0 && len(b) > 0 {
			d := s.wdl
			if !d.IsZero() && !time.Now().Before(d) {
				return sent, os.ErrDeadlineExceeded
			}
			s.waitOut = true
			c.waiting++
			c.mu.Unlock()
			s.wwake.wait(d)
			c.mu.Lock()
			c.waiting--
			s.waitOut = false
			continue
		}
		var fl byte
		if end && n == len(b) {
			fl = flagEndStream
		}
		c.out = append(appendFrameHead(c.out, n, frData, fl, s.id), b[:n]...)
		c.sendWin -= int64(n)
		s.sendWin -= int64(n)
		b = b[n:]
		sent += n
		if fl != 0 {
			s.sentEnd = true
			s.finishLocked()
		}
		c.flushLocked()
	}
	return sent, nil
}

// SendHead writes a head; end says that no body follows. A response with a
// status below 200 is an interim one.
func (s *Stream) SendHead(m *tx.Message, end bool) error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	c.out = appendHead(c.out, c.maxFrame, s.id, m, end, nil)
	s.sentHead = s.sentHead || m.Status == 0 || m.Status >= 200
	if end {
		s.sentEnd = true
		s.finishLocked()
	}
	c.flushLocked()
	return nil
}

// SendTrailers writes the fields behind a body and ends the stream.
func (s *Stream) SendTrailers(fields []tx.Field) error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	c.out = appendTrailers(c.out, c.maxFrame, s.id, fields)
	s.sentEnd = true
	s.finishLocked()
	c.flushLocked()
	return nil
}

// CloseWrite ends our message.
func (s *Stream) CloseWrite() error {
	_, err := s.send(nil, true)
	return err
}
