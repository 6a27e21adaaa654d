package action

import (
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// tracks are the actions on stick tables and their counters.
var tracks = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "track-sc", In: tcpCon | tcpSes | tcpCnt | httpBoth, Flags: keyword.Prefix,
		Doc: "Count the session or request under a key of a stick table.",
	}, newTrack),
	counter("sc-inc-gpc(", true, false, "Raise a general purpose counter of a tracked entry by 1.", func(e *stick.Entry, i int, _ uint64, now int64) { gpc(e, i, 1, now) }),
	counter("sc-inc-gpc0(", false, false, "Raise the first general purpose counter of a tracked entry by 1.", func(e *stick.Entry, _ int, _ uint64, now int64) {
		e.Count(stick.GPC0, stick.GPC0Rate, 1, now)
	}),
	counter("sc-inc-gpc1(", false, false, "Raise the second general purpose counter of a tracked entry by 1.", func(e *stick.Entry, _ int, _ uint64, now int64) {
		e.Count(stick.GPC1, stick.GPC1Rate, 1, now)
	}),
	counter("sc-add-gpc(", true, true, "Raise a general purpose counter of a tracked entry.", gpc),
	counter("sc-set-gpt(", true, true, "Set a general purpose tag of a tracked entry.", func(e *stick.Entry, i int, n uint64, now int64) { e.Set(stick.GPT, i, n, now) }),
	counter("sc-set-gpt0(", false, true, "Set the first general purpose tag of a tracked entry.", func(e *stick.Entry, _ int, n uint64, now int64) { e.Set(stick.GPT0, 0, n, now) }),
}

// gpc raises a counter of the array and its rate.
func gpc(e *stick.Entry, i int, n uint64, now int64) {
	e.Add(stick.GPC, i, n, now)
	e.Add(stick.GPCRate, i, n, now)
}

// StickCounters is tune.stick-counters: how many counters a session tracks.
// It is attached to the Env; 0 means the default, 3.
type StickCounters int

func maxCounter(e *keyword.Env) int {
	n := int(keyword.Attached[StickCounters](e))
	if n <= 0 {
		n = 3
	}
	return min(n, len(tx.Session{}.Tracked)) - 1
}

// trackArgs is "track-scN <key> [table <table>]".
type trackArgs struct {
	word string
	sc   int
	exprArgs
	table string
	at    int
}

// Usage is what messages say of the arguments.
func (trackArgs) Usage() string { return "<key> [table <table>]" }

// ParseArgs reads the counter's number from the word itself, the key and the
// table.
func (x *trackArgs) ParseArgs(a *keyword.Args) error {
	w, at, _ := a.Next()
	x.word, x.at = w, at
	prefix := "" // TCP rule sets name the line in their messages
	if a.Env.Scope&httpAll == 0 && at > 0 {
		prefix = "'" + lineText(a, at) + "' : "
	}
	num := strings.TrimPrefix(w, "track-sc")
	if num != "" {
		n, err := strconv.Atoi(num)
		if err != nil || n < 0 {
			return refuse(at, "%sWrong track-sc number '%s'", prefix, num)
		}
		x.sc = n
	} else {
		x.word = "track-sc0"
	}
	if limit := maxCounter(a.Env); x.sc > limit {
		return refuse(at, "%s%d track-sc number exceeding %d (tune.stick-counters-1) value", prefix, x.sc, limit)
	}
	if err := x.exprArgs.ParseArgs(a); err != nil {
		return prefixed(err, prefix)
	}
	if a.Peek() != "table" {
		return nil
	}
	a.Next()
	var ok bool
	if x.table, x.at, ok = a.Next(); !ok {
		return refuse(-1, "%smissing table name", prefix)
	}
	return nil
}

// lineText returns the words of the rule up to the action: "tcp-request
// content track-sc0".
func lineText(a *keyword.Args, at int) string {
	var words []string
	for _, w := range a.Words[:at+1] {
		words = append(words, w.Text)
	}
	return strings.Join(words, " ")
}

func prefixed(err error, prefix string) error {
	if at, ok := err.(*keyword.Error); ok && prefix != "" {
		out := *at
		out.Text = prefix + at.Text
		return &out
	}
	return err
}

