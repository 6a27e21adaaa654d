// Package lua runs the scripts that the global section loads (configuration
// manual 3.1 "lua-load", and the manual "lua-api"): the states that hold them,
// what they register, and the classes that they see.
//
// The virtual machine is gopher-lua's, of Lua 5.1, behind a reader of Lua 5.3
// (parser/lua). Each run of a function has a thread of its own in the state
// that it was loaded into; the state's lock is held while it computes, and
// given back while it sleeps or waits for a socket. So Go code may simply
// block, and no function of the state runs at the same time as another.
package lua

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	glua "github.com/yuin/gopher-lua"
)

// Options are what the global section says of Lua before anything is loaded.
type Options struct {
	Threads        int           // states of lua-load-per-thread; 0: one
	SessionTimeout time.Duration // of actions, fetches and converters, all windows together; 0: none
	ServiceTimeout time.Duration
	TaskTimeout    time.Duration
	BurstTimeout   time.Duration // of functions that may not pause
	ForcedYield    int           // instructions between two looks at the clock
	MaxMem         int64         // MB; 0: any
	Booleans       bool          // samples that are booleans are so for scripts, too
	Libs           map[string]bool
	Loggers        bool   // scripts log to the loggers
	Stderr         string // "on", "auto", "off"
	Fork           bool   // insecure-fork-wanted
}

// DefaultOptions are those of the configuration manual.
func DefaultOptions() Options {
	return Options{Threads: 1, SessionTimeout: 4 * time.Second, ServiceTimeout: 4 * time.Second, BurstTimeout: time.Second,
		ForcedYield: 10000, Loggers: true, Stderr: "auto"}
}

// Machine is all that the scripts of one configuration are.
type Machine struct {
	Opt Options
	// Warn tells what the original warns of while scripts are loaded.
	Warn func(text string)
	// Getenv reads the environment, with what the configuration set in it.
	Getenv func(name string) (string, bool)

	states       []*state // the shared one first
	actions      map[string]*entry
	fetches      map[string]*entry
	converters   map[string]*entry
	services     map[string]*entry
	inits, tasks []*entry
	commands     []*Command
	path, cpath  []string
	loaded       bool

	mu      sync.Mutex
	world   World
	sink    Sink
	started bool
	stop    context.Context
	work    sync.WaitGroup
	errors  counter
	subs    []*subscription
	queue   []event
	wake    chan struct{} // something is in queue

	// Compile makes sample expressions; nil: scripts have none.
	Compile Compiler
}

// entry is something that scripts registered under a name.
type entry struct {
	name  string
	kind  kind
	mode  string // of services: "tcp" or "http"
	nargs int
	fns   map[*state]*glua.LFunction
	order []*state
	args  []glua.LValue // of tasks
}

// New returns a machine without scripts.
func New() *Machine {
	return &Machine{Opt: DefaultOptions(), Getenv: os.LookupEnv, wake: make(chan struct{}, 1), actions: map[string]*entry{}, fetches: map[string]*entry{}, converters: map[string]*entry{}, services: map[string]*entry{}}
}

// Loaded says whether there is any script.
func (m *Machine) Loaded() bool { return m != nil && m.loaded }

// Errors counts the runs that ended in an error since the start.
func (m *Machine) Errors() uint64 { return m.errors.load() }

// PrependPath puts a pattern before package.path, or package.cpath.
func (m *Machine) PrependPath(path string, c bool) {
	if c {
		m.cpath = append([]string{path}, m.cpath...)
	} else {
		m.path = append([]string{path}, m.path...)
	}
	for _, st := range m.states {
		st.setPaths()
	}
}

// LoadError is why a file could not be loaded.
type LoadError struct {
	Runtime bool   // it was read, and failed while it ran
	Text    string // as Lua says it
}

// Error returns Lua's text.
func (e *LoadError) Error() string { return e.Text }

// Load reads a file and runs it, in the shared state or in each of the
// threads' states.
func (m *Machine) Load(path string, args []string, perThread bool) error {
	m.loaded = true
	if len(m.states) == 0 {
		m.states = append(m.states, m.newState(0))
	}
	if !perThread {
		return m.states[0].loadFile(path, args)
	}
	for len(m.states) < 1+max(m.Opt.Threads, 1) {
		m.states = append(m.states, m.newState(len(m.states)))
	}
	for _, st := range m.states[1:] {
		if err := st.loadFile(path, args); err != nil {
			return err
		}
	}
	return nil
}

