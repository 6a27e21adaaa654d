package engine

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/filter"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// spoe is an engine that asks agents at events (SPOE.txt).
type spoe struct {
	a           *config.SPOEAgent
	id          string // by which agents know it
	back        *back  // of the agents
	done, fails atomic.Uint64
}

// loadSPOE gives the sides of proxies with "filter spoe" their engines.
func (rt *setup) loadSPOE(p *config.Proxy) {
	agents := p.SPOEAgents()
	if len(agents) == 0 {
		return
	}
	var list []*spoe
	for _, a := range agents {
		if b := rt.backs[keyword.Target[*config.Proxy](a.Backend)]; b != nil {
			list = append(list, &spoe{a: a, id: newUUID(), back: b})
		}
	}
	if b := rt.backs[p]; b != nil {
		b.spoe = list
	}
	if f := rt.fronts[p.Front]; p.Front != nil && f != nil {
		f.spoe = list
	}
}

// newUUID makes a random UUID (RFC 9562 5.4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// asking is what a transaction remembers of an engine.
type asking struct {
	of    *spoe
	off   bool // it failed once
	total time.Duration
}

// event asks the agents of a side that are to be asked now.
func (c *conn) event(s *side, ev config.SPOEEvent) {
	for _, x := range s.spoe {
		if m := x.a.Events[ev]; len(m) > 0 {
			c.ask(x, "EVENT", ev.String(), m)
		}
	}
}

// events asks those of both sides, the backend's last.
func (c *conn) events(ev config.SPOEEvent) {
	c.event(&c.fe.side, ev)
	if c.be.p != c.fe.p {
		c.event(&c.be.side, ev)
	}
}

// SendGroup implements tx.GroupSender.
func (c *conn) SendGroup(engine, group string) {
	sides := [2]*side{&c.fe.side, nil}
	if c.be != nil && c.be.p != c.fe.p {
		sides[1] = &c.be.side
	}
	for _, s := range sides {
		if s == nil {
			continue
		}
		for _, x := range s.spoe {
			if x.a.Engine == engine && len(x.a.Groups[group]) > 0 {
				c.ask(x, "GROUP", group, x.a.Groups[group])
				return
			}
		}
	}
}

// ask sends the messages that apply to an agent and does what it answers.
func (c *conn) ask(x *spoe, kind, name string, messages []*config.SPOEMessage) {
	i := slices.IndexFunc(c.asked, func(a asking) bool { return a.of == x })
	if i < 0 {
		i = len(c.asked)
		c.asked = append(c.asked, asking{of: x})
	}
	if c.asked[i].off && !x.a.KeepGoing {
		return
	}
	t := &c.t
	t.Now = time.Now()
	var payload []byte
	for _, m := range messages {
		if m.Cond.Eval(t) == pattern.Pass {
			payload = appendMessage(payload, t, m)
		}
	}
	if payload == nil {
		return
	}
	start := time.Now()
	ack, err := c.askAgent(x, payload, after(start, x.a.Timeout))
	if err == nil {
		filter.Actions(ack, func(a *filter.VarAction) { c.act(x, a) })
	}
	took := time.Since(start)
	c.asked[i].total += took
	status := spoeStatus(err)
	level, fails := levelNotice, x.fails.Load()
	if status != 0 {
		c.asked[i].off = true
		level, fails = levelWarning, x.fails.Add(1)
		c.tell(x.a.OnError, int64(status))
	}
	c.tell(x.a.Process, took.Milliseconds())
	c.tell(x.a.Total, c.asked[i].total.Milliseconds())
	done := x.done.Add(1)
	if log := c.e.deps.LogAs; log != nil && len(x.a.Logs) > 0 && (status != 0 || !x.a.DontLogNormal) {
		log(x.a, level, fmt.Appendf(nil, "SPOE: [%s] <%s:%s> sid=%d st=%d %d %d/%d", x.a.Name, kind, name, c.sess.ID, status, took.Milliseconds(), fails, done))
	}
}

// tell sets a variable of the transaction to a number.
func (c *conn) tell(name string, n int64) {
	if name != "" {
		var v tx.Value
		v.SetInt(n)
		c.t.SetVar(tx.VarName{Scope: tx.VarTxn, Name: name}, v)
	}
}

func appendMessage(dst []byte, t *tx.Tx, m *config.SPOEMessage) []byte {
	dst = filter.AppendMessage(dst, m.Name, len(m.Args))
	for i := range m.Args {
		a := &m.Args[i]
		var v tx.Value
		if a.Expr.Eval(t, tx.TypeAny, &v) {
			dst = filter.AppendArg(dst, a.Name, &v)
		} else {
			dst = filter.AppendArg(dst, a.Name, nil)
		}
	}
	return dst
}

// act sets or forgets a variable, if the agent may.
func (c *conn) act(x *spoe, a *filter.VarAction) {
	name := x.a.Prefix + "." + a.Name
	if !x.a.ForceVars && !x.a.Known[name] {
		return
	}
	n := tx.VarName{Scope: a.Scope, Name: name}
	if a.Unset {
		if n.Scope != tx.VarProc || c.sess.Proc != nil {
			c.t.UnsetVar(n)
		}
		return
	}
	sample.SetVar(&c.t, n, a.Value)
}

// spoeStatus is how the manual counts errors ("option set-on-error").
func spoeStatus(err error) int {
	var e filter.SPOPError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 1
	case errors.Is(err, filter.ErrTooLong):
		return 3
	case errors.As(err, &e):
		return 256 + int(e)
	}
	return 256 + int(filter.SPOPIO)
}

