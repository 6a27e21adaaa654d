package engine

import (
	"time"

	"tandem/proxy/config"
	"tandem/proxy/logformat"
	"tandem/proxy/logs"
	"tandem/proxy/tx"
	"tandem/stats"
)

// Syslog levels that the engine uses.
const (
	levelErr     = 3
	levelWarning = 4
	levelNotice  = 5
	levelInfo    = 6
	levelSilent  = 8
)

// mute says that nobody wants lines.
func (c *conn) mute() bool { return c.fe.mute || c.e.deps.Log == nil }

// logTx writes the line of a finished transaction, once.
func (c *conn) logTx() { c.logTxAs(logs.Close, false) }

func (c *conn) logTxAs(step logs.Step, early bool) {
	if c.logged {
		return
	}
	c.logged = true
	if f := c.e.deps.onEnd; f != nil {
		f(&c.t)
	}
	if c.fe.logStart {
		return
	}
	if c.fe.steps != 0 && step == logs.Close && c.fe.steps&(1<<logs.Close) == 0 {
		return
	}
	p := c.fe.p
	if c.mute() {
		return
	}
	t := &c.t
	level := levelInfo
	bad := c.failedTx()
	if bad && c.fe.separateErrors {
		level = levelErr
	}
	if !bad && c.fe.dontLogNormal {
		return
	}
	if t.LogLevel >= 0 {
		level = t.LogLevel
	}
	if level >= levelSilent || p.LogFormat == nil {
		return
	}
	format := p.LogFormat
	if step == logs.SessError && p.ErrorLogFormat != nil {
		format = p.ErrorLogFormat
	}
	c.writeLine(level, format, logs.Message{Step: step, Early: early})
}

// writeLine formats a line and sends it.
func (c *conn) writeLine(level int, format *logformat.Format, m logs.Message) {
	p := c.fe.p
	m.Tx = &c.t
	c.lineBuf = format.AppendFrom(c.lineBuf[:0], &c.t, m.Step.Origin(), m.Early)
	m.Line = c.lineBuf
	c.addSD(&m)
	c.e.deps.Log(p, level, m)
}

// addSD puts the proxy's structured data behind the line in its buffer.
func (c *conn) addSD(m *logs.Message) {
	if f := c.fe.p.LogFormatSD; f != nil {
		n := len(c.lineBuf)
		c.lineBuf = f.AppendFrom(c.lineBuf, &c.t, m.Step.Origin(), m.Early)
		m.Line, m.SD = c.lineBuf[:n], c.lineBuf[n:]
	}
}

// logStep writes a line in the middle of a transaction where "log-steps" asks
// for it.
func (c *conn) logStep(step logs.Step) {
	if c.fe.steps&(1<<step) == 0 && (step != logs.Accept || !c.fe.logStart) || c.mute() || c.fe.p.LogFormat == nil {
		return
	}
	level := levelInfo
	if c.t.LogLevel >= 0 {
		level = c.t.LogLevel
	}
	if level >= levelSilent {
		return
	}
	c.t.Now = time.Now()
	c.writeLine(level, c.fe.p.LogFormat, logs.Message{Step: step})
}

// failedTx says whether "option dontlog-normal" and "log-separate-errors"
// count the transaction as an error.
func (c *conn) failedTx() bool {
	t := &c.t
	if t.Term[0] != 0 && t.Term[0] != 'L' || t.Retries > 0 || t.Redispatched {
		return true
	}
	return c.sess.HTTP && t.Status >= 500
}

// logASAP writes the line before the data come ("option logasap").
func (c *conn) logASAP(step logs.Step) {
	if !c.fe.logASAP || c.fe.steps != 0 {
		return
	}
	c.t.Now = time.Now()
	var n uint64
	if step == logs.Response {
		n = uint64(len(c.resBody.ready())) // came along with the head
	}
	c.t.Bytes.ResIn += n
	c.logTxAs(step, true)
	c.t.Bytes.ResIn -= n
}

// Log implements tx.Conn for the do-log action.
func (c *conn) Log(t *tx.Tx, origin string, profile any) {
	if c.mute() || c.fe.p.LogFormat == nil {
		return
	}
	m := logs.Message{}
	m.Step, _ = logs.StepNamed(origin)
	if b, ok := profile.(*config.Block); ok {
		m.Profile = b.Profile
	}
	c.writeLine(levelInfo, c.fe.p.LogFormat, m)
}

