package lua

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"

	parse "tandem/parser/lua"
)

// opener is one of the machine's own libraries.
type opener struct {
	name string
	open glua.LGFunction
}

var openers = []opener{
	{"package", glua.OpenPackage}, {"table", glua.OpenTable}, {"io", glua.OpenIo}, {"os", glua.OpenOs},
	{"string", glua.OpenString}, {"math", glua.OpenMath}, {"debug", glua.OpenDebug},
}

// openLibs opens the libraries that the configuration lets scripts have, and
// gives them what 5.3 has and 5.1 has not.
func (st *state) openLibs() {
	l, m := st.l, st.m
	open := func(name string, f glua.LGFunction) {
		l.Push(l.NewFunction(f))
		l.Push(glua.LString(name))
		l.Call(1, 0)
	}
	wants := func(name string) bool { return m.Opt.Libs == nil || m.Opt.Libs[name] }
	open("", glua.OpenBase)
	open("coroutine", glua.OpenCoroutine)
	for _, o := range openers {
		if wants(o.name) {
			open(o.name, o.open)
		}
	}
	l.SetGlobal("_VERSION", glua.LString("Lua 5.3"))
	unpack := l.GetGlobal("unpack")
	for _, name := range []string{"_printregs", "newproxy", "module", "setfenv", "getfenv", "loadstring", "unpack"} {
		l.SetGlobal(name, glua.LNil)
	}
	st.setFuncs(nil, map[string]glua.LGFunction{"load": st.load, "loadfile": st.loadFileLua, "dofile": st.doFile, "print": luaPrint, "tonumber": toNumber, "rawlen": rawLen})
	st.openOperators()
	st.openCoroutines()
	if t := st.lib("table"); t != nil {
		st.setFuncs(t, tableLib)
		l.SetField(t, "unpack", unpack)
	}
	if t := st.lib("string"); t != nil {
		st.setFuncs(t, packLib)
		st.setFuncs(t, stringLib)
	}
	if t := st.lib("math"); t != nil {
		st.setFuncs(t, mathLib)
		l.SetField(t, "maxinteger", glua.LNumber(1<<53))
		l.SetField(t, "mininteger", glua.LNumber(-(1 << 53)))
	}
	if wants("utf8") {
		st.openUTF8()
	}
	if t := st.lib("os"); t != nil {
		st.setFuncs(t, map[string]glua.LGFunction{"getenv": func(l *glua.LState) int {
			if v, ok := m.Getenv(l.CheckString(1)); ok {
				l.Push(glua.LString(v))
			} else {
				l.Push(glua.LNil)
			}
			return 1
		}})
	}
	st.guardFork()
	if p := st.lib("package"); p != nil {
		l.SetField(p, "loaders", glua.LNil)
		st.setFuncs(nil, map[string]glua.LGFunction{"require": st.require})
	}
}

func (st *state) lib(name string) *glua.LTable {
	t, _ := st.l.GetGlobal(name).(*glua.LTable)
	return t
}

// setFuncs adds functions to a table; nil: to the globals.
func (st *state) setFuncs(t *glua.LTable, funcs map[string]glua.LGFunction) {
	for name, f := range funcs {
		if t == nil {
			st.l.SetGlobal(name, st.l.NewFunction(f))
		} else {
			t.RawSetString(name, st.l.NewFunction(f))
		}
	}
}

// luaPath is where the original's library looks for modules of 5.3.
const luaPath = "/usr/local/share/lua/5.3/?.lua;/usr/local/share/lua/5.3/?/init.lua;/usr/local/lib/lua/5.3/?.lua;/usr/local/lib/lua/5.3/?/init.lua;" +
	"/usr/share/lua/5.3/?.lua;/usr/share/lua/5.3/?/init.lua;./?.lua;./?/init.lua"

// luaCPath is where it looks for modules in C.
const luaCPath = "/usr/local/lib/lua/5.3/?.so;/usr/lib/x86_64-linux-gnu/lua/5.3/?.so;/usr/lib/lua/5.3/?.so;/usr/local/lib/lua/5.3/loadall.so;./?.so"

func (st *state) setPaths() {
	if p := st.lib("package"); p != nil {
		st.l.SetField(p, "path", glua.LString(strings.Join(append(append([]string{}, st.m.path...), luaPath), ";")))
		st.l.SetField(p, "cpath", glua.LString(strings.Join(append(append([]string{}, st.m.cpath...), luaCPath), ";")))
	}
}

// compile makes a function of a program.
func (st *state) compile(src, chunk string) (*glua.LFunction, error) {
	block, err := parse.Parse(src, chunk)
	if err != nil {
		return nil, err
	}
	proto, err := glua.Compile(block, chunk)
	if err != nil {
		return nil, compileError(err, chunk)
	}
	return st.l.NewFunctionFromProto(proto), nil
}

var compileAt = regexp.MustCompile(`^compile error near line\((\d+)\) .*?: (?s:(.*))$`)

