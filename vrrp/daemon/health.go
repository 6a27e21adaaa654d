package daemon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/lvs"
	"tandem/vrrp/netif"
	"tandem/vrrp/notify"
	"tandem/vrrp/track"
)

// HealthOptions are what a Health stands on.
type HealthOptions struct {
	// Log writes one line without a line end; it is called from several
	// goroutines.
	Log    func(line string)
	Detail bool
	// KeepIPVS leaves the kernel's table when Run ends (--dont-release-ipvs).
	KeepIPVS bool
	// Open connects to IPVS; nil: [lvs.Open], in the namespace of
	// net_namespace_ipvs.
	Open func() (lvs.Kernel, error)
	// Net is asked for addresses where ha_suspend needs them.
	Net func() (netif.Kernel, error)
	// Start runs scripts; nil: [notify.StartProcess].
	Start notify.Start
	// Random is a time from 0 to limit; nil: a random one.
	Random func(limit time.Duration) time.Duration
	// Sessions is where the states of BFD sessions come from; nil: none are
	// known.
	Sessions Feed
	// Notify is what notes are told by; Log, Detail and Start are filled in.
	Notify notify.Options
}

// ErrNoIPVS says that the kernel has no IPVS.
var ErrNoIPVS = errors.New("no IPVS")

// Health balances the services of one configuration after another, and checks
// their servers. Like [Daemon] it is one loop, which never waits for anything
// but its next event: tries run in goroutines of their own.
type Health struct {
	opt    HealthOptions
	cfg    *config.Config
	low    *lowered
	start  time.Time
	dir    *lvs.Director
	kernel lvs.Kernel
	first  lvs.Timeouts // of the kernel, before any of ours
	timed  bool         // some of ours are set
	notes  *notify.Notifier
	files  *track.Tracker
	here   map[netip.Addr]bool
	net    netif.Kernel
	posted chan func()
	stop   chan struct{}
	ctx    context.Context
	heeds  bool // news of sessions are read
}

// NewHealth prepares for cfg. Nothing is touched yet.
func NewHealth(cfg *config.Config, opt HealthOptions) *Health {
	if opt.Log == nil {
		opt.Log = func(string) {}
	}
	if opt.Open == nil {
		opt.Open = func() (lvs.Kernel, error) { return lvs.Open(ipvsNamespace(cfg)) }
	}
	if opt.Start == nil {
		opt.Start = notify.StartProcess
	}
	if opt.Random == nil {
		opt.Random = func(limit time.Duration) time.Duration { return rand.N(limit + 1) }
	}
	opt.Notify.Log, opt.Notify.Detail, opt.Notify.Start = opt.Log, opt.Detail, opt.Start
	h := &Health{opt: opt, cfg: cfg, start: time.Now(), posted: make(chan func(), 256), stop: make(chan struct{})}
	h.dir = lvs.New(lvs.Options{Present: func(a netip.Addr) bool { return h.here[a] }, Random: opt.Random})
	h.notes = notify.New(opt.Notify)
	h.files = track.New(track.Options{Log: opt.Log, Start: opt.Start, Tell: func(r track.Result) {
		h.post(func() { h.fileValue(r) })
	}})
	return h
}

// ipvsNamespace is the file of the network namespace that has the kernel's
// table: of net_namespace_ipvs NAME, or without a name that of the machine.
func ipvsNamespace(cfg *config.Config) string {
	p := &cfg.Process
	switch name := p.NetNamespaceIPVS; {
	case !p.NamespaceIPVSSet:
		return ""
	case name == "":
		return "/proc/1/ns/net"
	case strings.Contains(name, "/"):
		return name
	default:
		return "/run/netns/" + name
	}
}

func (h *Health) now() time.Duration { return time.Since(h.start) }

// post runs f in the loop some time.
func (h *Health) post(f func()) {
	select {
	case h.posted <- f:
	case <-h.stop:
	}
}

// Do runs f in the loop and waits until it has run; false says that the loop
// has ended.
func (h *Health) Do(f func()) bool {
	done := make(chan struct{})
	h.post(func() { f(); close(done) })
	select {
	case <-done:
		return true
	case <-h.stop:
		return false
	}
}