// agentLink is a connection to an agent.
type agentLink struct {
	sock
	*filter.AgentConn
}

// Recv implements socket.Wire.
func (l *agentLink) Recv(b []byte, deadline time.Time) (int, error) { return l.read(b, deadline) }

// Send implements socket.Wire.
func (l *agentLink) Send(b []byte, deadline time.Time) error { return l.write(b, deadline) }

// agents are the connections to one agent.
type agents struct {
	mu   sync.Mutex
	list []*agentLink
}

// take takes a place on one of them; nil where there is none.
func (p *agents) take() *filter.Question {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.list {
		if q := l.Take(); q != nil {
			return q
		}
	}
	return nil
}

func (p *agents) add(l *agentLink) {
	p.mu.Lock()
	p.list = append(p.list, l)
	p.mu.Unlock()
}

func (p *agents) remove(l *agentLink) {
	p.mu.Lock()
	p.list = slices.DeleteFunc(p.list, func(x *agentLink) bool { return x == l })
	p.mu.Unlock()
}

// sweep says goodbye on connections that nobody used since before.
func (p *agents) sweep(before time.Time) {
	p.mu.Lock()
	var old []*agentLink
	p.list = slices.DeleteFunc(p.list, func(l *agentLink) bool {
		if !l.Idle(before) {
			return false
		}
		old = append(old, l)
		return true
	})
	p.mu.Unlock()
	for _, l := range old {
		l.Bye()
	}
}

// askAgent chooses an agent and asks it. A stream of its own carries the
// question, as balancing, queues and counters of the agents' backend want it.
func (c *conn) askAgent(x *spoe, payload []byte, deadline time.Time) ([]byte, error) {
	k := newConn(c.e)
	k.rt, k.fe, k.be = c.rt, c.fe, x.back
	k.sess = tx.Session{ID: c.e.nextID.Add(1), Front: c.sess.Front, Listener: c.sess.Listener, Proc: c.sess.Proc, Src: c.sess.Src, Dst: c.sess.Dst, Codes: c.sess.Codes}
	k.sess.Vars.CopyFrom(&c.sess.Vars) // psess and ptxn are the parent's
	k.t.TxnVars.CopyFrom(&c.t.TxnVars)
	k.t.EngineID = x.id
	now := time.Now()
	k.t.Now, k.t.Time.Start, k.t.Time.Date = now, now, now
	k.enterBackend(c.e.nowMS(now))
	defer func() {
		k.leaveServer()
		k.be.st.Sess.Add(-1)
	}()
	if d := x.back.p.Timeouts.Server; d > 0 && (deadline.IsZero() || now.Add(d).Before(deadline)) {
		deadline = now.Add(d)
	}
	var avoid *srv
	for attempt := 0; ; attempt++ {
		ack, f, err := k.askOnce(x, payload, avoid, deadline)
		k.leaveServer()
		switch {
		case f == okay:
			return ack, err
		case !deadline.IsZero() && !time.Now().Before(deadline):
			return nil, os.ErrDeadlineExceeded
		case f != connRefused && f != connTimeout:
			return nil, err
		case attempt >= x.back.p.Retries:
			return nil, filter.SPOPIO
		}
		avoid = nil
		if len(x.back.b.Servers()) > 1 {
			avoid = k.srv
			continue
		}
		pause := time.Second
		if !deadline.IsZero() {
			pause = min(pause, time.Until(deadline))
		}
		time.Sleep(pause)
	}
}

// askOnce makes one try. A failure other than okay says that no agent heard
// the question.
func (c *conn) askOnce(x *spoe, payload []byte, avoid *srv, deadline time.Time) ([]byte, failure, error) {
	if avoid != nil {
		if f := c.assign(avoid.s); f != okay {
			return nil, f, filter.SPOPIO
		}
	} else if f := c.assign(nil); f != okay {
		return nil, f, filter.SPOPIO
	}
	p := &c.srv.pool.agents
	q := p.take()
	if q != nil {
		c.srv.s.Stats.Reuses.Add(1)
		c.be.st.Reuses.Add(1)
	} else {
		l, f, err := c.dialAgent(x, deadline)
		if f != okay {
			return nil, f, err
		}
		if q = l.Take(); q == nil {
			return nil, okay, filter.SPOPIO
		}
		p.add(l)
		c.e.crew.run(func() {
			_ = l.Serve()
			p.remove(l)
		})
	}
	ack, err := q.Ask(payload, deadline)
	return ack, okay, err
}

// dialAgent makes a connection to the agent that was assigned.
func (c *conn) dialAgent(x *spoe, deadline time.Time) (*agentLink, failure, error) {
	c.srv.s.Stats.Connects.Add(1)
	c.be.st.Connects.Add(1)
	nc, f := c.dial(c.srv)
	if f != okay {
		return nil, f, filter.SPOPIO
	}
	until := after(time.Now(), c.connectTimeout())
	if until.IsZero() || !deadline.IsZero() && deadline.Before(until) {
		until = deadline
	}
	size := c.rt.bufSize - 4
	if x.a.MaxFrame > 0 {
		size = x.a.MaxFrame
	}
	l := &agentLink{}
	l.init(nc)
	var err error
	l.AgentConn, err = filter.DialAgent(l, size, !x.a.NoPipelining, x.id, until, func() { l.sock.Close() })
	if err != nil {
		c.srv.s.Stats.ConnErr.Add(1)
		c.be.st.ConnErr.Add(1)
		if _, told := err.(filter.SPOPError); told || isTimeout(err) {
			return nil, connRefused, err
		}
		return nil, sendFailed, err
	}
	return l, okay, nil
}
