package engine

import (
	"tandem/proxy/config"
	"tandem/proxy/logformat"
	"tandem/proxy/tx"
)

// The accounts of a transaction are closed before its last bytes leave, since
// whoever has them may look at once: for an idle server connection, a free
// place in a queue, a counter, an entry of a table. Only the log line comes
// behind them, because it tells how sending them went.

// ahead settles a transaction whose last bytes are about to go to the client.
// It does nothing where something has to be waited for before the end.
func (c *conn) ahead() {
	c.upl.failed()
	if c.settled || c.upl.running || c.upl.result != okay || c.t.Term[0] != 0 && c.t.Term[0] != 'L' || c.reqBody.buf != nil && !c.reqBody.done {
		return
	}
	if b := &c.resBody; c.resOut.mux != nil && len(b.trailers()) > 0 {
		return // they belong to the server's stream
	}
	c.countBody()
	c.unwatch()
	c.settleForward()
}

// countBody adds the response's body to the transaction's bytes.
func (c *conn) countBody() {
	t, b, f := &c.t, &c.resBody, &c.resOut
	t.Bytes.ResOut += f.sent + trailerSize(b)
	t.Bytes.ResIn += trailerSize(b)
	if f.zip != nil {
		t.Bytes.ResIn += f.zipped
	} else {
		t.Bytes.ResIn += f.sent
	}
	if c.zip.set != nil {
		c.countCompression()
	}
}

// settleForward settles a transaction whose response is all there.
func (c *conn) settleForward() {
	c.reqDone = c.upl.result == okay
	ok := c.reusable()
	c.settle(ok)
}

// settle lets the server go and counts the transaction. Reusable says that
// the server connection may carry another request.
func (c *conn) settle(reusable bool) {
	if c.settled {
		return
	}
	c.settled = true
	now := c.look()
	t := &c.t
	c.releaseServer(reusable)
	c.endKilled()
	c.countEnd(now)
	c.sess.CountBytes(t.Bytes.ReqIn, t.Bytes.ResOut, now)
	if !c.fe.logsSamples {
		c.sess.EndRequest(now)
	}
}

// finishTransaction settles a transaction if that was not done yet, and logs
// it.
func (c *conn) finishTransaction() {
	c.settle(false)
	c.settled = false
	now := c.at
	t := &c.t
	t.Time.End, t.Now = now, now
	c.endCompression()
	c.endCached()
	c.endKilled()
	c.logTx()
	c.sess.EndRequest(now)
	c.e.bufs.put(c.out)
	c.e.bufs.put(c.reqOut.out)
	c.e.bufs.put(c.spent)
	c.out, c.reqOut.out, c.spent = nil, nil, nil
}

// ended is called before a write that may be the last one of b.
func (f *framed) ended(b *body) {
	if f.last != nil && b.finished() {
		f.last()
	}
}

// countTracked tells what the session tracks of a connection that is over, for
// tables that count bytes.
func (c *conn) countTracked(b *tx.Bytes) {
	c.sess.CountBytes(b.ReqIn, b.ResOut, c.t.Time.End)
	c.sess.EndRequest(c.t.Time.End)
}

// logsSamples says whether log lines of p may ask for samples, some of which
// look at tracked entries.
func logsSamples(cfg *config.Config, p *config.Proxy) bool {
	for _, f := range [...]*logformat.Format{p.LogFormat, p.ErrorLogFormat, p.LogFormatSD} {
		if f != nil && f.Samples() {
			return true
		}
	}
	return len(cfg.Others.LogProfiles) > 0
}
