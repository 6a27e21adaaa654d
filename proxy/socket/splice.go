package socket

import (
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// pipeSize is how much a pipe between two sockets shall hold, in bytes.
const pipeSize = 1 << 20

// pipe carries bytes between sockets inside of the kernel.
type pipe struct {
	r, w int
	n    int // bytes in it
	size int
}

var pipes = struct {
	sync.Mutex
	idle []*pipe
}{}

// maxPipes is how many unused pipes are kept.
const maxPipes = 64

func getPipe() (*pipe, error) {
	pipes.Lock()
	if n := len(pipes.idle); n > 0 {
		p := pipes.idle[n-1]
		pipes.idle = pipes.idle[:n-1]
		pipes.Unlock()
		return p, nil
	}
	pipes.Unlock()
	var fd [2]int
	if err := unix.Pipe2(fd[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	p := &pipe{r: fd[0], w: fd[1], size: 64 << 10}
	if n, err := unix.FcntlInt(uintptr(p.w), unix.F_SETPIPE_SZ, pipeSize); err == nil {
		p.size = n
	}
	return p, nil
}

// put keeps an empty pipe for later.
func (p *pipe) put() {
	if p.n == 0 {
		pipes.Lock()
		defer pipes.Unlock()
		if len(pipes.idle) < maxPipes {
			pipes.idle = append(pipes.idle, p)
			return
		}
	}
	unix.Close(p.r)
	unix.Close(p.w)
}

// Splice moves up to n bytes from src to c inside of the kernel: at least one,
// for which it waits until rd, and then what is there already. It waits for
// room in c until wd. It returns io.EOF where src ended; from is the socket
// that an error is about.
func (c *Conn) Splice(src *Conn, n int64, rd, wd time.Time) (moved int64, from *Conn, err error) {
	p, err := getPipe()
	if err != nil {
		return 0, c, err
	}
	defer p.put()
	if !src.hold() {
		return 0, src, net.ErrClosed
	}
	defer src.release()
	if !c.hold() {
		return 0, c, net.ErrClosed
	}
	defer c.release()
	for moved < n {
		if moved > 0 && !src.may() {
			break
		}
		if moved == 0 {
			if err := src.await(&src.in, rd, false); err != nil {
				return 0, src, err
			}
		}
		k, err := splice(src.fd, p.w, int(min(n-moved, int64(p.size))))
		switch {
		case err == unix.EAGAIN:
			src.mu.Lock()
			src.ended = false
			src.mu.Unlock()
			continue
		case err != nil:
			return moved, src, err
		case k == 0:
			src.mu.Lock()
			src.ended = true
			src.mu.Unlock()
			return moved, src, io.EOF
		}
		src.mu.Lock()
		src.in.ready = true // a pipe may be full before a socket is empty
		src.mu.Unlock()
		for p.n = k; p.n > 0; {
			k, err := splice(p.r, c.fd, p.n)
			if err == unix.EAGAIN {
				if err = c.await(&c.out, wd, false); err == nil {
					continue
				}
			}
			if err != nil {
				return moved, c, err
			}
			p.n -= k
			moved += int64(k)
		}
	}
	return moved, nil, nil
}

// may says whether it is worth trying to read, and takes that away.
func (c *Conn) may() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ok, err := c.worth(&c.in)
	return ok && err == nil
}

func splice(from, to, n int) (int, error) {
	for {
		k, err := unix.Splice(from, nil, to, nil, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		if err != unix.EINTR {
			return int(k), err
		}
	}
}
