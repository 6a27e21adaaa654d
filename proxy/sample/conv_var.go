package sample

import (
	"bytes"
	"crypto/subtle"
	"fmt"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// varConvs store samples and compare them with what was stored.
var varConvs = []word[Conv]{
	conv("set-var", "string[,string,string,string,string]", tx.TypeAny, tx.TypeAny, "The sample, stored in a variable on the way.", newSetVar),
	conv("unset-var", "string", tx.TypeAny, tx.TypeAny, "The sample, a variable forgotten on the way.", newUnsetVar),
	conv("capture-req", "integer", tx.TypeStr, tx.TypeStr, "The sample, captured in a request slot on the way.", newCaptureConv(request)),
	conv("capture-res", "integer", tx.TypeStr, tx.TypeStr, "The sample, captured in a response slot on the way.", newCaptureConv(response)),
	conv("strcmp", "string", tx.TypeStr, tx.TypeInt, "Order of the sample and a variable: below 0, 0, above 0.", newStrcmp),
	conv("secure_memcmp", "string", tx.TypeBin, tx.TypeBool, "Whether the sample equals a variable, in constant time.", newSecureMemcmp),
	conv("debug", "[string,string]", tx.TypeAny, tx.TypeSame, "The sample, shown to a debugging sink on the way.", keep, keyword.NotActed),
	conv("when", "string[,string,string]", tx.TypeAny, tx.TypeAny, "The sample if a condition holds, else nothing.", newWhen),
}

// varCondition is a condition of set-var (configuration manual, converter
// set-var).
type varCondition func(t *tx.Tx, n tx.VarName, v *Value) bool

func isSet(t *tx.Tx, n tx.VarName, _ *Value) bool {
	_, ok := getVar(t, n)
	return ok
}

// exists says whether a variable was there before: those of the process are
// from the moment when a configuration names them.
func exists(t *tx.Tx, n tx.VarName, v *Value) bool {
	return n.Scope == tx.VarProc || isSet(t, n, v)
}

func isEmpty(v *Value) bool {
	switch v.Type {
	case tx.TypeStr, tx.TypeBin, tx.TypeMethod:
		return len(v.B) == 0
	}
	return false
}

var varConditions = map[string]varCondition{
	"ifexists":    exists,
	"ifnotexists": func(t *tx.Tx, n tx.VarName, v *Value) bool { return !exists(t, n, v) },
	"ifset":       isSet,
	"ifnotset":    func(t *tx.Tx, n tx.VarName, v *Value) bool { return !isSet(t, n, v) },
	"ifempty":     func(_ *tx.Tx, _ tx.VarName, v *Value) bool { return isEmpty(v) },
	"ifnotempty":  func(_ *tx.Tx, _ tx.VarName, v *Value) bool { return !isEmpty(v) },
	"ifgt": func(t *tx.Tx, n tx.VarName, v *Value) bool {
		old, ok := getVar(t, n)
		return !ok || old.Type != tx.TypeInt || v.Type != tx.TypeInt || old.Int > v.Int
	},
	"iflt": func(t *tx.Tx, n tx.VarName, v *Value) bool {
		old, ok := getVar(t, n)
		return !ok || old.Type != tx.TypeInt || v.Type != tx.TypeInt || old.Int < v.Int
	},
}

// VarConditions are the words that set-var takes behind a variable's name.
type VarConditions []varCondition

// ParseVarConditions reads them, at most four.
func ParseVarConditions(words []string) (VarConditions, error) {
	var out VarConditions
	for _, w := range words {
		if w == "" {
			continue
		}
		c := varConditions[w]
		if c == nil {
			return nil, fmt.Errorf("unknown condition \"%s\"", w)
		}
		out = append(out, c)
	}
	return out, nil
}

// Hold says whether all conditions hold for storing v in n.
func (cs VarConditions) Hold(t *tx.Tx, n tx.VarName, v *Value) bool {
	for _, c := range cs {
		if !c(t, n, v) {
			return false
		}
	}
	return true
}

func newSetVar(_ *keyword.Env, a args) (evalFunc, error) {
	name, err := varArg(a)
	if err != nil {
		return nil, err
	}
	var words []string
	for i := 1; i < len(a); i++ {
		if a.has(i) {
			words = append(words, a[i].text)
		}
	}
	conds, err := ParseVarConditions(words)
	if err != nil {
		return nil, err
	}
	return func(t *tx.Tx, v *Value) bool {
		if conds.Hold(t, name, v) {
			SetVar(t, name, *v)
		}
		return true
	}, nil
}

func newUnsetVar(_ *keyword.Env, a args) (evalFunc, error) {
	name, err := varArg(a)
	if err != nil {
		return nil, err
	}
	return func(t *tx.Tx, _ *Value) bool {
		if name.Scope != tx.VarProc || t.Sess.Proc != nil {
			t.UnsetVar(name)
		}
		return true
	}, nil
}

func newCaptureConv(s side) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		i, err := captureSlot(a)
		return func(t *tx.Tx, v *Value) bool {
			caps := s.captures(t)
			if i < len(caps) {
				caps[i] = append([]byte(nil), v.B...)
			}
			return i < len(caps)
		}, err
	}
}

