package socket

import (
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// poller is the epoll instance of the process. Its descriptor waits in the
// runtime's own one, so that nothing is polled while nothing happens.
type poller struct {
	once sync.Once
	ep   int
	err  error
	file *os.File
	gen  atomic.Int32

	mu    sync.RWMutex
	conns []*Conn // by descriptor
}

var poll poller

func (p *poller) start() error {
	p.once.Do(func() {
		if p.ep, p.err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); p.err != nil {
			return
		}
		if p.err = unix.SetNonblock(p.ep, true); p.err != nil {
			return
		}
		p.file = os.NewFile(uintptr(p.ep), "epoll")
		raw, err := p.file.SyscallConn()
		if err != nil {
			p.err = err
			return
		}
		go func() {
			events := make([]unix.EpollEvent, 256)
			raw.Read(func(uintptr) bool {
				p.drain(events)
				return false
			})
		}()
	})
	return p.err
}

// drain tells all that became ready, in the order of the kernel's queue.
func (p *poller) drain(events []unix.EpollEvent) {
	for {
		n, err := sysEpollWait(p.ep, events)
		if err == unix.EINTR {
			continue
		}
		for i := range n {
			ev := &events[i]
			p.mu.RLock()
			c := p.conns[ev.Fd]
			p.mu.RUnlock()
			if c != nil && c.gen == ev.Pad {
				c.happened(ev.Events)
			}
		}
		if n < len(events) {
			return
		}
	}
}

// happened takes note of an event and wakes those who wait for it.
func (c *Conn) happened(ev uint32) {
	var r, w waiter
	c.mu.Lock()
	if ev&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.ended = true
	}
	if ev&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.in.ready = true
		r, c.in.waiter = c.in.waiter, nil
	}
	if ev&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.out.ready = true
		w, c.out.waiter = c.out.waiter, nil
	}
	c.mu.Unlock()
	if r != nil {
		r.wake(nil)
	}
	if w != nil {
		w.wake(nil)
	}
}

// announce makes c known to epoll, for reading and, from when that is first
// needed, for writing; c.mu is held. What stands already is reported.
func (c *Conn) announce(write bool) error {
	if err := poll.start(); err != nil {
		return err
	}
	op := unix.EPOLL_CTL_MOD
	if !c.known {
		op = unix.EPOLL_CTL_ADD
		c.gen = poll.gen.Add(1)
		poll.mu.Lock()
		for len(poll.conns) <= c.fd {
			poll.conns = append(poll.conns, make([]*Conn, max(64, len(poll.conns)))...)
		}
		poll.conns[c.fd] = c
		poll.mu.Unlock()
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(c.fd), Pad: c.gen}
	if write || c.wantsW {
		ev.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(poll.ep, op, c.fd, &ev); err != nil {
		return err
	}
	c.known = true
	c.wantsW = c.wantsW || write
	return nil
}

// forget is called before c's descriptor is closed, which takes it from epoll.
func forget(c *Conn) {
	poll.mu.Lock()
	if poll.conns[c.fd] == c {
		poll.conns[c.fd] = nil
	}
	poll.mu.Unlock()
}
