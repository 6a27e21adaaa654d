package fsm

import (
	"time"
)

// never is a deadline that does not come.
const never = time.Duration(1<<63 - 1)

// key identifies the instance that a datagram is for.
type key struct {
	link    string
	channel string
	ipv6    bool
	vrid    uint8
}

// Machine is the state of all instances and groups. It is not safe for
// concurrent use.
type Machine struct {
	cfg     Config
	insts   []*instance
	byName  map[string]*instance
	byKey   map[key]*instance
	groups  []*group
	tracked map[TrackID]Track
	now     time.Duration
	started bool
	// While the start is delayed (vrrp_startup_delay) timers run from its end.
	delayed  bool
	delayEnd time.Duration
	stopped  bool
	unknown  map[key]bool // unknown VRIDs already logged
	out      []Effect
}

// New makes a machine whose instances are all in Init.
func New(cfg Config) *Machine {
	m := &Machine{
		byName:  make(map[string]*instance),
		byKey:   make(map[key]*instance),
		tracked: make(map[TrackID]Track),
		unknown: make(map[key]bool),
	}
	m.build(cfg)
	return m
}

// build makes the instances and groups of cfg, in Init.
func (m *Machine) build(cfg Config) {
	m.cfg = cfg
	for i := range cfg.Instances {
		in := newInstance(m, cfg.Instances[i])
		m.insts = append(m.insts, in)
		m.byName[in.cfg.Name] = in
		m.byKey[in.key()] = in
	}
	for i := range cfg.Groups {
		g := &group{m: m, cfg: cfg.Groups[i]}
		for _, n := range g.cfg.Members {
			if in := m.byName[n]; in != nil && in.group == nil {
				in.group = g
				g.members = append(g.members, in)
			}
		}
		m.groups = append(m.groups, g)
	}
	for _, in := range m.insts {
		in.buildTrackers()
	}
}

// Step gives the machine an event that happened at now, which never goes
// back. Timers that are due fire first.
func (m *Machine) Step(ev Event, now time.Duration) Ready {
	m.out = m.out[:0]
	m.now = max(m.now, now)
	if !m.stopped {
		if m.started {
			m.endDelay()
			m.fireTimers()
		}
		m.dispatch(ev)
	}
	return m.ready()
}

func (m *Machine) dispatch(ev Event) {
	switch ev := ev.(type) {
	case Start:
		m.start()
	case Recv:
		m.receive(ev)
	case *Recv:
		m.receive(*ev)
	case Track:
		m.track(ev)
	case SourceAddr:
		m.sourceAddr(ev)
	case ConfigFault:
		if in := m.byName[ev.Name]; in != nil {
			in.setFault(ev.Why, ev.Set)
		}
	case AddressRemoved:
		if in := m.byName[ev.Name]; in != nil {
			in.addressRemoved()
		}
	case Reload:
		m.reload(ev.Config)
	case ReloadBegin:
		m.advertiseAll()
	case AnnounceAll:
		for _, in := range m.insts {
			if in.state == Master {
				in.announce(in.cfg.Garp.Repeat)
			}
		}
	case Shutdown:
		m.shutdown()
	}
}

// ready collects the answer.
func (m *Machine) ready() Ready {
	r := Ready{Effects: m.out, Deadline: never}
	if m.started && !m.stopped {
		for _, in := range m.insts {
			r.Deadline = min(r.Deadline, in.deadline())
		}
		if m.delayed {
			r.Deadline = min(r.Deadline, m.delayEnd)
		}
	}
	r.Armed = r.Deadline != never
	return r
}

// fireTimers fires what is due, earliest first; a timer that a firing arms in
// the past would fire too, so every round is bounded by the number of timers.
func (m *Machine) fireTimers() {
	for range 8 * (len(m.insts) + 1) {
		var next *instance
		at := never
		for _, in := range m.insts {
			if d := in.deadline(); d <= m.now && d < at {
				next, at = in, d
			}
		}
		if next == nil {
			return
		}
		next.fire(at)
	}
}

// endDelay tells once that the delay of the start is over.
func (m *Machine) endDelay() {
	if m.delayed && m.now >= m.delayEnd {
		m.delayed = false
		m.log("Delayed start completed")
	}
}

// advertiseAll lets every master advertise at once.
func (m *Machine) advertiseAll() {
	for _, in := range m.insts {
		if in.state == Master {
			in.advertise()
		}
	}
}

// shutdown gives everything up, in the order of the configuration.
func (m *Machine) shutdown() {
	for _, in := range m.insts {
		in.release()
		in.notify(Stop)
	}
	for _, g := range m.groups {
		g.notify(Stop)
	}
	m.stopped = true
}

// receive finds the instance of a datagram and hands it over.
func (m *Machine) receive(ev Recv) {
	k := key{ev.Link, ev.Channel, ev.IPv6, ev.D.VRID()}
	in := m.byKey[k]
	if in == nil {
		if m.cfg.LogUnknown && !m.unknown[k] {
			m.unknown[k] = true
			m.log("Unknown VRID(%d) received on interface(%s). ignoring...", k.vrid, k.link)
		}
		return
	}
	if in.state == Master || in.state == Backup {
		in.receive(ev.D)
	}
}

// Instances calls f for every instance in order, with its view; see [View].
func (m *Machine) Instances(f func(View)) {
	for _, in := range m.insts {
		f(in.view())
	}
}

// Instance is the view of the instance called name.
func (m *Machine) Instance(name string) (View, bool) {
	in := m.byName[name]
	if in == nil {
		return View{}, false
	}
	return in.view(), true
}

// Groups calls f with the name and state of every sync group.
func (m *Machine) Groups(f func(name string, s State, members []string)) {
	for _, g := range m.groups {
		f(g.cfg.Name, g.state, g.cfg.Members)
	}
}

// Tracked is the last result of a tracked thing; false says that there was none.
func (m *Machine) Tracked(id TrackID) (Track, bool) {
	r, ok := m.tracked[id]
	return r, ok
}

// ClearStats sets all counters to zero.
func (m *Machine) ClearStats() {
	for _, in := range m.insts {
		in.stats = Stats{}
	}
}
