package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tandem/parser/diag"
	"tandem/proxy"
	"tandem/proxy/cli"
	"tandem/proxy/listen"
)

// A master that reloads executes the program anew with "-sf" and its workers'
// pids, "-x" and the channel of the one that serves, and with these variables.
// They are the original's, so that a package of the one program can replace
// the other by a reload.
const (
	envReexec    = "HAPROXY_MWORKER_REEXEC"
	envProcesses = "HAPROXY_PROCESSES"
)

// reborn says whether a master before this one left its workers behind.
func reborn() bool { return os.Getenv(envReexec) != "" && os.Getenv(envProcesses) != "" }

// reload executes the program anew. It returns only where that cannot be done.
func (m *master) reload(o order) {
	notify("RELOADING=1\nSTATUS=Reloading Configuration.\n")
	what := ""
	if o.hard {
		what = " (hard-reload)"
	}
	say(m.args, diag.Notice, "Reloading HAProxy"+what)
	if o.conn != nil {
		if err := m.keep(o.conn); err != nil {
			o.conn.Close()
		}
	}
	err := m.exec(o.hard)
	say(m.args, diag.Warning, fmt.Sprintf("Failed to reexecute the master process [%d]: %s", os.Getpid(), proxy.SysError(err)))
	m.failed++
	notify("READY=1\nSTATUS=Reload failed!\n")
	m.wakeWaiting()
	m.settle(false)
}

// keep sends a connection through the master's own channel, where its next
// life finds it.
func (m *master) keep(c net.Conn) error {
	x, ok := c.(syscall.Conn)
	if !ok {
		return syscall.EINVAL
	}
	raw, err := x.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := raw.Control(func(fd uintptr) { err = listen.SendConn(m.channel[0], int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// exec replaces this process.
func (m *master) exec(hard bool) error {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		path = "/proc/self/exe"
	}
	workers := slices.Clone(m.former)
	if m.current != nil {
		workers = append(workers, m.current)
	}
	state := fmt.Sprintf("|type=m;fd=%d;cfd=%d;pid=%d;reloads=%d;failedreloads=%d;timestamp=%d;id=;version=", m.channel[0], m.channel[1], os.Getpid(), m.reloads+1, m.failed, m.start.Unix())
	args := []string{os.Args[0], "-sf"}
	if hard {
		args[1] = "-st"
	}
	kept := m.channel[:]
	for _, w := range workers {
		state += fmt.Sprintf("|type=w;fd=%d;cfd=-1;pid=%d;reloads=%d;failedreloads=0;timestamp=%d;id=;version=%s", w.FD[0], w.PID, w.Reloads+1, w.Start.Unix(), w.Version)
		args = append(args, strconv.Itoa(w.PID))
		kept = append(kept, w.FD[0])
	}
	if m.args.socket == os.DevNull {
		args = append(args, "-x", os.DevNull)
	} else if m.current != nil {
		args = append(args, "-x", fmt.Sprintf("sockpair@%d", m.current.FD[0]))
	}
	args = append(args, m.args.words...)
	env := append(withoutEnv(os.Environ(), envReexec, envProcesses, envReady, envRole), envReexec+"=1", envProcesses+"="+state)
	if m.cwd != "" {
		os.Chdir(m.cwd)
	}
	// A reload that is asked for from here on is this one.
	syscall.ForkLock.Lock()
	for _, fd := range kept {
		unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
	}
	err = syscall.Exec(path, args, env)
	for _, fd := range kept {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.Unlock()
	return err
}

// revive finds the workers of the master before this one, or makes a master's
// own channel.
func (m *master) revive() error {
	state := os.Getenv(envProcesses)
	again := reborn()
	os.Unsetenv(envReexec)
	os.Unsetenv(envProcesses)
	if !again {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		m.channel = pair
		return err
	}
	for text := range strings.SplitSeq(strings.TrimPrefix(state, "|"), "|") {
		kind, p, failed := process(text)
		switch {
		case kind == "m":
			m.channel, m.start, m.reloads, m.failed = p.FD, p.Start, p.Reloads, failed
		case kind == "w" && p.FD[0] >= 0:
			syscall.CloseOnExec(p.FD[0])
			w := &worker{Proc: p, said: true}
			switch {
			case m.current == nil:
				m.current = w
			case w.Reloads < m.current.Reloads:
				m.former = append(m.former, m.current)
				m.current = w
			default:
				m.former = append(m.former, w)
			}
		}
	}
	m.hard = m.args.terminate
	m.args.oldPids = nil // they are its workers
	if strings.HasPrefix(m.args.socket, "sockpair@") {
		m.args.socket = ""
	}
	syscall.CloseOnExec(m.channel[0])
	syscall.CloseOnExec(m.channel[1])
	m.wakeWaiting()
	return nil
}

// process reads one process of the list in the environment.
func process(text string) (kind string, p cli.Proc, failed int) {
	p.FD = [2]int{-1, -1}
	for field := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(field, "=")
		n, _ := strconv.Atoi(value)
		switch name {
		case "type":
			kind = value
		case "fd":
			p.FD[0] = n
		case "cfd":
			p.FD[1] = n
		case "pid":
			p.PID = n
		case "reloads":
			p.Reloads = n
		case "failedreloads":
			failed = n
		case "timestamp":
			p.Start = time.Unix(int64(n), 0)
		case "version":
			p.Version = value
		}
	}
	return kind, p, failed
}

// wakeWaiting takes the connections out of the master's channel that wait for
// the outcome of the reload.
func (m *master) wakeWaiting() {
	for {
		c, err := listen.TakeConn(m.channel[1])
		if err != nil {
			return
		}
		m.waiting = append(m.waiting, c)
	}
}
