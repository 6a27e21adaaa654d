// Package socket holds stream sockets that wait in an epoll instance of their
// own. Beside what net offers it can try before it waits, wait without a
// goroutine, and keep quiet towards the kernel: a socket is announced to epoll
// when somebody first waits for it, addresses are asked when somebody wants
// them, and deadlines that move on cost nothing.
package socket

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a connected stream socket. Any number of goroutines may call its
// methods, but at a time only one may receive and one may send.
type Conn struct {
	fd    int
	state atomic.Int64 // 1: closed; 2 more for each operation under way
	gone  atomic.Bool  // the descriptor is closed

	mu     sync.Mutex
	in     side
	out    side
	ended  bool        // the peer ended or an error stands: reads never wait again
	broken bool        // Interrupt
	kicked bool        // Kick
	known  bool        // announced to epoll
	shared bool        // other processes may have the socket too
	wantsW bool        // announced for writing too
	waited bool        // a Send had to wait; only the sender looks
	corked atomic.Bool // bytes may wait in the system for the end that was announced
	idle   bool        // who waits to receive does so for EndWait too
	idles  bool        // MayEndWait
	gen    int32
	poll   *poller // where it waits, from when it first waited

	until atomic.Int64 // moment for which clock knows the connection, ns; 0: none
	pos   int          // in the clock's heap

	local, remote net.Addr
}

// side is one direction.
type side struct {
	ready    bool   // it may be worth trying: something happened since it failed
	waiter   waiter // who waits; nil: nobody
	until    int64  // of the wait, ns of the clock; 0: for ever
	deadline int64  // set by the methods of net.Conn
}

// waiter is told the end of a wait, once.
type waiter interface{ wake(err error) }

// parker lets a goroutine wait.
type parker struct{ c chan error }

func (p *parker) wake(err error) { p.c <- err }

var parkers = sync.Pool{New: func() any { return &parker{make(chan error, 1)} }}

// newConn takes over fd, which must not block. ready says whether it may be
// read or written at once.
func newConn(fd int, ready bool) *Conn {
	c := &Conn{fd: fd, pos: -1}
	c.in.ready, c.out.ready = ready, ready
	return c
}

// hold keeps the descriptor open during an operation; false: it is closed.
func (c *Conn) hold() bool {
	if c.state.Add(2)&1 == 0 {
		return true
	}
	c.release()
	return false
}

func (c *Conn) release() {
	if c.state.Add(-2) == 1 {
		c.destroy()
	}
}

func (c *Conn) destroy() {
	if c.gone.CompareAndSwap(false, true) {
		if c.known {
			forget(c)
			if c.shared { // else closing does so
				_ = unix.EpollCtl(c.poll.ep, unix.EPOLL_CTL_DEL, c.fd, nil)
			}
		}
		if c.corked.Load() { // closing with unread bytes would throw away what was sent
			sysShutdown(c.fd)
		}
		sysClose(c.fd)
	}
}

// Close closes the socket. Operations under way end with net.ErrClosed.
func (c *Conn) Close() error {
	old := c.state.Or(1)
	if old&1 != 0 {
		return net.ErrClosed
	}
	c.mu.Lock()
	a, b := c.in.waiter, c.out.waiter
	c.in.waiter, c.out.waiter = nil, nil
	c.mu.Unlock()
	if c.until.Load() != 0 {
		clock.remove(c)
	}
	if a != nil {
		a.wake(net.ErrClosed)
	}
	if b != nil {
		b.wake(net.ErrClosed)
	}
	if old == 0 {
		c.destroy()
	}
	return nil
}

