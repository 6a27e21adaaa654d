// Package daemon is where VRRP meets time: one loop owns the only clock, feeds
// the machine of package fsm with what sockets, the kernel and trackers report,
// and performs what it answers, in that order.
//
// The loop never waits for anything but its next event. What may take long, a
// script or a mail, belongs to the plug-ins.
package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"tandem/vrrp/announce"
	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
	"tandem/vrrp/wire"
)

// Notice is one change that notify scripts, FIFOs and mail are told.
type Notice struct {
	Group    bool   // about a sync group, not an instance
	Name     string // of the instance or group
	State    fsm.State
	Priority uint8 // effective; 0 for groups
}

// Plugin is a part of the daemon that runs beside the loop: trackers,
// notification. Its methods are called by the loop and must not wait.
type Plugin interface {
	// Begin is called with the first configuration before the machine starts,
	// and with every new one before the machine takes it over. What is known
	// already is returned as events; what is learnt later goes to post, from
	// any goroutine.
	Begin(cfg *config.Config, reload bool, post func(fsm.Event)) []fsm.Event
	// Notice is called for every change, in order.
	Notice(n Notice)
	// End is called once, after the last Notice.
	End()
}

// Options are what a Daemon stands on.
type Options struct {
	Network wire.Network
	Kernel  netif.Kernel
	// Log writes one line without a line end.
	Log func(line string)
	// Detail also logs what the original logs only under -D.
	Detail  bool
	Plugins []Plugin
	// KeepVIPs leaves addresses in place when the daemon ends
	// (--dont-release-vrrp).
	KeepVIPs bool
	// StopDelay is how long the daemon lives on after it gave everything up,
	// for stop scripts and so that priority 0 is seen. The original waits 1 s.
	StopDelay time.Duration
	// NewTimer makes the loop's timer; nil: the system's best.
	NewTimer func() (Timer, error)
	// Wall is the wall-clock time of dumps; nil: time.Now.
	Wall func() time.Time
}

// Daemon runs one configuration after another.
type Daemon struct {
	opt   Options
	cfg   *config.Config
	start time.Time
	m     *fsm.Machine

	insts  map[string]*instance
	old    map[string]*instance // during a reload: what the new ones replace
	order  []*instance
	socks  map[wire.Spec]*socket
	frames map[string]wire.LinkConn
	links  map[string]*link
	vmacs  map[string]bool
	// promoted are interfaces whose promote_secondaries was switched on here.
	promoted map[string]bool
	// virtual holds the addresses of all instances, the held and the others.
	virtual   map[netip.Addr]bool
	net       *netif.Manager
	filtering filtering // of packets that quiet instances must not get
	status    *statusServer
	restored  map[string]*restores // by instance
	queue     announce.Queue
	gaps      map[string]announce.Gap

	packets chan *received
	free    chan *received
	posted  chan func()
	stop    chan struct{}
	timer   Timer
	fsmAt   time.Duration // the machine's deadline
	fsmOn   bool
	queueAt time.Duration
	queueOn bool
	armed   bool // the timer is set, to armedAt
	armedAt time.Duration
	ended   bool
	frame   []byte
}

// New prepares a daemon for cfg. Nothing is touched yet.
func New(cfg *config.Config, opt Options) *Daemon {
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	if opt.NewTimer == nil {
		opt.NewTimer = NewTimer
	}
	if opt.Wall == nil {
		opt.Wall = time.Now
	}
	// The state of connections follows the instances, as addresses do.
	opt.Plugins = append(opt.Plugins[:len(opt.Plugins):len(opt.Plugins)], NewSyncer(nil, opt.Log))
	d := &Daemon{
		opt: opt, cfg: cfg, start: time.Now(),
		insts: make(map[string]*instance), socks: make(map[wire.Spec]*socket),
		frames: make(map[string]wire.LinkConn), links: make(map[string]*link),
		vmacs: make(map[string]bool), promoted: make(map[string]bool), net: netif.New(opt.Kernel),
		packets: make(chan *received, 8), free: make(chan *received, 8),
		posted: make(chan func(), 256), stop: make(chan struct{}),
	}
	d.status, d.restored = newStatusServer(d.Status, opt.Log), make(map[string]*restores)
	return d
}

// now is the machine's time: it is monotonic, so that setting the clock moves
// nothing.
func (d *Daemon) now() time.Duration { return time.Since(d.start) }

func (d *Daemon) logf(format string, args ...any) { d.opt.Log(fmt.Sprintf(format, args...)) }

func (d *Daemon) detailf(format string, args ...any) {
	if d.opt.Detail {
		d.opt.Log(fmt.Sprintf(format, args...))
	}
}

// Do runs f in the loop and waits until it has run; false says that the loop
// has ended.
func (d *Daemon) Do(f func()) bool {
	done := make(chan struct{})
	select {
	case d.posted <- func() { f(); close(done) }:
	case <-d.stop:
		return false
	}
	select {
	case <-done:
		return true
	case <-d.stop:
		return false
	}
}

// Post feeds the machine an event from any goroutine. It may wait for room,
// never for the outcome.
func (d *Daemon) Post(ev fsm.Event) {
	select {
	case d.posted <- func() { d.step(ev) }:
	case <-d.stop:
	}
}

