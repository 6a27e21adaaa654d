package filter

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"tandem/proxy/socket"
)

// ErrTooLong is a question that does not fit a frame.
var ErrTooLong = errors.New("SPOP: messages too long for a frame")

// pipelined is how many questions wait on one connection at most.
const pipelined = 20

// AgentConn is a connection to an SPOE agent.
type AgentConn struct {
	w    socket.Wire
	size int // longest frame that both sides take
	ours int // longest frame that we take
	pipe bool
	shut func()

	wmu sync.Mutex

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan answer
	late    map[uint64]bool // nobody waits for these any more
	err     error
	used    time.Time
	once    sync.Once
}

type answer struct {
	payload []byte
	err     error
}

// DialAgent says hello on a new connection. Size is the longest frame in
// bytes, engine the id by which agents know the asker, shut ends the
// connection below and is called once. Serve must be called next.
func DialAgent(w socket.Wire, size int, pipelining bool, engine string, deadline time.Time, shut func()) (*AgentConn, error) {
	c := &AgentConn{w: w, size: size, ours: size, shut: shut, waiting: map[uint64]chan answer{}, late: map[uint64]bool{}, used: time.Now()}
	err := w.Send(appendHello(nil, size, pipelining, engine), deadline)
	var f frame
	if err == nil {
		f, err = c.read(deadline)
	}
	if err == nil {
		switch f.typ {
		case frameAgentHello:
			var pipe bool
			c.size, pipe, err = agentHello(f.payload, size)
			c.pipe = pipe && pipelining
		case frameAgentBye:
			err = goodbye(f.payload)
		default:
			err = SPOPInvalid
		}
	}
	if err != nil {
		if e, ok := err.(SPOPError); ok && f.typ != frameAgentBye {
			_ = w.Send(appendBye(nil, e), deadline)
		}
		c.end(err)
		return nil, err
	}
	return c, nil
}

// read reads one frame.
func (c *AgentConn) read(deadline time.Time) (frame, error) {
	var head [4]byte
	if err := socket.RecvFull(c.w, head[:], deadline); err != nil {
		return frame{}, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if uint64(n) > uint64(c.ours) {
		return frame{}, SPOPTooBig
	}
	b := make([]byte, n)
	if err := socket.RecvFull(c.w, b, deadline); err != nil {
		return frame{}, err
	}
	if n == 0 { // says nothing
		return frame{}, nil
	}
	f, ok := parseFrame(b)
	switch {
	case !ok:
		return f, SPOPInvalid
	case f.flags&flagFin == 0:
		return f, SPOPFragmented
	case f.typ != frameAck && (f.sid != 0 || f.fid != 0) && (f.typ == frameAgentHello || f.typ == frameAgentBye):
		return f, SPOPInvalid
	}
	return f, nil
}

// Serve takes the agent's answers until the connection ends.
func (c *AgentConn) Serve() error {
	for {
		f, err := c.read(time.Time{})
		if err == nil {
			switch f.typ {
			case frameAck:
				err = c.ack(&f)
			case frameAgentBye:
				if err = goodbye(f.payload); err == SPOPNone {
					err = io.EOF
				}
				c.end(err)
				return err
			}
		}
		if err != nil {
			if e, ok := err.(SPOPError); ok {
				c.send(appendBye(nil, e), time.Now().Add(time.Second))
			}
			c.end(err)
			return err
		}
	}
}

// ack gives an ACK to who waits for it.
func (c *AgentConn) ack(f *frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.fid != 1 {
		return SPOPNoFrame
	}
	if w := c.waiting[f.sid]; w != nil {
		delete(c.waiting, f.sid)
		c.used = time.Now()
		w <- answer{payload: f.payload}
		return nil
	}
	if !c.late[f.sid] {
		return SPOPNoFrame
	}
	delete(c.late, f.sid)
	return nil
}

// end tells everybody that the connection is over.
func (c *AgentConn) end(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	for _, w := range c.waiting {
		w <- answer{err: c.err}
	}
	clear(c.waiting)
	c.mu.Unlock()
	c.once.Do(c.shut)
}

func (c *AgentConn) send(b []byte, deadline time.Time) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	return c.w.Send(b, deadline)
}

// Question is one NOTIFY that waits for its ACK.
type Question struct {
	c   *AgentConn
	sid uint64
	ch  chan answer
}

// Take takes a place among those who ask; nil where there is none.
func (c *AgentConn) Take() *Question {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := 1
	if c.pipe {
		most = pipelined
	}
	if c.err != nil || len(c.waiting)+len(c.late) >= most {
		return nil
	}
	c.next++
	q := &Question{c: c, sid: c.next, ch: make(chan answer, 1)}
	c.waiting[q.sid] = q.ch
	return q
}

// Ask sends messages and waits for the payload of the ACK.
func (q *Question) Ask(messages []byte, deadline time.Time) ([]byte, error) {
	c := q.c
	b := appendFrame(nil, frameNotify, q.sid, 1, messages)
	if len(b)-4 > c.size {
		q.Leave(false)
		return nil, ErrTooLong
	}
	if err := c.send(b, deadline); err != nil {
		c.end(err)
		return nil, err
	}
	if deadline.IsZero() {
		a := <-q.ch
		return a.payload, a.err
	}
	t := time.NewTimer(time.Until(deadline))
	defer t.Stop()
	select {
	case a := <-q.ch:
		return a.payload, a.err
	case <-t.C:
		q.Leave(true)
		return nil, os.ErrDeadlineExceeded
	}
}

// Leave gives a place back; asked says that an answer may still come.
func (q *Question) Leave(asked bool) {
	q.c.mu.Lock()
	defer q.c.mu.Unlock()
	if _, ok := q.c.waiting[q.sid]; ok {
		delete(q.c.waiting, q.sid)
		if asked {
			q.c.late[q.sid] = true
		}
	}
}

// Idle says whether nobody asks, and nobody has since before.
func (c *AgentConn) Idle(before time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) == 0 && c.used.Before(before)
}

// Bye ends the connection with a word.
func (c *AgentConn) Bye() {
	c.send(appendBye(nil, SPOPNone), time.Now().Add(time.Second))
	c.end(io.EOF)
}
