package fcgi

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"tandem/proxy/tx"
)

// Stream is one request on a connection. It is a net.Conn of the bodies'
// bytes: Read ends with io.EOF where the application ends the request, Close
// lets go of it and aborts it where it is not over.
type Stream struct {
	c      *Conn
	id     uint16
	params []byte // encoded parameters, until they are sent
	old    bool   // the client speaks HTTP/1.0

	// Guarded by c.mu.
	rbuf     []byte
	roff     int
	scanned  int // of rbuf, for the end of the head
	ended    bool
	refused  bool
	started  bool
	first    int  // the batch that the response began with
	whole    bool // it ended with the same
	sawHead  bool
	err      error
	closed   bool
	sent     bool // the request began
	bodyless bool // the response has no body, whatever comes
	finished bool // our side has all that it wants
	rdl, wdl time.Time
	rwake    chan struct{}
	timer    *time.Timer

	status  int
	Chunked bool // the body has a transfer coding of its own
	none    tx.Message
}

// SetParams gives the request its parameters, as AppendParams made them.
func (s *Stream) SetParams(p []byte) { s.params = p }

func (s *Stream) wake() {
	select {
	case s.rwake <- struct{}{}:
	default:
	}
}

func (s *Stream) failLocked(err error) {
	if s.err == nil && !s.ended {
		s.err = err
	}
	s.wake()
}

// wait returns when something happened, or at d; a zero d is never.
func (s *Stream) wait(d time.Time) {
	if d.IsZero() {
		<-s.rwake
		return
	}
	if s.timer == nil {
		s.timer = time.NewTimer(time.Until(d))
	} else {
		s.timer.Reset(time.Until(d))
	}
	select {
	case <-s.rwake:
	case <-s.timer.C:
	}
	s.timer.Stop()
}

// Request sends the request's beginning; end says that it has no body.
func (s *Stream) Request(m *tx.Message, end bool) error { return s.Begin(m, nil, end) }

// Begin is Request with the first bytes of the body.
func (s *Stream) Begin(m *tx.Message, body []byte, end bool) error {
	s.c.mu.Lock()
	err := s.c.err
	s.sent, s.old, s.bodyless = true, m.Version < 11, string(m.Method) == "HEAD"
	wdl := s.wdl
	s.c.mu.Unlock()
	if err != nil {
		return err
	}
	keep := s.c.cfg.KeepConn
	return s.c.send(wdl, func(dst []byte) []byte {
		dst = appendBegin(dst, s.id, keep)
		dst = appendRecords(dst, typeParams, s.id, s.params)
		dst = appendHead(dst, typeParams, s.id, 0)
		dst = appendRecords(dst, typeStdin, s.id, body)
		if end {
			dst = appendHead(dst, typeStdin, s.id, 0)
		}
		return dst
	})
}

// Send sends bytes of the body; last says that nothing follows.
func (s *Stream) Send(p []byte, last bool, deadline time.Time) error {
	s.c.mu.Lock()
	err := s.c.err
	if err == nil && (s.ended || s.closed) {
		err = ErrClosed
	}
	s.c.mu.Unlock()
	if err != nil {
		return err
	}
	for {
		n := min(len(p), maxContent)
		end := last && n == len(p)
		if n == 0 && !end {
			return nil
		}
		if err := s.c.send(deadline, func(dst []byte) []byte {
			dst = appendRecords(dst, typeStdin, s.id, p[:n])
			if end {
				dst = appendHead(dst, typeStdin, s.id, 0)
			}
			return dst
		}); err != nil {
			return err
		}
		if p = p[n:]; len(p) == 0 {
			return nil
		}
	}
}

// SendTrailers ends the body: CGI knows no trailers.
func (s *Stream) SendTrailers([]tx.Field) error { return s.Send(nil, true, s.wdl) }

// ReadHead waits for the response's head and puts it into m. A response that
// is complete with its head gets the length that it turned out to have.
func (s *Stream) ReadHead(m *tx.Message, deadline time.Time) error {
	c := s.c
	c.mu.Lock()
	s.rdl = deadline
	for {
		data := s.rbuf[s.roff:]
		if n := headEnd(data, s.scanned); n > 0 && (s.ended || !c.busy) {
			err := s.takeHead(m, data[:n])
			c.mu.Unlock()
			return err
		}
		if !c.busy {
			s.scanned = len(data)
		}
		if len(data) >= c.cfg.MaxHead && !c.busy {
			c.mu.Unlock()
			return ErrTooLong
		}
		if err, over := s.overLocked(); over {
			c.mu.Unlock()
			return err
		}
		d := s.rdl
		c.mu.Unlock()
		s.wait(d)
		c.mu.Lock()
	}
}

// overLocked says why nothing more can be read: io.EOF after a regular end.
func (s *Stream) overLocked() (error, bool) {
	switch {
	case s.ended && s.refused && !s.sawHead:
		return ErrRefused, true
	case s.ended:
		return io.EOF, true
	case s.err != nil:
		return s.err, true
	case !s.rdl.IsZero() && !time.Now().Before(s.rdl):
		return os.ErrDeadlineExceeded, true
	}
	return nil, false
}

