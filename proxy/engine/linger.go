package engine

import (
	"time"
)

// lingeringClose lets the client read the last answer although it may still
// be sending: closing with unread bytes would reset the connection.
func (c *conn) lingeringClose() {
	if c.cutting.Load() {
		return
	}
	unread := c.in != nil && c.in.w > c.in.r || c.reqBody.buf != nil && !c.reqBody.done
	if !unread {
		return
	}
	c.linger()
}

// linger closes the writing side and throws away what the client still sends,
// for a bounded time and amount.
func (c *conn) linger() {
	c.cli.closeWrite()
	buf := c.e.bufs.get()
	deadline := time.Now().Add(500 * time.Millisecond)
	for total := 0; total < 1<<20; {
		n, err := c.cli.read(buf.b, deadline)
		if err != nil {
			break
		}
		total += n
	}
	c.e.bufs.put(buf)
}
