package logs

import (
	"context"
	"net"
	"strconv"
	"time"
)

// Feeder sends the messages of a ring to a server over a stream, and connects
// again whenever that ends. What was being sent then is sent again.
type Feeder struct {
	Ring    *Ring
	Dial    func(context.Context) (net.Conn, error)
	Octets  bool          // RFC 6587 octet counting; otherwise a newline ends each
	Connect time.Duration // longest time for connecting; 0: a second
	Server  time.Duration // longest time for a write; 0: none
}

// Times of a feeder.
const (
	feedPause = time.Second // between two attempts to connect
	feedRest  = time.Second // for what is left when everything ends
)

// feedBatch is how many bytes are gathered for one write.
const feedBatch = 16 << 10

// Run feeds the server until ctx ends. Messages that are in the ring then are
// still sent, for a bounded time.
func (f *Feeder) Run(ctx context.Context) {
	x := f.Ring.Attach()
	defer f.Ring.Detach(x)
	for ctx.Err() == nil {
		connect := f.Connect
		if connect <= 0 {
			connect = time.Second
		}
		dial, cancel := context.WithTimeout(ctx, connect)
		c, err := f.Dial(dial)
		cancel()
		if err == nil {
			_ = c.SetDeadline(time.Time{})
			f.feed(ctx, c, x)
			c.Close()
		}
		pause := time.NewTimer(feedPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}

// feed sends until the connection or ctx ends.
func (f *Feeder) feed(ctx context.Context, c net.Conn, x *RingReader) {
	gone := make(chan struct{})
	go func() { // servers say nothing: what comes is their end
		var b [256]byte
		for {
			if _, err := c.Read(b[:]); err != nil {
				close(gone)
				return
			}
		}
	}()
	defer func() { c.Close(); <-gone }()
	// A write that blocks when everything ends gets a little time more.
	stop := context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Now().Add(feedRest)) })
	defer stop()
	var out, msg []byte
	var end time.Time
	for {
		out = out[:0]
		from := x.pos
		for len(out) < feedBatch {
			var ok bool
			if msg, ok = x.Next(msg[:0]); !ok {
				break
			}
			out = f.frame(out, msg)
		}
		if len(out) > 0 {
			deadline := time.Time{}
			if f.Server > 0 {
				deadline = time.Now().Add(f.Server)
			}
			_ = c.SetWriteDeadline(deadline)
			if ctx.Err() != nil {
				if end.IsZero() {
					end = time.Now().Add(feedRest)
				}
				_ = c.SetWriteDeadline(end)
			}
			if _, err := c.Write(out); err != nil {
				x.back(from)
				return
			}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		wake := x.Wait()
		if wake == nil {
			continue
		}
		select {
		case <-wake:
		case <-gone:
			return
		case <-ctx.Done():
		}
	}
}

// frame appends a message as it goes over the wire (RFC 6587 3.4).
func (f *Feeder) frame(out, msg []byte) []byte {
	if f.Octets {
		out = append(strconv.AppendInt(out, int64(len(msg)), 10), ' ')
		return append(out, msg...)
	}
	return append(append(out, msg...), '\n')
}

// back returns to an earlier place, as far as that still exists.
func (x *RingReader) back(pos uint64) {
	x.r.mu.Lock()
	defer x.r.mu.Unlock()
	x.pos = max(pos, x.r.head)
}