// takeHead reads the head and decides how the body ends.
func (s *Stream) takeHead(m *tx.Message, head []byte) error {
	if len(head) > s.c.cfg.MaxHead {
		return ErrTooLong
	}
	length, status, err := parseHead(head, m)
	s.status = status
	if err != nil {
		return err
	}
	s.sawHead = true
	s.roff += len(head)
	s.c.room.Broadcast()
	rest := int64(len(s.rbuf) - s.roff)
	if s.old {
		m.Version = 10
	}
	if te := m.GetID(tx.HdrTransferEncoding); te != nil {
		if string(te) != "chunked" || length >= 0 {
			return ErrBadHead
		}
		m.Framing, s.Chunked = tx.Chunked, true
		return nil
	}
	switch {
	case s.bodyless || m.Status == 204 || m.Status == 304:
		s.bodyless, m.Framing = true, tx.NoBody
	case length >= 0 && rest > length:
		return ErrBadHead
	case length >= 0:
		m.Framing, m.Length = tx.ByLength, uint64(length)
	case s.whole && !s.old:
		m.Framing, m.Length = tx.ByLength, uint64(rest)
	case s.old:
		m.Framing = tx.UntilClose
	default:
		m.Framing = tx.Chunked // as the engine calls a body that ends with its stream
	}
	return nil
}

// Whole says whether the response was complete with its head and has a length
// that its head does not name.
func (s *Stream) Whole() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.whole && !s.old && !s.Chunked && !s.bodyless
}

// Dropped is what accounting adds to the head for its Status field, whose
// content is in the start line. It may be below zero, in two's complement.
func (s *Stream) Dropped() uint64 { return uint64(s.status) }

// Read implements net.Conn.
func (s *Stream) Read(b []byte) (int, error) {
	c := s.c
	c.mu.Lock()
	for {
		if s.roff < len(s.rbuf) {
			n := copy(b, s.rbuf[s.roff:])
			if s.roff += n; s.roff == len(s.rbuf) {
				s.rbuf, s.roff = s.rbuf[:0], 0
			} else if s.roff > heldMax/2 {
				s.rbuf, s.roff = append(s.rbuf[:0], s.rbuf[s.roff:]...), 0
			}
			c.room.Broadcast()
			c.mu.Unlock()
			return n, nil
		}
		if err, over := s.overLocked(); over {
			c.mu.Unlock()
			if errors.Is(err, ErrRefused) || errors.Is(err, ErrClosed) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		d := s.rdl
		c.mu.Unlock()
		s.wait(d)
		c.mu.Lock()
	}
}

// Ended says whether all of the response was read.
func (s *Stream) Ended() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.ended && s.roff == len(s.rbuf)
}

// Buffered says whether a Read would not wait.
func (s *Stream) Buffered() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.ended || s.roff < len(s.rbuf)
}

// Answered says whether the application answered anything.
func (s *Stream) Answered() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.started || s.ended
}

// Trailers are none.
func (s *Stream) Trailers() *tx.Message { return &s.none }

// drainFor is how long an application may take to end a request whose response
// is complete already.
const drainFor = 5 * time.Second

// Finish lets go of a request whose response was read to its end as far as
// anybody knows. The application may still have to say so.
func (s *Stream) Finish() {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.closed || s.ended || c.err != nil || c.leaving {
		return
	}
	s.finished, s.closed = true, true
	s.rbuf, s.roff = nil, 0
	time.AfterFunc(drainFor, func() {
		c.mu.Lock()
		late := !s.ended && c.err == nil
		c.mu.Unlock()
		if late {
			c.fail(ErrClosed)
		}
	})
	c.room.Broadcast()
}

// Close lets go of the request. One that is not over is aborted; where the
// application may still work on it, its connection carries no other unless it
// takes several at once.
func (s *Stream) Close() error {
	c := s.c
	c.mu.Lock()
	if s.closed {
		c.mu.Unlock()
		return nil
	}
	s.closed = true
	delete(c.streams, s.id)
	c.held--
	abort := s.sent && !s.ended && c.err == nil
	if !s.ended && !c.cfg.Mpxs {
		c.leaving = true
	}
	over := c.leaving && c.held == 0
	c.room.Broadcast()
	c.mu.Unlock()
	if abort {
		_ = c.send(time.Now().Add(time.Second), func(dst []byte) []byte { return appendHead(dst, typeAbort, s.id, 0) })
	}
	if over {
		c.fail(ErrClosed)
	}
	return nil
}

// Write implements net.Conn.
func (s *Stream) Write(b []byte) (int, error) {
	if err := s.Send(b, false, s.wdl); err != nil {
		return 0, err
	}
	return len(b), nil
}

// streamAddr stands for the addresses that a request has not.
type streamAddr struct{}

// Network implements net.Addr.
func (streamAddr) Network() string { return "fcgi" }

// String implements net.Addr.
func (streamAddr) String() string { return "request" }

// LocalAddr implements net.Conn.
func (s *Stream) LocalAddr() net.Addr { return streamAddr{} }

// RemoteAddr implements net.Conn.
func (s *Stream) RemoteAddr() net.Addr { return streamAddr{} }

// SetDeadline implements net.Conn.
func (s *Stream) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (s *Stream) SetReadDeadline(t time.Time) error {
	s.c.mu.Lock()
	s.rdl = t
	s.wake()
	s.c.mu.Unlock()
	return nil
}

// SetWriteDeadline implements net.Conn.
func (s *Stream) SetWriteDeadline(t time.Time) error {
	s.c.mu.Lock()
	s.wdl = t
	s.c.mu.Unlock()
	return nil
}
