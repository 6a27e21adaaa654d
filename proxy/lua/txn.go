package lua

import (
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"tandem/parser/expr"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// txn is what TXN objects, and those that they hand out, stand for. It is
// valid while the run lasts that it was made for.
type txn struct {
	r *run
	t *tx.Tx
}

// memoOf is what scripts keep for a transaction: txn:set_priv, by state.
type memoOf struct{ private map[*state]glua.LValue }

func memo(t *tx.Tx) *memoOf {
	m, _ := t.Script.(*memoOf)
	if m == nil {
		m = &memoOf{private: map[*state]glua.LValue{}}
		t.Script = m
	}
	return m
}

// live returns the transaction, or raises an error where it is over.
func (x *txn) live(l *glua.LState) *tx.Tx {
	if x.t == nil || stateOf(l).cur != x.r {
		l.RaiseError("the transaction of this object is over")
	}
	return x.t
}

// sampler is what the objects f, sf, c and sc stand for; str says that a
// missing sample is an empty text and that all others are texts.
type sampler struct {
	*txn
	str bool
}

// newTxn makes the object that actions and fetches get.
func (st *state) newTxn(r *run) *glua.LTable {
	x := &txn{r: r, t: r.t}
	t := st.object("TXN", x)
	t.RawSetString("f", st.object("Fetches", &sampler{x, false}))
	t.RawSetString("sf", st.object("Fetches", &sampler{x, true}))
	t.RawSetString("c", st.object("Converters", &sampler{x, false}))
	t.RawSetString("sc", st.object("Converters", &sampler{x, true}))
	t.RawSetString("req", st.object("Channel", &channel{x, false}))
	t.RawSetString("res", st.object("Channel", &channel{x, true}))
	if r.t.HasReq || r.t.HasRes || r.t.Sess != nil && r.t.Sess.HTTP {
		t.RawSetString("http", st.object("HTTP", x))
		t.RawSetString("http_req", st.object("HTTPMessage", &message{x, false}))
		t.RawSetString("http_res", st.object("HTTPMessage", &message{x, true}))
	}
	return t
}

func (st *state) openTxn() {
	st.methods("TXN", map[string]glua.LGFunction{
		"set_var": setVar("TXN"), "unset_var": unsetVar("TXN"), "get_var": getVar("TXN"),
		"set_priv": setPriv("TXN"), "get_priv": getPriv("TXN"),
		"done": txnDone, "reply": newReply,
		"log": txnLog, "deflog": txnDefLog, "Debug": txnLogAt(7), "Info": txnLogAt(6), "Warning": txnLogAt(4), "Alert": txnLogAt(1),
		"set_loglevel": setting("set_loglevel", func(t *tx.Tx, n int) { t.LogLevel = logLevel(n) }),
		"set_tos":      setting("set_tos", setTOS), "set_fc_tos": setting("set_fc_tos", setTOS),
		"set_mark": setting("set_mark", setMark), "set_fc_mark": setting("set_fc_mark", setMark),
		"set_priority_class":  setting("set_priority_class", func(t *tx.Tx, n int) { t.Settings.PriorityClass = min(max(n, -2047), 2047) }),
		"set_priority_offset": setting("set_priority_offset", func(t *tx.Tx, n int) { t.Settings.PriorityOffset = min(max(n, -524287), 524287) }),
	})
	st.methods("Reply", replyMethods)
	kit := &sampleKit{cache: map[string]*sample.Expr{}}
	st.sampleKit = kit
	fetches, convs := map[string]glua.LGFunction{}, map[string]glua.LGFunction{}
	for _, d := range sample.Fetches.All() {
		fetches[identifier(d.Name)] = fetchMethod(d.Name)
	}
	for _, d := range sample.Convs.All() {
		convs[identifier(d.Name)] = convMethod(d.Name)
	}
	st.methods("Fetches", fetches)
	st.methods("Converters", convs)
}

func logLevel(n int) int {
	if n < 0 {
		return 8
	}
	return min(n, 7)
}

func setTOS(t *tx.Tx, n int) {
	if t.Conn != nil {
		t.Conn.ClientTOS(n)
	}
}

func setMark(t *tx.Tx, n int) {
	if t.Conn != nil {
		t.Conn.ClientMark(n)
	}
}

// setting makes a method with one number.
func setting(name string, set func(t *tx.Tx, n int)) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, name, 2, 2)
		t := self[*txn](l, 1, "TXN").live(l)
		set(t, l.CheckInt(2))
		return 0
	}
}

// holder is an object with variables: a TXN or an applet.
func holder(l *glua.LState, class string) *txn {
	if class == "TXN" {
		return self[*txn](l, 1, class)
	}
	return self[*applet](l, 1, class).txn
}

func setVar(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, "set_var", 3, 4)
		x := holder(l, class)
		t := x.live(l)
		n, err := sample.ParseVar(l.CheckString(2))
		if err != nil {
			l.Push(glua.LFalse)
			return 1
		}
		if l.GetTop() == 4 && glua.LVAsBool(l.Get(4)) {
			if n.Scope == tx.VarProc && (t.Sess.Proc == nil || !t.Sess.Proc.Named(n.Name)) {
				l.Push(glua.LFalse)
				return 1
			}
		}
		var v tx.Value
		sampleOf(l.Get(3), &v)
		sample.SetVar(t, n, v)
		l.Push(glua.LTrue)
		return 1
	}
}

