package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"tandem/parser/diag"
	"tandem/proxy"
	"tandem/proxy/cli"
	"tandem/proxy/listen"
)

const alert = diag.Alert

// worker is a process that serves, or did.
type worker struct {
	cli.Proc
	said  bool // its first messages are all here
	ended bool
	code  int
}

// master supervises workers: one that serves, and former ones that finish
// their connections (management manual 4, -W). It reloads by executing itself
// anew, so that the program on disk takes over, and finds its workers again
// in the environment.
type master struct {
	args    *arguments
	cwd     string // before -C
	channel [2]int // its own, through which connections reach its next life
	start   time.Time
	reloads int
	failed  int // reloads in a row

	births  chan birth
	orders  chan order
	current *worker
	former  []*worker
	next    *worker
	hard    bool       // the workers before next end at once
	waiting []net.Conn // for the outcome of the reload under way
	queue   []order    // reloads that came meanwhile
	ending  bool
	view    view
}

// order is a reload that a connection asks for.
type order struct {
	conn net.Conn // nil: a signal
	hard bool
}

// view is what the command line may see of the master at any time.
type view struct {
	sync.Mutex
	self    cli.Proc
	workers []cli.Proc
	failed  bool
}

// runMaster starts the first worker and supervises until all have ended.
func runMaster(a *arguments) int {
	m := &master{args: a, cwd: a.cwd, start: time.Now(), births: make(chan birth, 8), orders: make(chan order)}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT, syscall.SIGTTOU, syscall.SIGTTIN, syscall.SIGCHLD)
	os.Setenv("HAPROXY_MWORKER", "1")
	if err := m.revive(); err != nil {
		say(a, alert, "Cannot create the master's channel: "+proxy.SysError(err))
		return 1
	}
	if err := m.listen(); err != nil {
		say(a, alert, err.Error())
		return 1
	}
	if err := m.launch(); err != nil {
		say(a, alert, "Cannot fork: "+err.Error())
		if m.current == nil {
			return 1
		}
		m.settle(false)
	}
	for {
		m.publish()
		code, over := -1, false
		select {
		case s := <-signals:
			switch s {
			case syscall.SIGUSR2, syscall.SIGHUP:
				m.order(order{})
			case syscall.SIGCHLD:
				code, over = m.reap()
			default:
				m.pass(s.(syscall.Signal))
			}
		case o := <-m.orders:
			m.order(o)
		case b := <-m.births:
			code, over = m.born(b)
		}
		if over {
			return code
		}
	}
}

// launch starts a worker with the configuration as it is now; the current one
// goes on serving until the new one is ready, and gives it its sockets.
func (m *master) launch() error {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(pair[1])
	end, err := inheritable(pair[1])
	if err != nil {
		return err
	}
	defer syscall.Close(end)
	args := m.args.words
	if m.current != nil && m.args.socket != os.DevNull {
		fd, err := inheritable(m.current.FD[0])
		if err != nil {
			return err
		}
		defer syscall.Close(fd)
		args = append([]string{"-x", fmt.Sprintf("sockpair@%d", fd)}, args...)
	} else if m.args.socket != "" {
		args = append([]string{"-x", m.args.socket}, args...)
	}
	pid, born, err := spawn("worker", args, []string{fmt.Sprintf("%s=%d", envChannel, end)}, false)
	if err != nil {
		syscall.Close(pair[0])
		return err
	}
	m.next = &worker{Proc: cli.Proc{PID: pid, Start: time.Now(), Version: proxy.Version, FD: [2]int{pair[0], -1}}}
	say(m.args, diag.Notice, fmt.Sprintf("Initializing new worker (%d)", pid))
	go func() { m.births <- <-born }()
	return nil
}

// order reloads, now or once the reload under way is over.
func (m *master) order(o order) {
	switch {
	case m.ending:
		if o.conn != nil {
			o.conn.Close()
		}
	case m.next != nil:
		m.queue = append(m.queue, o)
	default:
		m.reload(o)
	}
}

// born handles a worker that serves, or that will never: then it ends.
func (m *master) born(b birth) (code int, over bool) {
	w := m.next
	if w == nil || w.PID != b.pid {
		return 0, false
	}
	messages.add(b.text)
	w.said = true
	switch {
	case b.ready:
		m.promote()
		return 0, false
	case w.ended:
		return m.stillborn()
	}
	return 0, false
}

// promote makes the next worker the current one and lets the former finish.
func (m *master) promote() {
	stop := syscall.SIGUSR1
	if m.hard {
		stop = syscall.SIGTERM
	}
	if m.current != nil {
		m.former = append(m.former, m.current)
		for _, w := range m.former {
			syscall.Kill(w.PID, stop)
		}
	}
	for _, pid := range m.args.oldPids { // of the first start
		syscall.Kill(pid, m.args.oldSignal())
	}
	m.args.oldPids = nil
	m.current, m.next, m.hard = m.next, nil, false
	m.failed = 0
	say(m.args, diag.Notice, "Loading success.")
	if m.args.pidFile != "" {
		os.Remove(m.args.pidFile)
		if err := os.WriteFile(m.args.pidFile, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644); err != nil {
			say(m.args, alert, "[haproxy.main()] Cannot create pidfile "+m.args.pidFile)
		}
	}
	notify(fmt.Sprintf("READY=1\nMAINPID=%d\nSTATUS=Ready.\n", os.Getpid()))
	messages.serving()
	m.settle(true)
}

