package lua

import (
	"fmt"
	"slices"
	"time"

	glua "github.com/yuin/gopher-lua"
)

var logLevels = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

var actCodes = map[string]int{"CONTINUE": 0, "STOP": 1, "YIELD": 2, "ERROR": 3, "DONE": 4, "DENY": 5, "ABORT": 6, "INVALID": 7}

// openCore makes the class core and the others that scripts begin with.
func (st *state) openCore() {
	l := st.l
	core := l.NewTable()
	l.SetGlobal("core", core)
	for i, n := range logLevels {
		core.RawSetString(n, glua.LNumber(i))
	}
	core.RawSetString("silent", glua.LNumber(-1))
	core.RawSetString("thread", glua.LNumber(st.id))
	core.RawSetString("proxies", l.NewTable())
	core.RawSetString("backends", l.NewTable())
	core.RawSetString("frontends", l.NewTable())
	st.setFuncs(core, map[string]glua.LGFunction{
		"register_action": st.registerAction, "register_fetches": st.registerFetches, "register_converters": st.registerConverters,
		"register_service": st.registerService, "register_init": st.registerInit, "register_task": st.registerTask, "register_cli": st.registerCLI,
		"log": coreLog, "Debug": logAt(7), "Info": logAt(6), "Warning": logAt(4), "Alert": logAt(1),
		"sleep": sleeper("sleep", time.Second), "msleep": sleeper("msleep", time.Millisecond), "yield": coreYield, "wait": coreWait, "set_nice": setNice, "done": coreDone,
		"now": coreNow, "concat": newConcat, "queue": newQueue, "tokenize": tokenize, "get_info": getInfo, "get_var": coreGetVar,
		"http_date": dateOf("http_date"), "imf_date": dateOf("imf_date"), "rfc850_date": dateOf("rfc850_date"), "asctime_date": dateOf("asctime_date"),
		"parse_addr": parseAddr, "match_addr": matchAddr,
		"add_acl": mapCommand("add_acl", 2), "del_acl": mapCommand("del_acl", 2), "set_map": mapCommand("set_map", 3), "del_map": mapCommand("del_map", 2),
		"tcp": newSocket, "httpclient": newHTTPClient,
		"register_filter": missing("core.register_filter"), "event_sub": subscribe("core"), "get_patref": missing("core.get_patref"),
		"use_native_mailers_config": func(*glua.LState) int { return 0 },
	})
	act := l.NewTable()
	st.act = act
	l.SetGlobal("act", act)
	for n, v := range actCodes {
		act.RawSetString(n, glua.LNumber(v))
	}
	act.RawSetString("wake_time", l.NewFunction(func(l *glua.LState) int {
		i := 1
		if _, method := l.Get(1).(*glua.LTable); method {
			i = 2
		}
		current(l).wake = time.Duration(l.CheckNumber(i)) * time.Millisecond
		return 0
	}))
	st.openTxn()
	st.openMessages()
	st.openApplets()
	st.openSockets()
	st.openMaps()
	st.openObjects()
	st.openEvents()
	st.methods("Concat", concatMethods)
	st.methods("Queue", queueMethods)
}

// missing is a function that the original has and that is not here.
func missing(name string) glua.LGFunction {
	return func(l *glua.LState) int {
		l.RaiseError("'%s' is not implemented in this program", name)
		return 0
	}
}

// body refuses the registrations that may stand only in a file's body.
func (st *state) body(l *glua.LState, name string) {
	if r := current(l); r.kind != kindLoad {
		l.RaiseError("%s: not available outside of body context", name)
	}
}

func (st *state) registerAction(l *glua.LState) int {
	if n := l.GetTop(); n < 3 || n > 4 {
		l.RaiseError("'register_action' needs between 3 and 4 arguments")
	}
	st.body(l, "register_action")
	name, envs, fn := l.CheckString(1), l.CheckTable(2), l.CheckFunction(3)
	nargs := 0
	if l.GetTop() == 4 {
		nargs = l.CheckInt(4)
	}
	known := []string{"tcp-req", "tcp-res", "http-req", "http-res", "http-after-res"}
	var list []string
	envs.ForEach(func(_, v glua.LValue) {
		s, ok := v.(glua.LString)
		if !ok {
			l.RaiseError("register_action: second argument must be a table of strings")
		}
		if !slices.Contains(known, string(s)) {
			l.RaiseError("Lua action environment '%s' is unknown. 'tcp-req', 'tcp-res', 'http-req', 'http-res' or 'http-after-res' are expected.", string(s))
		}
		list = append(list, string(s))
	})
	for _, s := range list { // the same name may mean something else in another rule set
		e := st.m.register(st.m.actions, s+" "+name, "action", kindAction, st, fn)
		e.name, e.nargs = name, nargs
	}
	return 0
}

func (st *state) registerFetches(l *glua.LState) int {
	between(l, "register_fetches", 2, 2)
	st.body(l, "register_fetches")
	st.m.register(st.m.fetches, l.CheckString(1), "sample-fetch", kindFetch, st, l.CheckFunction(2))
	return 0
}

