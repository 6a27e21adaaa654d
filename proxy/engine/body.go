package engine

import (
	"errors"
	"io"
	"syscall"
	"time"

	"tandem/proxy/filter"
	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// body reads the body of one message: its bytes come from a buffer that may
// already hold some of them, and then from the connection.
type body struct {
	s       *sock
	buf     *buffer
	base    int // where the buffer's free area begins (behind the head)
	d0, d1  int // decoded bytes, ready to take: buf.b[d0:d1]
	framing tx.Framing
	left    uint64 // ByLength: bytes not yet decoded
	done    bool   // the end was reached; d0 == d1 may still be false
	err     error  // why it will never be complete
	bad     *h1.Error
	ch      h1.Chunks
	mux     muxStream // where the body comes on a stream
	mem     buffer    // of a body that comes from memory
	in      uint64    // bytes of the body taken from the wire
	data    uint64    // those of them that are data and not coding
}

var errBadBody = errors.New("malformed body")

// start prepares b for a message whose head was read into buf up to buf.r.
func (b *body) start(s *sock, buf *buffer, m *tx.Message, o h1.Options) {
	b.s, b.buf, b.base, b.d0, b.d1 = s, buf, buf.r, buf.r, buf.r
	b.mux = nil
	b.framing, b.left, b.done, b.err, b.bad, b.in, b.data = m.Framing, m.Length, false, nil, nil, 0, 0
	switch m.Framing {
	case tx.NoBody:
		b.done = true
	case tx.Chunked:
		b.ch.Reset(o)
	}
	b.decode()
}

// decode moves what is in the buffer to the ready area.
func (b *body) decode() {
	if b.done || b.err != nil {
		return
	}
	u := b.buf
	switch b.framing {
	case tx.ByLength:
		// Ready bytes and raw bytes are adjacent: nothing moves.
		if b.d0 == b.d1 {
			b.d0, b.d1 = u.r, u.r
		}
		n := u.w - u.r
		if uint64(n) > b.left {
			n = int(b.left)
		}
		u.r += n
		b.d1 = u.r
		b.in += uint64(n)
		if b.left -= uint64(n); b.left == 0 {
			b.done = true
		}
	case tx.UntilClose, tx.Tunnel:
		if b.d0 == b.d1 {
			b.d0 = u.r
		}
		b.in += uint64(u.w - u.r)
		u.r = u.w
		b.d1 = u.r
	case tx.Chunked:
		if b.d0 == b.d1 {
			b.d0, b.d1 = b.base, b.base
		}
		for u.r < u.w && !b.ch.Done() {
			data, n, err := b.ch.Next(u.b[u.r:u.w])
			u.r += n
			b.in += uint64(n)
			b.d1 += copy(u.b[b.d1:], data) // never overtakes r
			b.data += uint64(len(data))
			if err != nil {
				b.bad, b.err = err, errBadBody
				return
			}
		}
		b.done = b.ch.Done()
	}
}

// size is what the original's accounting gives the part of the body that was
// read: its data and its trailers.
func (b *body) size() uint64 {
	if b.framing == tx.Chunked {
		return b.data + trailerSize(b)
	}
	return b.in
}

// ready returns the decoded bytes that were not taken yet.
func (b *body) ready() []byte { return b.buf.b[b.d0:b.d1] }

// take marks n ready bytes as used.
func (b *body) take(n int) {
	if b.d0 += n; b.d0 == b.d1 {
		u := b.buf
		b.d0, b.d1 = b.base, b.base
		if u.r == u.w && !b.done { // all raw bytes used: the whole area is free
			u.r, u.w = b.base, b.base
		}
	}
}

// finished says whether the body is complete and taken.
func (b *body) finished() bool { return b.done && b.d0 == b.d1 }

// fill reads once from the connection. It returns false when nothing more
// will come, the buffer is full, or the deadline is over (see err).
func (b *body) fill(deadline time.Time) bool {
	if b.done || b.err != nil {
		return false
	}
	u := b.buf
	if u.w == len(u.b) && !b.compact() {
		return false
	}
	n, err := b.s.read(u.b[u.w:], deadline)
	return b.took(n, err)
}

// more is fill that does not wait: false says that nothing came meanwhile,
// too.
func (b *body) more() bool {
	switch {
	case b.done || b.err != nil:
		return false
	case b.mux != nil:
		return b.mux.Buffered() && b.fill(time.Time{})
	case b.s.fd == nil:
		return false
	}
	u := b.buf
	if u.w == len(u.b) && !b.compact() {
		return false
	}
	n, err := b.s.fd.RecvNow(u.b[u.w:])
	return err != syscall.EAGAIN && b.took(n, err)
}

// took decodes what was read, and notes an end. It returns whether something
// came.
func (b *body) took(n int, err error) bool {
	b.buf.w += n
	switch {
	case n > 0:
		b.decode()
		if b.mux != nil && b.framing >= tx.UntilClose && b.mux.Ended() {
			b.done = true
		}
		return b.err == nil
	case errors.Is(err, io.EOF) && b.framing >= tx.UntilClose:
		b.done = true
		return false
	}
	b.err = err
	return false
}

// prefetch takes what a stream received already, so that a short body can go
// on together with its head.
func (b *body) prefetch() {
	if b.mux != nil && !b.done && b.d0 == b.d1 && b.mux.Buffered() {
		b.fill(time.Time{})
	}
}

// compact makes room behind the raw bytes; false: there is none.
func (b *body) compact() bool {
	u := b.buf
	if b.d0 > b.base { // move ready bytes to the front
		n := copy(u.b[b.base:], u.b[b.d0:b.d1])
		if b.framing == tx.Chunked {
			b.d0, b.d1 = b.base, b.base+n
		} else {
			b.d0, b.d1 = b.base, b.base+n
			k := copy(u.b[b.d1:], u.b[u.r:u.w])
			u.r, u.w = b.d1, b.d1+k
			return u.w < len(u.b)
		}
	}
	if u.r > b.d1 {
		k := copy(u.b[b.d1:], u.b[u.r:u.w])
		u.r, u.w = b.d1, b.d1+k
	}
	return u.w < len(u.b)
}

// framed is the form in which a body goes on.
type framed struct {
	dst     *sock
	mux     muxStream // where it goes on as a stream's
	chunked bool
	drop    bool // leave trailers out
	closes  bool // the connection ends with the message
	sent    uint64
	out     *buffer // collects chunk heads and data

	keep   *filter.Storing    // a cache that gets the bytes, too
	zip    *filter.Compressor // nil: bytes go on as they are
	zipped uint64             // bytes given to it
	told   func(n int, out bool)
	last   func() // called before the write that ends the body; nil: nobody asks
}

// pass writes what is ready of b to dst. prefix is a head that goes out in
// the same write where it fits.
func (f *framed) pass(b *body, prefix []byte, deadline time.Time) error {
	f.copyKept(b)
	if f.zip != nil {
		return f.squeeze(b, prefix, deadline)
	}
	if f.mux != nil {
		return f.passMux(b, deadline)
	}
	data := b.ready()
	if !f.chunked && len(prefix) == 0 {
		if len(data) == 0 {
			return nil
		}
		f.sent += uint64(len(data))
		b.take(len(data))
		f.ended(b)
		return f.dst.write(data, deadline)
	}
	out := f.out.b[:0]
	if len(prefix) > 0 && &prefix[0] == &f.out.b[0] { // the head was built there
		out = f.out.b[:len(prefix)]
	} else {
		out = append(out, prefix...)
	}
	if f.chunked && len(data) > 0 {
		out = h1.AppendChunkHead(out, len(data))
	}
	if room := cap(out) - len(out); room < len(data)+64 { // does not fit one write
		if err := f.dst.write(out, deadline); err != nil {
			return err
		}
		out = out[:0]
		if len(data) > cap(out)-64 {
			f.sent += uint64(len(data))
			b.take(len(data))
			if !f.chunked {
				f.ended(b)
			}
			if err := f.dst.write(data, deadline); err != nil {
				return err
			}
			data = nil
			if f.chunked {
				out = append(out, "\r\n"...)
			}
		}
	}
	if len(data) > 0 {
		out = append(out, data...)
		f.sent += uint64(len(data))
		b.take(len(data))
		if f.chunked {
			out = append(out, "\r\n"...)
		}
	}
	if f.chunked && b.finished() {
		out = b.appendEnd(out, f.drop)
	}
	if len(out) == 0 {
		return nil
	}
	f.ended(b)
	if f.closes && b.finished() {
		return f.dst.writeLast(out, deadline)
	}
	return f.dst.write(out, deadline)
}
