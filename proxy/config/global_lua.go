package config

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/action"
	"tandem/proxy/lua"
	"tandem/proxy/sample"
)

// luaLoad makes the Def of the words that load Lua: the file runs while the
// line is read, so that later lines find what it registers.
func luaLoad(name, missing string) *keyword.Def[Setting[Global]] {
	return keyword.Define(keyword.Spec{Name: name, In: keyword.Global, Doc: "Load a Lua file.",
		Misuse: strings.ReplaceAll(missing, "%s", name)}, func(e *keyword.Env, a *wordsArgs) (Setting[Global], error) {
		path := a.Words[0].Text
		c := keyword.Attached[*compiler](e)
		c.prepareLua()
		var args []string
		for _, w := range a.Words[1:] {
			args = append(args, w.Text)
		}
		err := c.cfg.Lua.Load(path, args, name == "lua-load-per-thread")
		var load *lua.LoadError
		switch {
		case errors.As(err, &load) && load.Runtime:
			return nil, &keyword.Error{Index: a.Words[0].Index, Code: diag.BadValue, Text: "Lua runtime error: " + load.Text}
		case err != nil:
			return nil, &keyword.Error{Index: a.Words[0].Index, Code: diag.Unreadable, Text: "error in Lua file '" + path + "': " + err.Error()}
		}
		return nil, nil
	})
}

// prepareLua gives the machine what the words before the first lua-load say.
func (c *compiler) prepareLua() {
	m, g := c.cfg.Lua, &c.cfg.Global
	if m.Loaded() {
		return
	}
	o := &m.Opt
	o.Threads = min(runtime.GOMAXPROCS(0), 64)
	if n := g.Tune["nbthread"]; n > 0 {
		o.Threads = int(n)
	}
	for name, d := range map[string]*time.Duration{"session-timeout": &o.SessionTimeout, "service-timeout": &o.ServiceTimeout, "task-timeout": &o.TaskTimeout, "burst-timeout": &o.BurstTimeout} {
		if n, ok := g.Tune["lua."+name]; ok {
			*d = time.Duration(n) * time.Millisecond
		}
	}
	if n := g.Tune["lua.forced-yield"]; n > 0 {
		o.ForcedYield = int(n)
	}
	o.MaxMem = g.Tune["lua.maxmem"]
	o.Fork = g.InsecureFork
	if libs, ok := g.TuneText["lua.openlibs"]; ok && libs != "all" {
		o.Libs = map[string]bool{}
		for _, l := range strings.Split(libs, ",") {
			o.Libs[l] = true
		}
	}
	o.Loggers = g.TuneText["lua.log.loggers"] != "off"
	if s := g.TuneText["lua.log.stderr"]; s != "" {
		o.Stderr = s
	}
	conversion, set := g.TuneText["lua.bool-sample-conversion"]
	o.Booleans = conversion == "normal"
	m.Warn = func(text string) {
		c.diags.Add(diag.Diagnostic{Severity: diag.Warning, Code: diag.BadValue, Layout: diag.Told, Text: "config : " + text})
	}
	m.Compile, m.Getenv = c.luaSamples(), c.environ.Lookup
	if !set {
		m.Warn(`hlua: please set "tune.lua.bool-sample-conversion" tunable to either "normal" or "pre-3.1-bug" explicitly to avoid ambiguities. This must be set before any "lua-load" or "lua-load-per-thread" directive. Defaulting to "pre-3.1-bug".`)
	}
}

// luaSamples returns what compiles the fetches and converters that scripts
// use, while the file is read and when it is served.
func (c *compiler) luaSamples() lua.Compiler {
	var mu sync.Mutex
	return func(s expr.Sample, owner string, backend bool) (*sample.Expr, error) {
		mu.Lock()
		defer mu.Unlock()
		e := &keyword.Env{Diags: &diag.List{}, Scope: keyword.HTTPRequest, Section: "frontend", Owner: owner, Words: []source.Word{{Text: "lua"}}}
		if backend {
			e.Section = "backend"
		}
		c.attachTo(e)
		x, err := sample.CompileAnywhere(e, s)
		if err != nil {
			return nil, err
		}
		for _, r := range e.Refs {
			targets := c.find(r)
			if targets == nil {
				return nil, errors.New(strings.TrimSuffix(r.Missing, "."))
			}
			r.Resolve(targets...)
		}
		return x, nil
	}
}

type luaPathArgs struct {
	words []string
}

// Usage is what messages say of the arguments.
func (luaPathArgs) Usage() string { return "<path> [path|cpath]" }

// ParseArgs takes a path and its kind.
func (a *luaPathArgs) ParseArgs(in *keyword.Args) error {
	for len(a.words) < 2 && in.More() {
		w, _, _ := in.Next()
		a.words = append(a.words, w)
	}
	return nil
}

var luaPath = keyword.Define(keyword.Spec{
	Name: "lua-prepend-path", In: keyword.Global, Doc: "Where Lua looks for modules.",
}, func(e *keyword.Env, a *luaPathArgs) (Setting[Global], error) {
	switch {
	case len(a.words) == 0:
		return nil, e.Errorf(-1, "'lua-prepend-path' expects to receive a <path> as argument")
	case len(a.words) == 2 && a.words[1] != "path" && a.words[1] != "cpath":
		return nil, e.Errorf(2, "'lua-prepend-path' expects <type> to either be 'path' or 'cpath'")
	}
	c := len(a.words) == 2 && a.words[1] == "cpath"
	keyword.Attached[*compiler](e).cfg.Lua.PrependPath(a.words[0], c)
	return nil, nil
})

// script reads a rule whose action a script registered; done is false where
// there is none of that name for the rule set.
func (r *ruleLine) script(a *keyword.Args, scope ruleScope) (done bool, err error) {
	e := a.Env
	word := a.Peek()
	build, nargs := keyword.Attached[*compiler](e).cfg.Lua.Action(strings.TrimPrefix(word, "lua."), scope.in)
	if build == nil {
		return false, nil
	}
	line := scope.name + " " + word
	a.Next()
	var args []string
	for range nargs {
		w, _, ok := a.Next()
		if !ok {
			return true, scope.explain(e, &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "expect " + itoa(nargs) + " arguments"}, line)
		}
		args = append(args, w)
	}
	if w := a.Peek(); a.More() && w != "if" && w != "unless" {
		return true, scope.trailing(e, a.Pos, line, w)
	}
	saved := e.Scope
	e.Scope = scope.in
	prefix, stop := scope.conditionText(e, line)
	cond, err := conditionAs(a, scope.name, prefix, stop)
	e.Scope = saved
	if err == nil {
		r.rule = action.Rule{Action: build(args), Cond: cond, Name: word, At: ruleAt(e)}
	}
	return true, err
}