// Reload replaces the configuration and returns when the new one is in force.
func (d *Daemon) Reload(cfg *config.Config) error {
	var err error
	if !d.Do(func() { err = d.reload(cfg) }) {
		return context.Canceled
	}
	return err
}

// Advertise makes all masters advertise at once: before a new configuration is
// read, which may take a while.
func (d *Daemon) Advertise() { d.Do(func() { d.step(fsm.ReloadBegin{}) }) }

// Run takes over what the configuration says and serves until ctx ends; then it
// gives everything up. An error says that it could not start.
func (d *Daemon) Run(ctx context.Context) error {
	timer, err := d.opt.NewTimer()
	if err != nil {
		return err
	}
	d.timer = timer
	defer timer.Close()
	defer close(d.stop)
	if err := d.begin(); err != nil {
		d.cleanup()
		return err
	}
	for !d.ended {
		d.arm()
		select {
		case <-timer.C():
			// First of all: a flood of packets must not delay our own.
			d.tick()
			continue
		default:
		}
		select {
		case <-ctx.Done():
			d.finish()
		case <-timer.C():
			d.tick()
		case p := <-d.packets:
			d.packet(p)
		case f := <-d.posted:
			f()
		}
	}
	return nil
}

// begin brings everything up in the order of the original: interfaces, static
// things, sockets, plug-ins, then the machine.
func (d *Daemon) begin() error {
	if err := d.watch(); err != nil {
		return err
	}
	if err := d.readLinks(); err != nil {
		return err
	}
	insts, err := d.build(d.cfg)
	if err != nil {
		return err
	}
	d.install(insts)
	d.warn()
	d.warnFilter()
	d.logAddresses()
	d.logChannels()
	d.setPromotions()
	d.setStatic()
	d.openSockets()
	d.m = fsm.New(d.lowerAll())
	d.tellLinks()
	for _, p := range d.opt.Plugins {
		for _, ev := range p.Begin(d.cfg, false, d.Post) {
			d.step(ev)
		}
	}
	d.step(fsm.Start{})
	d.logSockets()
	d.status.configure(d.cfg.Global.Status)
	return nil
}

// reload moves from the running configuration to cfg.
func (d *Daemon) reload(cfg *config.Config) error {
	insts, err := d.build(cfg)
	if err != nil {
		return err
	}
	d.old = d.insts
	d.cfg = cfg
	for _, in := range insts {
		if o := d.old[in.cfg.Name]; o != nil && o.sameAs(in) {
			in.adopt(o)
		}
	}
	d.install(insts)
	d.warn()
	d.logAddresses()
	d.setPromotions()
	d.setStatic()
	d.openSockets()
	for _, p := range d.opt.Plugins {
		for _, ev := range p.Begin(cfg, true, d.Post) {
			d.step(ev)
		}
	}
	d.step(fsm.Reload{Config: d.lowerAll()})
	d.old = nil
	d.setFilter()
	d.tellLinks()
	d.closeUnused()
	d.dropVMACs()
	d.logSockets()
	d.status.configure(cfg.Global.Status)
	return nil
}

// finish gives everything up and ends the loop after the delay.
func (d *Daemon) finish() {
	if d.opt.KeepVIPs {
		d.net = netif.New(d.opt.Kernel) // holds nothing, so removes nothing
	}
	d.step(fsm.Shutdown{})
	for _, p := range d.opt.Plugins {
		p.End()
	}
	if d.opt.StopDelay > 0 {
		time.Sleep(d.opt.StopDelay)
	}
	d.cleanup()
	d.ended = true
}

// cleanup closes what is open and removes what is ours alone.
func (d *Daemon) cleanup() {
	d.status.close()
	if !d.opt.KeepVIPs {
		_, _ = d.net.Set(staticOwner, netif.State{})
		d.closeFilter()
	}
	for link := range d.promoted {
		d.demote(link)
	}
	for spec, s := range d.socks {
		s.conn.Close()
		delete(d.socks, spec)
	}
	for name, l := range d.frames {
		l.Close()
		delete(d.frames, name)
	}
	for name := range d.vmacs {
		if err := d.opt.Kernel.DelVMAC(name); err != nil {
			d.logf("%v", err)
		}
		delete(d.vmacs, name)
	}
}

// step feeds the machine and performs its answer.
func (d *Daemon) step(ev fsm.Event) {
	if d.m == nil {
		return
	}
	r := d.m.Step(ev, d.now())
	d.fsmAt, d.fsmOn = r.Deadline, r.Armed
	for i := range r.Effects {
		d.perform(&r.Effects[i])
	}
}

// tick wakes whoever is due.
func (d *Daemon) tick() {
	now := d.now()
	d.armed = false
	if d.fsmOn && d.fsmAt <= now {
		d.step(fsm.Tick{})
	}
	if d.queueOn && d.queueAt <= now {
		d.pump()
	}
	d.linkTick(now)
}

// arm sets the timer to the earliest deadline.
func (d *Daemon) arm() {
	at, on := d.linkDeadline()
	if d.fsmOn && (!on || d.fsmAt < at) {
		at, on = d.fsmAt, true
	}
	if d.queueOn && (!on || d.queueAt < at) {
		at, on = d.queueAt, true
	}
	if on == d.armed && (!on || at == d.armedAt) {
		return
	}
	d.armed, d.armedAt = on, at
	if !on {
		d.timer.Stop()
		return
	}
	d.timer.Set(max(at-d.now(), 0))
}
