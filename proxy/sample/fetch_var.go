package sample

import (
	"fmt"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// varFetches read variables (configuration manual 2.8).
var varFetches = []word[Fetch]{
	fetch("var", "string[,string]", tx.TypeAny, Constant, "A variable's value, or the default given.", newVar),
	fetch("dump_all_vars", "[string,string,string]", tx.TypeStr, Constant, "All variables, as scope.name=value.", newDumpVars),
}

var varScopes = map[string]tx.VarScope{
	"proc": tx.VarProc, "sess": tx.VarSess, "txn": tx.VarTxn, "req": tx.VarReq, "res": tx.VarRes, "check": tx.VarCheck,
	"psess": tx.VarSess, "ptxn": tx.VarTxn, "preq": tx.VarReq, "pres": tx.VarRes,
}

// ParseVar reads "txn.name". The error has the original's text.
func ParseVar(s string) (tx.VarName, error) {
	scope, name, ok := strings.Cut(s, ".")
	sc, known := varScopes[scope]
	if s == "" {
		return tx.VarName{}, fmt.Errorf("missing variable name")
	}
	if !ok || !known {
		return tx.VarName{}, fmt.Errorf("invalid variable name '%s'. A variable name must start with its scope. The scope can be 'proc', '(p)sess', '(p)txn', '(p)req', '(p)res' or 'check'", s)
	}
	if name == "" {
		return tx.VarName{}, fmt.Errorf("invalid variable name '%s'. A variable name must start with its scope. The scope can be 'proc', '(p)sess', '(p)txn', '(p)req', '(p)res' or 'check'", s)
	}
	for i := range len(name) {
		if c := name[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.') {
			return tx.VarName{}, fmt.Errorf("invalid syntax at char '%c'", c)
		}
	}
	return tx.VarName{Scope: sc, Name: name}, nil
}

// NoteVar remembers that the configuration names a variable of the process:
// who may only change existing ones may make that one (Lua's set_var).
func NoteVar(e *keyword.Env, n tx.VarName) {
	if p := keyword.Attached[*tx.ProcVars](e); p != nil && n.Scope == tx.VarProc {
		p.Name(n.Name)
	}
}

// varArg reads the first argument as a variable's name.
func varArg(a args) (tx.VarName, error) {
	if a.str(0, "") == "" {
		return tx.VarName{}, errText("Empty variable name cannot be accepted")
	}
	return ParseVar(a.str(0, ""))
}

func newVar(e *keyword.Env, a args) (evalFunc, error) {
	name, err := varArg(a)
	if err != nil {
		return nil, err
	}
	NoteVar(e, name)
	def, hasDef := []byte(a.str(1, "")), a.has(1)
	return func(t *tx.Tx, v *Value) bool {
		if got, ok := getVar(t, name); ok {
			more, cursor := v.More, v.Cursor
			*v = got
			v.More, v.Cursor = more, cursor
			return true
		}
		v.SetStr(def)
		return hasDef
	}, nil
}

// getVar reads a variable; those of the process need its registry.
func getVar(t *tx.Tx, n tx.VarName) (Value, bool) {
	if n.Scope == tx.VarProc && t.Sess.Proc == nil {
		return Value{}, false
	}
	return t.GetVar(n)
}

// SetVar stores a value in a variable.
func SetVar(t *tx.Tx, n tx.VarName, v Value) {
	if n.Scope == tx.VarProc && t.Sess.Proc == nil {
		return
	}
	v.More, v.Cursor, v.MayChange = false, 0, false
	t.SetVar(n, v)
}

func newDumpVars(_ *keyword.Env, a args) (evalFunc, error) {
	scope, prefix, delim := a.str(0, ""), a.str(1, ""), a.str(2, ", ")
	if _, ok := varScopes[scope]; scope != "" && !ok {
		return nil, errText("invalid scope '" + scope + "', must be one of: sess, txn, req, res, proc")
	}
	type source struct {
		name string
		each func(t *tx.Tx, f func(string, Value))
	}
	sources := []source{
		{"proc", func(t *tx.Tx, f func(string, Value)) {
			if t.Sess.Proc != nil {
				t.Sess.Proc.Each(f)
			}
		}},
		{"sess", func(t *tx.Tx, f func(string, Value)) { t.Sess.Vars.Each(f) }},
		{"txn", func(t *tx.Tx, f func(string, Value)) { t.TxnVars.Each(f) }},
		{"req", func(t *tx.Tx, f func(string, Value)) { t.ReqVars.Each(f) }},
		{"res", func(t *tx.Tx, f func(string, Value)) { t.ResVars.Each(f) }},
	}
	return func(t *tx.Tx, v *Value) bool {
		var out []byte
		for _, s := range sources {
			if scope != "" && s.name != scope {
				continue
			}
			s.each(t, func(name string, val Value) {
				if !strings.HasPrefix(name, prefix) {
					return
				}
				if len(out) > 0 {
					out = append(out, delim...)
				}
				out = append(append(append(append(out, s.name...), '.'), name...), '=')
				quote := val.Type == tx.TypeStr
				if !Cast(t, &val, tx.TypeStr) {
					return
				}
				if quote {
					out = append(append(append(out, '"'), val.B...), '"')
				} else {
					out = append(out, val.B...)
				}
			})
		}
		v.SetStr(out)
		return true
	}, nil
}