// logConnError writes the line of a connection that failed before any request.
func (c *conn) logConnError() {
	p := c.fe.p
	if c.mute() || c.fe.dontLogNull && c.sess.Err.Code == 0 {
		return
	}
	level := levelInfo
	if c.fe.separateErrors {
		level = levelErr
	}
	line := c.lineBuf[:0]
	if p.ErrorLogFormat != nil {
		line = p.ErrorLogFormat.AppendFrom(line, &c.t, logs.SessKilled.Origin(), false)
	} else {
		if src := c.sess.Src; src.IsValid() {
			line = append(src.Addr().AppendTo(line), ':')
			line = appendInt(line, int(src.Port()))
		} else {
			line = append(line, "unix:"...)
			line = appendInt(line, max(c.sess.Listener.ID, 1))
		}
		line = append(line, " ["...)
		line = c.sess.Accepted.AppendFormat(line, "02/Jan/2006:15:04:05.000")
		line = append(line, "] "...)
		line = append(line, c.fe.name...)
		line = append(line, '/')
		if n := c.sess.Listener.Name; n != "" {
			line = append(line, n...)
		} else {
			line = appendInt(line, max(c.sess.Listener.ID, 1))
		}
		line = append(append(line, ": "...), c.sess.Err.Text...)
	}
	c.lineBuf = line
	m := logs.Message{Line: line, Step: logs.SessKilled, Tx: &c.t}
	c.addSD(&m)
	c.e.deps.Log(p, level, m)
}

// countResponse counts the class of an answer on all levels.
func (c *conn) countResponse(status int) {
	c.fe.st.Resp.Add(status)
	if c.backSeen {
		c.be.st.Resp.Add(status)
	}
}

// countEnd counts bytes and times of a finished transaction and leaves its
// backend and server.
func (c *conn) countEnd(now time.Time) {
	t := &c.t
	b := &t.Bytes
	if c.reqBody.buf != nil {
		b.ReqIn += c.reqBody.size()
		if b.ReqOut > 0 { // a server got it
			b.ReqOut += c.reqBody.size()
		}
	}
	addBytes(&c.fe.st.Common, b)
	addBytes(&c.sess.Listener.Stats.Common, b)
	c.e.deps.Process.BytesOut.Add(b.ResOut)
	c.leaveServer()
	if c.backSeen {
		addBytes(&c.be.st.Common, b)
		c.be.st.Sess.Add(-1)
		c.backSeen = false
		c.addTimes(&c.be.st.Times, now)
	} else if own := c.fe.own; own != nil { // a listen section answered by itself
		addBytes(&own.st.Common, b)
	}
	if c.srvSeen && c.srv != nil {
		addBytes(&c.srv.s.Stats.Common, b)
		c.addTimes(&c.srv.s.Stats.Times, now)
		c.srvSeen = false
	}
}

func addBytes(s *stats.Common, b *tx.Bytes) {
	s.ReqIn.Add(b.ReqIn)
	s.ReqOut.Add(b.ReqOut)
	s.RespIn.Add(b.ResIn)
	s.RespOut.Add(b.ResOut)
}

func (c *conn) addTimes(s *stats.Times, now time.Time) {
	t := &c.t.Time
	diff := func(a *stats.Average, from, to time.Time) {
		if !from.IsZero() && !to.IsZero() {
			a.Add(to.Sub(from).Milliseconds())
		}
	}
	diff(&s.Queue, t.Request, t.Queue)
	diff(&s.Connect, t.Queue, t.Connect)
	diff(&s.Response, t.Connect, t.Response)
	diff(&s.Total, t.Request, now)
	if l := s.Latencies(); l != nil {
		spread := func(h *stats.Histogram, from, to time.Time) {
			if !from.IsZero() && !to.IsZero() {
				h.Add(to.Sub(from))
			}
		}
		spread(&l.Queue, t.Request, t.Queue)
		spread(&l.Connect, t.Queue, t.Connect)
		spread(&l.Response, t.Connect, t.Response)
		spread(&l.Total, t.Request, now)
	}
}
