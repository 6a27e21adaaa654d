package lua

import (
	"fmt"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/tx"
)

// push makes a Lua value of a sample ("lua-api", Fetches class).
func (st *state) push(t *tx.Tx, v *tx.Value, cast func(t *tx.Tx, v *tx.Value, to tx.Type) bool) glua.LValue {
	switch v.Type {
	case tx.TypeBool:
		if st.m.Opt.Booleans {
			return glua.LBool(v.Int != 0)
		}
		return glua.LNumber(v.Int)
	case tx.TypeInt:
		return glua.LNumber(v.Int)
	case tx.TypeStr, tx.TypeBin, tx.TypeMethod:
		return glua.LString(v.B)
	}
	if cast(t, v, tx.TypeStr) {
		return glua.LString(v.B)
	}
	return glua.LNil
}

// sampleOf makes a sample of a Lua value, as the original does: what is
// neither number, boolean nor text is the boolean false, and so is a number
// with a fraction the integer 0.
func sampleOf(x glua.LValue, v *tx.Value) {
	switch x := x.(type) {
	case glua.LNumber:
		n := int64(0)
		if isInteger(x) {
			n = int64(x)
		}
		v.SetInt(n)
	case glua.LBool:
		v.SetBool(bool(x))
	case glua.LString:
		v.SetStr([]byte(x))
	default:
		v.SetBool(false)
	}
}

// object makes a table of a class, with what it stands for in field 0 as the
// original's objects have it.
func (st *state) object(class string, v any) *glua.LTable {
	t := st.l.NewTable()
	u := st.l.NewUserData()
	u.Value = v
	t.RawSet(glua.LNumber(0), u)
	t.Metatable = st.class(class)
	return t
}

// class returns the metatable of a class.
func (st *state) class(name string) *glua.LTable {
	c := st.classes[name]
	if c == nil {
		c = st.l.NewTable()
		st.classes[name] = c
		c.RawSetString("__index", st.l.NewTable())
		c.RawSetString("__tostring", st.l.NewFunction(func(l *glua.LState) int {
			l.Push(glua.LString(fmt.Sprintf("HAProxy class %s (%p)", name, l.Get(1))))
			return 1
		}))
	}
	return c
}

// methods adds functions to a class.
func (st *state) methods(class string, funcs map[string]glua.LGFunction) {
	st.setFuncs(st.class(class).RawGetString("__index").(*glua.LTable), funcs)
}

// self returns what argument i, an object of a class, stands for.
func self[T any](l *glua.LState, i int, class string) T {
	t, ok := l.Get(i).(*glua.LTable)
	if ok {
		if u, isUser := t.RawGet(glua.LNumber(0)).(*glua.LUserData); isUser {
			if v, is := u.Value.(T); is && t.Metatable == stateOf(l).classes[class] {
				return v
			}
		}
	}
	l.ArgError(i, fmt.Sprintf("expected a %s", class))
	var none T
	return none
}

// between refuses a call with too few or too many arguments, which count the
// object, in the original's words.
func between(l *glua.LState, name string, low, high int) {
	n := l.GetTop()
	switch {
	case n >= low && n <= high:
	case low == high:
		l.RaiseError("'%s' needs %d arguments", name, low)
	default:
		l.RaiseError("'%s' needs between %d and %d arguments", name, low, high)
	}
}

// text returns argument i as text; nil is none.
func text(l *glua.LState, i int) (string, bool) {
	switch v := l.Get(i).(type) {
	case glua.LString:
		return string(v), true
	case glua.LNumber:
		return v.String(), true
	case glua.LBool:
		return v.String(), true
	}
	return "", false
}

// identifier makes the name of a method of a fetch's or converter's.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}
