package engine

import (
	"io"
	"time"

	"tandem/proxy/tx"
)

// bulkSize is how much of a long body is moved with one read and one write,
// in bytes: what the system's socket buffers commonly hold.
const bulkSize = 64 << 10

// bulky says whether what is left of b has a known length, is not yet in the
// message's own buffer, and is longer than that buffer.
func (b *body) bulky() bool {
	return b.framing == tx.ByLength && b.d0 == b.d1 && b.buf.r == b.buf.w &&
		!b.done && b.err == nil && b.left > uint64(len(b.buf.b)-b.base)
}

// bulk moves the rest of b, whose length is known, to f's destination through
// a buffer that is larger than a message's and held no longer than that
// takes. What goes wrong with b's connection is a *serverError and noted in b.
func (f *framed) bulk(b *body, pool *bufPool, srcTO, dstTO time.Duration) error {
	buf := pool.get()
	defer pool.put(buf)
	for b.left > 0 {
		n, err := b.s.read(buf.b[:min(b.left, uint64(len(buf.b)))], after(time.Now(), srcTO))
		if n == 0 {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			b.err = err
			return &serverError{err}
		}
		b.in += uint64(n)
		b.left -= uint64(n)
		f.sent += uint64(n)
		if b.done = b.left == 0; b.done {
			f.kept(b)
			f.ended(b)
		}
		if err := f.put(buf.b[:n], b.left == 0, after(time.Now(), dstTO)); err != nil {
			return err
		}
	}
	return nil
}
