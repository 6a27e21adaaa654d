package h2

import (
	"io"
	"net"
	"os"
	"time"

	"tandem/proxy/tx"
)

// Stream is one exchange on a connection. It is a net.Conn of the body's
// bytes: Read ends with io.EOF where the peer ends its message, CloseWrite
// ends ours, Close lets go of the stream and resets it where it is not over.
type Stream struct {
	Head     tx.Message // as received; requests only
	Flags    Flags
	Protocol []byte // of extended CONNECT

	c  *Conn
	id uint32

	// Guarded by c.mu.
	recvEnd    bool
	sentEnd    bool
	sentHead   bool
	err        error
	closed     bool // our side let go
	gone       bool // not in c.streams
	left       uint64
	hasLeft    bool
	inTrailers tx.Message
	recvWin    int64 // what the peer may still send
	sendWin    int64
	slack      int64 // what a peer may exceed the window by that did not know it
	window     int64 // what it may send in all before we read
	held       int   // received bytes that were not read
	rbuf       chunks
	waitOut    bool
	onReset    func()
	rwake      bell
	wwake      bell
	rdl, wdl   time.Time

	// Client.
	heads    []*tx.Message // response heads that were not taken
	method   string
	started  bool // the server answered something
	sawFinal bool // with a final head; the reader's
}

func newStream(c *Conn, id uint32) *Stream {
	return &Stream{c: c, id: id, window: int64(c.cfg.Window), recvWin: int64(c.cfg.Window),
		rwake: newBell(), wwake: newBell()}
}

// freeStreams is how many closed streams a connection keeps for its next ones.
const freeStreams = 16

// another returns a stream for a request. Only the reader calls it, so that none
// that it still looks at is given out anew.
func (c *Conn) another(id uint32) *Stream {
	c.mu.Lock()
	n := len(c.free)
	if n == 0 {
		c.mu.Unlock()
		return newStream(c, id)
	}
	s := c.free[n-1]
	c.free = c.free[:n-1]
	c.mu.Unlock()
	s.rwake.hush()
	s.wwake.hush()
	s.Head.Reset()
	s.inTrailers.Reset()
	*s = Stream{c: c, id: id, window: int64(c.cfg.Window), recvWin: int64(c.cfg.Window), rwake: s.rwake, wwake: s.wwake,
		Head: s.Head, inTrailers: s.inTrailers, Protocol: s.Protocol[:0]}
	return s
}

// open makes s one of the connection's streams.
func (c *Conn) open(s *Stream) {
	s.sendWin = c.initWin
	if !c.acked {
		s.slack = max(0, defaultWindow-int64(c.cfg.Window))
	}
	c.streams[s.id] = s
	c.held++
	if st := c.cfg.Stats; st != nil {
		st.OpenStreams.Add(1)
		st.Streams.Add(1)
	}
}

// ID is the stream's number.
func (s *Stream) ID() uint32 { return s.id }

func (s *Stream) wakeRead()  { s.rwake.ring() }
func (s *Stream) wakeWrite() { s.wwake.ring() }

// drop takes s off the connection's streams.
func (s *Stream) drop() {
	if !s.gone {
		s.gone = true
		delete(s.c.streams, s.id)
	}
}

// orphan says whether the peer reset a stream that we still work on.
func (s *Stream) orphan() bool { return !s.closed }

// fail ends the stream for both directions.
func (s *Stream) fail(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.wakeRead()
	s.wakeWrite()
	if f := s.onReset; f != nil && !(s.sentEnd && s.recvEnd) {
		s.onReset = nil
		f()
	}
}

// resetLocked resets the stream; glitchy says that the peer made a mistake.
func (s *Stream) resetLocked(code Code, fault bool) {
	if s.gone {
		return
	}
	if st := s.c.cfg.Stats; st != nil && fault {
		st.StreamErrors.Add(1)
		st.RstStreamSent.Add(1)
	}
	s.drop()
	s.c.queueRst(s.id, code)
	s.fail(&Error{Code: code})
}