func newStrcmp(_ *keyword.Env, a args) (evalFunc, error) {
	name, err := ParseVar(a.str(0, ""))
	if err != nil {
		return nil, errText("failed to register variable name '" + a.str(0, "") + "'")
	}
	return func(t *tx.Tx, v *Value) bool {
		val, ok := getVar(t, name)
		if !ok || !Cast(t, &val, tx.TypeStr) {
			return false
		}
		n := min(len(v.B), len(val.B))
		d := 0
		for i := 0; i < n && d == 0; i++ {
			d = int(v.B[i]) - int(val.B[i])
		}
		if d == 0 {
			d = len(v.B) - len(val.B)
		}
		v.SetInt(int64(d))
		return true
	}, nil
}

func newSecureMemcmp(_ *keyword.Env, a args) (evalFunc, error) {
	name, err := ParseVar(a.str(0, ""))
	if err != nil {
		return nil, errText("failed to register variable name '" + a.str(0, "") + "'")
	}
	return func(t *tx.Tx, v *Value) bool {
		val, ok := getVar(t, name)
		if !ok || !Cast(t, &val, tx.TypeBin) {
			return false
		}
		v.SetBool(subtle.ConstantTimeCompare(v.B, val.B) == 1)
		return true
	}, nil
}

func newWhen(e *keyword.Env, a args) (evalFunc, error) {
	word := a.str(0, "")
	neg := false
	for word != "" && word[0] == '!' {
		neg, word = !neg, word[1:]
	}
	var cond func(t *tx.Tx) bool
	switch word {
	case "acl":
		finder := keyword.Attached[ACLFinder](e)
		name := a.str(1, "")
		if finder == nil {
			return nil, errText("ACL '" + name + "' not found")
		}
		eval := finder.FindACL(e, name)
		if eval == nil {
			return nil, errText("ACL '" + name + "' not found")
		}
		cond = func(t *tx.Tx) bool { pass, _ := eval(t); return pass }
	case "error":
		cond = hadError
	case "normal":
		cond = func(t *tx.Tx) bool { return !hadError(t) }
	case "forwarded":
		cond = func(t *tx.Tx) bool { return t.SrvDst.IsValid() }
	case "toapplet":
		cond = func(t *tx.Tx) bool { return !t.SrvDst.IsValid() && t.Term[0] == 'L' }
	case "processed":
		cond = func(t *tx.Tx) bool { return t.SrvDst.IsValid() || t.Term[0] == 'L' }
	case "stopping":
		cond = stopping
	default:
		return nil, errText("expects a supported keyword among {stopping,normal,error,forwarded,toapplet,processed,acl} but got '" + word + "'")
	}
	return func(t *tx.Tx, _ *Value) bool { return cond(t) != neg }, nil
}

// hadError says what "dontlog-normal" calls an error.
func hadError(t *tx.Tx) bool {
	return bytes.IndexByte([]byte("\x00-L"), t.Term[0]) < 0 || t.Retries > 0 || t.Status >= 500
}