// Recv reads what is there into b. It waits for something not longer than
// until deadline (zero: for ever), and returns io.EOF at the end,
// os.ErrDeadlineExceeded after the deadline, net.ErrClosed after Close.
func (c *Conn) Recv(b []byte, deadline time.Time) (int, error) {
	if !c.hold() {
		return 0, net.ErrClosed
	}
	defer c.release()
	if len(b) == 0 {
		return 0, nil
	}
	for {
		late := c.await(&c.in, deadline, false)
		if late != nil && late != errExpired {
			return 0, late
		}
		n, err := c.tryRecv(b)
		switch {
		case err != unix.EAGAIN: // perhaps it came in time and was only not told yet
			return n, err
		case late != nil:
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// Wait returns when there may be something to receive, with Recv's errors or
// what EndWait says.
func (c *Conn) Wait(deadline time.Time) error {
	if !c.hold() {
		return net.ErrClosed
	}
	defer c.release()
	err := c.await(&c.in, deadline, true)
	if err == errExpired {
		var b [1]byte
		if err = os.ErrDeadlineExceeded; c.peek(b[:]) != unix.EAGAIN { // it came and was not told yet
			err = nil
		}
	}
	if err == nil {
		c.mu.Lock()
		c.in.ready = true
		c.mu.Unlock()
	}
	return err
}

// MayEndWait says whether EndWait ends Recv and Read too, from the next call
// on: for those who wait through a layer above the socket.
func (c *Conn) MayEndWait(yes bool) {
	c.mu.Lock()
	c.idles = yes
	c.mu.Unlock()
}

// EndWait makes a Wait under way return err. It does nothing to any other
// operation, save those that MayEndWait names.
func (c *Conn) EndWait(err error) {
	c.mu.Lock()
	var w waiter
	if c.idle {
		w, c.in.waiter = c.in.waiter, nil
	}
	c.mu.Unlock()
	if w != nil {
		w.wake(err)
	}
}

// TryRecv reads what is there into b without waiting: unix.EAGAIN says that
// there is nothing.
func (c *Conn) TryRecv(b []byte) (int, error) {
	if !c.hold() {
		return 0, net.ErrClosed
	}
	defer c.release()
	c.mu.Lock()
	ok, err := c.worth(&c.in)
	c.mu.Unlock()
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return 0, unix.EAGAIN
	}
	return c.tryRecv(b)
}

// RecvNow is TryRecv that asks the kernel even where nothing was told yet: for
// those whom waiting costs more than asking in vain.
func (c *Conn) RecvNow(b []byte) (int, error) {
	if !c.hold() {
		return 0, net.ErrClosed
	}
	defer c.release()
	c.mu.Lock()
	c.in.ready = true
	_, err := c.worth(&c.in)
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return c.tryRecv(b)
}

// tryRecv reads once. The caller took the readiness away.
func (c *Conn) tryRecv(b []byte) (int, error) {
	n, err := sysRecv(c.fd, b)
	switch {
	case err == unix.EAGAIN:
		c.mu.Lock()
		c.ended = false // an error that did not last
		c.mu.Unlock()
		return 0, err
	case err != nil:
		return 0, err
	case n == 0:
		c.mu.Lock()
		c.ended = true
		c.mu.Unlock()
		return 0, io.EOF
	case n == len(b): // there may be more
		c.mu.Lock()
		c.in.ready = true
		c.mu.Unlock()
	}
	return n, nil
}

// await returns when it is worth trying s, and takes that readiness away:
// what happens from then on counts anew.
func (c *Conn) await(s *side, deadline time.Time, idle bool) error {
	for {
		c.mu.Lock()
		if ok, err := c.worth(s); ok || err != nil {
			c.mu.Unlock()
			return err
		}
		var until int64
		if !deadline.IsZero() { // the clock tells of one that is over
			until = max(clock.ns(deadline), 1)
		}
		p := parkers.Get().(*parker)
		err := c.register(s, p, until)
		if s == &c.in {
			c.idle = idle || c.idles
		}
		c.mu.Unlock()
		if err == nil {
			err = <-p.c
		}
		parkers.Put(p)
		if err != nil {
			return err
		}
	}
}

// worth says whether s may be tried now; c.mu is held.
func (c *Conn) worth(s *side) (bool, error) {
	if c.state.Load()&1 != 0 {
		return false, net.ErrClosed
	}
	if s == &c.in {
		switch {
		case c.broken:
			return false, os.ErrDeadlineExceeded
		case c.kicked:
			c.kicked = false
			return false, os.ErrDeadlineExceeded
		}
	}
	if s.ready || s == &c.in && c.ended {
		s.ready = false
		return true, nil
	}
	return false, nil
}

// register makes w the one who waits for s; c.mu is held.
func (c *Conn) register(s *side, w waiter, until int64) error {
	if !c.known || s == &c.out && !c.wantsW {
		if err := c.announce(s == &c.out); err != nil {
			return err
		}
	}
	s.waiter, s.until = w, until
	if until != 0 {
		if at := c.until.Load(); at == 0 || at > until {
			clock.set(c, until)
		}
	}
	return nil
}

// Notify calls f, once, when something can be read or the wait is over:
// err tells why, as Recv would. Nobody else may receive until then. f runs in
// a goroutine that watches many sockets and must not wait for anything.
func (c *Conn) Notify(deadline time.Time, f func(err error)) {
	if waits, err := c.Await(deadline, f); !waits {
		f(err)
	}
}

// Await is Notify for those who want to know at once that there is nothing to
// wait for: then waits is false, f is not called, and err is what it would
// have been told.
func (c *Conn) Await(deadline time.Time, f func(err error)) (waits bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ok, err := c.worth(&c.in)
	if ok {
		c.in.ready = true // nobody has tried yet
	}
	if ok || err != nil {
		return false, err
	}
	var until int64
	if !deadline.IsZero() {
		until = max(clock.ns(deadline), 1)
	}
	err = c.register(&c.in, notifier(f), until)
	return err == nil, err
}

// Moment is when the events were read whose telling called f of Notify or
// Await with a nil error; only f may ask. It costs nothing, and is as late as
// what was told before.
func (c *Conn) Moment() time.Time { return c.poll.now }

type notifier func(err error)

func (f notifier) wake(err error) {
	if err == errExpired {
		err = os.ErrDeadlineExceeded
	}
	f(err)
}

// Send writes all of b. It does not wait longer than until deadline for room.
func (c *Conn) Send(b []byte, deadline time.Time) (int, error) {
	return c.send(b, deadline, false)
}

// SendLast is Send for one who calls CloseWrite or Close presently: the end
// then travels with the last bytes.
func (c *Conn) SendLast(b []byte, deadline time.Time) (int, error) {
	return c.send(b, deadline, true)
}

func (c *Conn) send(b []byte, deadline time.Time, last bool) (int, error) {
	if !c.hold() {
		return 0, net.ErrClosed
	}
	defer c.release()
	if last {
		c.corked.Store(true)
	}
	done := 0
	for len(b) > done {
		n, err := sysSend(c.fd, b[done:], last)
		switch err {
		case nil:
			done += n
			continue
		case unix.EAGAIN:
			// What became free between the failure and here makes await try
			// again, since announce reports what stands.
			c.waited = true
			if err = c.await(&c.out, deadline, false); err == errExpired {
				err = os.ErrDeadlineExceeded
			}
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// Waited says whether a Send had to wait since Waited was last called. Only
// whoever sends may call it.
func (c *Conn) Waited() bool {
	w := c.waited
	c.waited = false
	return w
}

// TrySend writes as much of b as there is room for, without waiting:
// unix.EAGAIN says that not all of it went. Last is as in
// SendLast.
func (c *Conn) TrySend(b []byte, last bool) (done int, err error) {
	if !c.hold() {
		return 0, net.ErrClosed
	}
	defer c.release()
	if last {
		c.corked.Store(true)
	}
	for len(b) > done && err == nil {
		var n int
		n, err = sysSend(c.fd, b[done:], last)
		done += n
	}
	return done, err
}

// Ending says whether the peer is known to have ended, so that a read will
// tell after what came before that.
func (c *Conn) Ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// Interrupt makes this and later Recv fail with os.ErrDeadlineExceeded, until
// Revive.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	c.broken = true
	w := c.in.waiter
	c.in.waiter = nil
	c.mu.Unlock()
	if w != nil {
		w.wake(os.ErrDeadlineExceeded)
	}
}

// Revive undoes Interrupt and Kick.
func (c *Conn) Revive() {
	c.mu.Lock()
	c.broken, c.kicked = false, false
	c.mu.Unlock()
}

// Interrupted says whether Interrupt was called since Revive.
func (c *Conn) Interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// Kick makes one Recv fail with os.ErrDeadlineExceeded: the one that waits, or
// else the next that would.
func (c *Conn) Kick() {
	c.mu.Lock()
	w := c.in.waiter
	c.in.waiter = nil
	c.kicked = w == nil
	c.mu.Unlock()
	if w != nil {
		w.wake(os.ErrDeadlineExceeded)
	}
}

// Quiet says whether the connection is open with nothing to read.
func (c *Conn) Quiet() bool {
	if !c.hold() {
		return false
	}
	defer c.release()
	var b [1]byte
	return c.peek(b[:]) == unix.EAGAIN
}

func (c *Conn) peek(b []byte) error {
	_, err := sysPeek(c.fd, b)
	return err
}
