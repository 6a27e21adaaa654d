package lua

import (
	"os"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// require is 5.3's: what package.loaded holds, a loader in package.preload, a
// file of package.path. Modules in C cannot be loaded; the message names
// where they would be looked for.
func (st *state) require(l *glua.LState) int {
	name := l.CheckString(1)
	p := st.lib("package")
	loaded, _ := l.GetField(p, "loaded").(*glua.LTable)
	if v := loaded.RawGetString(name); v != glua.LNil && glua.LVAsBool(v) {
		l.Push(v)
		return 1
	}
	fn, where, tried := st.find(l, p, name)
	if fn == nil {
		l.RaiseError("module '%s' not found:%s", name, tried)
	}
	l.Push(fn)
	l.Push(glua.LString(name))
	l.Push(glua.LString(where))
	l.Call(2, 1)
	v := l.Get(-1)
	l.Pop(1)
	switch have := loaded.RawGetString(name); {
	case v != glua.LNil:
		loaded.RawSetString(name, v)
	case have != glua.LNil:
		v = have
	default:
		v = glua.LTrue
		loaded.RawSetString(name, v)
	}
	l.Push(v)
	return 1
}

// find returns the loader of a module and where it is, or where it is not.
func (st *state) find(l *glua.LState, p *glua.LTable, name string) (fn *glua.LFunction, where, tried string) {
	if preload, ok := l.GetField(p, "preload").(*glua.LTable); ok {
		if f, ok := preload.RawGetString(name).(*glua.LFunction); ok {
			return f, ":preload:", ""
		}
	}
	tried = "\n\tno field package.preload['" + name + "']"
	file := strings.ReplaceAll(name, ".", "/")
	for _, field := range []string{"path", "cpath"} {
		patterns, _ := l.GetField(p, field).(glua.LString)
		for _, pattern := range strings.Split(string(patterns), ";") {
			if pattern == "" {
				continue
			}
			at := strings.ReplaceAll(pattern, "?", file)
			src, err := os.ReadFile(at)
			if err != nil {
				tried += "\n\tno file '" + at + "'"
				continue
			}
			if field == "cpath" {
				l.RaiseError("error loading module '%s' from file '%s':\n\tmodules in C cannot be loaded by this program", name, at)
			}
			fn, err := st.compile(string(src), at)
			if err != nil {
				l.RaiseError("error loading module '%s' from file '%s':\n\t%s", name, at, err)
			}
			return fn, at, ""
		}
	}
	return nil, "", tried
}
