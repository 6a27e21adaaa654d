package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Environment of a child that this program starts of itself.
const (
	envReady   = "TANDEM_READY_FD"   // descriptor for its messages until it serves, then readyMark
	envRole    = "TANDEM_ROLE"       // "worker" or "daemon"
	envChannel = "TANDEM_CHANNEL_FD" // a worker's end of the channel to its master
)

// readyMark is what a child that serves ends its messages with.
const readyMark = "\x00READY\n"

// birth is what a child says until it serves or ends.
type birth struct {
	pid   int
	text  string // messages
	ready bool
}

// spawn starts this program again in a role. The child inherits all that was
// inherited here, under the same numbers (fd@N in configurations), so the
// pipe for READY must not take one of the low ones: it is told by number.
// birth gets one value.
func spawn(role string, args, env []string, detach bool) (pid int, born <-chan birth, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, nil, err
	}
	defer w.Close()
	fd, err := inheritable(int(w.Fd()))
	if err != nil {
		r.Close()
		return 0, nil, err
	}
	defer syscall.Close(fd)
	env = append(withoutEnv(os.Environ(), envReady, envRole, envChannel, envProcesses, envReexec),
		append(env, envRole+"="+role, envReady+"="+strconv.Itoa(fd))...)
	p, err := os.StartProcess("/proc/self/exe", append([]string{os.Args[0]}, args...), &os.ProcAttr{
		Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: &syscall.SysProcAttr{Setsid: detach},
	})
	if err != nil {
		r.Close()
		return 0, nil, err
	}
	pid = p.Pid
	p.Release()
	c := make(chan birth, 1)
	go func() {
		said, _ := io.ReadAll(r)
		r.Close()
		text, ready := strings.CutSuffix(string(said), readyMark)
		c <- birth{pid, text, ready}
	}()
	return pid, c, nil
}

// inheritable returns a copy of a descriptor that survives exec, with a number
// that no inherited listener has.
func inheritable(fd int) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD, 500)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func withoutEnv(env []string, names ...string) []string {
	out := env[:0:0]
next:
	for _, e := range env {
		for _, n := range names {
			if strings.HasPrefix(e, n+"=") {
				continue next
			}
		}
		out = append(out, e)
	}
	return out
}

// exitCode is a shell's view of how a process ended.
func exitCode(ws syscall.WaitStatus) int {
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}

// startup collects what is said until the process serves: for "show
// startup-logs", and for the process that started this one.
type startup struct {
	mu     sync.Mutex
	text   strings.Builder
	parent *os.File // nil: none listens
}

// maxStartup bounds what is kept of messages, bytes.
const maxStartup = 64 << 10

// messages is where the program's messages go.
var messages startup

// Write implements io.Writer.
func (s *startup) Write(b []byte) (int, error) {
	s.add(string(b))
	if s.parent != nil {
		s.parent.Write(b)
	}
	return os.Stderr.Write(b)
}

// add notes what another process said.
func (s *startup) add(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text.Len() < maxStartup {
		s.text.WriteString(text)
	}
}

// String returns all that was said.
func (s *startup) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// tellParent has the process that started this one hear all messages.
func (s *startup) tellParent() {
	if fd, err := strconv.Atoi(os.Getenv(envReady)); err == nil {
		syscall.CloseOnExec(fd)
		s.parent = os.NewFile(uintptr(fd), "ready")
	}
	os.Unsetenv(envReady)
}

// serving tells that process that this one serves.
func (s *startup) serving() {
	if s.parent != nil {
		io.WriteString(s.parent, readyMark)
		s.parent.Close()
		s.parent = nil
	}
}

// daemonize starts the program in the background and returns once it serves,
// with 0, or has failed, with its code (management manual 3, -D).
func daemonize(a *arguments) int {
	pid, born, err := spawn("daemon", os.Args[1:], nil, true)
	if err != nil {
		say(a, alert, "Cannot fork: "+err.Error())
		return 1
	}
	if (<-born).ready {
		return 0
	}
	var ws syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &ws, 0, nil); err == nil {
			return exitCode(ws)
		} else if err != syscall.EINTR {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
}
