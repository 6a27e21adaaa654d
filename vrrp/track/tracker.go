package track

import (
	"fmt"
	"slices"
	"sync"

	"tandem/vrrp/notify"
)

// Config is everything that is tracked.
type Config struct {
	Scripts   []Script
	Files     []File
	Processes []Process
}

// Options are what a Tracker stands on.
type Options struct {
	// Log writes one line. It is called from several goroutines.
	Log func(string)
	// Tell takes a result. It is called from several goroutines and may wait.
	Tell func(Result)
	// Start runs scripts; nil: [notify.StartProcess].
	Start notify.Start
	// Proc is where processes are looked at; "": /proc, with the kernel's
	// reports where there are any.
	Proc string
}

// Tracker watches what a configuration tracks. Its methods are called from one
// goroutine.
type Tracker struct {
	opt     Options
	out     *outbox
	runners map[string]*runner
	scripts map[string]Script
	files   *files
	procs   *procs
	halt    chan struct{} // ends the kernel's reports
}

// New makes a Tracker that tracks nothing yet.
func New(opt Options) *Tracker {
	if opt.Start == nil {
		opt.Start = notify.StartProcess
	}
	return &Tracker{opt: opt, out: newOutbox(opt.Tell), runners: make(map[string]*runner), scripts: make(map[string]Script)}
}

// Configure goes over to another configuration and returns what is known at
// once. A script that was tracked before keeps its state; so does the value of
// a file, unless it has changed.
func (t *Tracker) Configure(cfg Config, reload bool) []Result {
	out := t.setScripts(cfg.Scripts, reload)
	var known map[string]int
	if t.files != nil {
		known = t.files.stop()
		t.files = nil
	}
	if len(cfg.Files) > 0 {
		var now []Result
		t.files, now = newFiles(cfg.Files, known, t.opt.Log, t.out.put)
		out = append(out, now...)
	}
	t.stopProcs()
	if len(cfg.Processes) > 0 {
		root := t.opt.Proc
		var reports <-chan procEvent
		if root == "" {
			root = "/proc"
			t.halt = make(chan struct{})
			if c, err := openConnector(t.halt); err == nil {
				reports = c
			} else {
				t.opt.Log(fmt.Sprintf("The kernel does not report processes here (%v): looking at them every %v", err, rescanEvery))
			}
		}
		var now []Result
		t.procs, now = newProcs(cfg.Processes, root, reports, t.opt.Log, t.out.put)
		out = append(out, now...)
	}
	return out
}

// setScripts stops scripts that are gone or changed and starts the others.
func (t *Tracker) setScripts(list []Script, reload bool) []Result {
	var out []Result
	known := make(map[string]health)
	var stopping sync.WaitGroup
	var mu sync.Mutex
	for name, r := range t.runners {
		if slices.ContainsFunc(list, func(s Script) bool { return s.Name == name && sameScript(s, t.scripts[name]) }) {
			continue
		}
		delete(t.runners, name)
		stopping.Go(func() {
			h := r.stop()
			mu.Lock()
			known[name] = h
			mu.Unlock()
		})
	}
	stopping.Wait()
	t.scripts = make(map[string]Script)
	for _, s := range list {
		t.scripts[s.Name] = s
		r := t.runners[s.Name]
		last, told := t.out.known(KindScript, s.Name)
		if reload && told {
			word := "unsuccessful"
			if last.Up {
				word = "successful"
			}
			t.opt.Log(fmt.Sprintf("VRRP_Script(%s) considered %s on reload", s.Name, word))
		}
		if r != nil {
			continue
		}
		var h *health
		if old, ok := known[s.Name]; ok && old.known {
			h = &old
			out = append(out, Result{Kind: KindScript, Name: s.Name, Up: old.up})
		} else if s.InitFail {
			out = append(out, Result{Kind: KindScript, Name: s.Name})
		}
		t.runners[s.Name] = newRunner(s, h, t.opt.Start, t.opt.Log, t.out.put)
	}
	return out
}

// sameScript says that nothing needs to be done to go from a to b.
func sameScript(a, b Script) bool {
	ca, cb := a.Command, b.Command
	a.Command, b.Command = nil, nil
	return a == b && ca.Path == cb.Path && slices.Equal(ca.Argv, cb.Argv) &&
		ca.UID == cb.UID && ca.GID == cb.GID && slices.Equal(ca.Groups, cb.Groups)
}

func (t *Tracker) stopProcs() {
	if t.halt != nil {
		close(t.halt)
		t.halt = nil
	}
	if t.procs != nil {
		t.procs.stop()
		t.procs = nil
	}
}

// Close ends all tracking. Scripts that run are told to end.
func (t *Tracker) Close() {
	t.out.close()
	t.setScripts(nil, false)
	if t.files != nil {
		t.files.stop()
		t.files = nil
	}
	t.stopProcs()
}
