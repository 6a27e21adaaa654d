package action

import (
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

const anyRule = keyword.AnyRule

// vars are the actions on variables (configuration manual 2.8).
var vars = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "set-var(", In: anyRule, Flags: keyword.Prefix, Doc: "Set a variable to the value of an expression.",
	}, newSetVar),
	keyword.Define(keyword.Spec{
		Name: "set-var-fmt(", In: anyRule, Flags: keyword.Prefix, Doc: "Set a variable to the value of a format string.",
	}, newSetVarFmt),
	keyword.Define(keyword.Spec{
		Name: "unset-var(", In: anyRule, Flags: keyword.Prefix, Doc: "Forget a variable.",
	}, newUnsetVar),
}

// varWord is the word "set-var(name,cond…)".
type varWord struct {
	name  tx.VarName
	conds sample.VarConditions
}

func (w *varWord) read(a *keyword.Args) error {
	word, at, _ := a.Next()
	if name, _, _ := strings.Cut(word, "("); name != "set-var" && name != "set-var-fmt" && name != "unset-var" || name == word {
		return refuse(at, "invalid or incomplete action '%s'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'", word)
	}
	args, ok := parens(word)
	if !ok {
		return refuse(at, "incomplete argument after action '%s'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'", word)
	}
	if args[0] == "" {
		return refuse(at, "Empty variable name cannot be accepted")
	}
	var err error
	if w.name, err = sample.ParseVar(args[0]); err != nil {
		return refuse(at, "%s", err)
	}
	sample.NoteVar(a.Env, w.name)
	if w.conds, err = sample.ParseVarConditions(args[1:]); err != nil {
		return refuse(at, "%s", err)
	}
	return nil
}

type setVarArgs struct {
	varWord
	exprArgs
}

// Usage is what messages say of the arguments.
func (setVarArgs) Usage() string { return "<expr>" }

// ParseArgs reads the variable and the expression.
func (s *setVarArgs) ParseArgs(a *keyword.Args) error {
	if err := s.varWord.read(a); err != nil {
		return err
	}
	return s.exprArgs.ParseArgs(a)
}

// newSetVar makes set-var. Where the expression gives nothing, the variable
// keeps what it had.
func newSetVar(e *keyword.Env, a *setVarArgs) (Action, error) {
	x, err := sample.CompileAs(e, a.Sample, e.Words[a.Sample.Index-1].Text)
	if err != nil {
		return Action{}, err
	}
	name, conds := a.name, a.conds
	return Action{Run: func(t *tx.Tx) Verdict {
		v := t.Borrow()
		defer t.Return()
		if x.Eval(t, tx.TypeAny, v) && conds.Hold(t, name, v) {
			sample.SetVar(t, name, *v)
		}
		return Continue
	}}, nil
}

type setVarFmtArgs struct {
	varWord
	format *logformat.Format
}

// Usage is what messages say of the arguments.
func (setVarFmtArgs) Usage() string { return "<fmt>" }

// ParseArgs reads the variable and the format.
func (s *setVarFmtArgs) ParseArgs(a *keyword.Args) (err error) {
	if err = s.varWord.read(a); err != nil {
		return err
	}
	if !a.More() { // the original takes no format as an empty one
		s.format, err = compileFmt(a.Env, "", a.Pos-1)
		return err
	}
	s.format, err = takeFmt(a, "missing format string")
	return err
}

func newSetVarFmt(e *keyword.Env, a *setVarFmtArgs) (Action, error) {
	f, name, conds := a.format, a.name, a.conds
	return Action{Run: func(t *tx.Tx) Verdict {
		v := t.Borrow()
		defer t.Return()
		v.SetStr(f.Append(t.Req.Spare(), t))
		if conds.Hold(t, name, v) {
			sample.SetVar(t, name, *v)
		}
		return Continue
	}}, nil
}

type unsetVarArgs struct{ varWord }

// Usage is what messages say of the arguments.
func (unsetVarArgs) Usage() string { return "" }

// ParseArgs reads the variable.
func (s *unsetVarArgs) ParseArgs(a *keyword.Args) error { return s.varWord.read(a) }

func newUnsetVar(_ *keyword.Env, a *unsetVarArgs) (Action, error) {
	name := a.name
	return Action{Run: func(t *tx.Tx) Verdict {
		unsetVar(t, name)
		return Continue
	}}, nil
}

// unsetVar forgets a variable; those of the process need its registry.
func unsetVar(t *tx.Tx, n tx.VarName) {
	if n.Scope != tx.VarProc || t.Sess.Proc != nil {
		t.UnsetVar(n)
	}
}

// lower is strings.ToLower for names that become bytes.
func lower(s string) []byte { return []byte(strings.ToLower(s)) }