func (st *state) registerConverters(l *glua.LState) int {
	between(l, "register_converters", 2, 2)
	st.body(l, "register_converters")
	st.m.register(st.m.converters, l.CheckString(1), "converter", kindConv, st, l.CheckFunction(2))
	return 0
}

func (st *state) registerService(l *glua.LState) int {
	between(l, "register_service", 3, 3)
	st.body(l, "register_service")
	name, mode, fn := l.CheckString(1), l.CheckString(2), l.CheckFunction(3)
	k := kindTCP
	switch mode {
	case "http":
		k = kindHTTP
	case "tcp":
	default:
		l.RaiseError("Lua service environment '%s' is unknown. 'tcp' or 'http' are expected.", mode)
	}
	e := st.m.register(st.m.services, name, "service", k, st, fn)
	e.mode = mode
	return 0
}

func (st *state) registerInit(l *glua.LState) int {
	between(l, "register_init", 1, 1)
	st.body(l, "register_init")
	fn := l.CheckFunction(1)
	st.m.inits = append(st.m.inits, &entry{kind: kindInit, fns: map[*state]*glua.LFunction{st: fn}, order: []*state{st}})
	return 0
}

func (st *state) registerTask(l *glua.LState) int {
	n := l.GetTop()
	if n < 1 {
		l.RaiseError("register_task: <func> argument is required")
	}
	if n > 5 {
		l.RaiseError("register_task: no more that 4 optional arguments may be provided")
	}
	e := &entry{kind: kindTask, fns: map[*state]*glua.LFunction{st: l.CheckFunction(1)}, order: []*state{st}}
	for i := 2; i <= n; i++ {
		e.args = append(e.args, l.Get(i))
	}
	m := st.m
	m.mu.Lock()
	started := m.started
	if !started {
		m.tasks = append(m.tasks, e)
	}
	m.mu.Unlock()
	if started {
		m.startTask(e)
	}
	return 0
}

func coreLog(l *glua.LState) int {
	between(l, "log", 2, 2)
	level, msg := l.CheckInt(1), l.CheckString(2)
	if level < 0 || level > 7 {
		l.ArgError(1, "Invalid loglevel.")
	}
	stateOf(l).m.log(nil, level, msg)
	return 0
}

// logAt makes core.Info and its like.
func logAt(level int) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, levelMethod[level], 1, 1)
		stateOf(l).m.log(nil, level, l.CheckString(1))
		return 0
	}
}

var levelMethod = map[int]string{7: "debug", 6: "info", 4: "warning", 1: "alert"}

// sleeper makes core.sleep and core.msleep.
func sleeper(name string, unit time.Duration) glua.LGFunction {
	return func(l *glua.LState) int {
		between(l, name, 1, 1)
		d := time.Duration(float64(l.CheckNumber(1)) * float64(unit))
		current(l).sleep(l, d)
		return 0
	}
}

// sleep waits for d, or until the process ends.
func (r *run) sleep(l *glua.LState, d time.Duration) {
	var stop <-chan struct{}
	if c := r.st.m.stop; c != nil && r.kind == kindTask {
		stop = c.Done()
	}
	block(l, func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-stop:
		}
	})
	r.endTask(l)
}

// endTask ends a task of a process that ends.
func (r *run) endTask(l *glua.LState) {
	if r.kind == kindTask && r.stopping() {
		r.expired = errStopped
		l.RaiseError("%s", errStopped.Error())
	}
}

func coreYield(l *glua.LState) int {
	current(l).sleep(l, 0)
	return 0
}

// coreWait waits for the time given: there is no event that would end it earlier.
func coreWait(l *glua.LState) int {
	d := time.Duration(1)
	if l.GetTop() > 0 {
		d = time.Duration(l.CheckNumber(1)) * time.Millisecond
	}
	current(l).sleep(l, d)
	return 0
}

// setNice does nothing: all goroutines are equal.
func setNice(l *glua.LState) int {
	between(l, "set_nice", 1, 1)
	l.CheckNumber(1)
	return 0
}

func coreDone(l *glua.LState) int {
	r := current(l)
	if r.kind == kindAction && l.GetTop() > 0 {
		r.wake = 0
	}
	r.done = true
	l.RaiseError("done")
	return 0
}

func coreNow(l *glua.LState) int {
	now := time.Now()
	t := l.NewTable()
	t.RawSetString("sec", glua.LNumber(now.Unix()))
	t.RawSetString("usec", glua.LNumber(now.Nanosecond()/1000))
	l.Push(t)
	return 1
}

func getInfo(l *glua.LState) int {
	t := l.NewTable()
	if w := stateOf(l).m.worldNow(); w != nil {
		w.Info(func(name string, v any) { t.RawSetString(name, plain(v)) })
	}
	l.Push(t)
	return 1
}

// plain makes a Lua value of a counter's.
func plain(v any) glua.LValue {
	switch v := v.(type) {
	case int64:
		return glua.LNumber(v)
	case uint64:
		return glua.LNumber(v)
	case int:
		return glua.LNumber(v)
	case bool:
		return glua.LBool(v)
	case string:
		return glua.LString(v)
	case nil:
		return glua.LNil
	}
	return glua.LString(fmt.Sprint(v))
}

func (m *Machine) worldNow() World {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.world
}
