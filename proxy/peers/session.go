package peers

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"tandem/proxy/stick"
)

// session is one connection after the handshake.
type session struct {
	s        *Section
	p        *Peer
	c        net.Conn
	r        *bufio.Reader
	incoming bool
	wake     chan struct{}
	once     sync.Once

	// Guarded by the section's lock.
	out      []byte // control messages to send
	teach    bool   // the peer wants to know everything
	confirms int    // of what we taught that are waited for
	beat     time.Time
	lastOut  *Shared // the table that was defined last, for "show peers"
	lastIn   *Shared
	current  *Definition // the table of the peer's updates
	sent     sentStrings
	heard    heardStrings
	tables   map[uint64]*Shared     // by the peer's numbers
	remotes  map[uint64]*Definition // by the peer's numbers
}

// poke has the writer look for something to send.
func (x *session) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// close ends the connection.
func (x *session) close() { _ = x.c.Close() }

// control queues a control message; the section's lock is held.
func (x *session) control(typ byte) {
	x.out = append(x.out, classControl, typ)
	x.poke()
}

// serve runs the session until it ends.
func (x *session) serve() {
	done := make(chan struct{})
	var w sync.WaitGroup
	w.Go(func() { x.write(done) })
	x.read()
	close(done)
	x.close()
	w.Wait()
	x.leave()
}

// leave takes the session from its peer.
func (x *session) leave() {
	x.once.Do(func() {
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		if x.p.session == x {
			x.p.session = nil
			select {
			case x.p.freed <- struct{}{}:
			default:
			}
		}
		x.s.learn.gone(x.p, time.Now())
		x.s.ask()
	})
}

// errProtocol is sent to the peer before the connection ends.
var errProtocol = errors.New("protocol error")

// read takes messages until the connection ends.
func (x *session) read() {
	var buf []byte
	for {
		_ = x.c.SetReadDeadline(time.Now().Add(silenceTime))
		var f frame
		var err error
		if f, buf, err = readFrame(x.r, buf); err == nil {
			err = x.take(&f)
		}
		if err == nil {
			if x.r.Buffered() == 0 {
				x.poke() // what was taken is acknowledged at once
			}
			continue
		}
		x.ended(err)
		return
	}
}

// ended counts why a connection ends, and tells the peer of its mistake.
func (x *session) ended(err error) {
	x.s.mu.Lock()
	said := []byte(nil)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.p.missedBeats++
	case errors.Is(err, errProtocol):
		x.p.protoErrors++
		said = []byte{classError, protocolError}
	case errors.Is(err, errTooLong):
		x.p.protoErrors++
		said = []byte{classError, sizeLimit}
	}
	x.s.mu.Unlock()
	if said != nil {
		_ = x.c.SetWriteDeadline(time.Now().Add(writeTime))
		_, _ = x.c.Write(said)
	}
}

// take does what a message says. What a later release may say is left alone,
// as the original does.
func (x *session) take(f *frame) error {
	switch f.class {
	case classControl:
		return x.takeControl(f.typ)
	case classError:
		return io.EOF
	case classTable:
		return x.takeTable(f)
	}
	return nil
}

func (x *session) takeControl(typ byte) error {
	s := x.s
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch typ {
	case resyncRequest:
		if x.confirms > 0 {
			return nil // it is being told
		}
		x.teach = true
	case resyncFinished, resyncPartial:
		s.learn.finished(x.p, typ == resyncFinished, now)
		x.control(resyncConfirm)
		s.ask()
	case resyncConfirm:
		if x.confirms == 0 {
			return nil
		}
		x.confirms--
		if s.handing {
			s.taught = true
			return io.EOF
		}
	case heartbeat:
		x.p.heardBeats++
		x.beat = now
	}
	return nil
}

func (x *session) takeTable(f *frame) error {
	s := x.s
	switch f.typ {
	case define:
		d, ok := readDefinition(f.data)
		if !ok {
			return errProtocol
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return x.defined(d)
	case switchTo:
		in := scanner{b: f.data}
		id := in.int()
		s.mu.Lock()
		defer s.mu.Unlock()
		if x.current = x.remotes[id]; in.bad {
			return errProtocol
		}
		return nil // updates of a table that was never defined are dropped
	case update, updateNext, updateTimed, updateTimedNext:
		return x.takeUpdate(f)
	case ack:
		in := scanner{b: f.data}
		id, n := in.int(), in.fixed()
		if in.bad {
			return errProtocol
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if t := s.byID(id); t != nil {
			if c := x.p.cursor(t); int32(n-c.acked) > 0 && int32(n-c.pushed) <= 0 {
				c.acked = n
			}
		}
	}
	return nil
}

// maxTables bounds the tables that a peer may tell of.
const maxTables = 4096

// defined takes a definition; the section's lock is held.
func (x *session) defined(d *Definition) error {
	if len(x.remotes) >= maxTables && x.remotes[d.ID] == nil {
		return errProtocol
	}
	t := x.s.table(d.Name)
	x.current, x.remotes[d.ID] = d, d
	delete(x.tables, d.ID) // a number may become another table's
	if t != nil {
		x.tables[d.ID], x.lastIn = t, t
		x.p.cursor(t).remote = d
	}
	return nil
}

// takeUpdate takes an entry. The table is changed without the lock: only this
// goroutine reads the connection.
func (x *session) takeUpdate(f *frame) error {
	s := x.s
	s.mu.Lock()
	d := x.current
	if d == nil {
		s.mu.Unlock()
		return nil // of no table: the original drops it too
	}
	t := x.tables[d.ID]
	last := uint32(0)
	if t != nil {
		last = x.p.cursor(t).got
	}
	s.mu.Unlock()
	var to target
	if t != nil {
		to = target{table: t.Table, also: t.Also}
		to.learned = func(e *stick.Entry) {
			s.mu.Lock()
			t.touch(e, false)
			s.mu.Unlock()
		}
	}
	n, ok := readUpdate(f.data, f.typ, d, to, &x.heard, last, nowMS())
	if !ok {
		return errProtocol
	}
	if t != nil {
		s.mu.Lock()
		c := x.p.cursor(t)
		c.got, c.ackIt = n, true
		s.mu.Unlock()
	}
	return nil
}
