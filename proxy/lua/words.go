package lua

import (
	"slices"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// Compiler makes a sample expression that names proxies and tables of the
// running configuration; owner is the proxy that it is evaluated for.
type Compiler func(s expr.Sample, owner string, backend bool) (*sample.Expr, error)

// environments are the rule sets' names in register_action.
var environments = map[keyword.Scope]string{
	keyword.TCPContent: "tcp-req", keyword.TCPResponse: "tcp-res",
	keyword.HTTPRequest: "http-req", keyword.HTTPResponse: "http-res", keyword.HTTPAfterResponse: "http-after-res",
}

// Action returns the action "lua.<name>" of a rule set, and how many
// arguments it takes; nil where none is registered for it.
func (m *Machine) Action(name string, scope keyword.Scope) (make func(args []string) action.Action, nargs int) {
	on := environments[scope]
	e := m.actions[on+" "+name]
	if e == nil {
		return nil, 0
	}
	return func(args []string) action.Action {
		return action.Action{Run: func(t *tx.Tx) action.Verdict { return m.runAction(e, t, on, args) }}
	}, e.nargs
}

// Names lists the actions of a rule set, for messages about unknown ones.
func (m *Machine) Names(scope keyword.Scope) []string {
	var out []string
	for n := range m.actions {
		if name, ok := strings.CutPrefix(n, environments[scope]+" "); ok {
			out = append(out, "lua."+name)
		}
	}
	slices.Sort(out)
	return out
}

func sessionID(t *tx.Tx) uint64 {
	if t.Sess == nil {
		return 0
	}
	return t.Sess.ID
}

func (m *Machine) runAction(e *entry, t *tx.Tx, on string, args []string) action.Verdict {
	st, fn := e.pick(sessionID(t))
	r := &run{st: st, entry: e, kind: kindAction, mayYield: on != "http-after-res", limit: m.Opt.SessionTimeout, t: t, on: on, response: on == "http-res" || on == "tcp-res" || on == "http-after-res"}
	for {
		r.wake = 0
		out, err := st.callWith(r, fn, 1, func(l *glua.LState) []glua.LValue {
			vals := []glua.LValue{st.newTxn(r)}
			for _, a := range args {
				vals = append(vals, glua.LString(a))
			}
			return vals
		})
		switch {
		case r.done:
			return r.answered(t)
		case err != nil:
			m.report(t, e, st, err)
			return action.Continue
		}
		code := 0
		if n, ok := out[0].(glua.LNumber); ok {
			code = int(n)
		}
		if code != actCodes["YIELD"] {
			return r.verdict(t, code)
		}
		if v, again := r.again(t); !again {
			return v
		}
	}
}

// answered is the verdict of txn:done.
func (r *run) answered(t *tx.Tx) action.Verdict {
	t.Term = [2]byte{'L', r.letter()}
	if t.Reply == nil {
		t.Reply = &tx.Reply{Raw: []byte{}, Close: true}
	}
	if r.on == "tcp-req" || r.on == "tcp-res" {
		t.Served = true
		return action.Close
	}
	return action.Answer
}

// letter is the fourth character of the termination state.
func (r *run) letter() byte {
	if r.response {
		return 'H'
	}
	return 'R'
}

// verdict makes one of an action's return code.
func (r *run) verdict(t *tx.Tx, code int) action.Verdict {
	http := r.on == "http-req" || r.on == "http-res"
	answer := func(status int, cause byte) action.Verdict {
		t.Term = [2]byte{cause, r.letter()}
		if !http {
			return action.Close
		}
		t.Reply = &tx.Reply{Status: status, Close: status == 400}
		return action.Answer
	}
	switch code {
	case actCodes["STOP"]:
		return action.Stop
	case actCodes["ERROR"]:
		if http {
			return answer(500, 'I')
		}
		return action.Fail
	case actCodes["DONE"]:
		return r.answered(t)
	case actCodes["DENY"]:
		if r.response {
			return answer(502, 'P')
		}
		return answer(403, 'P')
	case actCodes["ABORT"]:
		return answer(503, 'P')
	case actCodes["INVALID"]:
		if r.response {
			return answer(502, 'P')
		}
		return answer(400, 'P')
	}
	return action.Continue
}

// again waits for what an action that wants to be called again waits for.
func (r *run) again(t *tx.Tx) (action.Verdict, bool) {
	if (r.on == "tcp-req" || r.on == "tcp-res") && r.wake <= 0 {
		return action.Wait, false
	}
	d := r.wake
	if d <= 0 {
		d = 10 * time.Millisecond
	}
	if p, ok := t.Conn.(action.Pauser); ok {
		if !p.Pause(d) {
			return action.Close, false
		}
	} else {
		time.Sleep(d)
	}
	return 0, true
}

// ScriptFetch returns the fetch "lua.<name>"; see sample.Scripts.
func (m *Machine) ScriptFetch(name string) func(args []string) func(t *tx.Tx, v *tx.Value) bool {
	e := m.fetches[name]
	if e == nil {
		return nil
	}
	return func(args []string) func(t *tx.Tx, v *tx.Value) bool {
		return func(t *tx.Tx, v *tx.Value) bool {
			st, fn := e.pick(sessionID(t))
			r := &run{st: st, entry: e, kind: kindFetch, limit: m.Opt.SessionTimeout, t: t}
			out, err := st.callWith(r, fn, 1, func(l *glua.LState) []glua.LValue {
				vals := []glua.LValue{st.newTxn(r)}
				for _, a := range args {
					vals = append(vals, glua.LString(a))
				}
				return vals
			})
			if err != nil {
				m.report(t, e, st, err)
				return false
			}
			sampleOf(out[0], v)
			return true
		}
	}
}

// ScriptConv returns the converter "lua.<name>"; see sample.Scripts.
func (m *Machine) ScriptConv(name string) func(args []string) func(t *tx.Tx, v *tx.Value) bool {
	e := m.converters[name]
	if e == nil {
		return nil
	}
	return func(args []string) func(t *tx.Tx, v *tx.Value) bool {
		return func(t *tx.Tx, v *tx.Value) bool {
			st, fn := e.pick(sessionID(t))
			vals := []glua.LValue{glua.LString(v.B)}
			for _, a := range args {
				vals = append(vals, glua.LString(a))
			}
			out, err := st.call(&run{st: st, entry: e, kind: kindConv, limit: m.Opt.SessionTimeout, t: t}, fn, 1, vals...)
			if err != nil {
				m.report(t, e, st, err)
				return false
			}
			if out[0] == glua.LNil {
				return false
			}
			sampleOf(out[0], v)
			return sample.Cast(t, v, tx.TypeStr)
		}
	}
}

// Service returns the service "lua.<name>" and its mode, "tcp" or "http"; nil
// where none is registered.
func (m *Machine) Service(name string) (run func(t *tx.Tx) action.Verdict, mode string) {
	e := m.services[name]
	if e == nil {
		return nil, ""
	}
	if e.mode == "tcp" {
		return func(t *tx.Tx) action.Verdict { return m.serveTCP(e, t) }, e.mode
	}
	return func(t *tx.Tx) action.Verdict { return m.serveHTTP(e, t) }, e.mode
}

func (m *Machine) serveHTTP(e *entry, t *tx.Tx) action.Verdict {
	st, fn := e.pick(sessionID(t))
	r := &run{st: st, entry: e, kind: kindHTTP, mayYield: true, limit: m.Opt.ServiceTimeout, t: t}
	var a *applet
	now := time.Now()
	t.Time.Request, t.Time.Queue, t.Time.Connect = now, now, now
	_, err := st.callWith(r, fn, 0, func(l *glua.LState) []glua.LValue {
		a = st.newApplet(r, "AppletHTTP")
		return []glua.LValue{a.object}
	})
	if err != nil && !r.done {
		m.report(t, e, st, err)
	}
	t.Term = [2]byte{'L', 'R'}
	if t.Reply = a.reply(err != nil && !r.done); t.Reply == nil {
		t.Reply = &tx.Reply{Status: 500}
	}
	t.Time.Response, t.Served, t.Service = time.Now(), true, "lua."+e.name
	return action.Answer
}

func (m *Machine) serveTCP(e *entry, t *tx.Tx) action.Verdict {
	st, fn := e.pick(sessionID(t))
	r := &run{st: st, entry: e, kind: kindTCP, mayYield: true, limit: m.Opt.ServiceTimeout, t: t}
	now := time.Now()
	t.Time.Request, t.Time.Queue, t.Time.Connect = now, now, now
	_, err := st.callWith(r, fn, 0, func(l *glua.LState) []glua.LValue {
		return []glua.LValue{st.newApplet(r, "AppletTCP").object}
	})
	if err != nil && !r.done {
		m.report(t, e, st, err)
	}
	t.Term, t.Served, t.Service = [2]byte{'L', 'R'}, true, "lua."+e.name
	return action.Close
}