// Reset ends the stream with a code.
func (s *Stream) Reset(code Code) {
	s.c.mu.Lock()
	s.resetLocked(code, false)
	s.c.mu.Unlock()
}

// OnReset calls f once when the stream ends before its time; nil takes that
// back. F is called with the connection locked: it must not use the stream.
func (s *Stream) OnReset(f func()) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.onReset = f; f != nil && s.err != nil {
		s.onReset = nil
		f()
	}
}

// finishLocked forgets a stream that both sides ended.
func (s *Stream) finishLocked() {
	if s.recvEnd && s.sentEnd {
		s.drop()
	}
}

// Ended says whether the peer's message is complete and read.
func (s *Stream) Ended() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.recvEnd && s.held == 0 && s.err == nil
}

// Trailers returns the fields behind the peer's body, once it is read.
func (s *Stream) Trailers() *tx.Message { return &s.inTrailers }

// Read implements net.Conn.
func (s *Stream) Read(b []byte) (int, error) {
	c := s.c
	c.mu.Lock()
	for {
		switch {
		case s.held > 0:
			n := s.rbuf.read(b)
			s.held -= n
			s.grant()
			c.mu.Unlock()
			return n, nil
		case s.recvEnd:
			c.mu.Unlock()
			return 0, io.EOF
		case s.err != nil:
			err := s.err
			c.mu.Unlock()
			return 0, err
		}
		d := s.rdl
		if !d.IsZero() && !time.Now().Before(d) {
			c.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		}
		c.mu.Unlock()
		s.rwake.wait(d)
		c.mu.Lock()
	}
}

// Close lets go of the stream. One that is not over is reset: a complete
// answer tells the client that the rest of its request is not wanted.
func (s *Stream) Close() error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.onReset = nil
	if !s.gone {
		code := Cancel
		if s.sentEnd && !c.cfg.Client {
			code = NoError
		}
		s.resetLocked(code, false)
	}
	s.fail(net.ErrClosed)
	s.releaseBuf()
	if st := c.cfg.Stats; st != nil {
		st.OpenStreams.Add(-1)
	}
	if !c.cfg.Client && len(c.free) < freeStreams {
		c.free = append(c.free, s)
	}
	if c.held--; c.held == 0 {
		if c.idle = time.Now(); c.leaving {
			c.wire.Kick()
		}
	}
	c.cond.Broadcast()
	return nil
}

// LocalAddr implements net.Conn; streams have no address of their own.
func (s *Stream) LocalAddr() net.Addr { return streamAddr{} }

// RemoteAddr implements net.Conn.
func (s *Stream) RemoteAddr() net.Addr { return streamAddr{} }

// streamAddr stands for the addresses that a stream has not.
type streamAddr struct{}

// Network implements net.Addr.
func (streamAddr) Network() string { return "h2" }

// String implements net.Addr.
func (streamAddr) String() string { return "h2" }

// SetDeadline implements net.Conn.
func (s *Stream) SetDeadline(t time.Time) error {
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (s *Stream) SetReadDeadline(t time.Time) error {
	s.c.mu.Lock()
	s.rdl = t
	s.c.mu.Unlock()
	s.wakeRead()
	return nil
}

// SetWriteDeadline implements net.Conn.
func (s *Stream) SetWriteDeadline(t time.Time) error {
	s.c.mu.Lock()
	s.wdl = t
	s.c.mu.Unlock()
	s.wakeWrite()
	return nil
}

// WaitReset waits until the stream is reset, or until deadline.
func (s *Stream) WaitReset(deadline time.Time) {
	done := newBell()
	s.OnReset(done.ring)
	done.wait(deadline)
	s.OnReset(nil)
}

// Buffered says whether a Read would not wait.
func (s *Stream) Buffered() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.held > 0 || s.recvEnd
}