func unsetVar(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, "unset_var", 2, 2)
		t := holder(l, class).live(l)
		n, err := sample.ParseVar(l.CheckString(2))
		if err == nil {
			t.UnsetVar(n)
		}
		l.Push(glua.LBool(err == nil))
		return 1
	}
}

func getVar(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, "get_var", 2, 2)
		t := holder(l, class).live(l)
		l.Push(glua.LNil)
		if n, err := sample.ParseVar(l.CheckString(2)); err == nil {
			if v, ok := t.GetVar(n); ok {
				l.Push(stateOf(l).push(t, &v, sample.Cast))
			}
		}
		return 1
	}
}

func setPriv(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, "set_priv", 2, 2)
		memo(holder(l, class).live(l)).private[stateOf(l)] = l.Get(2)
		return 0
	}
}

func getPriv(class string) glua.LGFunction {
	return func(l *glua.LState) int {
		v := memo(holder(l, class).live(l)).private[stateOf(l)]
		if v == nil {
			v = glua.LNil
		}
		l.Push(v)
		return 1
	}
}

func txnLog(l *glua.LState) int {
	between(l, "log", 3, 3)
	t := self[*txn](l, 1, "TXN").live(l)
	level := l.CheckInt(2)
	if level < 0 || level > 7 {
		l.ArgError(2, "Invalid loglevel.")
	}
	stateOf(l).m.log(t, level, l.CheckString(3))
	return 0
}

// txnDefLog logs at the transaction's level.
func txnDefLog(l *glua.LState) int {
	between(l, "deflog", 2, 2)
	t := self[*txn](l, 1, "TXN").live(l)
	if t.LogLevel != 8 {
		level := t.LogLevel
		if level < 0 {
			level = 6
		}
		stateOf(l).m.log(t, level, l.CheckString(2))
	}
	return 0
}

func txnLogAt(level int) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, levelMethod[level], 2, 2)
		stateOf(l).m.log(self[*txn](l, 1, "TXN").live(l), level, l.CheckString(2))
		return 0
	}
}

// sampleKit holds the fetches and converters that a state's scripts used.
type sampleKit struct {
	cache map[string]*sample.Expr
	input []byte // of the converter that runs
}

// maxSamples bounds the cache: arguments may come from requests.
const maxSamples = 2000

// sampleArgs are the arguments from i on, as texts.
func sampleArgs(l *glua.LState, i int) []string {
	var out []string
	for first := i; i <= l.GetTop(); i++ {
		s, ok := text(l, i)
		if !ok {
			l.ArgError(i-first+1, "unable to duplicate string arg")
		}
		out = append(out, s)
	}
	return out
}

// expr compiles a fetch or a converter.
func (st *state) expr(l *glua.LState, t *tx.Tx, name string, conv bool, args []string) *sample.Expr {
	kit := st.sampleKit
	key := name + "\x00" + strings.Join(args, "\x00")
	owner, back := "", false
	if t.Sess != nil && t.Sess.Front != nil {
		owner = t.Sess.Front.Name
	}
	if t.Back != nil {
		owner, back = t.Back.Name, true
	}
	key += "\x01" + owner
	if x := kit.cache[key]; x != nil {
		return x
	}
	call := expr.Call{Name: name, Args: args, Parens: len(args) > 0}
	s := expr.Sample{Text: name, Fetch: call}
	if conv {
		s = expr.Sample{Text: name, Fetch: expr.Call{Name: "str", Args: []string{"x"}, Parens: true}, Convs: []expr.Call{call}}
	}
	if st.m.Compile == nil {
		l.RaiseError("no samples are available here")
	}
	x, err := st.m.Compile(s, owner, back)
	if err != nil {
		l.RaiseError("invalid argument: %s", err)
	}
	if conv {
		x = x.From(func(*tx.Tx) []byte { return kit.input })
	}
	if len(kit.cache) >= maxSamples {
		clear(kit.cache)
	}
	kit.cache[key] = x
	return x
}

func fetchMethod(name string) glua.LGFunction {
	return func(l *glua.LState) int {
		s := self[*sampler](l, 1, "Fetches")
		t := s.live(l)
		st := stateOf(l)
		return st.give(l, s, st.expr(l, t, name, false, sampleArgs(l, 2)))
	}
}

func convMethod(name string) glua.LGFunction {
	return func(l *glua.LState) int {
		s := self[*sampler](l, 1, "Converters")
		t := s.live(l)
		st := stateOf(l)
		args := sampleArgs(l, 3)
		x := st.expr(l, t, name, true, args)
		var v tx.Value
		sampleOf(l.Get(2), &v)
		if !sample.Cast(t, &v, tx.TypeStr) {
			v.SetStr(nil)
		}
		st.sampleKit.input = slices.Clone(v.B)
		return st.give(l, s, x)
	}
}

// give evaluates an expression and pushes its value.
func (st *state) give(l *glua.LState, s *sampler, x *sample.Expr) int {
	var v tx.Value
	ok := x.Eval(s.t, tx.TypeAny, &v)
	switch {
	case !ok && s.str:
		l.Push(glua.LString(""))
	case !ok:
		l.Push(glua.LNil)
	case s.str:
		if !sample.Cast(s.t, &v, tx.TypeStr) {
			v.SetStr(nil)
		}
		l.Push(glua.LString(v.B))
	default:
		l.Push(st.push(s.t, &v, sample.Cast))
	}
	return 1
}

// blankTx is a transaction for samples that need none.
func blankTx() *tx.Tx { return &tx.Tx{Sess: &tx.Session{}} }