// tableRef notes the reference to a stick table: the proxy's own where no
// name is given. The linker resolves it to the *stick.Table.
func tableRef(e *keyword.Env, name, rule string, at int, x *sample.Expr) *keyword.Ref {
	if name == "" {
		name = e.Owner
	}
	owner := e.Owner
	ref := e.NewRef(keyword.ToTable, name, at)
	ref.Missing = fmt.Sprintf("Proxy '%s': unable to find table '%s' referenced by %s.", e.Owner, name, rule)
	ref.Check = func(any) string {
		table := keyword.Target[*stick.Table](ref)
		switch {
		case table == nil:
			return ref.Missing
		case !sample.Castable(x.Out, sample.StickType(table)):
			return fmt.Sprintf("Proxy '%s': stick-table '%s' uses a type incompatible with the '%s' rule.", owner, name, rule)
		}
		return ""
	}
	return ref
}

func newTrack(e *keyword.Env, a *trackArgs) (Action, error) {
	x, err := sample.Compile(e, a.Sample)
	if err != nil {
		if e.Scope&httpAll == 0 {
			err = prefixed(err, "'"+ruleWords(e)+"' : ")
		}
		return Action{}, err
	}
	ref := tableRef(e, a.table, a.word, a.at, x)
	sc, in := a.sc, e.Scope
	byRequest := in&(tcpCon|tcpSes) == 0
	return Action{Run: func(t *tx.Tx) Verdict {
		if t.Sess.Tracked[sc].Entry != nil {
			return Continue
		}
		table := keyword.Target[*stick.Table](ref)
		if table == nil {
			return Continue
		}
		v := t.Borrow()
		defer t.Return()
		if !x.Eval(t, tx.TypeAny, v) {
			return Continue
		}
		var mem [64]byte
		key, ok := sample.StickKey(mem[:0], t, table, v)
		if !ok {
			return Continue
		}
		entry := t.Sess.Track(sc, table, key, byRequest, t.Now)
		if entry == nil || in&httpBoth == 0 {
			return Continue
		}
		// Rules on messages come after the events that they shall count.
		now := t.Now.UnixMilli()
		entry.Count(stick.HTTPReqCnt, stick.HTTPReqRate, 1, now)
		if in == httpRes {
			if t.Sess.Codes.IsError(t.Res.Status) {
				entry.Count(stick.HTTPErrCnt, stick.HTTPErrRate, 1, now)
			}
			if t.Sess.Codes.IsFail(t.Res.Status) {
				entry.Count(stick.HTTPFailCnt, stick.HTTPFailRate, 1, now)
			}
		}
		return Continue
	}}, nil
}

// ruleWords returns the words of the line up to the action.
func ruleWords(e *keyword.Env) string {
	n := min(len(e.Words), e.Start+1)
	var words []string
	for _, w := range e.Words[:n] {
		words = append(words, w.Text)
	}
	return strings.Join(words, " ")
}

// counterArgs is "(idx,sc)" or "(sc)" and a number or an expression.
type counterArgs struct {
	index, sc int
	value     numberOrExpr
}

// counterWord reads the parentheses of the sc-… actions.
func (c *counterArgs) read(a *keyword.Args, index bool) error {
	word, at, _ := a.Next()
	name, _, _ := strings.Cut(word, "(")
	args, ok := parens(word)
	kind := "gpc"
	if strings.Contains(name, "gpt") {
		kind = "gpt"
	}
	usage := fmt.Sprintf("%s(<%s ID>,<Track ID>)", name, strings.ToUpper(kind))
	if index {
		var err error
		if len(args) < 2 {
			if _, in, _ := strings.Cut(word, "("); strings.Contains(in, ",") {
				return refuse(at, "invalid stick table track ID '%s'. Expects %s", word, usage)
			}
			return refuse(at, "Missing %s ID '%s'. Expects %s", kind, word, usage)
		}
		if c.index, err = strconv.Atoi(args[0]); err != nil || c.index < 0 {
			return refuse(at, "Missing %s ID '%s'. Expects %s", kind, word, usage)
		}
		if c.sc, err = strconv.Atoi(args[1]); err != nil || c.sc < 0 {
			return refuse(at, "invalid stick table track ID '%s'. Expects %s", word, usage)
		}
	} else {
		var err error
		if !ok {
			return refuse(at, "invalid stick table track ID. Expects %s(<Track ID>)", word)
		}
		if c.sc, err = strconv.Atoi(args[0]); err != nil || c.sc < 0 {
			return refuse(at, "invalid stick table track ID. Expects %s(<Track ID>)", word)
		}
	}
	if limit := maxCounter(a.Env); c.sc > limit {
		return refuse(at, "invalid stick table track ID. The max allowed ID is %d (tune.stick-counters)", limit)
	}
	return nil
}

