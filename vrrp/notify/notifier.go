package notify

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Room in the queues. A change makes two jobs at most, so that even 255
// instances that change together fit several times.
const (
	scriptRoom = 4096
	mailRoom   = 1024
)

// Target is who is told of the changes of one instance or group.
type Target struct {
	Scripts map[string]*Command // by state or event
	Any     *Command            // gets type, name, state and priority
	Mail    bool
}

// Config says who is told of what.
type Config struct {
	Instances map[string]Target
	Groups    map[string]Target
	FIFOs     []FIFO
	// StatesOnReload writes the states of all to the FIFOs after a reload.
	StatesOnReload bool
	Mail           Mail
}

// Options are what a Notifier stands on. Only Log is needed.
type Options struct {
	Log func(line string)
	// Detail also logs mails that go well, as the original does under -D.
	Detail bool
	Start  Start            // default: StartProcess
	Dial   Dial             // default: that of the net package
	Now    func() time.Time // default: time.Now
}

// Notifier tells changes. Its methods are called from one goroutine and do not
// wait.
type Notifier struct {
	opt    Options
	cfg    Config
	gone   map[key]Target // removed by the last reload: they still say so
	pipes  []*pipe
	last   map[key]Change // the last state told
	order  []key          // of last
	mailed map[key]string
	jobs   chan job
	mails  chan letter
	lost   [2]int     // jobs and mails dropped since the last that had room
	mu     sync.Mutex // guards the pipes' scripts
	ended  bool
	idle   chan struct{} // closed once all queued scripts were started and have ended
}

// key is an instance or a group.
type key struct {
	group bool
	name  string
}

// job is a script to be run.
type job struct {
	cmd  *Command
	more []string
}

// letter is a mail to be sent.
type letter struct {
	mail Mail
	msg  message
}

