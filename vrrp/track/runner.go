package track

import (
	"syscall"
	"time"

	"tandem/vrrp/notify"
)

// runner runs one script until it is stopped.
type runner struct {
	s     *schedule
	start notify.Start
	log   func(string)
	tell  func(Result)
	begin time.Time
	quit  chan struct{}
	done  chan struct{}
	ends  chan notify.Status
	proc  notify.Process
}

// newRunner starts running s. A known health is continued; nil: none is.
func newRunner(s Script, known *health, start notify.Start, log func(string), tell func(Result)) *runner {
	r := &runner{
		s: newSchedule(s, 0), start: start, log: log, tell: tell, begin: time.Now(),
		quit: make(chan struct{}), done: make(chan struct{}), ends: make(chan notify.Status, 1),
	}
	if known != nil {
		r.s.known, r.s.up, r.s.run = known.known, known.up, known.run
	}
	go r.loop()
	return r
}

// loop performs what the schedule says.
func (r *runner) loop() {
	defer close(r.done)
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-r.quit:
			r.abandon()
			return
		case <-t.C:
			r.perform(r.s.tick(time.Since(r.begin)))
		case st := <-r.ends:
			r.proc = nil
			r.perform(r.s.ended(st))
		}
		t.Reset(max(r.s.deadline()-time.Since(r.begin), 0))
	}
}

// perform does what is to be done now.
func (r *runner) perform(a action) {
	for _, l := range a.log {
		r.log(l)
	}
	if a.told {
		r.tell(Result{Kind: KindScript, Name: r.s.Name, Up: r.s.up})
	}
	if a.signal != 0 && r.proc != nil {
		r.proc.Signal(a.signal)
	}
	if !a.start {
		return
	}
	p, err := r.start(r.s.Command)
	if err != nil {
		r.ends <- notify.Status{Code: -1, Unstarted: err}
		return
	}
	r.proc = p
	go func() { r.ends <- p.Wait() }()
}

// stop ends the running of the script and returns its health.
func (r *runner) stop() health {
	close(r.quit)
	<-r.done
	return r.s.health
}

// abandon has a program that still runs end, without waiting for it.
func (r *runner) abandon() {
	p := r.proc
	if p == nil {
		return
	}
	p.Signal(syscall.SIGTERM)
	go func() {
		select {
		case <-r.ends:
		case <-time.After(killAfter):
			p.Signal(syscall.SIGKILL)
		}
	}()
}
