package fsm_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/fsm"
	"tandem/vrrp/packet"
)

var rewrite = flag.Bool("rewrite", false, "write what the machine says into the scenario files")

const scenarioDir = "../../testdata/vrrp"

// TestScenarios runs every file of testdata/vrrp; README.md there explains
// the commands.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(scenarioDir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			got := runScenario(t, string(data))
			if got == string(data) {
				return
			}
			if *rewrite {
				if err := os.WriteFile(f, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s differs (-file +machine); after review, go test ./vrrp/fsm -rewrite\n%s", f, cmp.Diff(string(data), got))
		})
	}
}

// runScenario replays the commands of src and returns it with the answers that
// the machines gave. A block is commands, a line "----", the answer, a blank
// line.
func runScenario(t *testing.T, src string) string {
	t.Helper()
	w := newWorld(t)
	var out strings.Builder
	lines := strings.Split(src, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if line == "----" {
			out.WriteString("----\n" + w.take())
			for i+1 < len(lines) && lines[i+1] != "" {
				i++
			}
			continue
		}
		out.WriteString(line)
		if i < len(lines)-1 {
			out.WriteString("\n")
		}
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 0 {
			w.command(f)
		}
	}
	return out.String()
}

// node is one machine with its configuration, not yet or no more running, or
// running.
type node struct {
	name     string
	addr     netip.Addr
	cfg      fsm.Config
	m        *fsm.Machine
	deadline time.Duration
	armed    bool
	deaf     bool
}

// world is the nodes of a scenario, joined by one link.
type world struct {
	t     *testing.T
	now   time.Duration
	nodes []*node
	out   strings.Builder
	quiet bool
	queue []func() // adverts on their way
	busy  bool
}

func newWorld(t *testing.T) *world { return &world{t: t} }

func (w *world) take() string {
	s := w.out.String()
	w.out.Reset()
	return s
}

func (w *world) node(name string) *node {
	for _, n := range w.nodes {
		if n.name == name {
			return n
		}
	}
	w.t.Fatalf("no node %q", name)
	return nil
}

// options splits words of the form key=value.
func options(words []string) map[string]string {
	o := make(map[string]string)
	for _, s := range words {
		k, v, _ := strings.Cut(s, "=")
		o[k] = v
	}
	return o
}

func (w *world) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) command(f []string) {
	switch f[0] {
	case "node":
		w.nodes = append(w.nodes, &node{name: f[1], addr: netip.MustParseAddr(f[2])})
		return
	case "tick":
		w.quiet = len(f) > 2 && f[2] == "quiet"
		w.tick(w.duration(f[1]))
		w.quiet = false
		return
	}
	n := w.node(f[1])
	switch f[0] {
	case "instance":
		w.instance(n, f[2], f[3:])
	case "group":
		w.group(n, f[2], f[3:])
	case "global":
		for k, v := range options(f[2:]) {
			switch k {
			case "startup-delay":
				n.cfg.StartupDelay = w.duration(v)
			case "log-unknown":
				n.cfg.LogUnknown = true
			default:
				w.t.Fatalf("unknown word %q", k)
			}
		}
	case "drop":
		n.cfg.Instances = slices.DeleteFunc(n.cfg.Instances, func(c fsm.InstanceConfig) bool { return c.Name == f[2] })
	case "start":
		if n.m == nil {
			n.m = fsm.New(n.cfg)
		}
		w.step(n, fsm.Start{})
	case "prepare":
		n.m = fsm.New(n.cfg)
	case "reload":
		w.step(n, fsm.ReloadBegin{})
		w.step(n, fsm.Reload{Config: n.cfg})
	case "stop":
		w.step(n, fsm.Shutdown{})
		n.m = nil
	case "kill":
		n.m = nil
	case "cut":
		n.deaf = true
	case "heal":
		n.deaf = false
	default:
		w.event(n, f)
	}
}

// event is a command that becomes one event of the machine.
func (w *world) event(n *node, f []string) {
	switch f[0] {
	case "link":
		w.step(n, fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackInterface, Name: f[2]}, Up: f[3] == "up"})
	case "script":
		w.step(n, fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackScript, Name: f[2]}, Up: f[3] == "up"})
	case "process":
		w.step(n, fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackProcess, Name: f[2]}, Up: f[3] == "up"})
	case "file":
		w.step(n, fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackFile, Name: f[2]}, Value: w.number(f[3])})
	case "address":
		ev := fsm.SourceAddr{Name: f[2]}
		if f[3] != "none" {
			ev.Addr = netip.MustParseAddr(f[3])
		}
		w.step(n, ev)
	case "fault":
		w.step(n, fsm.ConfigFault{Name: f[2], Why: strings.Join(f[4:], " "), Set: f[3] == "set"})
	case "vip-removed":
		w.step(n, fsm.AddressRemoved{Name: f[2]})
	case "announce":
		w.step(n, fsm.AnnounceAll{})
	case "recv":
		w.inject(n, options(f[2:]))
	case "state":
		w.state(n)
	case "stats":
		v, _ := n.m.Instance(f[2])
		fmt.Fprintf(&w.out, "%s %s %+v\n", n.name, f[2], v.Stats)
	default:
		w.t.Fatalf("unknown command %q", f[0])
	}
}

