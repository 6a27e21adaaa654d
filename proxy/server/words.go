package server

import (
	"errors"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
)

type def = *keyword.Def[Option]

// textArg takes one word, if there is one; what an empty one means is the
// keyword's business.
type textArg struct {
	text  string
	index int
}

// Usage is what the reference prints.
func (*textArg) Usage() string { return "<value>" }

// ParseArgs takes the next word, or nothing at the end of the line.
func (t *textArg) ParseArgs(a *keyword.Args) error {
	t.text, t.index, _ = a.Next()
	return nil
}

// flag defines a word without argument.
func flag(name, doc string, set func(*Params)) def {
	return flagWith(keyword.Spec{Name: name, Doc: doc}, set)
}

// flagWith is flag for words whose Spec says more. The Option is made once,
// so that reading the word allocates nothing.
func flagWith(s keyword.Spec, set func(*Params)) def {
	s.In = keyword.ServerLine
	opt := Option(func(p *Params) error { set(p); return nil })
	return keyword.Define(s, func(*keyword.Env, *keyword.None) (Option, error) { return opt, nil })
}

// value defines a word with one argument. missing is the original's text for
// an absent argument; where it is empty, an absent one is taken as "".
func value(name, doc, missing string, set func(p *Params, v string) error) def {
	return valueWith(keyword.Spec{Name: name, Doc: doc, Misuse: missing}, set)
}

// valueWith is value for words whose Spec says more; Misuse is the text for
// an absent argument.
func valueWith(s keyword.Spec, set func(p *Params, v string) error) def {
	return envValue(s, func(_ *keyword.Env, p *Params, v string, _ int) error { return set(p, v) })
}

// envValue is for words that report or refer; set gets the word's index too.
func envValue(s keyword.Spec, set func(e *keyword.Env, p *Params, v string, i int) error) def {
	s.In = keyword.ServerLine
	missing := s.Misuse
	return keyword.Define(s, func(e *keyword.Env, a *textArg) (Option, error) {
		if a.text == "" && missing != "" {
			return nil, &keyword.Error{Index: a.index, Code: diag.BadArguments, Text: missing, Place: true}
		}
		text, index := a.text, a.index
		return func(p *Params) error {
			err := set(e, p, text, index)
			var at *keyword.Error
			if errors.As(err, &at) && at.Index < 0 {
				at.Index = index
			}
			return err
		}, nil
	})
}

// atoi reads a leading integer and ignores what follows it, as the original
// does for most numbers of a server line.
func atoi(s string) int {
	i, neg, n := 0, false, 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1<<40; i++ {
		n = n*10 + int(s[i]-'0')
	}
	if neg {
		return -n
	}
	return n
}

// number stores a leading integer.
func number(dst func(*Params) *int) func(*Params, string) error {
	return func(p *Params, v string) error { *dst(p) = atoi(v); return nil }
}

// text stores the word.
func text(dst func(*Params) *string) func(*Params, string) error {
	return func(p *Params, v string) error { *dst(p) = v; return nil }
}

// oneOf stores the word where it is one of the allowed ones.
func oneOf(dst func(*Params) *string, complaint string, allowed ...string) func(*Params, string) error {
	return func(p *Params, v string) error {
		for _, a := range allowed {
			if v == a {
				*dst(p) = a
				return nil
			}
		}
		return fail(-1, complaint, v)
	}
}

// delays are the words with a time; apply warns of what stands behind its unit.
var delays = map[string]bool{
	"inter": true, "fastinter": true, "downinter": true, "agent-inter": true, "slowstart": true, "pool-purge-delay": true, "tcp-ut": true,
}

// told is for times that apply has looked at.
func told(string, byte) {}

// parseDelay reads a time in milliseconds. label is what the original calls
// the argument in its complaint about an odd character.
func parseDelay(p *Params, v, name, label string) (time.Duration, error) {
	d, err := expr.LaxTime(v, time.Millisecond, told)
	if err == nil {
		return d, nil
	}
	switch err {
	case expr.TimeOverflow:
		return 0, fail(-1, "timer overflow in argument <%s> to <%s> of server %s, maximum value is 2147483647 ms (~24.8 days)..", v, name, p.nameText())
	case expr.TimeUnderflow:
		return 0, fail(-1, "timer underflow in argument <%s> to <%s> of server %s, minimum non-null value is 1 ms..", v, name, p.nameText())
	}
	return 0, fail(-1, "unexpected character '%s' in '%s' argument of server %s..", oddByte(v), label, p.nameText())
}

// oddByte returns the first byte of v that cannot stand in a time.
func oddByte(v string) string {
	i := 0
	for i < len(v) && v[i] >= '0' && v[i] <= '9' {
		i++
	}
	if i >= len(v) {
		return ""
	}
	return v[i : i+1]
}

// delay stores a time that must not be zero, and warns of one that looks as
// if seconds were meant.
func delay(name string, dst func(*Params) *time.Duration) func(*keyword.Env, *Params, string, int) error {
	return func(e *keyword.Env, p *Params, v string, i int) error {
		d, err := parseDelay(p, v, name, "agent-inter")
		if err != nil {
			return err
		}
		if d == 0 {
			return fail(-1, "invalid value %d for argument '%s' of server %s..", 0, name, p.nameText())
		}
		if d < 100*time.Millisecond && v[len(v)-1] <= '9' {
			p.warn(e, i, "'%s %s' in server '%s' is suspiciously small for a value in milliseconds. Please use an explicit unit ('%sms') if that was the intent.", name, v, p.nameText(), v)
		}
		*dst(p) = d
		return nil
	}
}
