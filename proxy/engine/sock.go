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

	"tandem/proxy/socket"
)

// sock is a connection with deadlines for each call. Sockets of the system
// know them; for other connections (TLS, tests) they are set as rarely as
// possible: one that is armed too early is moved when it fires, not with every
// read.
type sock struct {
	net.Conn
	fd  *socket.Conn // nil where only net.Conn's methods work
	raw *socket.Conn // under TLS, where fd is nil; else nil

	rdl, wdl time.Time // armed deadlines, where fd is nil; zero: none
	killed   bool      // a deadline in the past was set to interrupt a read
	mu       sync.Mutex
}

// init takes c over, with its descriptor where it has one.
func (s *sock) init(c net.Conn) {
	s.fd = socket.Adopt(c)
	if s.Conn = c; s.fd != nil {
		s.Conn = s.fd
	}
	s.raw = nil
	if s.fd == nil {
		s.raw = systemOf(c)
	}
	s.rdl, s.wdl, s.killed = time.Time{}, time.Time{}, false
}

// system is the socket that c reads from: itself, or under TLS; nil where it
// is another kind of connection.
func (s *sock) system() *socket.Conn {
	if s.fd != nil {
		return s.fd
	}
	return s.raw
}

func systemOf(c net.Conn) *socket.Conn {
	fd, _ := netConn(c).(*socket.Conn)
	return fd
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
	if s.fd != nil {
		s.fd.Interrupt()
		return
	}
	s.mu.Lock()
	s.killed = true
	s.SetReadDeadline(longAgo)
	s.mu.Unlock()
}

// interrupted says whether that holds.
func (s *sock) interrupted() bool {
	if s.fd != nil {
		return s.fd.Interrupted()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.killed
}

// revive undoes interrupt.
func (s *sock) revive() {
	if s.fd != nil {
		s.fd.Revive()
		return
	}
	s.mu.Lock()
	s.killed = false
	s.rdl = time.Time{}
	s.SetReadDeadline(time.Time{})
	s.mu.Unlock()
}

// rearm makes a waiting read fail once, to look at the clock again.
func (s *sock) rearm() {
	if s.fd != nil {
		s.fd.Kick()
		return
	}
	s.mu.Lock()
	if !s.killed {
		s.rdl = time.Time{}
		s.SetReadDeadline(longAgo)
	}
	s.mu.Unlock()
}

// errRest ends a wait for a request that lasts long already.
var errRest error = restError{}

// restError is temporary, so that TLS can be read from later.
type restError struct{}

func (restError) Error() string   { return "time to rest" }
func (restError) Timeout() bool   { return false }
func (restError) Temporary() bool { return true }

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

func isTimeout(err error) bool {
	return err == os.ErrDeadlineExceeded || err != nil && errors.Is(err, os.ErrDeadlineExceeded)
}

// read reads into b, not waiting beyond deadline (zero: for ever).
func (s *sock) read(b []byte, deadline time.Time) (int, error) {
	if s.fd != nil {
		return s.fd.Recv(b, deadline)
	}
	s.arm(deadline)
	for {
		n, err := s.Conn.Read(b)
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
// net.Conn knows needs the buffer from the start. The wait may end with
// errRest: nothing is buffered anywhere then, save the beginning of a TLS
// record.
func (s *sock) readIdle(pool *bufPool, deadline time.Time) (*buffer, error) {
	for s.fd != nil {
		if err := s.fd.Wait(deadline); err != nil {
			return nil, err
		}
		b := pool.get()
		n, err := s.fd.TryRecv(b.b)
		if b.w = n; err == nil {
			return b, nil
		}
		pool.put(b)
		if err != syscall.EAGAIN {
			return nil, err
		}
	}
	b := pool.get()
	if s.raw != nil {
		s.raw.MayEndWait(true)
		defer s.raw.MayEndWait(false)
	}
	n, err := s.read(b.b, deadline)
	b.w = n
	if n == 0 {
		pool.put(b)
		return nil, err
	}
	return b, nil
}

// send writes req and waits for the first bytes of the answer in b.
func (s *sock) send(req, b []byte, deadline, wdeadline time.Time) (n int, err, werr error) {
	if err := s.write(req, wdeadline); err != nil {
		return 0, nil, err
	}
	n, err = s.read(b, deadline)
	return n, err, nil
}

// write writes all of b; progress must be made before deadline.
func (s *sock) write(b []byte, deadline time.Time) error {
	if s.fd != nil {
		_, err := s.fd.Send(b, deadline)
		return err
	}
	if !s.wdl.Equal(deadline) {
		s.wdl = deadline
		s.SetWriteDeadline(deadline)
	}
	_, err := s.Conn.Write(b)
	return err
}

// writeLast is write where a close follows at once.
func (s *sock) writeLast(b []byte, deadline time.Time) error {
	if s.fd != nil {
		_, err := s.fd.SendLast(b, deadline)
		return err
	}
	return s.write(b, deadline)
}

// waited says whether a write may have waited for room since it was last asked.
func (s *sock) waited() bool { return s.fd == nil || s.fd.Waited() }

// rest makes a wait for a request end with errRest; it does nothing to any
// other read.
func (s *sock) rest() { s.system().EndWait(errRest) }

// quiet says whether the connection is open with nothing to read, as an idle
// one must be.
func (s *sock) quiet() bool { return s.fd == nil || s.fd.Quiet() }

// closeWrite tells the peer that nothing more comes.
func (s *sock) closeWrite() {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// reset closes with a TCP reset where that exists.
func (s *sock) reset() {
	s.noLinger()
	s.Close()
}

// noLinger makes the close to come a TCP reset where that exists.
func (s *sock) noLinger() {
	if c, ok := netConn(s.Conn).(interface{ SetLinger(sec int) error }); ok {
		c.SetLinger(0)
	}
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