// instance adds an instance, or changes the one that has the name already.
func (w *world) instance(n *node, name string, words []string) {
	i := slices.IndexFunc(n.cfg.Instances, func(c fsm.InstanceConfig) bool { return c.Name == name })
	if i < 0 {
		i = len(n.cfg.Instances)
		n.cfg.Instances = append(n.cfg.Instances, fsm.InstanceConfig{
			Name: name, Link: "eth0", Src: n.addr, VRID: 51, Priority: 100, Version: 2,
			IPv6: n.addr.Is6(), Interval: time.Second, Garp: fsm.DefaultGarp,
			Trackers: []fsm.Tracking{{TrackID: fsm.TrackID{Kind: fsm.TrackInterface, Name: "eth0"}}},
		})
	}
	c := &n.cfg.Instances[i]
	for _, word := range words {
		k, v, _ := strings.Cut(word, "=")
		if !w.option(c, k, v) {
			w.t.Fatalf("unknown word %q", k)
		}
	}
}

// option sets one field of an instance.
func (w *world) option(c *fsm.InstanceConfig, k, v string) bool {
	switch k {
	case "vrid":
		c.VRID = uint8(w.number(v))
	case "prio":
		c.Priority = uint8(w.number(v))
	case "version":
		c.Version = uint8(w.number(v))
	case "interval":
		c.Interval = w.duration(v)
	case "link":
		c.Link = v
		c.Trackers[0].Name = v
	case "src":
		c.Src, _ = netip.ParseAddr(v)
	case "vips":
		c.Addrs = nil
		for s := range strings.SplitSeq(v, ",") {
			c.Addrs = append(c.Addrs, netip.MustParseAddr(s))
		}
	case "pass":
		c.Auth = packet.AuthPass
		copy(c.Pass[:], v)
	case "want-master":
		c.WantMaster = true
	case "nopreempt":
		c.NoPreempt = v != "no"
	case "preempt-delay":
		c.PreemptDelay = w.duration(v)
	case "down-adverts":
		c.DownAdverts = w.number(v)
	case "lower-no-advert":
		c.LowerNoAdvert = true
	case "higher-advert":
		c.HigherAdvert = true
	case "watch-rivals":
		c.WatchRivals = true
	case "ignore-owner":
		c.IgnoreOwner = true
	case "excluded":
		c.HasExcluded = true
	case "routes":
		c.HasRoutes = true
	case "rules":
		c.HasRules = true
	case "unicast":
		c.Unicast = true
	case "faults":
		c.Faults = nil
		if v != "" {
			c.Faults = strings.Split(strings.ReplaceAll(v, "_", " "), ",")
		}
	case "peers":
		c.Unicast, c.CheckPeers = true, true
		for s := range strings.SplitSeq(v, ",") {
			c.Peers = append(c.Peers, packet.Peer{Addr: netip.MustParseAddr(s), MaxTTL: 255})
		}
	case "skip-addrs":
		c.SkipAddrs = true
	case "notify-prio":
		c.NotifyPrio = true
	case "notify-deleted":
		c.Deleted = true
	case "garp":
		c.Garp = w.garp(v)
	case "track":
		c.Trackers = append(c.Trackers, w.tracking(v))
	default:
		return false
	}
	return true
}

// garp reads delay/repeat/refresh/refresh-repeat/lower-delay/lower-repeat.
func (w *world) garp(v string) fsm.Garp {
	f := strings.Split(v, "/")
	sec := func(i int) time.Duration { return time.Duration(w.number(f[i])) * time.Second }
	return fsm.Garp{Delay: sec(0), Repeat: w.number(f[1]), Refresh: sec(2), RefreshRepeat: w.number(f[3]),
		LowerDelay: sec(4), LowerRepeat: w.number(f[5])}
}

// tracking reads kind:name[:weight[:reverse]]; a script is pending.
func (w *world) tracking(v string) fsm.Tracking {
	f := strings.Split(v, ":")
	kinds := map[string]fsm.TrackKind{"interface": fsm.TrackInterface, "script": fsm.TrackScript,
		"file": fsm.TrackFile, "process": fsm.TrackProcess}
	k, ok := kinds[f[0]]
	if !ok {
		w.t.Fatalf("unknown kind %q", f[0])
	}
	tr := fsm.Tracking{TrackID: fsm.TrackID{Kind: k, Name: f[1]}, Pending: k == fsm.TrackScript}
	if len(f) > 2 {
		tr.Weight = w.number(f[2])
	}
	tr.Reverse = len(f) > 3
	return tr
}

