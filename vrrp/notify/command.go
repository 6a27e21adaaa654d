package notify

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command is a program with its arguments. No shell is involved.
type Command struct {
	Path string   // of the program; nothing is searched
	Argv []string // Argv[0] is the program's name as it will see it
	// UID and GID are whom it runs as, with the supplementary Groups. They are
	// looked at only by a process that may change them.
	UID, GID uint32
	Groups   []uint32
}

// Text is the program's path, which is what log lines call a script.
func (c *Command) Text() string { return c.Path }

// Status is how a program ended.
type Status struct {
	Code   int // exit status
	Signal int // that killed it; 0: none
	// Unstarted is why it did not run at all.
	Unstarted error
}

// OK says that the program succeeded.
func (s Status) OK() bool { return s.Code == 0 && s.Signal == 0 }

// Process is a program that runs, with all that it started in its process
// group.
type Process interface {
	// Wait returns when the program itself has ended, which need not be true
	// of what it started.
	Wait() Status
	// Signal goes to the whole process group. It does nothing once Wait has
	// returned.
	Signal(syscall.Signal)
}

// Start runs a command with more arguments after its own; [StartProcess] does
// so in earnest. It may wait until the program is loaded.
type Start func(c *Command, more ...string) (Process, error)

// StartProcess runs c in a process group of its own, without input and output.
// The program gets SIGTERM when this process dies.
func StartProcess(c *Command, more ...string) (Process, error) {
	cmd := &exec.Cmd{
		Path: c.Path, Args: append(c.Argv[:len(c.Argv):len(c.Argv)], more...),
		Env: environment(os.Environ()), SysProcAttr: attributes(c),
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd}, nil
}

// environment is what programs inherit: not what could change how a shell
// splits words or what the loader loads, and nothing of this program's own.
func environment(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "IFS=") && !strings.HasPrefix(e, "LD_") && !strings.HasPrefix(e, "TANDEM_") {
			out = append(out, e)
		}
	}
	return out
}

// process is a [Process] of the system.
type process struct {
	cmd  *exec.Cmd
	mu   sync.Mutex
	dead bool // the number may belong to another process
}

// Wait implements [Process].
func (p *process) Wait() Status {
	err := waitUnreaped(p.cmd.Process.Pid)
	// Between the end and the burial nobody else can get the number.
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	if e := p.cmd.Wait(); err == nil {
		err = e
	}
	if st := p.cmd.ProcessState; st != nil {
		if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return Status{Code: -1, Signal: int(ws.Signal())}
		}
		return Status{Code: st.ExitCode()}
	}
	return Status{Code: -1, Unstarted: err}
}

// Signal implements [Process].
func (p *process) Signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead {
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
}

// Run runs a command to its end, or to the end of timeout: then its process
// group gets SIGTERM, and SIGKILL two seconds later. what names it in the log
// ("startup script").
func Run(start Start, c *Command, what string, timeout time.Duration, log func(string)) bool {
	log(fmt.Sprintf("Running %s %s", what, c.Text()))
	p, err := start(c)
	if err != nil {
		log(fmt.Sprintf("Call of %s %s failed: %v", what, c.Text(), err))
		return false
	}
	done := make(chan Status, 1)
	go func() { done <- p.Wait() }()
	for i, wait := range []time.Duration{timeout, 2 * time.Second, 2 * time.Second} {
		select {
		case st := <-done:
			switch {
			case i > 0:
				log(what + " timed out")
			case st.Signal != 0:
				log(fmt.Sprintf("%s script killed by signal %d", what, st.Signal))
			case !st.OK():
				log(fmt.Sprintf("%s script failed, status %d", what, st.Code))
			default:
				log(what + " script succeeded")
			}
			return i == 0 && st.OK()
		case <-time.After(wait):
			p.Signal([]syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGKILL}[i])
		}
	}
	log(what + " timed out")
	return false
}
