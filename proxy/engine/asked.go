package engine

import (
	"net"
	"time"

	"tandem/proxy/h1"
	"tandem/proxy/tx"
)

// Client implements tx.Conn.
func (c *conn) Client() net.Conn {
	if c.parent != nil {
		return c.parent.cli.Conn
	}
	return c.cli.Conn
}

// BufferSize implements tx.Conn: what the body takes of the buffer is not
// there for heads.
func (c *conn) BufferSize() int {
	n := c.rt.bufSize
	for _, b := range [2]*body{&c.reqBody, &c.resBody} {
		if b.buf != nil && (b == &c.resBody) == c.t.HasRes {
			n -= b.d1 - b.d0
		}
	}
	return n
}

// MaxRewrite implements tx.Conn.
func (c *conn) MaxRewrite() int { return c.rt.maxRewrite }

// Body implements tx.Conn.
func (c *conn) Body(response bool) ([]byte, bool) {
	b := &c.reqBody
	if response {
		b = &c.resBody
	}
	if b.buf == nil {
		return nil, false
	}
	return b.ready(), b.done
}

// WaitBody implements tx.Conn.
func (c *conn) WaitBody(response bool, n int, timeout time.Duration) tx.BodyState {
	b := &c.reqBody
	if response {
		b = &c.resBody
	} else {
		c.continue100()
	}
	if b.buf == nil {
		return tx.BodyComplete
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	for {
		switch {
		case b.done:
			return tx.BodyComplete
		case n > 0 && b.d1-b.d0 >= n:
			return tx.BodyPartial
		case b.err != nil && isTimeout(b.err):
			b.err = nil
			return tx.BodyTimeout
		case b.err != nil:
			return tx.BodyError
		}
		if !b.fill(deadline) && !b.done && b.err == nil {
			return tx.BodyFull
		}
	}
}

// continue100 asks a client that waits for permission to send its body. Only
// needed where the proxy itself wants the body before a server is known.
func (c *conn) continue100() {
	if c.p.Flags&h1.Expect100 == 0 || c.sess.Version < 11 || c.reqBody.buf == nil || c.reqBody.done || c.reqBody.in > 0 {
		return
	}
	c.p.Flags &^= h1.Expect100
	if c.st != nil {
		_ = c.st.SendHead(&tx.Message{Status: 100}, false)
	} else {
		c.cli.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"), c.writeDeadline())
	}
	c.t.Req.DelID(tx.HdrExpect)
}

// Content implements tx.Conn.
func (c *conn) Content(response bool) ([]byte, bool) {
	if response {
		if c.up == nil || c.up.buf == nil {
			return nil, false
		}
		return c.up.buf.b[c.up.buf.r:c.up.buf.w], c.resBody.done
	}
	if c.in == nil {
		return nil, c.reqBody.done
	}
	return c.in.b[c.in.r:c.in.w], c.reqBody.done
}

// Interim implements tx.Conn.
func (c *conn) Interim(status int, fields []tx.Field) {
	if c.sess.Version < 11 {
		return
	}
	m := tx.Message{Status: status, Reason: []byte(tx.Reason(status)), Version: 11, Fields: fields}
	_ = c.interim(&m)
}
