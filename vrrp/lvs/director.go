package lvs

import (
	"fmt"
	"net/netip"
	"time"

	"tandem/vrrp/notify"
)

// Effect is one thing to do: the first field that is set says what.
type Effect struct {
	Log  string
	Cmd  *Command
	Note *Note
}

// Note is a change to be told.
type Note struct {
	Script  *notify.Command
	Line    string // for FIFOs, without the line's end
	Subject string // of a mail; "": none
	Body    string
}

// Job is a try that is due.
type Job struct {
	Check *Check
	Step  int
	c     *check
}

// Director decides: which servers are in the pool and which checks run when.
// It owns no clock: now is the time since some moment in the past. It is not
// safe for concurrent use.
type Director struct {
	cfg      *Config
	services []*service
	have     Table // what the kernel was told
	queue    queue
	present  func(netip.Addr) bool
	random   func(time.Duration) time.Duration
	out      []Effect
}

// Options are what a Director asks the world.
type Options struct {
	// Present says whether this machine has an address.
	Present func(netip.Addr) bool
	// Random is a time from 0 to limit.
	Random func(limit time.Duration) time.Duration
}

// New makes a Director that balances nothing yet.
func New(opt Options) *Director {
	if opt.Present == nil {
		opt.Present = func(netip.Addr) bool { return true }
	}
	if opt.Random == nil {
		opt.Random = func(time.Duration) time.Duration { return 0 }
	}
	return &Director{cfg: &Config{}, have: Table{}, present: opt.Present, random: opt.Random}
}

// take returns what is to be done.
func (d *Director) take() []Effect {
	out := d.out
	d.out = nil
	return out
}

func (d *Director) log(line string) { d.out = append(d.out, Effect{Log: line}) }

func (d *Director) logf(format string, args ...any) { d.log(fmt.Sprintf(format, args...)) }

// do tells the kernel.
func (d *Director) do(c Command) {
	d.have.apply(c)
	d.out = append(d.out, Effect{Cmd: &c})
}

// Start begins with cfg.
func (d *Director) Start(cfg *Config, now time.Duration) []Effect {
	d.cfg = cfg
	if cfg.Flush {
		d.do(Command{Op: Flush})
	}
	d.settings(&Config{})
	for _, spec := range cfg.Services {
		s := d.build(spec, nil)
		d.services = append(d.services, s)
		d.begin(s)
	}
	for _, s := range d.services {
		d.activate(s, nil, now)
	}
	d.activateSessions()
	return d.take()
}

// settings tells the kernel what is not a service, where it differs from old.
func (d *Director) settings(old *Config) {
	if d.cfg.Timeouts != old.Timeouts && d.cfg.Timeouts != (Timeouts{}) {
		d.do(Command{Op: SetTimeouts, Timeouts: d.cfg.Timeouts})
	}
	if same(old.Sync, d.cfg.Sync) {
		return
	}
	for _, s := range old.Sync {
		d.do(Command{Op: StopDaemon, Sync: s})
	}
	for _, s := range d.cfg.Sync {
		d.do(Command{Op: StartDaemon, Sync: s})
	}
}

func same(a, b []Sync) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// activate queues the checks of a service. Those that an earlier configuration
// had go on as they were, without a word.
func (d *Director) activate(s *service, adopted map[*check]bool, now time.Duration) {
	suspended := s.suspended(d.present)
	for _, r := range s.servers {
		for _, c := range r.checks {
			c.enabled = !suspended
			if c.spec.Probe == nil {
				continue
			}
			if adopted[c] {
				if suspended {
					d.logf("Deactivating healthchecker for service %s for VS %s", c.name(), c.vs())
				}
				continue
			}
			word := "Activating"
			if suspended {
				word = "Deactivating"
			}
			d.logf("%s healthchecker for service %s for VS %s", word, c.name(), c.vs())
			d.queue.at(c, now+firstDelay+d.random(c.spec.Warmup))
		}
	}
}

// Next is when the next try is due; false if there never is one.
func (d *Director) Next() (time.Duration, bool) { return d.queue.next() }

