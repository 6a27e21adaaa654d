package engine

import (
	"errors"
	"io"
	"time"
)

// upload forwards the rest of a request's body while the response is awaited.
type upload struct {
	running bool
	result  failure
	isDone  chan failure
	got     bool
}

// startUpload begins the second direction, unless the body is complete.
func (c *conn) startUpload(to time.Duration) {
	c.upl.got, c.upl.result = false, okay
	if c.reqBody.finished() {
		return
	}
	if c.upl.isDone == nil {
		c.upl.isDone = make(chan failure, 1)
	}
	c.upl.running = true
	up := c.up
	go func() {
		f := c.uploadAll(to)
		if f == clientGone || f == clientTimeout || f == badBody {
			defer up.interrupt()
		}
		c.upl.isDone <- f
	}()
}

func (c *conn) uploadAll(to time.Duration) failure {
	b := &c.reqBody
	for !b.finished() {
		if n, ok := b.worth(c.fe.spliceReq || c.be.spliceReq); ok && c.reqOut.zip == nil {
			done, err := c.reqOut.splice(b, n, c.clientTimeout(), to, func(k uint64) {
				c.fe.st.H1.SplicedIn.Add(k)
				c.be.st.H1.SplicedOut.Add(k)
			})
			switch {
			case err != nil:
				return uploadFailure(err)
			case done:
				continue
			}
		}
		if c.reqOut.zip == nil && b.bulky() {
			return uploadFailure(c.reqOut.bulk(b, &c.e.bulks, c.clientTimeout(), to))
		}
		if len(b.ready()) == 0 && !b.fill(after(time.Now(), c.clientTimeout())) && !b.done {
			switch {
			case b.bad != nil:
				return badBody
			case isTimeout(b.err):
				return clientTimeout
			case b.err == nil || errors.Is(b.err, io.EOF):
				return clientGone
			}
			return clientGone
		}
		if err := c.reqOut.pass(b, nil, after(time.Now(), to)); err != nil {
			return sendFailed
		}
	}
	return okay
}

// uploadFailure tells whose fault the end of an upload is: errors of the
// source are wrapped.
func uploadFailure(err error) failure {
	var se *serverError
	switch {
	case err == nil:
		return okay
	case errors.As(err, &se) && isTimeout(err):
		return clientTimeout
	case errors.As(err, &se):
		return clientGone
	}
	return sendFailed
}

// failed returns how the upload ended, okay while it runs.
func (u *upload) failed() failure {
	if u.running {
		select {
		case u.result = <-u.isDone:
			u.running, u.got = false, true
		default:
		}
	}
	if u.result == sendFailed {
		return okay // the server may still answer
	}
	return u.result
}

// soon is failed that gives an upload whose last bytes just went out a moment
// to say so; it returns false where more of the request is to come.
func (u *upload) soon() bool {
	if u.running {
		t := time.NewTimer(50 * time.Millisecond)
		defer t.Stop()
		select {
		case u.result = <-u.isDone:
			u.running, u.got = false, true
		case <-t.C:
		}
	}
	return !u.running && u.result == okay
}

// waitUpload waits for the request's end after the response was forwarded.
func (c *conn) waitUpload() failure {
	if c.upl.running {
		c.upl.result = <-c.upl.isDone
		c.upl.running = false
	}
	return c.upl.result
}

// stopUpload ends the upload at once; the client connection is then of no use.
func (c *conn) stopUpload() {
	if c.upl.running {
		c.cli.interrupt()
		if c.up != nil {
			c.up.Close()
		}
		<-c.upl.isDone
		c.upl.running = false
		c.cli.revive()
	}
}
