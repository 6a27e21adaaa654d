package socket

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// poller is one of the epoll instances of the process: there are as many as
// processors, so that those who are called back share the work. Its
// descriptor waits in the runtime's own one, so that nothing is polled while
// nothing happens.
type poller struct {
	ep   int
	file *os.File
	now  time.Time // when the events that are being told were read
}

// polls are all pollers, and who waits in them.
var polls struct {
	once sync.Once
	all  []*poller
	err  error
	next atomic.Uint32 // poller of the next connection
	gen  atomic.Int32

	mu    sync.Mutex                             // guards changes of conns
	conns atomic.Pointer[[]atomic.Pointer[Conn]] // by descriptor
}

func startPolls() error {
	polls.once.Do(func() {
		for range runtime.GOMAXPROCS(0) {
			p, err := newPoller()
			if err != nil {
				polls.err = err
				return
			}
			polls.all = append(polls.all, p)
		}
	})
	return polls.err
}

func newPoller() (*poller, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(ep, true); err != nil {
		return nil, err
	}
	p := &poller{ep: ep, file: os.NewFile(uintptr(ep), "epoll")}
	raw, err := p.file.SyscallConn()
	if err != nil {
		return nil, err
	}
	go func() {
		events := make([]unix.EpollEvent, 256)
		raw.Read(func(uintptr) bool {
			p.drain(events)
			return false
		})
	}()
	return p, nil
}

// drain tells all that became ready, in the order of the kernel's queue.
func (p *poller) drain(events []unix.EpollEvent) {
	for {
		n, err := sysEpollWait(p.ep, events)
		if err == unix.EINTR {
			continue
		}
		if n > 0 {
			p.now = time.Now()
			conns := *polls.conns.Load()
			for i := range n {
				ev := &events[i]
				if c := conns[ev.Fd].Load(); c != nil && c.gen == ev.Pad {
					c.happened(ev.Events)
				}
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
	op := unix.EPOLL_CTL_MOD
	if !c.known {
		if err := startPolls(); err != nil {
			return err
		}
		op = unix.EPOLL_CTL_ADD
		c.gen = polls.gen.Add(1)
		c.home()
		remember(c)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(c.fd), Pad: c.gen}
	if write || c.wantsW {
		ev.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(c.poll.ep, op, c.fd, &ev); err != nil {
		return err
	}
	c.known = true
	c.wantsW = c.wantsW || write
	return nil
}

// where says where c waits, or will.
func (c *Conn) where() *poller {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.home()
}

// home chooses a poller for c where it has none; c.mu is held.
func (c *Conn) home() *poller {
	if c.poll == nil && startPolls() == nil {
		c.poll = polls.all[polls.next.Add(1)%uint32(len(polls.all))]
	}
	return c.poll
}

// remember enters c under its descriptor.
func remember(c *Conn) {
	polls.mu.Lock()
	defer polls.mu.Unlock()
	t := polls.conns.Load()
	if t == nil || len(*t) <= c.fd {
		more := make([]atomic.Pointer[Conn], max(64, 2*c.fd))
		if t != nil {
			for i := range *t {
				more[i].Store((*t)[i].Load())
			}
		}
		t = &more
		polls.conns.Store(t)
	}
	(*t)[c.fd].Store(c)
}

// forget is called before c's descriptor is closed, which takes it from epoll
// unless another process has the socket too.
func forget(c *Conn) {
	polls.mu.Lock()
	(*polls.conns.Load())[c.fd].CompareAndSwap(c, nil)
	polls.mu.Unlock()
}