// pick returns the state in which a function runs for what n numbers: always
// the same one, so that a session finds what it left there.
func (e *entry) pick(n uint64) (*state, *glua.LFunction) {
	st := e.order[n%uint64(len(e.order))]
	return st, e.fns[st]
}

// Init shows the process to the scripts and runs what register_init left. An
// error, with the original's text, means that the process must not start.
func (m *Machine) Init(w World, s Sink) error {
	m.mu.Lock()
	m.world, m.sink = w, s
	m.mu.Unlock()
	m.populate()
	for _, e := range m.inits {
		st, fn := e.pick(0)
		r := &run{st: st, entry: e, kind: kindInit}
		if _, err := st.call(r, fn, 0); err != nil && !r.done {
			if e, ok := err.(*scriptError); ok && e.cause == nil {
				return fmt.Errorf("Lua init: runtime error: '%s' from %s", e.Error(), e.trace)
			}
			return fmt.Errorf("Lua init: %w.", err)
		}
	}
	return nil
}

// Start begins the tasks; stop ends them.
func (m *Machine) Start(stop context.Context) {
	m.mu.Lock()
	m.started, m.stop = true, stop
	tasks := m.tasks
	m.tasks = nil
	m.mu.Unlock()
	for _, e := range tasks {
		m.startTask(e)
	}
	m.work.Go(m.dispatch)
}

// Stop waits until no task runs any more; the context given to Start has
// ended by then.
func (m *Machine) Stop() { m.work.Wait() }

func (m *Machine) startTask(e *entry) {
	st, fn := e.pick(0)
	m.work.Go(func() {
		r := &run{st: st, entry: e, kind: kindTask, mayYield: true, limit: m.Opt.TaskTimeout}
		if _, err := st.call(r, fn, 0, e.args...); err != nil {
			m.report(nil, e, st, err)
		}
	})
}

// register adds a function under a name; several states may do so.
func (m *Machine) register(list map[string]*entry, name, what string, k kind, st *state, fn *glua.LFunction) *entry {
	e := list[name]
	if e == nil {
		e = &entry{name: name, kind: k, fns: map[*state]*glua.LFunction{}}
		list[name] = e
	} else if e.fns[st] != nil && what != "" && m.Warn != nil {
		m.Warn("Trying to register " + what + " 'lua." + name[strings.IndexByte(name, ' ')+1:] + "' more than once. This will become a hard error in version 2.5.")
	}
	if e.fns[st] == nil {
		e.order = append(e.order, st)
	}
	e.fns[st] = fn
	return e
}

// state is one Lua state: globals, and a lock that whoever runs in it holds.
type state struct {
	m    *Machine
	id   int
	mu   sync.Mutex
	l    *glua.LState
	free []*glua.LState // threads that nobody uses
	cur  *run           // who holds the lock
	act  *glua.LTable

	classes   map[string]*glua.LTable
	sampleKit *sampleKit
	steps     int // instructions since the last look at the clock
	memory    memory
}

func (m *Machine) newState(id int) *state {
	st := &state{m: m, id: id, classes: map[string]*glua.LTable{}}
	st.l = glua.NewState(glua.Options{SkipOpenLibs: true, CallStackSize: 200, RegistrySize: 1024, RegistryMaxSize: 1 << 18, RegistryGrowStep: 1024, MinimizeStackMemory: true})
	st.openLibs()
	st.setPaths()
	st.openCore()
	st.l.SetContext(stateContext{st})
	return st
}

func (st *state) loadFile(path string, args []string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return &LoadError{Text: "cannot open " + path + ": " + sysText(err)}
	}
	fn, err := st.compile(string(src), path)
	if err != nil {
		return &LoadError{Text: err.Error()}
	}
	vals := make([]glua.LValue, len(args))
	for i, a := range args {
		vals[i] = glua.LString(a)
	}
	e := &entry{name: path, kind: kindLoad}
	if _, err := st.call(&run{st: st, entry: e, kind: kindLoad, mayYield: true}, fn, 0, vals...); err != nil {
		return &LoadError{Runtime: true, Text: err.Error()}
	}
	return nil
}
