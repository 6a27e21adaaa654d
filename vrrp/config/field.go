package config

import (
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// def is one keyword of a block of type T.
type def[T any] = *keyword.Def[Field[T]]

// named is a block whose name stands in its messages.
type named interface{ label() string }

// labelOf returns the name of a block, or "".
func labelOf(t any) string {
	if n, ok := t.(named); ok {
		return n.label()
	}
	return ""
}

// The argument structs of keepalived's keywords: few of its lines have more
// structure than this, and trailing words are tolerated everywhere.
type (
	one struct {
		Value expr.Word `parser:"@@"`
	}
	opt struct {
		Value *expr.Word `parser:"@@?"`
	}
	many struct {
		Values []expr.Word `parser:"@@*"`
	}
	oneAndMore struct {
		Value expr.Word   `parser:"@@"`
		More  []expr.Word `parser:"@@*"`
	}
)

// info is what a keyword is besides its arguments.
type info struct {
	name  string
	since keyword.Version
	doc   string
	flags keyword.Flags
}

// kw starts a keyword: its name, the first release that has it (zero: all)
// and one sentence.
func kw(name string, since keyword.Version, doc string) info {
	return info{name: name, since: since, doc: doc}
}

// idle marks the keyword as read and checked but not acted on.
func (i info) idle() info { i.flags |= keyword.NotActed; return i }

// old marks the keyword as deprecated by the original.
func (i info) old() info { i.flags |= keyword.Deprecated; return i }

// tuning marks a keyword that sizes the original's internals.
func (i info) tuning() info { i.flags |= keyword.Tuning; return i }

func (i info) spec() keyword.Spec {
	return keyword.Spec{Name: i.name, Since: i.since, Doc: i.doc, Flags: i.flags}
}

// action defines a keyword that needs no argument; further words are ignored.
func action[T any](i info, do func(c *compiler, t *T)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, _ *keyword.None) (Field[T], error) {
		c := of(e)
		return func(t *T) { do(c, t) }, nil
	})
}

// flag defines a keyword that switches something on.
func flag[T any](i info, set func(t *T)) def[T] {
	return action(i, func(_ *compiler, t *T) { set(t) })
}

// boolean defines a keyword with an optional <BOOL>, true if it is missing;
// bad is the text for any other word.
func boolean[T any](i info, bad string, set func(t *T, on bool)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *opt) (Field[T], error) {
		c := of(e)
		return func(t *T) {
			if a.Value == nil {
				set(t, true)
				return
			}
			on, ok := parseBool(a.Value.Text)
			if !ok {
				c.sayAt(a.Value.Index, "%s", fill(bad, labelOf(t), a.Value.Text))
				return
			}
			set(t, on)
		}, nil
	})
}

// text defines a keyword with one word; without it nothing is read further.
func text[T any](i info, set func(c *compiler, t *T, v string)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *one) (Field[T], error) {
		c := of(e)
		return func(t *T) { set(c, t, a.Value.Text) }, nil
	})
}

// optional defines a keyword with a word that may be missing: absent is the
// text for that, "" if the original says nothing.
// Where it may be missing and that means something, none is performed.
func optional[T any](i info, absent string, set func(c *compiler, t *T, v string), none ...func(t *T)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *opt) (Field[T], error) {
		c := of(e)
		return func(t *T) {
			switch {
			case a.Value != nil:
				set(c, t, a.Value.Text)
			case absent != "":
				c.say("%s", fill(absent, labelOf(t), ""))
			default:
				for _, f := range none {
					f(t)
				}
			}
		}, nil
	})
}

// only defines a keyword with exactly one word; bad is the text for none and
// for more.
func only[T any](i info, bad string, set func(c *compiler, t *T, v string)) def[T] {
	return words(i, func(c *compiler, t *T, w []expr.Word) {
		if len(w) != 1 {
			c.say("%s", fill(bad, labelOf(t), ""))
			return
		}
		set(c, t, w[0].Text)
	})
}

