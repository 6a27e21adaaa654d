package check

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"tandem/proxy/logformat"
	"tandem/proxy/server"
)

// Target is one server with the way it is checked.
type Target struct {
	Server  *server.Server
	Method  Method
	Connect time.Duration // timeout connect of the backend; 0: none
	Check   time.Duration // timeout check; 0: inter bounds the whole check

	UniqueID *logformat.Format // the backend's unique-id-format; nil: none
}

// Prober runs the checks of all servers on time: one timer for each server,
// one goroutine for each check under way.
type Prober struct {
	Dialer    Dialer
	Spread    int           // spread-checks in percent
	MaxSpread time.Duration // max-spread-checks; 0: none
	Node      string        // name of this machine, for send-state

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
	loops  map[loopKey]*loop
	active sync.WaitGroup
}

type loopKey struct {
	s     *server.Server
	agent bool
}

// loop is one server's schedule.
type loop struct {
	p       *Prober
	agent   bool
	mu      sync.Mutex
	target  Target
	timer   *time.Timer
	running bool
	ended   bool
}

// Set makes list the servers that are checked. Servers that were checked
// before go on at their own pace, with their new parameters; those that are
// gone are not checked any more.
func (p *Prober) Set(list []Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loops == nil {
		p.loops = map[loopKey]*loop{}
		p.ctx, p.cancel = context.WithCancel(context.Background())
	}
	if p.Dialer == nil {
		p.Dialer = &NetDialer{}
	}
	if p.Node == "" {
		p.Node, _ = os.Hostname()
	}
	shortest := p.shortest(list)
	keep := map[loopKey]bool{}
	for i, t := range list {
		// The first checks are spread over the shortest interval, so that
		// they do not come all at once.
		delay := shortest * time.Duration(i) / time.Duration(len(list))
		for _, agent := range []bool{false, true} {
			params := &t.Server.Params.Check
			if agent {
				params = &t.Server.Params.Agent
			}
			if !params.Enabled {
				continue
			}
			key := loopKey{t.Server, agent}
			keep[key] = true
			if l := p.loops[key]; l != nil {
				l.mu.Lock()
				l.target = t
				l.mu.Unlock()
				continue
			}
			l := &loop{p: p, agent: agent, target: t}
			p.loops[key] = l
			l.mu.Lock()
			l.timer = time.AfterFunc(delay, l.fire)
			l.mu.Unlock()
		}
	}
	for key, l := range p.loops {
		if !keep[key] {
			l.end()
			delete(p.loops, key)
		}
	}
}

// Add checks one more server from now on.
func (p *Prober) Add(t Target) {
	p.mu.Lock()
	list := []Target{t}
	for key, l := range p.loops {
		if !key.agent || p.loops[loopKey{key.s, false}] == nil {
			l.mu.Lock()
			list = append(list, l.target)
			l.mu.Unlock()
		}
	}
	p.mu.Unlock()
	p.Set(list)
}

// Remove ends the checks of a server.
func (p *Prober) Remove(s *server.Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, agent := range []bool{false, true} {
		key := loopKey{s, agent}
		if l := p.loops[key]; l != nil {
			l.end()
			delete(p.loops, key)
		}
	}
}

// shortest returns the shortest interval of all targets, and at most the
// spread's maximum.
func (p *Prober) shortest(list []Target) time.Duration {
	d := time.Duration(0)
	for _, t := range list {
		if inter := t.Server.Params.Check.Inter; d == 0 || inter < d {
			d = inter
		}
	}
	if p.MaxSpread > 0 {
		d = min(d, p.MaxSpread)
	}
	return d
}

// Hurry makes the next health check of s come at the fast interval, as
// observed errors ask for.
func (p *Prober) Hurry(s *server.Server) {
	if fast := s.Params.Check.FastInter; fast > 0 {
		p.next(s, fast)
	}
}

// Now makes the next health check of s come at once: after maintenance.
func (p *Prober) Now(s *server.Server) { p.next(s, 0) }

// next makes the next health check of s come in d, unless one is under way.
func (p *Prober) next(s *server.Server, d time.Duration) {
	p.mu.Lock()
	l := p.loops[loopKey{s, false}]
	p.mu.Unlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.running && !l.ended {
		l.timer.Reset(d)
	}
}

// Stop ends all checks and waits for those under way.
func (p *Prober) Stop() {
	p.mu.Lock()
	for key, l := range p.loops {
		l.end()
		delete(p.loops, key)
	}
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	p.active.Wait()
}

func (l *loop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

// fire runs one check and sets the timer for the next.
func (l *loop) fire() {
	l.mu.Lock()
	if l.ended || l.running {
		l.mu.Unlock()
		return
	}
	l.running = true
	t := l.target
	l.p.active.Add(1)
	l.mu.Unlock()
	defer l.p.active.Done()

	start := time.Now()
	if t.Server.BeginCheck(l.agent, start) {
		l.check(&t)
	}
	interval := t.Server.Params.Agent.Inter
	if !l.agent {
		interval = t.Server.Interval()
	}
	next := l.p.spread(interval) - time.Since(start)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = false
	if !l.ended {
		l.timer.Reset(max(0, next))
	}
}

// spread adds the noise of spread-checks to an interval.
func (p *Prober) spread(d time.Duration) time.Duration {
	if p.Spread <= 0 {
		return d
	}
	noise := time.Duration((rand.Float64()*2 - 1) * float64(d) * float64(p.Spread) / 100)
	if p.MaxSpread > 0 {
		noise = max(-p.MaxSpread, min(noise, p.MaxSpread))
	}
	return d + noise
}

// check runs one check within its time (configuration manual 4.2, timeout
// check).
func (l *loop) check(t *Target) {
	p := &Probe{Server: t.Server, Dialer: l.p.Dialer, Node: l.p.Node, UniqueID: t.UniqueID}
	inter := t.Server.Params.Check.Inter
	if l.agent {
		inter = t.Server.Params.Agent.Inter
	}
	limit := inter
	p.Connect = inter
	if t.Connect > 0 {
		p.Connect = min(t.Connect, inter)
	}
	if t.Check > 0 {
		limit, p.Exchange = p.Connect+t.Check, t.Check
	}
	ctx, cancel := context.WithTimeout(l.p.ctx, limit)
	defer cancel()
	if l.agent {
		askAgent(ctx, p, time.Now())
		return
	}
	res := t.Method.Run(ctx, p)
	if l.p.ctx.Err() != nil {
		return // stopped: says nothing about the server
	}
	t.Server.CheckDone(&res, time.Now())
}
