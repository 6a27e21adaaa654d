package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"tandem/parser/diag"
)

const alert = diag.Alert

// master supervises workers: one that serves, and former ones that finish
// their connections (management manual 4, -W).
type master struct {
	args    *arguments
	current *child
	former  map[*child]bool
	events  chan event
	reloads int
	ending  bool
}

// event is what happened to a worker.
type event struct {
	c     *child
	ready bool // became ready; otherwise it ended
	code  int
}

// runMaster starts the first worker and supervises until all have ended.
func runMaster(a *arguments) int {
	m := &master{args: a, former: map[*child]bool{}, events: make(chan event, 8)}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	os.Setenv("HAPROXY_MWORKER", "1")
	next, err := m.launch()
	if err != nil {
		say(a, alert, "Cannot fork: "+err.Error())
		return 1
	}
	for {
		select {
		case s := <-signals:
			switch s {
			case syscall.SIGUSR2, syscall.SIGHUP:
				if next == nil && !m.ending {
					next = m.reload()
				}
			default:
				m.stop(s.(syscall.Signal), next)
			}
		case e := <-m.events:
			switch {
			case e.ready:
				m.promote(e.c)
				next = nil
			case e.c == next:
				next = nil
				if m.failed(e) {
					return e.code
				}
			default:
				if code, over := m.ended(e); over {
					return code
				}
			}
		}
	}
}

// launch starts a worker and reports what becomes of it.
func (m *master) launch() (*child, error) {
	c, err := spawn("worker", false)
	if err != nil {
		return nil, err
	}
	say(m.args, diag.Notice, fmt.Sprintf("Initializing new worker (%d)", c.cmd.Process.Pid))
	go func() {
		if <-c.ready {
			m.events <- event{c: c, ready: true}
		}
		m.events <- event{c: c, code: <-c.done}
	}()
	return c, nil
}

// reload starts a worker with the configuration as it is now; the current one
// goes on serving until the new one is ready.
func (m *master) reload() *child {
	notify("RELOADING=1\nSTATUS=Reloading Configuration.\n")
	say(m.args, diag.Notice, "Reloading HAProxy")
	m.reloads++
	c, err := m.launch()
	if err != nil {
		say(m.args, alert, "Cannot fork: "+err.Error())
		return nil
	}
	return c
}

// promote makes a ready worker the current one and lets the former finish.
func (m *master) promote(c *child) {
	if m.current != nil {
		m.former[m.current] = true
		m.current.cmd.Process.Signal(syscall.SIGUSR1)
	}
	m.current = c
	say(m.args, diag.Notice, "Loading success.")
	if m.args.pidFile != "" {
		os.Remove(m.args.pidFile)
		if err := os.WriteFile(m.args.pidFile, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644); err != nil {
			say(m.args, alert, "[haproxy.main()] Cannot create pidfile "+m.args.pidFile)
		}
	}
	notify(fmt.Sprintf("READY=1\nMAINPID=%d\nSTATUS=Ready.\n", os.Getpid()))
	sayReady()
	if m.ending {
		c.cmd.Process.Signal(syscall.SIGTERM)
	}
}

// failed handles a worker that never became ready. The first one takes the
// master with it; after that the old configuration goes on serving.
func (m *master) failed(e event) (over bool) {
	say(m.args, diag.Warning, fmt.Sprintf("Failed to load worker (%d) exited with code %d (%s)", e.c.cmd.Process.Pid, e.code, ending(e.code)))
	if m.current == nil {
		return true
	}
	notify("READY=1\nSTATUS=Reload failed!\n")
	return false
}

// ended handles the end of a worker that served; over says that it was the last.
func (m *master) ended(e event) (code int, over bool) {
	pid := e.c.cmd.Process.Pid
	if m.former[e.c] {
		delete(m.former, e.c)
		say(m.args, diag.Warning, fmt.Sprintf("Former worker (%d) exited with code %d (%s)", pid, e.code, ending(e.code)))
	} else if e.c == m.current {
		m.current = nil
		say(m.args, diag.Warning, "Exiting Master process...")
		say(m.args, alert, fmt.Sprintf("Current worker (%d) exited with code %d (%s)", pid, e.code, ending(e.code)))
		m.ending = true
		for c := range m.former {
			c.cmd.Process.Signal(syscall.SIGTERM)
		}
		m.args.lastCode = e.code
	}
	if m.current != nil || len(m.former) > 0 {
		return 0, false
	}
	if code = m.args.lastCode; code == 128+int(syscall.SIGTERM) {
		code = 0
	}
	say(m.args, diag.Warning, fmt.Sprintf("All workers exited. Exiting... (%d)", code))
	return code, true
}

// stop passes a signal on to all workers.
func (m *master) stop(s syscall.Signal, next *child) {
	m.ending = true
	notify("STOPPING=1\n")
	for c := range m.former {
		c.cmd.Process.Signal(s)
	}
	for _, c := range []*child{m.current, next} {
		if c != nil {
			c.cmd.Process.Signal(s)
		}
	}
}

// ending names how a process ended.
func ending(code int) string {
	if code > 128 {
		s := syscall.Signal(code - 128).String()
		if s == "" {
			return "Exit"
		}
		return string(s[0]-'a'+'A') + s[1:]
	}
	return "Exit"
}

// notify sends a message to the service manager (sd_notify(3)); nothing where
// there is none.
func notify(msg string) {
	addr := os.Getenv("NOTIFY_SOCKET")
	if addr == "" {
		return
	}
	if c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: addr, Net: "unixgram"}); err == nil {
		c.Write([]byte(msg))
		c.Close()
	}
}
