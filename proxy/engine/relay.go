package engine

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"
	"time"
)

// relay carries bytes both ways. Between two sockets of the system, what comes
// is passed on by whoever watches the sockets, as long as nothing has to be
// waited for; a goroutine does it otherwise, and for long data.
type relay struct {
	e        *Engine
	epoch    time.Time
	up, down direction
	cli, srv half
	left     atomic.Int32              // directions that are not over
	culprit  atomic.Pointer[direction] // that whose error or silence was the first; nil: none
	done     chan struct{}
}

// half is what both directions tell each other of one end.
type half struct {
	last atomic.Int64 // activity, ns since the epoch
	eof  atomic.Bool
}

// direction is one half of a relay.
type direction struct {
	r            *relay
	from, to     *half
	told         func(error) // onEvent
	src, dst     *sock
	first        []byte        // goes to dst before anything that is read
	buf          *buffer       // holds first, once that was read here
	timeout, fin time.Duration // of src
	patience     time.Duration // of dst, when there is no room
	n            uint64
	spliced      uint64
	streak       int   // bytes that came in long pieces lately
	err          error // nil: src ended
	writeErr     bool  // err is dst's
	indep        bool  // what is written to dst is no activity of dst
}

// relay carries bytes both ways until both ends are done. It returns how each
// direction ended.
func (c *conn) relay(toServer, toClient []byte, cliTO, srvTO time.Duration) (up, down *direction) {
	r := c.rel
	if r == nil {
		r = newRelay(c.e)
		c.rel = r
	}
	r.epoch = time.Now()
	r.left.Store(2)
	r.culprit.Store(nil)
	for _, h := range [2]*half{&r.cli, &r.srv} {
		h.last.Store(0)
		h.eof.Store(false)
	}
	r.up.begin(&c.cli, &c.up.sock, toServer, cliTO, srvTO, c.fe.p.Timeouts.ClientFin, c.be.indep)
	r.down.begin(&c.up.sock, &c.cli, toClient, srvTO, cliTO, c.be.p.Timeouts.ServerFin, c.fe.indep)
	if c.cli.fd != nil && c.up.fd != nil {
		r.up.start()
		r.down.start()
	} else {
		c.e.crew.run(r.up.run)
		r.down.run()
	}
	<-r.done
	return &r.up, &r.down
}

func newRelay(e *Engine) *relay {
	r := &relay{e: e, done: make(chan struct{}, 1)}
	r.up.r, r.up.from, r.up.to, r.up.told = r, &r.cli, &r.srv, r.up.onEvent
	r.down.r, r.down.from, r.down.to, r.down.told = r, &r.srv, &r.cli, r.down.onEvent
	return r
}

func (d *direction) begin(src, dst *sock, first []byte, timeout, patience, fin time.Duration, indep bool) {
	d.src, d.dst, d.first, d.timeout, d.patience, d.fin, d.indep = src, dst, first, timeout, patience, fin, indep
	d.n, d.spliced, d.streak, d.err, d.writeErr = 0, 0, 0, nil, false
}

// start passes on what was read before the relay began, and then what comes.
func (d *direction) start() {
	d.n += uint64(len(d.first))
	if len(d.first) == 0 || d.send(d.r.epoch, d.first, false) {
		d.step(d.r.epoch, nil)
	}
}

// onEvent goes on when there is something to read or when the wait is over.
func (d *direction) onEvent(err error) {
	now := time.Now()
	if err == nil {
		now = d.src.fd.Moment()
	}
	d.step(now, err)
}

// readsAtOnce is how often a direction may read before others have their turn.
const readsAtOnce = 8

// step passes on what is there, and waits for more without a goroutine. Err is
// what reading would give; nil: that must be tried.
func (d *direction) step(now time.Time, err error) {
	for range readsAtOnce {
		if err == nil {
			var n int
			buf := d.r.e.bufs.get()
			if n, err = d.receive(buf.b); n > 0 {
				d.received(n, len(buf.b), now)
				if d.buf = buf; !d.send(now, buf.b[:n], err == io.EOF) {
					return
				}
				if d.streak >= spliceFrom {
					d.r.e.crew.run(d.run)
					return
				}
				continue
			}
			d.r.e.bufs.put(buf)
		}
		if err != syscall.EAGAIN && !(isTimeout(err) && d.active(now)) {
			d.finish(err)
			d.end()
			return
		}
		var waits bool
		if waits, err = d.src.fd.Await(d.deadline(now), d.told); waits {
			return // nothing of d may be touched from here on
		}
	}
	d.r.e.crew.run(func() { d.step(time.Now(), nil) })
}

// receive reads what is there, with the end where that is known to be near: it
// can then travel on with the last bytes. Err may come with n bytes.
func (d *direction) receive(b []byte) (n int, err error) {
	n, err = d.src.fd.TryRecv(b)
	for err == nil && n < len(b) && d.src.fd.Ending() {
		var k int
		k, err = d.src.fd.TryRecv(b[n:])
		n += k
	}
	return n, err
}

