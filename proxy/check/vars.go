package check

import (
	"context"
	"fmt"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// setVar makes the Defs of the lines that set and unset variables.
func setVar(d side, name, doc string) *keyword.Def[Change] {
	return keyword.Define(keyword.Spec{Name: d.word + " " + name + "(", In: proxySides, Doc: doc, Flags: keyword.Prefix}, func(e *keyword.Env, a *words) (Change, error) {
		return readVar(e, d, name, a)
	})
}

func readVar(e *keyword.Env, d side, name string, a *words) (Change, error) {
	if len(a.list) == 0 {
		return nil, bad(a.first-1, "'%s %s' : missing variable.", d.word, name)
	}
	word, rest := a.list[0], a.list[1:]
	fail := func(format string, args ...any) (Change, error) {
		return nil, bad(a.first, "'%s %s' : '%s' : %s.", d.word, word, name, strings.TrimSuffix(fmt.Sprintf(format, args...), "."))
	}
	const usage = "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'"
	_, inner, _ := strings.Cut(word, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !closed {
		return fail("incomplete argument after action '%s'. %s", word, usage)
	}
	inner, more, conditional := strings.Cut(inner, ",")
	if inner == "" {
		return fail("Empty variable name cannot be accepted")
	}
	v, err := sample.ParseVar(inner)
	if err != nil {
		return fail("%s", err)
	}
	if conditional && name == "unset-var" {
		return fail("unset-var does not expect parameters after the variable name. Only \"set-var\" and \"set-var-fmt\" manage conditions")
	}
	conds, err := sample.ParseVarConditions(strings.Split(more, ","))
	if err != nil {
		return fail("%s", err)
	}
	defer sample.Within(e, sample.TCPCheckRule)()
	if name == "unset-var" {
		return d.append(rule{run: func(_ context.Context, p *Probe, _ *rule) *Result { p.tx.UnsetVar(v); return nil }}), nil
	}
	if len(rest) == 0 {
		return nil, bad(a.first, "'%s %s' : '%s' : missing fetch method.", d.word, word, name)
	}
	if name == "set-var-fmt" {
		f, err := compileFormat(e, rest[0], a.first+1, d.word+" "+word)
		if err != nil {
			return nil, err
		}
		return d.append(rule{run: func(_ context.Context, p *Probe, _ *rule) *Result {
			var x tx.Value
			x.SetStr(f.Append(nil, p.tx))
			if conds.Hold(p.tx, v, &x) {
				p.tx.SetVar(v, x)
			}
			return nil
		}}), nil
	}
	x, err := compileExpr(e, rest[0], word)
	if err != nil {
		return nil, bad(a.first+1, "'%s %s' : '%s' : %s.", d.word, word, name, strings.TrimSuffix(err.Error(), "."))
	}
	return d.append(rule{run: func(_ context.Context, p *Probe, _ *rule) *Result {
		var val sample.Value
		if x.Eval(p.tx, tx.TypeAny, &val) && conds.Hold(p.tx, v, &val) {
			p.tx.SetVar(v, val)
		}
		return nil
	}}), nil
}
