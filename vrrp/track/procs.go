package track

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// rescanEvery is how often all processes are looked at where the kernel does
// not report their comings and goings.
const rescanEvery = time.Second

// procEvent is one report of the kernel: process pid is new or another than
// before, or it is gone (exited). A pid of 0 says that reports were lost.
type procEvent struct {
	pid int
	why cause
}

// procs watches the processes of the system.
type procs struct {
	list  []*quorum
	root  string // /proc
	log   func(string)
	tell  func(Result)
	begin time.Time
	quit  chan struct{}
	done  chan struct{}
	lines bool // a command line must be read
}

// newProcs looks at all processes and begins to watch. reports brings the
// kernel's reports; nil: there are none and all processes are looked at again
// and again. What is known already is returned, not told.
func newProcs(list []Process, root string, reports <-chan procEvent, log func(string), tell func(Result)) (*procs, []Result) {
	w := &procs{root: root, log: log, tell: tell, begin: time.Now(), quit: make(chan struct{}), done: make(chan struct{})}
	for _, p := range list {
		w.list = append(w.list, newQuorum(p))
		w.lines = w.lines || p.needsLine()
	}
	w.scan()
	var out []Result
	for _, q := range w.list {
		q.settle()
		out = append(out, Result{Kind: KindProcess, Name: q.Name, Up: q.up})
	}
	go w.loop(reports)
	return w, out
}

// loop takes reports and the passing of delays.
func (w *procs) loop(reports <-chan procEvent) {
	defer close(w.done)
	scan := time.NewTicker(rescanEvery)
	defer scan.Stop()
	if reports != nil {
		scan.Stop()
	}
	delay := time.NewTimer(0)
	defer delay.Stop()
	for {
		select {
		case <-w.quit:
			return
		case ev, ok := <-reports:
			switch {
			case !ok:
				reports = nil
				scan.Reset(rescanEvery)
			case ev.pid == 0:
				w.scan()
			case ev.why == exited:
				for _, q := range w.list {
					q.set(ev.pid, false, w.now(), exited)
				}
			default:
				w.inspect(ev.pid, ev.why)
			}
		case <-scan.C:
			w.scan()
		case <-delay.C:
		}
		if at, on := w.check(w.now()); on {
			delay.Reset(max(at-w.now(), 0))
		}
	}
}

// check tells what has become true by now; at is when a delay passes.
func (w *procs) check(now time.Duration) (at time.Duration, on bool) {
	for _, q := range w.list {
		if q.due(now) {
			word := "lost"
			if q.up {
				word = "gained"
			}
			w.log("Quorum " + word + " for tracked process " + q.Name)
			w.tell(Result{Kind: KindProcess, Name: q.Name, Up: q.up})
		}
		if q.pending && (!on || q.at < at) {
			at, on = q.at, true
		}
	}
	return at, on
}

// scan looks at all processes.
func (w *procs) scan() {
	dir, err := os.Open(w.root)
	if err != nil {
		return
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return
	}
	alive := make(map[int]bool)
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil && pid > 0 {
			alive[pid] = true
			w.inspect(pid, other)
		}
	}
	for _, q := range w.list {
		for pid := range q.pids {
			if !alive[pid] {
				q.set(pid, false, w.now(), exited)
			}
		}
	}
}

// inspect looks at one process and counts it where it belongs.
func (w *procs) inspect(pid int, why cause) {
	dir := filepath.Join(w.root, strconv.Itoa(pid))
	name, alive := procName(dir)
	var line []string
	if alive && w.lines {
		line = procLine(dir)
	}
	for _, q := range w.list {
		q.set(pid, alive && q.matches(name, line), w.now(), why)
	}
}

func (w *procs) now() time.Duration { return time.Since(w.begin) }

// procName is the name of a process; false if it is none any more. A zombie
// does not run.
func procName(dir string) (string, bool) {
	b, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return "", false
	}
	// The name may hold brackets and blanks itself.
	i, j := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if i < 0 || j < i || j+2 >= len(b) || b[j+2] == 'Z' || b[j+2] == 'X' {
		return "", false
	}
	return string(b[i+1 : j]), true
}

// procLine is the command line of a process.
func procLine(dir string) []string {
	b, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(b) == 0 {
		return nil
	}
	var out []string
	for _, f := range bytes.Split(bytes.TrimSuffix(b, []byte{0}), []byte{0}) {
		out = append(out, string(f))
	}
	return out
}

// stop ends the watching.
func (w *procs) stop() {
	close(w.quit)
	<-w.done
}
