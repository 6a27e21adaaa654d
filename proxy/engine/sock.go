package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// sock is a connection with deadlines that are set as rarely as possible: a
// deadline that is armed too early is moved when it fires, not with every
// read.
type sock struct {
	net.Conn
	raw      syscall.RawConn // nil where only net.Conn's methods work (TLS, tests)
	rdl, wdl time.Time       // armed deadlines; zero: none

	// Operands and results of the callbacks below, bound once so that calls
	// allocate nothing.
	readFn, sendFn, writeFn func(fd uintptr) bool
	rbuf, wbuf              []byte
	lazy                    *bufPool // where the buffer of an idle read comes from
	lazyBuf                 *buffer
	n, wn                   int
	err, werr               error
	armed                   bool

	tired  atomic.Bool // a wait for a request shall end with errRest
	killed bool        // a deadline in the past was set to interrupt a read
	mu     sync.Mutex
}

func (s *sock) init(c net.Conn) {
	s.Conn, s.raw, s.rdl, s.wdl, s.killed = c, nil, time.Time{}, time.Time{}, false
	switch x := c.(type) {
	case *net.TCPConn:
		s.raw, _ = x.SyscallConn()
	case *net.UnixConn:
		s.raw, _ = x.SyscallConn()
	}
	if s.readFn == nil {
		s.readFn, s.sendFn, s.writeFn = s.rawRead, s.rawSend, s.rawWrite
	}
}

// arm makes sure that a read ends not later than at deadline.
func (s *sock) arm(deadline time.Time) {
	if s.rdl.Equal(deadline) || !s.rdl.IsZero() && (deadline.IsZero() || s.rdl.Before(deadline)) && time.Until(s.rdl) > 0 {
		return
	}
	s.mu.Lock()
	if !s.killed {
		s.rdl = deadline
		s.SetReadDeadline(deadline)
	}
	s.mu.Unlock()
}

// interrupt makes the current and later reads fail until revive.
func (s *sock) interrupt() {
	s.mu.Lock()
	s.killed = true
	s.SetReadDeadline(longAgo)
	s.mu.Unlock()
}

// revive undoes interrupt.
func (s *sock) revive() {
	s.mu.Lock()
	s.killed = false
	s.rdl = time.Time{}
	s.SetReadDeadline(time.Time{})
	s.mu.Unlock()
}

// errRest ends a wait for a request that lasts long already.
var errRest = errors.New("time to rest")

var longAgo = time.Unix(1, 0)