// send passes b, the last before the end or not, on without waiting. It returns
// false where a goroutine goes on with what there is no room for, or where dst
// failed.
func (d *direction) send(now time.Time, b []byte, last bool) bool {
	n, err := d.dst.fd.TrySend(b, last)
	if d.first = b[n:]; err == syscall.EAGAIN {
		d.r.e.crew.run(d.flush)
		return false
	}
	return d.sent(now, err)
}

// flush waits for room for what is left of what was read.
func (d *direction) flush() {
	now := time.Now()
	if d.sent(now, d.dst.write(d.first, after(now, d.patience))) {
		d.step(time.Now(), nil)
	}
}

// received counts what came.
func (d *direction) received(n, room int, now time.Time) {
	d.from.last.Store(int64(now.Sub(d.r.epoch)))
	d.n += uint64(n)
	if d.streak += n; n < room/2 {
		d.streak = 0
	}
}

// sent takes note of how sending what was read ended.
func (d *direction) sent(now time.Time, err error) bool {
	d.r.e.bufs.put(d.buf)
	d.buf, d.first = nil, nil
	if err != nil {
		d.err, d.writeErr = err, true
		d.end()
		return false
	}
	d.passed(now)
	return true
}

// passed notes the activity of dst that writing to it is.
func (d *direction) passed(now time.Time) {
	if !d.indep {
		d.to.last.Store(int64(now.Sub(d.r.epoch)))
	}
}

// run copies until src ends, an error, or silence, and waits itself.
func (d *direction) run() {
	defer d.end()
	if len(d.first) > 0 { // without sockets of the system nothing has begun
		d.n += uint64(len(d.first))
		if err := d.dst.write(d.first, after(time.Now(), d.patience)); err != nil {
			d.err, d.writeErr = err, true
			return
		}
	}
	buf := d.r.e.bufs.get()
	defer d.r.e.bufs.put(buf)
	for {
		if d.streak >= spliceFrom {
			if ok := d.splice(); ok {
				if d.err != nil || d.from.eof.Load() {
					return
				}
				continue
			}
		}
		n, err := d.src.read(buf.b, d.deadline(time.Now()))
		now := time.Now()
		if n > 0 {
			d.received(n, len(buf.b), now)
			if werr := d.dst.write(buf.b[:n], after(now, d.patience)); werr != nil {
				d.err, d.writeErr = werr, true
				return
			}
			d.passed(now)
			continue
		}
		if isTimeout(err) && d.active(now) {
			continue
		}
		d.finish(err)
		return
	}
}

// silence is how long src may be silent: less once the other end is done.
func (d *direction) silence() time.Duration {
	if d.to.eof.Load() && d.fin > 0 {
		return d.fin
	}
	return d.timeout
}

// deadline is when the silence of src is too long.
func (d *direction) deadline(now time.Time) time.Time { return after(now, d.silence()) }

// active says whether src had something written to it recently, which counts
// as activity like reading from it.
func (d *direction) active(now time.Time) bool {
	return !d.src.interrupted() && now.Sub(d.r.epoch)-time.Duration(d.from.last.Load()) < d.silence()
}

// finish takes note of how reading ended. An end is passed on, save to a socket
// whose own end was read: it is closed presently. Silence counts as an end.
func (d *direction) finish(err error) {
	silent := isTimeout(err) && !d.src.interrupted()
	if silent || errors.Is(err, io.EOF) {
		d.from.eof.Store(true)
		if d.dst.fd == nil || !d.to.eof.Load() {
			d.dst.closeWrite()
		}
	}
	if !errors.Is(err, io.EOF) {
		d.err = err
	}
}

// end lets the other direction know: it ends too after an error, and looks at
// its deadline again after an end.
func (d *direction) end() {
	if d.err != nil {
		d.r.culprit.CompareAndSwap(nil, d)
	}
	if d.from.eof.Load() {
		d.dst.rearm()
	} else {
		d.dst.interrupt()
	}
	if d.r.left.Add(-1) == 0 {
		d.r.done <- struct{}{}
	}
}

// splice moves up to spliceStep bytes in the kernel; false: not possible here.
func (d *direction) splice() bool {
	src, dst := d.src.fd, d.dst.fd
	if src == nil || dst == nil {
		return false
	}
	now := time.Now()
	n, from, err := dst.Splice(src, spliceStep, d.deadline(now), after(now, d.patience))
	if n > 0 {
		now = time.Now()
		d.spliced += uint64(n)
		d.received(int(n), 0, now)
		d.passed(now)
	}
	switch {
	case err == nil:
	case from == dst:
		d.err, d.writeErr = err, true
	case isTimeout(err) && (n > 0 || d.active(now)):
	default:
		d.finish(err)
	}
	return true
}