// New makes a Notifier that has nobody to tell yet.
func New(opt Options) *Notifier {
	if opt.Start == nil {
		opt.Start = StartProcess
	}
	if opt.Dial == nil {
		opt.Dial = (&net.Dialer{}).DialContext
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	n := &Notifier{
		opt: opt, last: make(map[key]Change), mailed: make(map[key]string),
		jobs: make(chan job, scriptRoom), mails: make(chan letter, mailRoom),
		idle: make(chan struct{}),
	}
	go n.runJobs()
	go n.sendMails()
	return n
}

// Configure replaces who is told. What the new configuration no longer has may
// still say that it was deleted.
func (n *Notifier) Configure(cfg Config, reload bool) {
	old := n.cfg
	n.cfg = cfg
	n.gone = make(map[key]Target)
	for name, t := range old.Instances {
		if _, still := cfg.Instances[name]; !still {
			n.gone[key{false, name}] = t
		}
	}
	n.reopen(cfg.FIFOs)
	if reload && cfg.StatesOnReload {
		// Groups first. The original leaves out instances that are master,
		// against its manual; who reads a FIFO wants them most.
		for _, groups := range []bool{true, false} {
			for _, k := range n.order {
				if k.group == groups && n.known(k) {
					n.line(n.last[k].Line())
				}
			}
		}
	}
}

// known says that the running configuration has an instance or group.
func (n *Notifier) known(k key) bool {
	m := n.cfg.Instances
	if k.group {
		m = n.cfg.Groups
	}
	_, ok := m[k.name]
	return ok
}

// target finds who is told of an instance or group.
func (n *Notifier) target(k key) Target {
	m := n.cfg.Instances
	if k.group {
		m = n.cfg.Groups
	}
	if t, ok := m[k.name]; ok {
		return t
	}
	return n.gone[k]
}

// Tell tells a change, in the order of the original: the script of the state,
// the generic script, the FIFOs, mail.
func (n *Notifier) Tell(c Change) {
	if n.ended {
		return
	}
	k := key{c.Group, c.Name}
	t := n.target(k)
	if s := t.Scripts[c.State]; s != nil {
		n.run(job{cmd: s})
	}
	if t.Any != nil && !c.event() {
		n.run(job{cmd: t.Any, more: c.Args()})
	}
	n.line(c.Line())
	if !c.event() {
		if _, seen := n.last[k]; !seen {
			n.order = append(n.order, k)
		}
		n.last[k] = c
	}
	if c.State == Deleted {
		delete(n.last, k)
		delete(n.mailed, k)
		n.order = slices.DeleteFunc(n.order, func(o key) bool { return o == k })
	}
	if t.Mail {
		n.mail(k, c)
	}
}

// line writes to all FIFOs.
func (n *Notifier) line(s string) {
	for _, p := range n.pipes {
		if msg := p.write(s); msg != "" {
			n.opt.Log(msg)
		}
	}
}

// run queues a script.
func (n *Notifier) run(j job) {
	select {
	case n.jobs <- j:
		n.found(0, "scripts")
	default:
		n.missed(0, "scripts")
	}
}

// mail queues a mail, unless the last one said the same.
func (n *Notifier) mail(k key, c Change) {
	m := &n.cfg.Mail
	if !m.Server.IsValid() || n.mailed[k] == c.State || address(m.From) == "" || len(m.recipients()) == 0 {
		return
	}
	msg, ok := m.alert(c, n.opt.Now())
	if !ok {
		return
	}
	n.mailed[k] = c.State
	n.post(msg)
}

// missed logs the first of a series that found no room.
func (n *Notifier) missed(i int, what string) {
	if n.lost[i]++; n.lost[i] == 1 {
		n.opt.Log(fmt.Sprintf("Too many notify %s wait - dropping", what))
	}
}

// found logs how long a series was, once it is over.
func (n *Notifier) found(i int, what string) {
	if c := n.lost[i]; c > 0 {
		n.lost[i] = 0
		n.opt.Log(fmt.Sprintf("%d notify %s were dropped", c, what))
	}
}

// runJobs starts scripts one after another, and waits for none before the end.
func (n *Notifier) runJobs() {
	var running sync.WaitGroup
	defer func() {
		running.Wait()
		close(n.idle)
	}()
	for j := range n.jobs {
		p, err := n.opt.Start(j.cmd, j.more...)
		if err != nil {
			n.opt.Log(fmt.Sprintf("Error running notify script %s: %v", j.cmd.Text(), err))
			continue
		}
		running.Go(func() { p.Wait() })
	}
}

// Idle is closed when, after Close, all scripts have run to their end.
func (n *Notifier) Idle() <-chan struct{} { return n.idle }

// sendMails sends one after another, so that they arrive in order.
func (n *Notifier) sendMails() {
	for l := range n.mails {
		detail := n.opt.Log
		if !n.opt.Detail {
			detail = func(string) {}
		}
		l.mail.deliver(n.opt.Dial, l.msg, n.opt.Log, detail)
	}
}

// Close ends the telling. What is queued is still done as long as the process
// lives; the FIFOs' programs are told to end.
func (n *Notifier) Close() {
	if n.ended {
		return
	}
	n.ended = true
	close(n.jobs)
	close(n.mails)
	n.reopen(nil)
}

// reopen goes over to other FIFOs. One that stays is not closed, so that no
// line is lost; its program is started again.
func (n *Notifier) reopen(list []FIFO) {
	var next []*pipe
	for _, p := range n.pipes {
		n.stopScript(p)
	}
	for _, f := range list {
		i := slices.IndexFunc(n.pipes, func(p *pipe) bool { return p.cfg.Path == f.Path })
		var p *pipe
		if i >= 0 {
			p = n.pipes[i]
			p.cfg = f
			n.pipes = slices.Delete(n.pipes, i, i+1)
		} else {
			var err error
			if p, err = openPipe(f); err != nil {
				n.opt.Log(err.Error())
				continue
			}
		}
		next = append(next, p)
	}
	for _, p := range n.pipes {
		p.close()
		p.remove()
	}
	n.pipes = next
	for _, p := range n.pipes {
		n.startScript(p)
	}
}

// startScript starts the program that reads a FIFO; it is not started again
// when it ends.
func (n *Notifier) startScript(p *pipe) {
	s := p.cfg.Script
	if s == nil {
		return
	}
	proc, err := n.opt.Start(s, p.cfg.Path)
	if err != nil {
		n.opt.Log(fmt.Sprintf("Error running %snotify fifo script %s: %v", p.cfg.Kind, s.Text(), err))
		return
	}
	n.mu.Lock()
	p.script = proc
	n.mu.Unlock()
	go func() {
		proc.Wait()
		n.mu.Lock()
		mine := p.script == proc
		if mine {
			p.script = nil
		}
		n.mu.Unlock()
		if mine {
			n.opt.Log("vrrp notify fifo script terminated")
		}
	}()
}

// stopScript tells a FIFO's program to end.
func (n *Notifier) stopScript(p *pipe) {
	n.mu.Lock()
	proc := p.script
	p.script = nil
	n.mu.Unlock()
	if proc != nil {
		proc.Signal(syscall.SIGTERM)
	}
}
