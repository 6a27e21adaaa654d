package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// rawDriver loads a plain TCP address from one epoll loop.
type rawDriver struct {
	tally
	spec   loadSpec
	poll   *poller
	addr   unix.SockaddrInet4
	wires  [][]byte
	depth  int
	conns  []*rawConn // by descriptor
	live   int        // connections that still have work
	buf    []byte
	end    time.Time
	ending bool // no more requests are begun
}

// rawConn is one connection of the driver.
type rawConn struct {
	fd      int
	next    int // wire to send
	out     []byte
	writing bool // watched for EPOLLOUT
	due     int  // answers under way
	fresh   bool // nothing was answered on it yet
	start   time.Time
	resp    respReader
}

// newRawDriver prepares a load; it opens nothing but the epoll set.
func newRawDriver(spec loadSpec) (*rawDriver, error) {
	addr, err := netip.ParseAddrPort(spec.Addr)
	if err != nil || !addr.Addr().Is4() {
		return nil, fmt.Errorf("%q is not an IPv4 address with a port", spec.Addr)
	}
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &rawDriver{
		spec: spec, poll: poll, wires: spec.wires(), depth: max(spec.Depth, 1),
		addr: unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())},
		buf:  make([]byte, 256<<10),
	}, nil
}

// run drives the load: requests are begun for spec.Time, and those under way
// then are waited for, so that processor time and count belong together.
func (d *rawDriver) run() (loadResult, error) {
	defer unix.Close(d.poll.fd)
	began := time.Now()
	d.end = began.Add(d.spec.Time)
	for i := range d.spec.Conns {
		d.open(i % len(d.wires))
	}
	for d.live > 0 {
		now := time.Now()
		if !d.ending && now.After(d.end) {
			d.stop()
		}
		if now.After(d.end.Add(loadGrace)) {
			d.fail(&d.res.Broken, fmt.Errorf("%d connections got no answer within %v", d.live, loadGrace))
			break
		}
		events, err := d.poll.wait(100)
		if err != nil {
			return loadResult{}, err
		}
		for _, ev := range events {
			if c := d.conns[ev.Fd]; c != nil {
				d.ready(c, ev.Events)
			}
		}
	}
	wall := time.Since(began)
	for _, c := range d.conns {
		if c != nil {
			unix.Close(c.fd)
		}
	}
	return d.result(wall), nil
}

// stop begins the end: connections without an answer under way have no work.
func (d *rawDriver) stop() {
	d.ending = true
	for _, c := range d.conns {
		if c != nil && c.due == 0 {
			d.drop(c)
		}
	}
}

// open makes a connection and begins its first requests. A failure ends this
// connection's work: a peer that refuses is not asked for ever.
func (d *rawDriver) open(next int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		d.fail(&d.res.Broken, fmt.Errorf("socket: %w", err))
		return
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	start := time.Now()
	if err := unix.Connect(fd, &d.addr); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		d.fail(&d.res.Broken, fmt.Errorf("connect: %w", err))
		return
	}
	for fd >= len(d.conns) {
		d.conns = append(d.conns, make([]*rawConn, max(64, len(d.conns)))...)
	}
	c := &rawConn{fd: fd, next: next, fresh: true, writing: true, resp: respReader{want: d.spec.Want}}
	d.conns[fd] = c
	d.live++
	d.begin(c, start)
	if err := d.poll.add(fd, unix.EPOLLIN|unix.EPOLLOUT); err != nil {
		d.fail(&d.res.Broken, err)
		d.drop(c)
	}
}

// begin puts the next requests of a connection under way; they are written
// when the socket is known to be ready.
func (d *rawDriver) begin(c *rawConn, start time.Time) {
	c.out = d.wires[c.next]
	if c.next++; c.next == len(d.wires) {
		c.next = 0
	}
	c.due = d.depth
	c.start = start
}

// ready moves one connection on.
func (d *rawDriver) ready(c *rawConn, events uint32) {
	if events&unix.EPOLLOUT != 0 && len(c.out) > 0 && !d.write(c) {
		return
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) == 0 {
		return
	}
	n, err := unix.Read(c.fd, d.buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if n <= 0 || err != nil {
		d.ended(c, err)
		return
	}
	done, err := c.resp.feed(d.buf[:n])
	if done > 0 {
		d.answered(c, done)
	}
	if err != nil {
		d.fail(&d.res.Wrong, err)
		d.again(c)
		return
	}
	if c.due > 0 {
		return
	}
	switch {
	case d.ending || time.Now().After(d.end):
		d.drop(c)
	case d.spec.Close || c.resp.closes:
		d.again(c)
	default:
		d.begin(c, time.Now())
		d.write(c)
	}
}

// answered counts n complete answers.
func (d *rawDriver) answered(c *rawConn, n int) {
	took := time.Since(c.start)
	c.due -= n
	c.fresh = false
	if c.due < 0 {
		d.fail(&d.res.Wrong, errors.New("more answers than requests"))
		c.due = 0
	}
	d.res.Requests += int64(n)
	for range n {
		d.lats.add(took)
	}
}

// ended handles a connection that the other side ended or broke.
func (d *rawDriver) ended(c *rawConn, err error) {
	if c.due > 0 {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		d.fail(&d.res.Broken, fmt.Errorf("connection ended before the answer: %w", err))
		if c.fresh { // it would only happen again
			d.drop(c)
			return
		}
	}
	d.again(c)
}

// again replaces a connection by a new one, unless the time is over.
func (d *rawDriver) again(c *rawConn) {
	next := c.next
	d.drop(c)
	if !d.ending && time.Now().Before(d.end) {
		d.open(next)
	}
}

// write sends what the socket takes; false means that the connection ended.
func (d *rawDriver) write(c *rawConn) bool {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			d.ended(c, err)
			return false
		}
		c.out = c.out[n:]
	}
	if wants := len(c.out) > 0; wants != c.writing {
		c.writing = wants
		events := uint32(unix.EPOLLIN)
		if wants {
			events |= unix.EPOLLOUT
		}
		_ = d.poll.set(c.fd, events)
	}
	return true
}

// drop closes a connection whose work is over.
func (d *rawDriver) drop(c *rawConn) {
	d.conns[c.fd] = nil
	unix.Close(c.fd)
	d.live--
}
