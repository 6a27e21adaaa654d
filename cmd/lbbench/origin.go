package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Sizes of the bodies that the origin serves: by the path's prefix.
const (
	smallBody  = 100
	mediumBody = 100_000 // /100k
	largeBody  = 8 << 20 // /8m
)

// originAddrs is what the origin prints on its first line.
type originAddrs struct {
	HTTP string `json:"http"` // address of the HTTP listener
	Log  string `json:"log"`  // address of the UDP log receiver
}

// originStats is the body of the answer to /stats.
type originStats struct {
	Requests int64  `json:"requests"`
	Logs     int64  `json:"logs"`     // datagrams received
	LastLog  string `json:"last_log"` // the newest one
}

// origin is the backend of every row: one epoll loop, answers prepared in
// memory. A request with an X-Echo header is answered with its own head, so
// that what a proxy changed can be looked at.
type origin struct {
	poll           *poller
	listener, logs int
	conns          []*originConn // by descriptor
	buf            []byte        // every read goes here
	batch          [][]byte      // answers of the connection in hand
	scratch        []byte        // several answers as one write
	answers        [2]answers    // the second of them for connections that end
	stats          originStats
	lastLog        []byte
}

// answers are the prepared responses.
type answers struct{ small, mid, huge []byte }

// originConn is one accepted connection.
type originConn struct {
	fd      int
	in      []byte // a head that has not ended yet
	skip    int64  // bytes of an upload still to come
	out     []byte // rest of an answer that the socket did not take
	closing bool   // close when all is written
}