// expired says whether err is a deadline that is really over; a deadline
// armed too early is set anew, and the caller tries again.
func (s *sock) expired(err error, deadline time.Time) bool {
	s.mu.Lock()
	killed := s.killed
	s.mu.Unlock()
	if killed {
		return true
	}
	if deadline.IsZero() || time.Now().Before(deadline) {
		s.mu.Lock()
		if !s.killed {
			s.rdl = deadline
			s.SetReadDeadline(deadline)
		}
		s.mu.Unlock()
		return false
	}
	return true
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// read reads into b, not waiting beyond deadline (zero: for ever).
func (s *sock) read(b []byte, deadline time.Time) (int, error) {
	s.arm(deadline)
	for {
		var n int
		var err error
		if s.raw == nil {
			n, err = s.Conn.Read(b)
		} else {
			s.rbuf, s.n, s.err = b, 0, nil
			err = s.raw.Read(s.readFn)
			n, s.rbuf = s.n, nil
			if err == nil {
				err = s.err
			}
		}
		if n > 0 {
			return n, nil
		}
		if err == nil {
			return 0, io.EOF
		}
		if !isTimeout(err) || s.expired(err, deadline) {
			return 0, err
		}
	}
}

// readIdle waits for the first bytes without holding a buffer: it takes one
// from the pool when there is something to read. A connection that only
// net.Conn knows needs the buffer from the start.
func (s *sock) readIdle(pool *bufPool, deadline time.Time) (*buffer, error) {
	if s.raw == nil {
		b := pool.get()
		n, err := s.read(b.b, deadline)
		b.w = n
		if n == 0 {
			pool.put(b)
			return nil, err
		}
		return b, nil
	}
	s.arm(deadline)
	for {
		s.lazy, s.n, s.err = pool, 0, nil
		err := s.raw.Read(s.readFn)
		b := s.lazyBuf
		s.lazy, s.lazyBuf = nil, nil
		if err == nil {
			err = s.err
		}
		if b != nil && s.n > 0 && err == nil {
			b.w = s.n
			return b, nil
		}
		if b != nil {
			pool.put(b)
		}
		if err == nil {
			return nil, io.EOF
		}
		if !isTimeout(err) || s.expired(err, deadline) {
			return nil, err
		}
		if s.tired.Load() {
			return nil, errRest
		}
	}
}

// rawRead is called by the runtime's poller: false means wait.
func (s *sock) rawRead(fd uintptr) bool {
	b := s.rbuf
	if s.lazy != nil {
		if s.lazyBuf == nil {
			s.lazyBuf = s.lazy.get()
		}
		b = s.lazyBuf.b
	}
	for {
		s.n, s.err = syscall.Read(int(fd), b)
		if s.err != syscall.EINTR {
			break
		}
	}
	if s.err == syscall.EAGAIN {
		s.n = 0
		if s.lazyBuf != nil {
			s.lazy.put(s.lazyBuf)
			s.lazyBuf = nil
		}
		return false
	}
	s.n = max(s.n, 0)
	return true
}

// send writes req to a connection from which nothing can have come yet, and
// waits for the first bytes of the answer in b. Since the wait is armed
// before the write, no read that cannot succeed is tried.
func (s *sock) send(req, b []byte, deadline, wdeadline time.Time) (int, error, error) {
	if s.raw == nil {
		if err := s.write(req, wdeadline); err != nil {
			return 0, nil, err
		}
		n, err := s.read(b, deadline)
		return n, err, nil
	}
	s.arm(deadline)
	s.wbuf, s.rbuf, s.armed, s.wn, s.werr, s.n, s.err = req, b, false, 0, nil, 0, nil
	err := s.raw.Read(s.sendFn)
	for !s.armed && isTimeout(err) && !s.expired(err, deadline) {
		err = s.raw.Read(s.sendFn)
	}
	s.rbuf, s.wbuf = nil, nil
	switch {
	case s.werr != nil:
		return 0, nil, s.werr
	case s.armed && s.wn < len(req): // the socket's buffer was full
		if err := s.write(req[s.wn:], wdeadline); err != nil {
			return 0, nil, err
		}
	case err == nil && s.err == nil && s.n > 0:
		return s.n, nil, nil
	case err == nil && s.err == nil:
		return 0, io.EOF, nil
	case err == nil:
		return 0, s.err, nil
	case !isTimeout(err) || s.expired(err, deadline):
		return 0, err, nil
	}
	n, err := s.read(b, deadline)
	return n, err, nil
}

func (s *sock) rawSend(fd uintptr) bool {
	if s.armed {
		return s.rawRead(fd)
	}
	s.armed = true
	for {
		s.wn, s.werr = syscall.Write(int(fd), s.wbuf)
		if s.werr != syscall.EINTR {
			break
		}
	}
	if s.werr == syscall.EAGAIN {
		s.wn, s.werr = 0, nil
	}
	s.n, s.err = 0, nil
	return s.werr != nil || s.wn < len(s.wbuf)
}

// write writes all of b; progress must be made before deadline.
func (s *sock) write(b []byte, deadline time.Time) error {
	if s.raw != nil {
		s.wbuf, s.wn, s.werr = b, 0, nil
		err := s.raw.Write(s.writeFn)
		s.wbuf = nil
		if err == nil {
			err = s.werr
		}
		if err != nil && !isTimeout(err) {
			return err
		}
		if err == nil {
			b = b[s.wn:]
		}
		if len(b) == 0 {
			return nil
		}
	}
	if !s.wdl.Equal(deadline) {
		s.wdl = deadline
		s.SetWriteDeadline(deadline)
	}
	_, err := s.Conn.Write(b)
	return err
}

// rawWrite tries once; what does not fit is written with a deadline.
func (s *sock) rawWrite(fd uintptr) bool {
	for {
		s.wn, s.werr = syscall.Write(int(fd), s.wbuf)
		if s.werr != syscall.EINTR {
			break
		}
	}
	if s.werr != nil {
		s.wn = 0
		if s.werr == syscall.EAGAIN {
			s.werr = nil
		}
	}
	return true
}

// quiet says whether the connection is open with nothing to read, as an idle
// one must be.
func (s *sock) quiet() bool {
	if s.raw == nil {
		return true
	}
	ok := false
	err := s.raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		ok = err == syscall.EAGAIN
	})
	return ok && err == nil
}

// closeWrite tells the peer that nothing more comes.
func (s *sock) closeWrite() {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// reset closes with a TCP reset where that exists.
func (s *sock) reset() {
	if c, ok := s.Conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	s.Close()
}

// buffer is what was read and not yet used: b[r:w].
type buffer struct {
	b    []byte
	r, w int
}

// bufPool hands out buffers of tune.bufsize.
type bufPool struct {
	pool sync.Pool
	size atomic.Int64
}

func (p *bufPool) setSize(n int) { p.size.Store(int64(n)) }

func (p *bufPool) get() *buffer {
	if b, ok := p.pool.Get().(*buffer); ok && int64(len(b.b)) == p.size.Load() {
		b.r, b.w = 0, 0
		return b
	}
	return &buffer{b: make([]byte, p.size.Load())}
}

func (p *bufPool) put(b *buffer) {
	if b != nil {
		p.pool.Put(b)
	}
}
