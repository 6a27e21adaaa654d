package lua

import (
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"tandem/parser/expr"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// mapMethods are the ways in which the class Map matches, in the order of its
// constants.
var mapMethods = []string{"int", "ip", "str", "beg", "sub", "dir", "dom", "end", "reg"}

// mapObject is what a Map object stands for.
type mapObject struct{ x *sample.Expr }

func (st *state) openMaps() {
	l := st.l
	class := l.NewTable()
	l.SetGlobal("Map", class)
	for i, name := range mapMethods {
		class.RawSetString("_"+name, glua.LNumber(i))
	}
	class.RawSetString("new", l.NewFunction(st.newMap))
	st.methods("Map", map[string]glua.LGFunction{"lookup": mapLookup(false), "slookup": mapLookup(true)})
	re := l.NewTable()
	l.SetGlobal("Regex", re)
	re.RawSetString("new", l.NewFunction(newRegex))
	st.methods("Regex", map[string]glua.LGFunction{"exec": regexExec, "match": regexMatch})
}

func (st *state) newMap(l *glua.LState) int {
	if n := l.GetTop(); n < 1 || n > 2 {
		l.RaiseError("'new' needs at least 1 argument.")
	}
	if r := current(l); r.kind != kindLoad && r.kind != kindInit {
		l.RaiseError("'new': not available outside of body and init contexts")
	}
	file := l.CheckString(1)
	method := "str"
	if l.GetTop() == 2 {
		n := l.CheckInt(2)
		if n < 0 || n >= len(mapMethods) {
			l.ArgError(2, "this method is not supported")
		}
		method = mapMethods[n]
	}
	if st.m.Compile == nil {
		l.RaiseError("'new': maps are not available here")
	}
	kit := st.sampleKit
	x, err := st.m.Compile(expr.Sample{Text: "map", Fetch: expr.Call{Name: "str", Args: []string{"x"}, Parens: true}, Convs: []expr.Call{{Name: "map_" + method, Args: []string{file}, Parens: true}}}, "", false)
	if err != nil {
		l.RaiseError("'new': %s.", strings.TrimPrefix(err.Error(), "invalid args in converter 'map_"+method+"' : "))
	}
	l.Push(st.object("Map", &mapObject{x.From(func(*tx.Tx) []byte { return kit.input })}))
	return 1
}

func mapLookup(str bool) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, "lookup", 2, 2)
		m := self[*mapObject](l, 1, "Map")
		st := stateOf(l)
		key, ok := text(l, 2)
		if !ok {
			l.ArgError(2, "string expected")
		}
		st.sampleKit.input = []byte(key)
		var v tx.Value
		switch {
		case m.x.Eval(blankTx(), tx.TypeStr, &v):
			l.Push(glua.LString(slices.Clone(v.B)))
		case str:
			l.Push(glua.LString(""))
		default:
			l.Push(glua.LNil)
		}
		return 1
	}
}

// mapCommand makes the functions of core that change maps and ACLs.
func mapCommand(name string, n int) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, name, n, n)
		verb, what, _ := strings.Cut(name, "_")
		words := []string{verb, what}
		for i := 1; i <= n; i++ {
			words = append(words, l.CheckString(i))
		}
		answer := command(l, words...)
		if verb == "set" && strings.Contains(answer, "entry not found") {
			words = append([]string{"add", what}, words[2:]...)
			answer = command(l, words...)
		}
		if strings.Contains(answer, "Unknown ") {
			l.RaiseError("'%s': unknown %s '%s'", name, what, l.CheckString(1))
		}
		return 0
	}
}

func newRegex(l *glua.LState) int {
	between(l, "new", 2, 2)
	re, err := sample.CompileRegexp(l.CheckString(1), !glua.LVAsBool(l.Get(2)))
	if err != nil {
		l.Push(glua.LFalse)
		l.Push(glua.LString("regex '" + l.CheckString(1) + "' is invalid (error=" + err.Error() + ")"))
		return 2
	}
	l.Push(glua.LTrue)
	l.Push(stateOf(l).object("Regex", re))
	return 2
}

func regexExec(l *glua.LState) int {
	between(l, "exec", 2, 2)
	l.Push(glua.LBool(self[*sample.Regexp](l, 1, "Regex").Match([]byte(l.CheckString(2)))))
	return 1
}

// regexMatch pushes whether there is a match, and its groups, the whole first.
func regexMatch(l *glua.LState) int {
	between(l, "match", 2, 2)
	re, b := self[*sample.Regexp](l, 1, "Regex"), []byte(l.CheckString(2))
	loc := re.FindIndex(b, 0, nil)
	if loc == nil {
		l.Push(glua.LFalse)
		l.Push(glua.LNil)
		return 2
	}
	t := l.NewTable()
	for i := 0; i+1 < len(loc); i += 2 {
		group := ""
		if loc[i] >= 0 {
			group = string(b[loc[i]:loc[i+1]])
		}
		t.Append(glua.LString(group))
	}
	l.Push(glua.LTrue)
	l.Push(t)
	return 2
}
