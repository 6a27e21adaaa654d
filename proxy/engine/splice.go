package engine

import (
	"errors"
	"io"
	"math"
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
