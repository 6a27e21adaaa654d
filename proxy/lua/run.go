package lua

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	glua "github.com/yuin/gopher-lua"

	"tandem/proxy/tx"
)

// kind is what a function was called as: it decides what it may do.
type kind uint8

const (
	kindLoad kind = iota
	kindInit
	kindTask
	kindAction
	kindFetch
	kindConv
	kindTCP
	kindHTTP
	kindCLI
	kindEvent
)

// what names the kind in messages.
func (e *entry) what() string {
	switch e.kind {
	case kindInit:
		return "Lua init"
	case kindTask:
		return "Lua task"
	case kindFetch:
		return "Lua sample-fetch '" + e.name + "'"
	case kindConv:
		return "Lua converter '" + e.name + "'"
	case kindTCP:
		return "Lua applet tcp '<lua." + e.name + ">'"
	case kindHTTP:
		return "Lua applet http '<lua." + e.name + ">'"
	case kindCLI:
		return "Lua cli '" + e.name + "'"
	case kindEvent:
		return "Lua event_hdl"
	}
	return "Lua function '" + e.name + "'"
}

// run is one call of a function from outside of Lua.
type run struct {
	st       *state
	entry    *entry
	kind     kind
	mayYield bool
	limit    time.Duration // of all the time in which it computes; 0: none
	used     time.Duration // before the window that is open
	since    time.Time     // beginning of the window
	expired  error
	t        *tx.Tx // nil outside of transactions
	on       string // rule set of an action: "http-req" …
	wake     time.Duration
	done     bool // txn:done was called
	response bool
	close    []func() // when the run is over
}

// Errors of runs that were ended. Their texts are the original's.
var (
	errTimeout = errors.New("execution timeout")
	errBurst   = errors.New("burst timeout")
	errMemory  = errors.New("out of memory error")
	errYield   = errors.New("yield not allowed")
	errStopped = errors.New("the process ends")
)

// stateContext is the context of all threads of a state: whoever runs is asked
// at each instruction whether he may go on. Only the holder of the lock does.
type stateContext struct{ st *state }

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Deadline is none: time counts only while a run computes.
func (stateContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value finds the state.
func (c stateContext) Value(key any) any {
	if key == (stateKey{}) {
		return c.st
	}
	return nil
}

type stateKey struct{}

// Done is asked before each instruction.
func (c stateContext) Done() <-chan struct{} {
	st := c.st
	if st.steps++; st.steps >= st.m.Opt.ForcedYield {
		st.steps = 0
		if r := st.cur; r != nil {
			r.look()
		}
	}
	if r := st.cur; r != nil && r.expired != nil {
		return closedChan
	}
	return nil
}

// Err is why the run must end.
func (c stateContext) Err() error {
	if r := c.st.cur; r != nil && r.expired != nil {
		return r.expired
	}
	return context.Canceled
}

// look ends the run where its time or memory is used up, and lets others run
// where it may pause.
func (r *run) look() {
	if r.kind == kindLoad || r.kind == kindInit {
		r.lookMemory()
		return
	}
	open := time.Since(r.since)
	switch burst := r.st.m.Opt.BurstTimeout; {
	case r.limit > 0 && r.used+open > r.limit:
		r.expired = errTimeout
	case !r.mayYield && burst > 0 && open > burst:
		r.expired = errBurst
	case r.stopping() && r.kind == kindTask:
		r.expired = errStopped
	default:
		r.lookMemory()
	}
	if r.mayYield && r.expired == nil {
		r.pause()
	}
}

func (r *run) stopping() bool { return r.st.m.stop != nil && r.st.m.stop.Err() != nil }

// pause gives the lock to whoever waits for it.
func (r *run) pause() {
	r.leave()
	r.enter()
}

// enter takes the state's lock and opens a window.
func (r *run) enter() {
	r.st.mu.Lock()
	r.st.cur = r
	r.since = time.Now()
}

// leave closes the window and gives the lock back.
func (r *run) leave() {
	r.used += time.Since(r.since)
	r.st.cur = nil
	r.st.mu.Unlock()
}

// block runs f while others may use the state. Nothing of Lua may be touched
// in f.
func block(l *glua.LState, f func()) {
	r := current(l)
	if !r.mayYield {
		r.expired = errYield
		l.RaiseError("%s", errYield.Error())
	}
	thread := l.G.CurrentThread
	r.leave()
	defer func() {
		r.enter()
		l.G.CurrentThread = thread
	}()
	f()
}

// stateOf returns the state that l belongs to.
func stateOf(l *glua.LState) *state {
	if ctx := l.Context(); ctx != nil {
		if st, ok := ctx.Value(stateKey{}).(*state); ok {
			return st
		}
	}
	l.RaiseError("no state")
	return nil
}

// current returns who runs.
func current(l *glua.LState) *run { return stateOf(l).cur }

// scriptError is what a run failed with.
type scriptError struct {
	text  string // of Lua, with place; empty: the error was no text
	trace string
	cause error // set where the run was ended from outside
}

// Error is what the load of a file says.
func (e *scriptError) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	if e.text == "" {
		return "(null)"
	}
	return e.text
}