func (w *world) group(n *node, name string, words []string) {
	g := fsm.GroupConfig{Name: name}
	for _, word := range words {
		switch k, v, _ := strings.Cut(word, "="); k {
		case "members":
			g.Members = strings.Split(v, ",")
		case "weights":
			g.Weights = true
		case "track":
			g.Trackers = append(g.Trackers, w.tracking(v))
		default:
			w.t.Fatalf("unknown word %q", word)
		}
	}
	n.cfg.Groups = append(n.cfg.Groups, g)
}

// step feeds one machine and performs what it asks for: shows it, and carries
// adverts to the other nodes.
func (w *world) step(n *node, ev fsm.Event) {
	if n.m == nil {
		n.m = fsm.New(n.cfg)
	}
	r := n.m.Step(ev, w.now)
	n.deadline, n.armed = r.Deadline, r.Armed
	for _, e := range slices.Clone(r.Effects) {
		if !w.quiet || e.Do != fsm.SendAdvert {
			fmt.Fprintf(&w.out, "%.6f %s: %s\n", w.now.Seconds(), n.name, e)
		}
		if e.Do == fsm.SendAdvert && !n.deaf {
			w.queue = append(w.queue, func() { w.carry(n, e) })
		}
	}
	if w.busy {
		return
	}
	w.busy = true
	for len(w.queue) > 0 {
		deliver := w.queue[0]
		w.queue = w.queue[1:]
		deliver()
	}
	w.busy = false
}

// carry encodes an advert and delivers it to everybody else, through the real
// codec.
func (w *world) carry(from *node, e fsm.Effect) {
	i := slices.IndexFunc(from.cfg.Instances, func(c fsm.InstanceConfig) bool { return c.Name == e.Inst })
	if i < 0 {
		return
	}
	c := from.cfg.Instances[i]
	for _, to := range w.nodes {
		if to == from || to.m == nil || to.deaf {
			continue
		}
		w.deliver(to, c, e.Priority, from.addr)
	}
}

func (w *world) deliver(to *node, c fsm.InstanceConfig, prio uint8, src netip.Addr) {
	iv := uint16(c.Interval / time.Second)
	if c.Version == packet.V3 || c.IPv6 {
		c.Version = packet.V3
		iv = uint16(c.Interval / (10 * time.Millisecond))
	}
	dst := packet.Group4
	if c.IPv6 {
		dst = packet.Group6
	}
	if c.Unicast {
		dst = to.addr
	}
	a := packet.Advert{Version: c.Version, VRID: c.VRID, Priority: prio, Interval: iv, Auth: c.Auth, Pass: c.Pass, Addrs: c.Addrs}
	var d packet.Datagram
	if c.IPv6 {
		d, _ = packet.FromIPv6(a.Append(nil, src, dst), src, dst, 255)
	} else {
		h := packet.IPv4Header{ID: 1, TTL: 255, Protocol: packet.Protocol, Src: src, Dst: dst}
		d, _ = packet.FromIPv4(a.Append(h.Append(nil, a.Len()), src, dst))
	}
	w.step(to, fsm.Recv{Link: c.Link, IPv6: c.IPv6, D: &d})
}

// inject delivers an advert of a stranger, by default like the first instance.
func (w *world) inject(n *node, o map[string]string) {
	c := n.cfg.Instances[0]
	src := netip.MustParseAddr("10.0.0.9")
	if c.IPv6 {
		src = netip.MustParseAddr("fe80::9")
	}
	prio := c.Priority
	for k, v := range o {
		switch k {
		case "prio":
			prio = uint8(w.number(v))
		case "from":
			src = netip.MustParseAddr(v)
		case "like":
			// Read first: the other words change its copy.
		default:
			if !w.option(&c, k, v) {
				w.t.Fatalf("unknown word %q", k)
			}
		}
	}
	w.deliver(n, c, prio, src)
}

func (w *world) state(n *node) {
	n.m.Instances(func(v fsm.View) {
		timer := "none"
		if v.Timer-w.now < time.Hour {
			timer = (v.Timer - w.now).String()
		}
		fmt.Fprintf(&w.out, "%s %s %s prio=%d timer=%s\n", n.name, v.Config.Name, v.State, v.Effective, timer)
	})
}

// tick lets d pass, stopping wherever a machine wants to be woken.
func (w *world) tick(d time.Duration) {
	end := w.now + d
	for range 100000 {
		var next *node
		for _, n := range w.nodes {
			if n.m != nil && n.armed && n.deadline <= end && (next == nil || n.deadline < next.deadline) {
				next = n
			}
		}
		if next == nil {
			w.now = end
			return
		}
		w.now = max(w.now, next.deadline)
		w.step(next, fsm.Tick{})
	}
	w.t.Fatal("the machines do not come to rest")
}
