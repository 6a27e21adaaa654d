package fcgi

import (
	"io"
	"time"
)

// input is what was read of a connection and not looked at yet: buf[r:w].
type input struct {
	c    *Conn
	buf  []byte
	r, w int
}

// more reads once, having settled what was read before.
func (in *input) more() error {
	c := in.c
	c.settle()
	if in.r > 0 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	n, err := c.w.Recv(in.buf[in.w:], time.Time{})
	if in.w += n; n > 0 {
		c.mu.Lock()
		c.batch, c.busy = c.batch+1, true
		c.mu.Unlock()
		return nil
	}
	if err == nil {
		err = io.EOF
	}
	return err
}

// head reads the head of a record that may come here.
func (in *input) head() (rec record, err error) {
	for in.w-in.r < headLen {
		if err := in.more(); err != nil {
			return rec, err
		}
	}
	if rec, err = parseRecord(in.buf[in.r:]); err != nil {
		return rec, err
	}
	in.r += headLen
	if rec.id == 0 && rec.typ != typeValues && rec.typ < typeGetValues {
		return rec, ErrBadRecord
	}
	if rec.typ == typeEnd && rec.content < 8 {
		return rec, ErrBadRecord
	}
	return rec, nil
}

// take returns up to n bytes, at least one; they are good until the next call.
func (in *input) take(n int) ([]byte, error) {
	if in.r == in.w {
		if err := in.more(); err != nil {
			return nil, err
		}
	}
	part := in.buf[in.r:min(in.r+n, in.w)]
	in.r += len(part)
	return part, nil
}
