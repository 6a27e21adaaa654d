package engine

import (
	"errors"
	"io"
	"math"
	"sync/atomic"
	"time"

	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// Lengths from which moving data inside of the kernel pays, in bytes.
const (
	spliceMin  = 256 << 10 // of a body whose length is known
	spliceFrom = 128 << 10 // passed in one direction of a tunnel before it
	spliceStep = 1 << 20   // moved between two looks at the clock
)

// direction is one half of a relay.
type direction struct {
	src, dst     *sock
	first        []byte // bytes read before the relay began
	timeout, fin time.Duration
	last         *atomic.Int64 // activity of src in ms, from both directions
	peer         *atomic.Int64 // activity of dst
	n            uint64
	spliced      uint64
	err          error // nil: src ended
	writeErr     bool  // err is dst's
	eof          *atomic.Bool
	peerEOF      *atomic.Bool
	buf          *buffer
	epoch        time.Time
	indep        bool // what is written to dst is no activity of dst
}

// run copies until src ends, an error, or silence. A half-close is passed on.
func (d *direction) run() {
	if len(d.first) > 0 {
		d.n += uint64(len(d.first))
		if err := d.dst.write(d.first, after(time.Now(), d.timeout)); err != nil {
			d.err, d.writeErr = err, true
			return
		}
	}
	streak := 0
	for {
		if streak >= spliceFrom {
			if ok := d.splice(); ok {
				if d.err != nil || d.eof.Load() {
					return
				}
				continue
			}
		}
		n, err := d.src.read(d.buf.b, d.deadline())
		if n > 0 {
			now := time.Now()
			d.last.Store(int64(now.Sub(d.epoch)))
			d.n += uint64(n)
			if streak += n; n < len(d.buf.b)/2 {
				streak = 0
			}
			if werr := d.dst.write(d.buf.b[:n], after(now, d.timeout)); werr != nil {
				d.err, d.writeErr = werr, true
				return
			}
			if !d.indep {
				d.peer.Store(int64(now.Sub(d.epoch)))
			}
			continue
		}
		if isTimeout(err) && d.active() {
			continue
		}
		d.finish(err)
		return
	}
}

// deadline is when the silence of src is too long.
func (d *direction) deadline() time.Time {
	to := d.timeout
	if d.peerEOF.Load() && d.fin > 0 {
		to = d.fin
	}
	return after(time.Now(), to)
}

// active says whether src had something written to it recently, which counts
// as activity like reading from it.
func (d *direction) active() bool {
	to := d.timeout
	if d.peerEOF.Load() && d.fin > 0 {
		to = d.fin
	}
	return !d.src.interrupted() && time.Since(d.epoch)-time.Duration(d.last.Load()) < to
}

func (d *direction) finish(err error) {
	if errors.Is(err, io.EOF) {
		d.eof.Store(true)
		d.dst.closeWrite()
		return
	}
	d.err = err
}

// splice moves up to spliceStep bytes in the kernel; false: not possible here.
func (d *direction) splice() bool {
	src, dst := d.src.fd, d.dst.fd
	if src == nil || dst == nil {
		return false
	}
	now := time.Now()
	n, from, err := dst.Splice(src, spliceStep, d.deadline(), after(now, d.timeout))
	if n > 0 {
		now = time.Now()
		d.n += uint64(n)
		d.spliced += uint64(n)
		d.last.Store(int64(now.Sub(d.epoch)))
		if !d.indep {
			d.peer.Store(int64(now.Sub(d.epoch)))
		}
	}
	switch {
	case err == nil:
	case from == dst:
		d.err, d.writeErr = err, true
	case isTimeout(err) && (n > 0 || d.active()):
	default:
		d.finish(err)
	}
	return true
}

// relay carries bytes both ways until both ends are done. It returns how each
// direction ended.
func (c *conn) relay(toServer, toClient []byte, cliTO, srvTO time.Duration) (up, down *direction) {
	var cliLast, srvLast atomic.Int64
	var cliEOF, srvEOF atomic.Bool
	epoch := time.Now()
	up = &direction{src: &c.cli, dst: &c.up.sock, first: toServer, timeout: cliTO, fin: c.fe.p.Timeouts.ClientFin,
		last: &cliLast, peer: &srvLast, eof: &cliEOF, peerEOF: &srvEOF, buf: c.e.bufs.get(), epoch: epoch, indep: c.be.indep}
	down = &direction{src: &c.up.sock, dst: &c.cli, first: toClient, timeout: srvTO, fin: c.be.p.Timeouts.ServerFin,
		last: &srvLast, peer: &cliLast, eof: &srvEOF, peerEOF: &cliEOF, buf: c.e.bufs.get(), epoch: epoch, indep: c.fe.indep}
	done := make(chan struct{})
	c.e.crew.run(func() {
		up.run()
		if up.err != nil {
			c.up.interrupt()
		} else if up.fin0() {
			c.up.rearm()
		}
		close(done)
	})
	down.run()
	if down.err != nil {
		c.cli.interrupt()
	} else {
		c.cli.rearm()
	}
	<-done
	c.e.bufs.put(up.buf)
	c.e.bufs.put(down.buf)
	return up, down
}

// fin0 says that the direction ended by a half-close.
func (d *direction) fin0() bool { return d.err == nil }

// tunnelHTTP relays after a 101 or a 2xx to CONNECT.
func (c *conn) tunnelHTTP(head []byte) {
	t, b := &c.t, &c.resBody
	c.keep = false
	if err := c.cli.write(head, c.writeDeadline()); err != nil {
		t.Term = [2]byte{'C', 'D'}
		c.dropServer()
		return
	}
	toClient := append([]byte(nil), b.ready()...)
	var toServer []byte
	if c.in != nil {
		toServer = append(toServer, c.in.b[c.in.r:c.in.w]...)
		c.in.r = c.in.w
	}
	cliTO, srvTO := c.clientTimeout(), c.serverTimeout()
	if d := c.tunnelTimeout(); d > 0 {
		cliTO, srvTO = d, d
	}
	up, down := c.relay(toServer, toClient, cliTO, srvTO)
	t.Bytes.ReqIn += up.n
	t.Bytes.ReqOut += up.n
	t.Bytes.ResIn += down.n
	t.Bytes.ResOut += down.n
	c.relayEnd(up, down)
	c.dropServer()
}

func (c *conn) tunnelTimeout() time.Duration {
	if d := c.t.Settings.TimeoutTunnel; d != nil {
		return *d
	}
	return c.be.p.Timeouts.Tunnel
}

// relayEnd sets the termination state of a relay.
func (c *conn) relayEnd(up, down *direction) {
	t := &c.t
	set := func(cause byte) {
		if t.Term[0] == 0 {
			t.Term = [2]byte{cause, 'D'}
		}
	}
	switch {
	case down.err != nil && !interrupted(down.err, up):
		switch {
		case down.writeErr && isTimeout(down.err):
			set('c')
		case down.writeErr:
			set('C')
		case isTimeout(down.err):
			set('s')
		default:
			set('S')
		}
	case up.err != nil:
		switch {
		case up.writeErr && isTimeout(up.err):
			set('s')
		case up.writeErr:
			set('S')
		case isTimeout(up.err):
			set('c')
		default:
			set('C')
		}
	}
	st := &c.be.st.H1
	st.SplicedIn.Add(up.spliced)
	st.SplicedOut.Add(down.spliced)
}

// interrupted says that a direction's timeout is only the other's end.
func interrupted(err error, other *direction) bool { return isTimeout(err) && other.err != nil }

// spliceMinAsked is the shortest body, or chunk, that is moved in the kernel
// where the configuration asks for it (option splice-request, -response).
const spliceMinAsked = 16 << 10

// worth says whether what is left of b is long enough to move it in the
// kernel, and how much of it can go in one piece.
func (b *body) worth(asked bool) (uint64, bool) {
	if b.d0 != b.d1 || b.buf.w > b.buf.r || b.done || b.err != nil {
		return 0, false
	}
	n := b.left
	switch b.framing {
	case tx.ByLength:
	case tx.Chunked:
		n = b.ch.Rest()
	case tx.UntilClose:
		return math.MaxInt64, asked // nobody knows how long it will be
	default:
		return 0, false
	}
	return n, n >= spliceMin || asked && n >= spliceMinAsked
}

// splice moves n bytes of b to f's destination in the kernel. done is false
// where the connections do not allow it; then nothing happened.
func (f *framed) splice(b *body, n uint64, srcTO, dstTO time.Duration, count func(uint64)) (done bool, err error) {
	src, dst := b.s.fd, f.dst.fd
	if f.mux != nil || src == nil || dst == nil || f.chunked && b.framing == tx.UntilClose {
		return false, nil
	}
	if f.chunked {
		if err := f.dst.write(h1.AppendChunkHead(f.out.b[:0], int(n)), after(time.Now(), dstTO)); err != nil {
			return true, err
		}
	}
	for n > 0 {
		step := min(n, spliceStep)
		now := time.Now()
		k, from, err := dst.Splice(src, int64(step), after(now, srcTO), after(now, dstTO))
		moved := uint64(k)
		n -= moved
		b.in += moved
		f.sent += moved
		count(moved)
		switch b.framing {
		case tx.Chunked:
			b.data += moved
			b.ch.Skip(moved)
		case tx.ByLength:
			b.left -= moved
		}
		switch {
		case err == nil:
		case from == dst:
			return true, err
		case errors.Is(err, io.EOF) && b.framing == tx.UntilClose:
			b.done = true
			return true, nil
		case errors.Is(err, io.EOF):
			return true, &serverError{io.ErrUnexpectedEOF}
		case isTimeout(err) && k > 0:
		default:
			return true, &serverError{err}
		}
	}
	if b.framing == tx.ByLength && b.left == 0 {
		b.done = true
	}
	if f.chunked {
		return true, f.dst.write(crlf, after(time.Now(), dstTO))
	}
	return true, nil
}

var crlf = []byte("\r\n")