// overwrite sets what a keyword names, and says so if it was set before.
func (c *compiler) overwrite(what string, to *string, s string) {
	if *to != "" {
		c.sayAt(1, "Duplicate %s - overwriting %s with %s", what, *to, s)
	}
	*to = s
}

// once sets what a keyword names, unless it was set before: then it says
// again, in which {value} is the word refused.
func (c *compiler) once(again string, to *string, s string) {
	if *to != "" {
		c.sayAt(1, "%s", fill(again, "", s))
		return
	}
	*to = s
}

// words defines a keyword that reads all words of its line.
func words[T any](i info, do func(c *compiler, t *T, w []expr.Word)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *many) (Field[T], error) {
		c := of(e)
		return func(t *T) { do(c, t, a.Values) }, nil
	})
}

// number defines a keyword with an integer in [lo, hi]; bad is the second
// text that the original prints for anything else.
func number[T any](i info, lo, hi int64, bad string, set func(c *compiler, t *T, n int64)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *one) (Field[T], error) {
		c := of(e)
		return func(t *T) {
			if n, ok := c.integer(a.Value, lo, hi); ok {
				set(c, t, n)
			} else if bad != "" {
				c.sayAt(a.Value.Index, "%s", fill(bad, labelOf(t), a.Value.Text))
			}
		}, nil
	})
}

// signed makes number read its word with a sign, though negative numbers are
// as wrong as others; see compiler.signed.
func signed[T any](i info, lo, hi int64, bad string, set func(c *compiler, t *T, n int64)) def[T] {
	return text(i, func(c *compiler, t *T, s string) {
		if n, ok := c.signed(expr.Word{Text: s, Index: 1}, lo, hi); ok {
			set(c, t, n)
		} else {
			c.sayAt(1, "%s", fill(bad, labelOf(t), s))
		}
	})
}

// optNumber is number for a keyword whose word may be missing.
func optNumber[T any](i info, lo, hi int64, absent, bad string, set func(c *compiler, t *T, n int64)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *opt) (Field[T], error) {
		c := of(e)
		return func(t *T) {
			if a.Value == nil {
				if absent != "" {
					c.say("%s", fill(absent, labelOf(t), ""))
				}
				return
			}
			if n, ok := c.integer(*a.Value, lo, hi); ok {
				set(c, t, n)
			} else {
				c.sayAt(a.Value.Index, "%s", fill(bad, labelOf(t), a.Value.Text))
			}
		}, nil
	})
}

// timer defines a keyword with a time in seconds within r.
func timer[T any](i info, r timeRange, bad string, set func(c *compiler, t *T, d time.Duration)) def[T] {
	return keyword.Define(i.spec(), func(e *keyword.Env, a *one) (Field[T], error) {
		c := of(e)
		return func(t *T) {
			if d, ok := c.timer(a.Value, r); ok {
				set(c, t, d)
			} else if bad != "" {
				c.sayAt(a.Value.Index, "%s", fill(bad, labelOf(t), a.Value.Text))
			}
		}, nil
	})
}

// block defines a keyword that opens a block of keywords.
func block[T, S any](i info, tab *keyword.Table[Field[S]], sub func(c *compiler, t *T) *S) def[T] {
	return action(i, func(c *compiler, t *T) {
		if s := sub(c, t); s != nil {
			runBlock(c, tab, s, false)
		} else {
			c.skipBlock()
		}
	})
}

// list defines a keyword that opens a block of values.
// end, if given, is performed at its closing brace.
func list[T any](i info, do func(c *compiler, t *T, w []expr.Word), end ...func(c *compiler, t *T)) def[T] {
	return action(i, func(c *compiler, t *T) {
		readList(c, t, do)
		for _, f := range end {
			c.here()
			f(c, t)
		}
	})
}

// readList reads the lines of a block of values.
func readList[T any](c *compiler, t *T, do func(c *compiler, t *T, w []expr.Word)) {
	c.eachLine(c.env.Words, func(line sourceWords) { do(c, t, exprWords(line)) })
}
