package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Environment of a child that this program starts of itself.
const (
	envReady = "TANDEM_READY_FD" // descriptor on which the child says READY
	envRole  = "TANDEM_ROLE"     // "worker" or "daemon"
)

// child is a process that was started and has not ended yet.
type child struct {
	cmd   *exec.Cmd
	ready chan bool // one value: whether it became ready
	done  chan int  // one value: its exit code, 128+n for signal n
}

// spawn starts this program again in a role. The child inherits all that was
// inherited here, under the same numbers (fd@N in configurations), so the
// pipe for READY must not take one of the low ones: it is told by number.
func spawn(role string, detach bool) (*child, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	fd, err := dupInheritable(w)
	if err != nil {
		r.Close()
		return nil, err
	}
	defer syscall.Close(fd)
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(withoutEnv(os.Environ(), envReady, envRole), envRole+"="+role, envReady+"="+strconv.Itoa(fd))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: detach}
	if err := cmd.Start(); err != nil {
		r.Close()
		return nil, err
	}
	c := &child{cmd: cmd, ready: make(chan bool, 1), done: make(chan int, 1)}
	go func() {
		line, _ := bufio.NewReader(r).ReadString('\n')
		r.Close()
		c.ready <- line == "READY\n"
	}()
	go func() {
		cmd.Wait()
		c.done <- exitCode(cmd.ProcessState)
	}()
	return c, nil
}

// dupInheritable returns a copy of f's descriptor that survives exec, with a
// number that no inherited listener has.
func dupInheritable(f *os.File) (int, error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_DUPFD, 500)
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
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
func exitCode(st *os.ProcessState) int {
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return st.ExitCode()
}

// sayReady tells the process that started this one that it serves.
func sayReady() {
	fd, err := strconv.Atoi(os.Getenv(envReady))
	if err != nil {
		return
	}
	f := os.NewFile(uintptr(fd), "ready")
	fmt.Fprintln(f, "READY")
	f.Close()
}

// daemonize starts the program in the background and returns once it serves,
// with 0, or has failed, with its code (management manual 3, -D).
func daemonize(a *arguments) int {
	c, err := spawn("daemon", true)
	if err != nil {
		say(a, alert, "Cannot fork: "+err.Error())
		return 1
	}
	if <-c.ready {
		return 0
	}
	return <-c.done
}
