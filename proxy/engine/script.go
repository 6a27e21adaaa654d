package engine

import (
	"errors"
	"io"
	"os"
	"time"

	"tandem/proxy/logs"
)

// What scripts ask of a connection beyond tx.Conn; package lua declares the
// interfaces.

// LogLine writes a line to the loggers of the transaction's proxy; false: it
// has none.
func (c *conn) LogLine(level int, line string) bool {
	if c.mute() {
		return false
	}
	c.e.deps.Log(c.fe.p, level, logs.Message{Line: []byte(line)})
	return true
}

// TakeBody takes at most max bytes of the request's body as soon as there are
// any; more is false behind the last.
func (c *conn) TakeBody(max int) (data []byte, more bool) {
	b := &c.reqBody
	if b.buf == nil {
		return nil, false
	}
	c.continue100()
	for b.d0 == b.d1 {
		if b.done || b.err != nil || !b.fill(after(time.Now(), c.clientTimeout())) && b.d0 == b.d1 {
			return nil, false
		}
	}
	ready := b.ready()
	if len(ready) > max {
		ready = ready[:max]
	}
	data = append(data, ready...)
	b.take(len(ready))
	return data, !b.finished()
}

// Receive takes at most max bytes of a session in TCP mode; timeout 0 is the
// client's.
func (c *conn) Receive(max int, timeout time.Duration) ([]byte, error) {
	if c.in != nil && c.in.r < c.in.w {
		data := c.in.b[c.in.r:c.in.w]
		data = data[:min(len(data), max)]
		c.in.r += len(data)
		return append([]byte(nil), data...), nil
	}
	if c.reqBody.done {
		return nil, io.EOF
	}
	if timeout <= 0 {
		timeout = c.clientTimeout()
	}
	buf := make([]byte, min(max, c.rt.bufSize))
	n, err := c.cli.read(buf, after(time.Now(), timeout))
	c.t.Bytes.ReqIn += uint64(n)
	if n > 0 {
		return buf[:n], nil
	}
	if isTimeout(err) {
		return nil, os.ErrDeadlineExceeded
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	return nil, err
}

// Send sends bytes to the client of a session in TCP mode.
func (c *conn) Send(b []byte) error {
	err := c.cli.write(b, c.writeDeadline())
	if err == nil {
		c.t.Bytes.ResOut += uint64(len(b))
	}
	return err
}

// serviceRules runs the response rules on the answer of a script's service,
// which stands for a server.
func (c *conn) serviceRules() bool {
	c.t.Served = false // what a rule answers in its place is no service's
	if c.be == nil {
		c.be = c.fe.stub
		defer func() { c.be = nil }()
	}
	if c.be.p != c.fe.p && !c.responseSet(c.be.p.HTTPResponse) {
		return false
	}
	return c.responseSet(c.fe.p.HTTPResponse)
}