// runOrigin is the sub-role: it serves until its standard input ends.
func runOrigin() error {
	o, addrs, err := newOrigin()
	if err != nil {
		return err
	}
	if err := o.poll.add(0, unix.EPOLLIN|unix.EPOLLHUP); err != nil {
		return fmt.Errorf("cannot watch standard input: %w", err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(addrs); err != nil {
		return err
	}
	return o.serve(func(fd int) (stop bool) {
		if fd != 0 {
			return false
		}
		n, err := unix.Read(0, o.buf)
		return n == 0 || err != nil
	})
}

// newOrigin opens the sockets.
func newOrigin() (*origin, originAddrs, error) {
	poll, err := newPoller()
	if err != nil {
		return nil, originAddrs{}, err
	}
	ln, addr, err := listenLoopback()
	if err != nil {
		return nil, originAddrs{}, err
	}
	logs, logAddr, err := bindLoopback(unix.SOCK_DGRAM)
	if err != nil {
		return nil, originAddrs{}, err
	}
	o := &origin{
		poll: poll, listener: ln, logs: logs, buf: make([]byte, 256<<10),
	}
	for i, closing := range []bool{false, true} {
		o.answers[i] = answers{
			small: answerWith(pattern(smallBody), closing),
			mid:   answerWith(pattern(mediumBody), closing),
			huge:  answerWith(pattern(largeBody), closing),
		}
	}
	for _, fd := range []int{ln, logs} {
		if err := poll.add(fd, unix.EPOLLIN); err != nil {
			return nil, originAddrs{}, fmt.Errorf("epoll_ctl: %w", err)
		}
	}
	return o, originAddrs{HTTP: addr.String(), Log: logAddr.String()}, nil
}

// answerWith prepares a whole response.
func answerWith(body []byte, closing bool) []byte {
	extra := ""
	if closing {
		extra = "Connection: close\r\n"
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"+
		"Content-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n", extra, len(body))
	return append([]byte(head), body...)
}

// serve runs the loop; other is asked about descriptors that are not the
// origin's own and may end it.
func (o *origin) serve(other func(fd int) (stop bool)) error {
	for {
		events, err := o.poll.wait(-1)
		if err != nil {
			return err
		}
		for _, ev := range events {
			fd := int(ev.Fd)
			switch {
			case fd == o.listener:
				o.accept()
			case fd == o.logs:
				o.readLogs()
			case fd < len(o.conns) && o.conns[fd] != nil:
				o.ready(o.conns[fd], ev.Events)
			default:
				if other(fd) {
					return nil
				}
			}
		}
	}
}

// accept takes all waiting connections.
func (o *origin) accept() {
	for {
		fd, _, err := unix.Accept4(o.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return // EAGAIN, or a lack of descriptors that the driver will notice
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		for fd >= len(o.conns) {
			o.conns = append(o.conns, make([]*originConn, max(64, len(o.conns)))...)
		}
		if o.poll.add(fd, unix.EPOLLIN) != nil {
			unix.Close(fd)
			continue
		}
		o.conns[fd] = &originConn{fd: fd}
	}
}

// readLogs counts the waiting datagrams.
func (o *origin) readLogs() {
	for range 64 {
		n, err := unix.Read(o.logs, o.buf)
		if err != nil {
			return
		}
		o.stats.Logs++
		o.lastLog = append(o.lastLog[:0], o.buf[:n]...)
	}
}

// ready moves one connection on.
func (o *origin) ready(c *originConn, events uint32) {
	if events&unix.EPOLLOUT != 0 && len(c.out) > 0 {
		if !o.write(c, nil) {
			return
		}
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) == 0 {
		return
	}
	n, err := unix.Read(c.fd, o.buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if n <= 0 || err != nil {
		o.drop(c)
		return
	}
	o.batch = o.batch[:0]
	if !o.requests(c, o.buf[:n]) {
		o.drop(c)
		return
	}
	switch len(o.batch) {
	case 0:
	case 1:
		o.write(c, o.batch[0])
	default:
		o.scratch = o.scratch[:0]
		for _, a := range o.batch {
			o.scratch = append(o.scratch, a...)
		}
		o.write(c, o.scratch)
	}
}

// requests finds the requests in b and queues their answers in o.batch; false
// means that the bytes are none.
func (o *origin) requests(c *originConn, b []byte) bool {
	if len(c.in) > 0 {
		b = append(c.in, b...)
		c.in = nil
	}
	for len(b) > 0 {
		if c.skip > 0 {
			n := min(c.skip, int64(len(b)))
			c.skip -= n
			b = b[n:]
			if c.skip == 0 {
				o.batch = append(o.batch, o.prepared(c).small)
			}
			continue
		}
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			c.in = append([]byte(nil), b...)
			return len(b) <= 64<<10 && b[0] >= 'A' && b[0] <= 'Z' // no TLS
		}
		if !o.request(c, b[:end+2]) {
			return false
		}
		b = b[end+4:]
	}
	return true
}

// request queues the answer to one head.
func (o *origin) request(c *originConn, head []byte) bool {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	_, target, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return false
	}
	o.stats.Requests++
	echo, length := false, int64(0)
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value := cutHeader(line)
		switch len(name) {
		case len("x-echo"):
			echo = echo || isName(name, "x-echo")
		case len("connection"):
			if isName(name, "connection") && isName(value, "close") {
				c.closing = true
			}
		case len("content-length"):
			if isName(name, "content-length") {
				if length, ok = parseUint(value); !ok {
					return false
				}
			}
		case len("transfer-encoding"):
			if isName(name, "transfer-encoding") {
				return false // no row makes a proxy send one
			}
		}
	}
	switch {
	case length > 0:
		c.skip = length // answered when it is all here
	case echo:
		o.batch = append(o.batch, answerWith(head, c.closing))
	case bytes.HasPrefix(target, []byte("/100k")):
		o.batch = append(o.batch, o.prepared(c).mid)
	case bytes.HasPrefix(target, []byte("/8m")):
		o.batch = append(o.batch, o.prepared(c).huge)
	case bytes.HasPrefix(target, []byte("/stats")):
		o.stats.LastLog = string(o.lastLog)
		text, err := json.Marshal(o.stats)
		if err != nil {
			return false
		}
		o.batch = append(o.batch, answerWith(text, c.closing))
	default:
		o.batch = append(o.batch, o.prepared(c).small)
	}
	return true
}

// prepared gives the answers that say what becomes of the connection.
func (o *origin) prepared(c *originConn) *answers {
	if c.closing {
		return &o.answers[1]
	}
	return &o.answers[0]
}

// write sends b after what is left from before, keeps what the socket does
// not take, and reports whether the connection still lives.
func (o *origin) write(c *originConn, b []byte) bool {
	waiting := len(c.out) > 0
	if waiting {
		if len(b) > 0 {
			c.out = append(append([]byte(nil), c.out...), b...)
		}
		b = c.out
	}
	for len(b) > 0 {
		n, err := unix.Write(c.fd, b)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			o.drop(c)
			return false
		}
		b = b[n:]
	}
	c.out = nil
	switch {
	case len(b) > 0:
		if len(o.batch) > 1 {
			b = append([]byte(nil), b...) // scratch will be used again
		}
		c.out = b
		if !waiting {
			_ = o.poll.set(c.fd, unix.EPOLLOUT) // no reading ahead of a slow receiver
		}
	case c.closing && c.skip == 0:
		o.drop(c)
		return false
	case waiting:
		_ = o.poll.set(c.fd, unix.EPOLLIN)
	}
	return true
}

// drop closes a connection.
func (o *origin) drop(c *originConn) {
	o.conns[c.fd] = nil
	unix.Close(c.fd)
}

// close ends the listeners; connections end with the process.
func (o *origin) close() error {
	unix.Close(o.listener)
	unix.Close(o.logs)
	return unix.Close(o.poll.fd)
}