// Run takes over what the configuration says and serves until ctx ends; then it
// gives everything up. An error says that it could not start.
func (h *Health) Run(ctx context.Context) error {
	defer close(h.stop)
	probes, cancel := context.WithCancel(context.Background())
	defer cancel()
	h.ctx = probes
	if err := h.begin(); err != nil {
		h.end()
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if at, on := h.dir.Next(); on {
			timer.Reset(max(at-h.now(), 0))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			h.perform(h.dir.Stop(h.opt.KeepIPVS))
			if h.timed && !h.opt.KeepIPVS {
				h.command(lvs.Command{Op: lvs.SetTimeouts, Timeouts: h.first})
			}
			h.end()
			return nil
		case <-timer.C:
			h.due()
		case f := <-h.posted:
			f()
		}
	}
}

// begin brings everything up.
func (h *Health) begin() error {
	h.low = lowerLVS(h.cfg, h.opt.Start)
	h.say(h.low.logs)
	if len(h.low.lvs.Services) > 0 {
		h.opt.Log("Initializing ipvs")
		k, err := h.opt.Open()
		if err != nil {
			no := lvs.Errno(err)
			h.opt.Log("IPVS: Can't initialize ipvs: " + lvs.SysText(no))
			for _, s := range h.low.lvs.Services {
				for _, r := range s.Servers {
					h.opt.Log(fmt.Sprintf("Shutting down service %s from VS %s", r.Name, s.Name))
				}
			}
			if no == syscall.EPERM || no == syscall.EACCES {
				return fmt.Errorf("%w: %w", ErrNoIPVS, no)
			}
			return ErrNoIPVS
		}
		h.kernel = k
		h.first, _ = k.Timeouts()
	}
	h.watch()
	h.configure(false)
	h.perform(h.dir.Start(h.low.lvs, h.now()))
	h.followSessions()
	return nil
}

// configure brings up what stands beside the services: who is told, and files.
func (h *Health) configure(reload bool) {
	h.timed = h.timed || h.low.lvs.Timeouts != (lvs.Timeouts{})
	g := &h.cfg.Global
	if f, v := g.FIFO, g.LVSFIFO; f != nil && v != nil && f.Path == v.Path {
		h.opt.Log("notify FIFO " + v.Path + " has been specified for global and LVS FIFO - ignoring LVS FIFO")
	}
	h.notes.Configure(healthNotes(h.cfg), reload)
	for _, r := range h.files.Configure(h.low.files, reload) {
		for _, f := range h.low.follow[r.Name] {
			f.check.Weight = int64(r.Value) * f.factor
		}
	}
}

// healthNotes says who is told of what.
func healthNotes(cfg *config.Config) notify.Config {
	all := notifyConfig(cfg)
	out := notify.Config{Mail: all.Mail}
	out.FIFOs = fifosOf(cfg, cfg.Global.LVSFIFO, "lvs ")
	return out
}

// lastScripts is how long the end waits for scripts: they would die with us.
const lastScripts = 2 * time.Second

// end closes what is open.
func (h *Health) end() {
	h.files.Close()
	h.notes.Close()
	select {
	case <-h.notes.Idle():
	case <-time.After(lastScripts):
	}
	if h.kernel != nil {
		h.kernel.Close()
	}
}

func (h *Health) say(lines []string) {
	for _, l := range lines {
		h.opt.Log(l)
	}
}

// Reload replaces the configuration and returns when the new one is in force.
func (h *Health) Reload(cfg *config.Config) error {
	var err error
	if !h.Do(func() { err = h.reload(cfg) }) {
		return context.Canceled
	}
	return err
}