// The four grammars of the sc-… actions.
type (
	indexArgs      struct{ counterArgs }
	plainArgs      struct{ counterArgs }
	indexValueArgs struct{ counterArgs }
	plainValueArgs struct{ counterArgs }
)

// Usage is what messages say of the arguments.
func (indexArgs) Usage() string { return "" }

// ParseArgs reads "(idx,sc)".
func (c *indexArgs) ParseArgs(a *keyword.Args) error { return c.read(a, true) }

// Usage is what messages say of the arguments.
func (plainArgs) Usage() string { return "" }

// ParseArgs reads "(sc)".
func (c *plainArgs) ParseArgs(a *keyword.Args) error { return c.read(a, false) }

// Usage is what messages say of the arguments.
func (indexValueArgs) Usage() string { return "{ <int> | <expr> }" }

// ParseArgs reads "(idx,sc)" and the value.
func (c *indexValueArgs) ParseArgs(a *keyword.Args) error {
	if err := c.read(a, true); err != nil {
		return err
	}
	return c.readValue(a)
}

// Usage is what messages say of the arguments.
func (plainValueArgs) Usage() string { return "{ <int> | <expr> }" }

// ParseArgs reads "(sc)" and the value.
func (c *plainValueArgs) ParseArgs(a *keyword.Args) error {
	if err := c.read(a, false); err != nil {
		return err
	}
	return c.readValue(a)
}

func (c *counterArgs) readValue(a *keyword.Args) (err error) {
	if w := a.Peek(); w == "" || w == "if" || w == "unless" {
		return nil // the original takes a missing value as 0
	}
	c.value, err = compileNumber(a, func(s string) (int64, bool) {
		n, err := strconv.ParseUint(s, 10, 32)
		return int64(n), err == nil
	})
	return err
}

// counter makes the Def of one of the sc-… actions.
func counter(name string, index, value bool, doc string, do func(e *stick.Entry, i int, n uint64, now int64)) *keyword.Def[Action] {
	s := keyword.Spec{Name: name, In: anyRule, Flags: keyword.Prefix, Doc: doc}
	build := func(c *counterArgs) (Action, error) { return c.action(do), nil }
	switch {
	case index && value:
		return keyword.Define(s, func(_ *keyword.Env, a *indexValueArgs) (Action, error) { return build(&a.counterArgs) })
	case index:
		return keyword.Define(s, func(_ *keyword.Env, a *indexArgs) (Action, error) { return build(&a.counterArgs) })
	case value:
		return keyword.Define(s, func(_ *keyword.Env, a *plainValueArgs) (Action, error) { return build(&a.counterArgs) })
	}
	return keyword.Define(s, func(_ *keyword.Env, a *plainArgs) (Action, error) { return build(&a.counterArgs) })
}

func (c *counterArgs) action(do func(e *stick.Entry, i int, n uint64, now int64)) Action {
	sc, i, value := c.sc, c.index, c.value
	return Action{Run: func(t *tx.Tx) Verdict {
		tr := &t.Sess.Tracked[sc]
		if tr.Entry == nil {
			return Continue
		}
		n := uint64(value.Number)
		if value.Expr != nil {
			v := t.Borrow()
			ok := value.Expr.Eval(t, tx.TypeInt, v)
			n = uint64(uint32(v.Int))
			t.Return()
			if !ok {
				return Continue
			}
		}
		now := t.Now.UnixMilli()
		do(tr.Entry, i, n, now)
		tr.Table.Refresh(tr.Entry, now)
		return Continue
	}}
}
