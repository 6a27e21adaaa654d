package fcgi

import (
	"io"
	"sync"
	"time"

	"tandem/proxy/socket"
)

// Config is what a connection may do and whom it tells.
type Config struct {
	KeepConn bool // the application is to keep the connection
	Mpxs     bool // it takes several requests at once
	MaxReqs  int  // how many
	MaxHead  int  // bytes of a response's head, 0: 16 kB

	Stderr func(text []byte) // messages of the application; nil: nobody reads them
	Close  func(err error)   // ends the connection below; called once, at its end
}

// heldMax is how many bytes of one response may wait for their reader before
// the application has to wait, bytes.
const heldMax = 64 << 10

// Conn is a connection to an application.
type Conn struct {
	w   socket.Wire
	cfg Config

	wmu  sync.Mutex // one record after the other
	wbuf []byte

	mu      sync.Mutex
	room    *sync.Cond // a reader made room, or let go
	streams map[uint16]*Stream
	held    int // streams that are in use
	nextID  uint32
	leaving bool      // no more requests
	batch   int       // number of the read whose records are being looked at
	busy    bool      // more of them may follow at once
	fed     []*Stream // to be told of them
	err     error
	once    sync.Once
}

// New returns a connection on w. Nothing is read before Serve.
func New(w socket.Wire, cfg Config) *Conn {
	if cfg.MaxHead <= 0 {
		cfg.MaxHead = 16 << 10
	}
	c := &Conn{w: w, cfg: cfg, streams: map[uint16]*Stream{}, nextID: 1}
	c.room = sync.NewCond(&c.mu)
	return c
}

// Ask learns by GET_VALUES what the application can do. It must come before
// the first request.
func (c *Conn) Ask(deadline time.Time) error {
	if err := c.w.Send(getValues, deadline); err != nil {
		return err
	}
	var head [headLen]byte
	content := make([]byte, 1<<16+255)
	for {
		if err := socket.RecvFull(c.w, head[:], deadline); err != nil {
			return err
		}
		r, err := parseRecord(head[:])
		if err != nil {
			return err
		}
		if err := socket.RecvFull(c.w, content[:r.content+r.padding], deadline); err != nil {
			return err
		}
		if r.typ != typeValues {
			continue
		}
		v, err := parseValues(content[:r.content])
		if err != nil {
			return err
		}
		if v.mpxs != nil {
			c.cfg.Mpxs = *v.mpxs
		}
		if v.maxReqs > 0 {
			c.cfg.MaxReqs = v.maxReqs
		}
		return nil
	}
}

// limit is how many requests the connection may carry at once.
func (c *Conn) limit() int {
	if !c.cfg.Mpxs || c.cfg.MaxReqs <= 0 {
		return 1
	}
	return c.cfg.MaxReqs
}

// Open begins a request. It returns nil where the connection takes none, now
// or for ever. Limit bounds the requests at once beside the application's own.
func (c *Conn) Open(limit int) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.leaving || c.held >= min(limit, c.limit()) || c.nextID > 0xffff {
		return nil
	}
	s := &Stream{c: c, id: uint16(c.nextID), rwake: make(chan struct{}, 1)}
	c.nextID += 2 // as the original numbers them
	c.streams[s.id] = s
	c.held++
	if !c.cfg.KeepConn {
		c.leaving = true
	}
	return s
}

// Usable says whether the connection takes requests at all, and how many it
// carries.
func (c *Conn) Usable() (ok bool, streams int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err == nil && !c.leaving && c.nextID <= 0xffff, c.held
}

// GoAway ends the connection as soon as it carries nothing.
func (c *Conn) GoAway() {
	c.mu.Lock()
	c.leaving = true
	idle := c.held == 0
	c.mu.Unlock()
	if idle {
		c.fail(ErrClosed)
	}
}

// fail ends the connection and all that it carries.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.settleLocked()
	for _, s := range c.streams {
		s.failLocked(c.err)
	}
	c.room.Broadcast()
	c.mu.Unlock()
	c.once.Do(func() {
		if c.cfg.Close != nil {
			c.cfg.Close(err)
		}
	})
}

// send writes records.
func (c *Conn) send(deadline time.Time, build func(dst []byte) []byte) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.wbuf = build(c.wbuf[:0])
	err := c.w.Send(c.wbuf, deadline)
	if cap(c.wbuf) > 2*maxContent {
		c.wbuf = nil
	}
	return err
}

// Serve reads records until the connection ends.
func (c *Conn) Serve() error {
	err := c.serve()
	if err == io.EOF {
		err = ErrClosed
	}
	c.fail(err)
	return err
}

func (c *Conn) serve() error {
	in := &input{c: c, buf: make([]byte, 16<<10)}
	var stderr []byte
	for {
		rec, err := in.head()
		if err != nil {
			return err
		}
		stderr = stderr[:0]
		var end [8]byte
		for got := 0; got < rec.content; {
			part, err := in.take(rec.content - got)
			if err != nil {
				return err
			}
			switch rec.typ {
			case typeStdout:
				if err := c.deliver(rec.id, part); err != nil {
					return err
				}
			case typeStderr:
				if c.cfg.Stderr != nil {
					stderr = append(stderr, part...)
				}
			case typeEnd:
				if got < len(end) {
					copy(end[got:], part)
				}
			}
			got += len(part)
		}
		for left := rec.padding; left > 0; {
			part, err := in.take(left)
			if err != nil {
				return err
			}
			left -= len(part)
		}
		switch {
		case rec.typ == typeStderr && len(stderr) > 0 && c.known(rec.id):
			c.cfg.Stderr(stderr)
		case rec.typ == typeEnd:
			c.end(rec.id, end[4])
		}
	}
}

// known says whether a request of that id is being answered.
func (c *Conn) known(id uint16) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[id] != nil
}

// deliver gives bytes of a response to their request. Where its reader is
// slow, the connection waits: the protocol has no other brake.
func (c *Conn) deliver(id uint16, p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		s := c.streams[id]
		if s == nil || s.finished || c.err != nil { // nobody asked, or nobody wants it any more
			return c.err
		}
		if len(s.rbuf)-s.roff < heldMax {
			if s.rbuf = append(s.rbuf, p...); !s.started {
				s.started, s.first = true, c.batch
			}
			c.fed = append(c.fed, s)
			return nil
		}
		c.settleLocked()
		c.room.Wait()
	}
}

// settle wakes those who wait for what was read, once all of it was looked at:
// whether a response is complete with its head must not depend on who is
// faster.
func (c *Conn) settle() {
	c.mu.Lock()
	c.settleLocked()
	c.mu.Unlock()
}

func (c *Conn) settleLocked() {
	c.busy = false
	for _, s := range c.fed {
		s.wake()
	}
	c.fed = c.fed[:0]
}

// end takes an END_REQUEST.
func (c *Conn) end(id uint16, status byte) {
	c.mu.Lock()
	s := c.streams[id]
	if s != nil {
		delete(c.streams, id)
		s.ended = true
		s.whole = s.first == c.batch
		if status != 0 { // CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE: another connection may fare better
			s.refused, c.leaving = true, true
		}
		if s.finished {
			c.held--
		}
		s.wake()
	}
	over := c.leaving && c.held == 0
	c.mu.Unlock()
	if over {
		c.fail(ErrClosed)
	}
}