// call runs fn and returns its first n results.
func (st *state) call(r *run, fn *glua.LFunction, n int, args ...glua.LValue) ([]glua.LValue, error) {
	return st.callWith(r, fn, n, func(*glua.LState) []glua.LValue { return args })
}

// callWith is call for arguments that must be made in the state.
func (st *state) callWith(r *run, fn *glua.LFunction, n int, make func(l *glua.LState) []glua.LValue) (out []glua.LValue, err error) {
	r.enter()
	defer func() {
		for _, f := range r.close {
			f()
		}
		r.leave()
	}()
	l := st.thread()
	was := l.G.CurrentThread
	l.G.CurrentThread = l
	err = l.CallByParam(glua.P{Fn: fn, NRet: n, Protect: true}, make(l)...)
	l.G.CurrentThread = was
	if err != nil {
		return nil, r.explain(err, fn)
	}
	for i := range n {
		out = append(out, l.Get(i-n))
	}
	l.SetTop(0)
	st.free = append(st.free, l)
	return out, nil
}

// thread returns a thread of the state for one run.
func (st *state) thread() *glua.LState {
	if n := len(st.free); n > 0 {
		l := st.free[n-1]
		st.free = st.free[:n-1]
		return l
	}
	l, _ := st.l.NewThread()
	l.SetContext(stateContext{st})
	return l
}

// explain makes an error of what a protected call returned.
func (r *run) explain(err error, fn *glua.LFunction) error {
	e := &scriptError{cause: r.expired}
	var api *glua.ApiError
	if errors.As(err, &api) {
		e.trace = traceback(api.StackTrace)
		if r.kind != kindLoad && fn.Proto != nil {
			e.trace = strings.Replace(e.trace, "in main chunk", "in function line "+strconv.Itoa(fn.Proto.LineDefined), 1)
		}
		switch o := api.Object.(type) {
		case glua.LString:
			e.text = luaWords(string(o))
		case glua.LNumber:
			e.text = o.String()
		default:
			if api.Object == nil || api.Object == glua.LNil {
				e.text = luaWords(api.Error())
				if i := strings.Index(e.text, "\nstack traceback:"); i >= 0 {
					e.text = e.text[:i]
				}
			}
		}
	} else {
		e.text = err.Error()
	}
	if r.done {
		e.cause = errDone
	}
	return e
}

var errDone = errors.New("done")

// traceback makes one line of a stack's, as messages have it.
func traceback(s string) string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line == "stack traceback:" || line == "[G]: ?" {
			continue
		}
		line = strings.Replace(line, "[G]:", "[C]:", 1)
		line = functionAt.ReplaceAllString(line, "in function line $1")
		out = append(out, strings.Replace(line, "in function '", "in global '", 1))
	}
	return strings.Join(out, ", ")
}

var functionAt = regexp.MustCompile(`in function <.*:(\d+)>`)

// wordings are the machine's own texts and those of Lua 5.3.
var wordings = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`attempt to index a non-table object\((\w+)\) with key '(?s:.*)'`), "attempt to index a $1 value"},
	{regexp.MustCompile(`bad argument #(\d+) to ([\w.]+) \(`), "bad argument #$1 to '$2' ("},
	{regexp.MustCompile(`__len undefined`), "attempt to get length of a nil value"},
	{regexp.MustCompile(`attempt to call a non-function object`), "attempt to call a nil value"},
	{regexp.MustCompile(`cannot perform (?:add|sub|mul|div|mod|pow|unm) operation between (nil|table|function|boolean|userdata|thread) and \w+`), "attempt to perform arithmetic on a $1 value"},
	{regexp.MustCompile(`cannot perform (?:add|sub|mul|div|mod|pow|unm) operation between \w+ and (nil|table|function|boolean|userdata|thread)`), "attempt to perform arithmetic on a $1 value"},
	{regexp.MustCompile(`cannot perform concat operation between (nil|table|function|boolean|userdata|thread) and \w+`), "attempt to concatenate a $1 value"},
	{regexp.MustCompile(`cannot perform concat operation between \w+ and (nil|table|function|boolean|userdata|thread)`), "attempt to concatenate a $1 value"},
}

func luaWords(s string) string {
	for _, w := range wordings {
		s = w.from.ReplaceAllString(s, w.to)
	}
	return s
}

// counter counts.
type counter struct{ n atomic.Uint64 }

func (c *counter) add()         { c.n.Add(1) }
func (c *counter) load() uint64 { return c.n.Load() }

// sysText is strerror's text.
func sysText(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		s := no.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