// compileError words what the machine's compiler refuses as Lua does.
func compileError(err error, chunk string) error {
	m := compileAt.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	line, _ := strconv.Atoi(m[1])
	text := m[2]
	if text == "no loop to break" {
		text = "<break> at line " + m[1] + " not inside a loop"
	}
	return &parse.Error{Chunk: chunk, Line: line, Text: text}
}

// load is 5.3's load(chunk [, chunkname [, mode [, env]]]).
func (st *state) load(l *glua.LState) int {
	var src string
	switch v := l.CheckAny(1).(type) {
	case glua.LString:
		src = string(v)
	case *glua.LFunction:
		var b strings.Builder
		for {
			l.Push(v)
			l.Call(0, 1)
			part, ok := l.Get(-1).(glua.LString)
			l.Pop(1)
			if !ok || part == "" {
				break
			}
			b.WriteString(string(part))
		}
		src = b.String()
	default:
		l.TypeError(1, glua.LTString)
	}
	name := l.OptString(2, "[string \""+firstLine(src)+"\"]")
	name = strings.TrimLeft(name, "=@")
	return st.loaded(l, src, name, 4)
}

func firstLine(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if more {
		line += "..."
	}
	return line
}

// loaded pushes what a load function returns; env is its argument with the
// globals of the program.
func (st *state) loaded(l *glua.LState, src, name string, env int) int {
	fn, err := st.compile(src, name)
	if err != nil {
		l.Push(glua.LNil)
		l.Push(glua.LString(err.Error()))
		return 2
	}
	if t, ok := l.Get(env).(*glua.LTable); ok {
		// Operators are calls of globals: a program with an environment of its own needs them, too.
		for name := range operators {
			if t.RawGetString(name) == glua.LNil {
				t.RawSetString(name, st.l.GetGlobal(name))
			}
		}
		l.SetFEnv(fn, t)
	}
	l.Push(fn)
	return 1
}

func (st *state) loadFileLua(l *glua.LState) int {
	path := l.CheckString(1)
	src, err := os.ReadFile(path)
	if err != nil {
		l.Push(glua.LNil)
		l.Push(glua.LString("cannot open " + path + ": " + sysText(err)))
		return 2
	}
	return st.loaded(l, string(src), path, 3)
}

func (st *state) doFile(l *glua.LState) int {
	path := l.CheckString(1)
	src, err := os.ReadFile(path)
	if err != nil {
		l.RaiseError("cannot open %s: %s", path, sysText(err))
	}
	fn, err := st.compile(string(src), path)
	if err != nil {
		l.Error(glua.LString(err.Error()), 0)
	}
	top := l.GetTop()
	l.Push(fn)
	l.Call(0, glua.MultRet)
	return l.GetTop() - top
}

// luaPrint writes to the standard output at once.
func luaPrint(l *glua.LState) int {
	var b strings.Builder
	for i := 1; i <= l.GetTop(); i++ {
		if i > 1 {
			b.WriteByte('\t')
		}
		b.WriteString(l.ToStringMeta(l.Get(i)).String())
	}
	b.WriteByte('\n')
	os.Stdout.WriteString(b.String())
	return 0
}

// guardFork takes the functions that start processes away, where the
// configuration does not want them ("insecure-fork-wanted").
func (st *state) guardFork() {
	if st.m.Opt.Fork {
		return
	}
	deny := func(name string) glua.LGFunction {
		return func(l *glua.LState) int {
			l.Push(glua.LNil)
			l.Push(glua.LString(name + ": starting a process needs insecure-fork-wanted"))
			return 2
		}
	}
	if t := st.lib("os"); t != nil {
		t.RawSetString("execute", st.l.NewFunction(deny("os.execute")))
	}
	if t := st.lib("io"); t != nil {
		t.RawSetString("popen", st.l.NewFunction(deny("io.popen")))
	}
}

// openCoroutines makes coroutines run under the state's limits whoever
// resumes them: the machine would give them those of their maker.
func (st *state) openCoroutines() {
	t := st.lib("coroutine")
	for _, name := range []string{"create", "wrap"} {
		own := t.RawGetString(name).(*glua.LFunction)
		t.RawSetString(name, st.l.NewFunction(func(l *glua.LState) int {
			l.Push(own)
			l.Push(l.CheckFunction(1))
			l.Call(1, 1)
			th, ok := l.Get(-1).(*glua.LState)
			if f, wrapped := l.Get(-1).(*glua.LFunction); wrapped && len(f.Upvalues) > 0 {
				th, ok = f.Upvalues[0].Value().(*glua.LState)
			}
			if ok {
				th.SetContext(stateContext{st})
			}
			return 1
		}))
	}
	t.RawSetString("isyieldable", st.l.NewFunction(func(l *glua.LState) int {
		l.Push(glua.LBool(l.Parent != nil))
		return 1
	}))
}