// Due returns the tries that are due; each is to be answered by Done.
func (d *Director) Due(now time.Duration) []Job {
	var jobs []Job
	for {
		c := d.queue.pop(now)
		if c == nil {
			return jobs
		}
		if !c.enabled {
			d.queue.at(c, now+c.spec.Delay)
			continue
		}
		c.running = true
		jobs = append(jobs, Job{Check: c.spec, Step: c.step, c: c})
	}
}

// Done takes the outcome of a try. That of a check which is gone, or was
// suspended meanwhile, counts for nothing.
func (d *Director) Done(j Job, o Outcome, now time.Duration) []Effect {
	c := j.c
	if !c.running || c.rs.gone {
		return nil
	}
	if !c.enabled {
		c.running = false
		d.queue.at(c, now+c.spec.Delay)
		return nil
	}
	d.done(c, o, now)
	return d.take()
}

// Weigh sets what a check that follows a file adds to the weight of its server.
func (d *Director) Weigh(spec *Check, weight int64) []Effect {
	for _, s := range d.services {
		for _, r := range s.servers {
			for _, c := range r.checks {
				if c.spec == spec {
					d.weigh(c, weight)
				}
			}
		}
	}
	return d.take()
}

// Follow takes the state of a BFD session.
func (d *Director) Follow(name string, up bool) []Effect {
	for _, s := range d.services {
		for _, r := range s.servers {
			for _, c := range r.checks {
				if c.spec.Kind == KindBFD && c.spec.About == name && !(c.ran && c.up == up) {
					d.follow(c, up)
				}
			}
		}
	}
	return d.take()
}

func (d *Director) follow(c *check, up bool) {
	was := c.up
	c.up, c.ran = up, true
	switch {
	case up:
		d.logf("BFD check of [%s] RS(%s) is UP", c.spec.About, c.name())
		if !was {
			d.checkUp(c.rs, fmt.Sprintf("=> BFD CHECK %s succeeded on service <=", c.spec.About))
		}
	default:
		d.logf("BFD check of [%s] RS(%s) is DOWN", c.spec.About, c.name())
		if was || d.cfg.InitNotifies {
			d.checkDown(c.rs, fmt.Sprintf("=> BFD CHECK %s failed on service <=", c.spec.About), was)
		}
	}
}

// activateSessions says that checks follow sessions, if any do.
func (d *Director) activateSessions() {
	for _, s := range d.services {
		for _, r := range s.servers {
			for _, c := range r.checks {
				if c.spec.Kind == KindBFD {
					d.log("Activating BFD healthchecker")
					return
				}
			}
		}
	}
}

// Address says that an address has come to this machine or left it.
func (d *Director) Address(a netip.Addr, here bool) []Effect {
	said := false
	for _, s := range d.services {
		if s.spec.Suspend != a || !a.IsValid() {
			continue
		}
		for _, r := range s.servers {
			for _, c := range r.checks {
				if c.enabled == here {
					continue
				}
				if !said {
					d.logf("Netlink reflector reports IP %s %s", a, map[bool]string{true: "added", false: "removed"}[here])
					said = true
				}
				c.enabled = here
				word := "Activating"
				if !here {
					word = "Suspending"
				}
				d.logf("%s healthchecker for service %s for VS %s", word, c.name(), c.vs())
			}
		}
	}
	return d.take()
}

// Stop gives everything up. keep leaves the kernel as it is.
func (d *Director) Stop(keep bool) []Effect {
	if keep {
		return nil
	}
	cfg := d.cfg
	for _, s := range d.services {
		quiet := cfg.FlushAtStop || cfg.ServicesAtStop
		if s.spec.Omega {
			if s.quorumUp {
				d.tellService(s, false, "Shutting down")
			}
			for _, r := range s.servers {
				if r.alive {
					d.tellServer(r, false, "=> Shutting down <=")
				}
			}
		}
		for _, r := range s.servers {
			if !quiet {
				d.logf("Shutting down %sservice %s from VS %s", r.inhibited(), r.spec.Name, s.spec.Name)
			}
		}
		if !cfg.FlushAtStop {
			d.drop(s, !quiet)
		}
	}
	if cfg.FlushAtStop {
		d.do(Command{Op: Flush})
	}
	for _, y := range cfg.Sync {
		d.do(Command{Op: StopDaemon, Sync: y})
	}
	return d.take()
}
