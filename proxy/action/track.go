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

// MaxCounter returns the highest number of a track-sc action.
func MaxCounter(e *keyword.Env) int {
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
	named bool // a table was asked for
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
	if limit := MaxCounter(a.Env); x.sc > limit {
		return refuse(at, "%s%d track-sc number exceeding %d (tune.stick-counters-1) value", prefix, x.sc, limit)
	}
	if err := x.exprArgs.ParseArgs(a); err != nil {
		return prefixed(err, prefix)
	}
	if a.Peek() != "table" {
		return nil
	}
	a.Next()
	at = a.Pos - 1
	if x.table, x.at, x.named = a.Next(); !x.named {
		if prefix == "" {
			return refuse(-1, "missing table name")
		}
		x.at, x.named = at, true // TCP rules look for the table without a name
	}
	x.named = true
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
func tableRef(e *keyword.Env, name string, named bool, rule string, at int, x *sample.Expr) *keyword.Ref {
	if !named {
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
	ref := tableRef(e, a.table, a.named, a.word, a.at, x)
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
			if v.MayChange && t.MayWait {
				return Wait
			}
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