func (h *Health) reload(cfg *config.Config) error {
	low := lowerLVS(cfg, h.opt.Start)
	if h.kernel == nil && len(low.lvs.Services) > 0 {
		h.opt.Log("Initializing ipvs")
		k, err := h.opt.Open()
		if err != nil {
			return fmt.Errorf("IPVS: Can't initialize ipvs: %s", lvs.SysText(lvs.Errno(err)))
		}
		h.kernel = k
		h.first, _ = k.Timeouts()
	} else if h.kernel != nil {
		h.opt.Log("Reinitializing ipvs")
	}
	h.cfg, h.low = cfg, low
	h.say(low.logs)
	h.watch()
	h.configure(true)
	h.perform(h.dir.Reload(low.lvs, h.now()))
	h.followSessions()
	for _, list := range low.follow {
		for _, f := range list {
			h.perform(h.dir.Weigh(f.check, f.check.Weight))
		}
	}
	return nil
}

// fileValue takes the new number of a track_file.
func (h *Health) fileValue(r track.Result) {
	for _, f := range h.low.follow[r.Name] {
		h.perform(h.dir.Weigh(f.check, int64(r.Value)*f.factor))
	}
}

// due starts the tries that are due.
func (h *Health) due() {
	for _, j := range h.dir.Due(h.now()) {
		go func() {
			o := j.Check.Probe.Probe(h.ctx, j.Step)
			h.post(func() { h.perform(h.dir.Done(j, o, h.now())) })
		}()
	}
}

// perform does what the director asks for, in order.
func (h *Health) perform(effects []lvs.Effect) {
	for i := range effects {
		switch e := &effects[i]; {
		case e.Log != "":
			h.opt.Log(e.Log)
		case e.Cmd != nil:
			h.command(*e.Cmd)
		case e.Note != nil:
			h.tell(e.Note)
		}
	}
}

// tell tells a change. The original ends lines for FIFOs with a zero byte too.
func (h *Health) tell(n *lvs.Note) {
	e := notify.Event{Script: n.Script, Subject: n.Subject, Body: n.Body}
	if n.Line != "" {
		e.Line = n.Line + "\n\x00"
	}
	h.notes.Post(e)
}

// command tells the kernel. What is there already, from a run that ended badly
// or from somebody else, is made what it should be.
func (h *Health) command(c lvs.Command) {
	if h.kernel == nil {
		return
	}
	err := h.kernel.Do(c)
	switch no := lvs.Errno(err); {
	case err == nil || c.Op == lvs.StopDaemon && no == syscall.ESRCH: // none runs
		return
	case c.Op == lvs.SetDest && no == syscall.ENOENT:
		c.Op = lvs.AddDest
		err = h.kernel.Do(c)
	case no == syscall.EEXIST && (c.Op == lvs.AddService || c.Op == lvs.AddDest):
		h.opt.Log(lvs.ErrorText(c, err))
		c.Op = map[lvs.Op]lvs.Op{lvs.AddService: lvs.SetService, lvs.AddDest: lvs.SetDest}[c.Op]
		err = h.kernel.Do(c)
	}
	if err != nil {
		h.opt.Log(lvs.ErrorText(c, err))
	}
}

// watch begins to follow the addresses of this machine, if a service depends
// on one.
func (h *Health) watch() {
	if !h.low.suspends || h.net != nil || h.opt.Net == nil {
		return
	}
	if h.opt.Detail {
		h.opt.Log("Registering Kernel netlink reflector")
	}
	k, err := h.opt.Net()
	if err == nil {
		h.net = k
		err = k.Watch(h.stop, func(ev netif.Event) {
			if ev.Addr.IsValid() || ev.Resync || ev.Gone {
				h.post(h.look)
			}
		})
	}
	if err != nil {
		h.opt.Log(err.Error())
		return
	}
	if h.opt.Detail {
		h.opt.Log("Registering Kernel netlink command channel")
	}
	h.look()
}

// look reads which addresses are here.
func (h *Health) look() {
	links, err := h.net.Links()
	if err != nil {
		return
	}
	now := map[netip.Addr]bool{}
	for _, l := range links {
		for _, p := range l.Addrs {
			now[p.Addr()] = true
		}
	}
	was := h.here
	h.here = now
	for a := range was {
		if !now[a] {
			h.perform(h.dir.Address(a, false))
		}
	}
	for a := range now {
		if !was[a] {
			h.perform(h.dir.Address(a, true))
		}
	}
}