// stillborn handles a worker that never became ready. The first one takes the
// master with it; after that the old configuration goes on serving.
func (m *master) stillborn() (code int, over bool) {
	w := m.next
	syscall.Close(w.FD[0])
	m.next, m.hard = nil, false
	say(m.args, diag.Warning, fmt.Sprintf("Failed to load worker (%d) exited with code %d (%s)", w.PID, w.code, ending(w.code)))
	if m.current == nil {
		return w.code, true
	}
	m.failed++
	notify("READY=1\nSTATUS=Reload failed!\n")
	m.settle(false)
	return 0, false
}

// settle tells the outcome of a reload to who waits for it, and begins the
// next one that was asked for.
func (m *master) settle(ok bool) {
	n := 0
	if ok {
		n = 1
	}
	for _, c := range m.waiting {
		c.SetWriteDeadline(time.Now().Add(time.Second))
		fmt.Fprintf(c, "Success=%d\n--\n%s\n", n, messages.String())
		c.Close()
	}
	m.waiting = nil
	if len(m.queue) > 0 && !m.ending {
		o := m.queue[0]
		m.queue = m.queue[1:]
		m.reload(o)
	}
}

// reap collects the children that ended; over says that it was the last worker.
func (m *master) reap() (code int, over bool) {
	for !over {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return code, false
		}
		code, over = m.ended(pid, exitCode(ws))
	}
	return code, over
}

// ended handles the end of a child.
func (m *master) ended(pid, code int) (int, bool) {
	old := slices.IndexFunc(m.former, func(w *worker) bool { return w.PID == pid })
	switch {
	case m.next != nil && m.next.PID == pid:
		m.next.ended, m.next.code = true, code
		if m.next.said {
			return m.stillborn()
		}
		return 0, false
	case old >= 0:
		syscall.Close(m.former[old].FD[0])
		m.former = slices.Delete(m.former, old, old+1)
		say(m.args, diag.Warning, fmt.Sprintf("Former worker (%d) exited with code %d (%s)", pid, code, ending(code)))
	case m.current != nil && m.current.PID == pid:
		m.current = nil
		severity := alert
		if m.ending && code == 0 {
			severity = diag.Warning
		}
		asked := m.ending
		if !asked {
			say(m.args, diag.Warning, "Exiting Master process...")
		}
		say(m.args, severity, fmt.Sprintf("Current worker (%d) exited with code %d (%s)", pid, code, ending(code)))
		if m.ending = true; !asked { // else they have been told how to end
			m.each(syscall.SIGTERM)
		}
		m.args.lastCode = code
	default:
		return 0, false
	}
	if m.current != nil || len(m.former) > 0 || m.next != nil {
		return 0, false
	}
	if code = m.args.lastCode; code == 128+int(syscall.SIGTERM) {
		code = 0
	}
	say(m.args, diag.Warning, fmt.Sprintf("All workers exited. Exiting... (%d)", code))
	return code, true
}

// pass hands a signal on to all workers; but for the pauses it ends them.
func (m *master) pass(s syscall.Signal) {
	if s != syscall.SIGTTOU && s != syscall.SIGTTIN {
		if !m.ending {
			say(m.args, diag.Warning, "Exiting Master process...")
		}
		m.ending = true
		notify("STOPPING=1\n")
	}
	m.each(s)
}

// each sends a signal to all workers.
func (m *master) each(s syscall.Signal) {
	for _, w := range append(slices.Clone(m.former), m.current, m.next) {
		if w != nil {
			syscall.Kill(w.PID, s)
		}
	}
}

// publish renews what the command line sees.
func (m *master) publish() {
	m.view.Lock()
	defer m.view.Unlock()
	m.view.self = cli.Proc{PID: os.Getpid(), Reloads: m.reloads, Failed: m.failed, Start: m.start, Version: proxy.Version, FD: m.channel}
	m.view.workers, m.view.failed = nil, m.failed > 0
	if m.current != nil {
		m.view.workers = append(m.view.workers, m.current.Proc)
	}
	for _, w := range m.former {
		m.view.workers = append(m.view.workers, w.Proc)
	}
}

// Processes, LastFailed, Dial and Reload are a cli.Supervisor.
func (m *master) Processes() (cli.Proc, []cli.Proc) {
	m.view.Lock()
	defer m.view.Unlock()
	return m.view.self, m.view.workers
}

// LastFailed implements cli.Supervisor.
func (m *master) LastFailed() bool {
	m.view.Lock()
	defer m.view.Unlock()
	return m.view.failed
}

// Dial implements cli.Supervisor.
func (m *master) Dial(pid int) (net.Conn, error) {
	_, list := m.Processes()
	for _, w := range list {
		if w.PID == pid {
			return listen.DialChannel(w.FD[0])
		}
	}
	return nil, syscall.ESRCH
}

// Reload implements cli.Supervisor.
func (m *master) Reload(c net.Conn, hard bool) { m.orders <- order{c, hard} }

// ending names how a process ended.
func ending(code int) string {
	if code > 128 {
		s := syscall.Signal(code - 128).String()
		if s == "" {
			return "Exit"
		}
		return strings.ToUpper(s[:1]) + s[1:]
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
