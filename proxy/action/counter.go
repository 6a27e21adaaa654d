package action

import (
	"fmt"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// counterArgs is "(idx,sc)" or "(sc)" and a number or an expression.
type counterArgs struct {
	index, sc int
	value     numberOrExpr
}

// counterName returns the name of the sc-… action that a word begins with.
func counterName(word string) string {
	for _, n := range [...]string{"sc-inc-gpc0", "sc-inc-gpc1", "sc-inc-gpc", "sc-add-gpc", "sc-set-gpt0", "sc-set-gpt"} {
		if strings.HasPrefix(word, n) {
			return n
		}
	}
	return word
}

// read takes the word with its parentheses. A number left out is 0 and what
// stands behind the parentheses is not looked at, as the original has it; its
// texts differ from one of these actions to the next.
func (c *counterArgs) read(a *keyword.Args, index bool) error {
	word, at, _ := a.Next()
	name := counterName(word)
	rest := word[len(name):]
	kind := name[len("sc-inc-"):][:3]
	subject, usage, hint := " '"+word+"'", fmt.Sprintf("%s(<%s ID>,<Track ID>)", name, strings.ToUpper(kind)), " (tune.stick-counters)"
	switch name {
	case "sc-add-gpc":
		usage = word + "(<GPC ID>,<Track ID>)"
	case "sc-inc-gpc0", "sc-inc-gpc1":
		subject, usage = "", word+"(<Track ID>)"
	case "sc-set-gpt0":
		usage = name + "(<Track ID>)"
	}
	if kind == "gpt" {
		hint = ""
	}
	badTrack := func(text string) error {
		if name == "sc-add-gpc" {
			subject = " '" + text + "'"
		}
		return refuse(at, "invalid stick table track ID%s. Expects %s", subject, usage)
	}
	rest, open := strings.CutPrefix(rest, "(")
	switch {
	case !open && name == "sc-add-gpc":
		return refuse(at, "Missing or invalid arguments for '%s'. Expects %s", word, usage)
	case !open && index:
		return refuse(at, "invalid %s ID '%s'. Expects %s", kind, word, usage)
	case !open && rest != "":
		return badTrack(rest)
	case !open:
		return nil // no parentheses: counter 0
	}
	if index {
		n, tail := leadingInt(rest)
		tail, ok := strings.CutPrefix(tail, ",")
		if !ok {
			if name == "sc-add-gpc" {
				subject = ""
			}
			return refuse(at, "Missing %s ID%s. Expects %s", kind, subject, usage)
		}
		c.index, rest = int(int32(n)), tail
	}
	n, tail := leadingInt(rest)
	if !strings.HasPrefix(tail, ")") {
		return badTrack(rest)
	}
	c.sc = int(int32(n))
	if limit := MaxCounter(a.Env); c.sc > limit {
		return refuse(at, "invalid stick table track ID%s. The max allowed ID is %d%s", subject, limit, hint)
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
	if !a.More() {
		return nil // the original takes a missing value as 0
	}
	c.value, err = compileNumber(a, func(s string) (int64, bool) {
		n, tail := leadingInt(s)
		return int64(uint32(n)), tail == ""
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
		if sc < 0 || i < 0 {
			return Continue // taken by the reader, and nothing's number
		}
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
