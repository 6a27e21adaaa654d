package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
	"tandem/vrrp/wire"
)

// rig is a network in memory with daemons on it; it lives in a bubble of
// synctest, where time passes only while all wait.
type rig struct {
	t   *testing.T
	net *wire.Fake
}

// box is one node of a rig.
type box struct {
	r      *rig
	name   string
	d      *Daemon
	k      *netif.Fake
	mu     sync.Mutex
	lines  []string
	plug   *recorder
	cancel context.CancelFunc
	done   chan error
}

// recorder is a plug-in that notes what it is told.
type recorder struct {
	mu      sync.Mutex
	notices []string
	begun   int
	ended   bool
	first   []fsm.Event
	post    func(fsm.Event)
}

func (p *recorder) Begin(_ *config.Config, reload bool, post func(fsm.Event)) []fsm.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun++
	p.post = post
	return p.first
}

func (p *recorder) Notice(n Notice) {
	kind := "INSTANCE"
	if n.Group {
		kind = "GROUP"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notices = append(p.notices, fmt.Sprintf("%s %s %s %d", kind, n.Name, n.State, n.Priority))
}

func (p *recorder) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// told is what the plug-in was told so far.
func (p *recorder) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notices)
}

func nic(ip string) netif.Link {
	return netif.Link{Name: "eth0", Index: 2, Up: true, Multicast: true, MTU: 1500,
		MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Addrs: []netip.Prefix{netip.MustParsePrefix(ip)}}
}

// instanceOf is an instance on eth0 with the addresses.
func instanceOf(name string, vrid, prio uint8, vips ...string) *config.Instance {
	in := &config.Instance{Name: name, Interface: "eth0", VRID: vrid, Version: 2, Priority: prio,
		AdvertInterval: time.Second, UnicastTTL: -1, Accept: true,
		Garp: config.Garp{Delay: 5 * time.Second, Repeat: 5, RefreshRepeat: 1}}
	for _, v := range vips {
		in.VIPs = append(in.VIPs, &config.Address{Prefix: netip.MustParsePrefix(v), Interface: "eth0"})
	}
	return in
}

func configOf(list ...*config.Instance) *config.Config {
	c := &config.Config{Instances: list}
	c.Global.DefaultInterface = "eth0"
	return c
}

// boot starts a node. change may alter the options.
func (r *rig) boot(name, ip string, cfg *config.Config, change func(*Options)) *box {
	b := &box{r: r, name: name, k: netif.NewFake(nic(ip)), plug: &recorder{}, done: make(chan error, 1)}
	opt := Options{Network: r.net.Node(name), Kernel: b.k, NewTimer: NewGoTimer, Detail: true,
		Log: b.log, Plugins: []Plugin{b.plug}, StopDelay: time.Second}
	if change != nil {
		change(&opt)
	}
	b.d = New(cfg, opt)
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	go func() { b.done <- b.d.Run(ctx) }()
	synctest.Wait()
	return b
}

// stop ends the node as SIGTERM does.
func (b *box) stop() error {
	b.cancel()
	return <-b.done
}

func (b *box) log(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, s)
}

// said is the log so far.
func (b *box) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

func (b *box) has(line string) bool { return slices.Contains(b.said(), line) }

func (b *box) wantKernel(want ...string) {
	b.r.t.Helper()
	if got := b.k.Take(); !slices.Equal(got, want) {
		b.r.t.Errorf("%s: kernel was told\n  %s\nwant\n  %s", b.name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// inBubble runs f with a rig, with time under control.
func inBubble(t *testing.T, f func(r *rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { f(&rig{t: t, net: wire.NewFake()}) })
}

func TestTakeover(t *testing.T) {
	inBubble(t, func(r *rig) {
		a := r.boot("a", "10.0.0.1/24", configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32")), nil)
		b := r.boot("b", "10.0.0.2/24", configOf(instanceOf("VI_1", 51, 100, "10.0.0.100/32")), nil)
		time.Sleep(5 * time.Second)
		a.wantKernel("ip addr add 10.0.0.100/32 dev eth0")
		b.wantKernel()
		if n := len(r.net.Frames()); n != 5 {
			t.Errorf("%d announcements, want 5", n)
		}
		// The address goes with the advert of priority 0, and is taken a skew
		// time later.
		begin := time.Now()
		if err := a.stop(); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin); d != time.Second {
			t.Errorf("stopping took %v, want 1s", d)
		}
		a.wantKernel("ip addr del 10.0.0.100/32 dev eth0")
		b.wantKernel("ip addr add 10.0.0.100/32 dev eth0")
		want := []string{"INSTANCE VI_1 BACKUP 150", "INSTANCE VI_1 MASTER 150", "INSTANCE VI_1 STOP 150"}
		if !slices.Equal(a.plug.told(), want) || !a.plug.ended {
			t.Errorf("a's notices %v, ended %v", a.plug.told(), a.plug.ended)
		}
		if !b.has("(VI_1) Backup received priority 0 advertisement") || !b.has("(VI_1) master set to 10.0.0.1") {
			t.Errorf("b says %q", b.said())
		}
		b.stop()
		b.wantKernel("ip addr del 10.0.0.100/32 dev eth0")
	})
}

func TestCutAndHeal(t *testing.T) {
	inBubble(t, func(r *rig) {
		a := r.boot("a", "10.0.0.1/24", configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32")), nil)
		b := r.boot("b", "10.0.0.2/24", configOf(instanceOf("VI_1", 51, 100, "10.0.0.100/32")), nil)
		time.Sleep(5 * time.Second)
		r.net.Cut("b", true)
		time.Sleep(5 * time.Second)
		if !b.k.Has("10.0.0.100/32%eth0") {
			t.Error("b did not take over when it was cut off")
		}
		r.net.Cut("b", false)
		time.Sleep(2 * time.Second)
		if b.k.Has("10.0.0.100/32%eth0") || !a.k.Has("10.0.0.100/32%eth0") {
			t.Error("after the cut is healed both or the wrong one hold the address")
		}
		a.stop()
		b.stop()
	})
}

func TestReload(t *testing.T) {
	inBubble(t, func(r *rig) {
		a := r.boot("a", "10.0.0.1/24", configOf(instanceOf("V1", 51, 200, "10.0.0.101/32", "10.0.0.102/32"), instanceOf("V2", 52, 200, "10.0.0.103/32")), nil)
		time.Sleep(5 * time.Second)
		a.k.Take()
		frames := len(r.net.Frames())
		next := configOf(instanceOf("V1", 51, 210, "10.0.0.101/32", "10.0.0.105/32"), instanceOf("V2", 62, 200, "10.0.0.103/32"))
		a.d.Advertise()
		if err := a.d.Reload(next); err != nil {
			t.Fatal(err)
		}
		a.wantKernel("ip addr del 10.0.0.103/32 dev eth0", "ip addr add 10.0.0.105/32 dev eth0", "ip addr del 10.0.0.102/32 dev eth0")
		if n := len(r.net.Frames()) - frames; n != 10 {
			t.Errorf("%d announcements after an address was added, want 5 for each of 2", n)
		}
		if !a.has("(V1) ip address 10.0.0.102/32 dev eth0, no longer exist") {
			t.Errorf("the removed address is not told: %q", a.said())
		}
		time.Sleep(4 * time.Second)
		if !a.k.Has("10.0.0.103/32%eth0") {
			t.Error("the instance with the new VRID did not become master")
		}
		if a.plug.begun != 2 {
			t.Errorf("plug-in was begun %d times, want 2", a.plug.begun)
		}
		a.stop()
		for _, id := range []string{"10.0.0.101/32%eth0", "10.0.0.103/32%eth0", "10.0.0.105/32%eth0"} {
			if a.k.Has(id) {
				t.Errorf("%s is left behind", id)
			}
		}
	})
}

func TestReloadMovesAddress(t *testing.T) {
	inBubble(t, func(r *rig) {
		a := r.boot("a", "10.0.0.1/24", configOf(instanceOf("V1", 51, 200, "10.0.0.101/32", "10.0.0.102/32"), instanceOf("V2", 52, 200, "10.0.0.103/32")), nil)
		time.Sleep(5 * time.Second)
		a.k.Take()
		if err := a.d.Reload(configOf(instanceOf("V1", 51, 200, "10.0.0.101/32"), instanceOf("V2", 52, 200, "10.0.0.103/32", "10.0.0.102/32"))); err != nil {
			t.Fatal(err)
		}
		if !a.k.Has("10.0.0.102/32%eth0") {
			t.Errorf("the address that moved between instances is gone; kernel: %v", a.k.Take())
		}
		a.stop()
	})
}

func TestAddressRemovedByOthers(t *testing.T) {
	inBubble(t, func(r *rig) {
		cfg := configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32"))
		cfg.StaticAddresses = []*config.Address{{Prefix: netip.MustParsePrefix("10.9.9.9/32"), Interface: "eth0"}}
		a := r.boot("a", "10.0.0.1/24", cfg, nil)
		time.Sleep(5 * time.Second)
		a.wantKernel("ip addr add 10.9.9.9/32 dev eth0", "ip addr add 10.0.0.100/32 dev eth0")
		eth0 := netif.Link{Name: "eth0"}
		a.k.Happen(netif.Event{Link: eth0, Gone: true, Addr: netip.MustParsePrefix("10.9.9.9/32")})
		synctest.Wait()
		a.wantKernel("ip addr add 10.9.9.9/32 dev eth0")
		a.k.Happen(netif.Event{Link: eth0, Gone: true, Addr: netip.MustParsePrefix("10.0.0.100/32")})
		synctest.Wait()
		if !a.has("Netlink reflector reports IP 10.0.0.100 removed from eth0") || !a.has("(VI_1) Entering BACKUP STATE") {
			t.Errorf("log: %q", a.said())
		}
		time.Sleep(time.Second)
		a.wantKernel("ip addr add 10.0.0.100/32 dev eth0")
		a.stop()
		a.wantKernel("ip addr del 10.0.0.100/32 dev eth0", "ip addr del 10.9.9.9/32 dev eth0")
	})
}

func TestLinkDown(t *testing.T) {
	inBubble(t, func(r *rig) {
		cfg := configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32"))
		cfg.InterfaceDelays = []config.InterfaceDelay{{Name: "eth0", Down: 500 * time.Millisecond}}
		a := r.boot("a", "10.0.0.1/24", cfg, nil)
		time.Sleep(5 * time.Second)
		down, up := nic("10.0.0.1/24"), nic("10.0.0.1/24")
		down.Up = false
		// Shorter than the debounce time: nothing happened.
		a.k.Happen(netif.Event{Link: down})
		time.Sleep(300 * time.Millisecond)
		a.k.Happen(netif.Event{Link: up})
		time.Sleep(time.Second)
		if a.has("Netlink reports eth0 down") {
			t.Error("a short change was told")
		}
		a.k.Happen(netif.Event{Link: down})
		time.Sleep(time.Second)
		if !a.has("Netlink reports eth0 down") || !a.has("(VI_1) Entering FAULT STATE") || a.k.Has("10.0.0.100/32%eth0") {
			t.Errorf("log: %q", a.said())
		}
		a.k.Happen(netif.Event{Link: up})
		time.Sleep(5 * time.Second)
		if !a.has("Netlink reports eth0 up") || !a.k.Has("10.0.0.100/32%eth0") {
			t.Error("no recovery")
		}
		a.stop()
	})
}

func TestSourceAddress(t *testing.T) {
	inBubble(t, func(r *rig) {
		a := r.boot("a", "10.0.0.1/24", configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32")), nil)
		time.Sleep(5 * time.Second)
		own := netif.Event{Link: netif.Link{Name: "eth0"}, Addr: netip.MustParsePrefix("10.0.0.1/24")}
		gone := own
		gone.Gone = true
		a.k.Happen(gone)
		synctest.Wait()
		if !a.has("Deassigned address 10.0.0.1 from interface eth0") || !a.has("(VI_1) Entering FAULT STATE") {
			t.Errorf("log: %q", a.said())
		}
		a.k.Happen(own)
		time.Sleep(4 * time.Second)
		if !a.k.Has("10.0.0.100/32%eth0") {
			t.Error("no recovery")
		}
		a.stop()
	})
}

func TestPluginEvents(t *testing.T) {
	inBubble(t, func(r *rig) {
		in := instanceOf("VI_1", 51, 150, "10.0.0.100/32")
		s := &config.Script{Name: "chk", Command: &config.Command{}}
		in.Tracks.Scripts = []config.Tracked[*config.Script]{{Target: s}}
		a := r.boot("a", "10.0.0.1/24", configOf(in), nil)
		time.Sleep(10 * time.Second)
		if len(a.plug.told()) != 0 {
			t.Errorf("before the script's first result: %v", a.plug.told())
		}
		id := fsm.TrackID{Kind: fsm.TrackScript, Name: "chk"}
		a.plug.post(fsm.Track{TrackID: id, Up: true})
		time.Sleep(5 * time.Second)
		a.plug.post(fsm.Track{TrackID: id})
		synctest.Wait()
		want := []string{"INSTANCE VI_1 BACKUP 150", "INSTANCE VI_1 MASTER 150", "INSTANCE VI_1 FAULT 150"}
		if !slices.Equal(a.plug.told(), want) {
			t.Errorf("notices %v, want %v", a.plug.told(), want)
		}
		a.stop()
	})
}

func TestCannotStart(t *testing.T) {
	inBubble(t, func(r *rig) {
		in := instanceOf("VI_1", 51, 150, "10.0.0.100/32")
		in.Interface = "eth7"
		a := r.boot("a", "10.0.0.1/24", configOf(in), nil)
		if err := <-a.done; err == nil || !strings.Contains(err.Error(), "eth7") {
			t.Errorf("error = %v, want one about eth7", err)
		}
		cfg := configOf(in)
		cfg.Global.DynamicInterfaces = true
		b := r.boot("b", "10.0.0.2/24", cfg, nil)
		synctest.Wait()
		if !b.has("(VI_1) entering FAULT state") {
			t.Errorf("with dynamic_interfaces: %q", b.said())
		}
		b.stop()
	})
}

func TestKeepVIPs(t *testing.T) {
	inBubble(t, func(r *rig) {
		a := r.boot("a", "10.0.0.1/24", configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32")), func(o *Options) { o.KeepVIPs = true })
		time.Sleep(5 * time.Second)
		a.stop()
		if !a.k.Has("10.0.0.100/32%eth0") {
			t.Error("the address was removed although it was to stay")
		}
	})
}

func TestVMAC(t *testing.T) {
	inBubble(t, func(r *rig) {
		in := instanceOf("VI_1", 51, 150, "10.0.0.100/32")
		in.VMAC = &config.VMAC{}
		a := r.boot("a", "10.0.0.1/24", configOf(in), nil)
		time.Sleep(5 * time.Second)
		a.wantKernel("ip link add vrrp.51 link eth0 address 00:00:5e:00:01:33 type macvlan mode private",
			"ip addr add 10.0.0.100/32 dev vrrp.51")
		f := r.net.Frames()
		if len(f) != 5 || f[0].Link != "vrrp.51" || f[0].Bytes[11] != 0x33 {
			t.Errorf("announcements: %v", f)
		}
		a.stop()
		a.wantKernel("ip addr del 10.0.0.100/32 dev vrrp.51", "ip link del vrrp.51")
	})
}

func TestStatsAndData(t *testing.T) {
	inBubble(t, func(r *rig) {
		in := instanceOf("VI_1", 51, 150, "10.0.0.100/32")
		cfg := configOf(in)
		cfg.SyncGroups = []*config.SyncGroup{{Name: "G", Members: []*config.Instance{in}}}
		in.Group = cfg.SyncGroups[0]
		a := r.boot("a", "10.0.0.1/24", cfg, nil)
		time.Sleep(5 * time.Second)
		var s, data, cleared strings.Builder
		if err := a.d.WriteStats(&s, true); err != nil {
			t.Fatal(err)
		}
		a.d.WriteStats(&cleared, false)
		a.d.WriteData(&data)
		if want := "VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n    Sent: 2\n  Became master: 1\n  Released master: 0\n"; !strings.HasPrefix(s.String(), want) {
			t.Errorf("statistics:\n%s", s.String())
		}
		if !strings.Contains(cleared.String(), "    Sent: 0\n") {
			t.Errorf("cleared statistics:\n%s", cleared.String())
		}
		for _, want := range []string{"------< VRRP Topology >------\n VRRP Instance = VI_1\n", "   State = MASTER\n",
			"     10.0.0.100 dev eth0 scope global set\n", " VRRP Sync Group = G, MASTER\n", "   Master down timer = 3414062 usecs\n"} {
			if !strings.Contains(data.String(), want) {
				t.Errorf("data lacks %q:\n%s", want, data.String())
			}
		}
		var js strings.Builder
		if err := a.d.WriteJSON(&js); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`[{"data":{"iname":"VI_1","dont_track_primary":0,"skip_check_adv_addr":0,`, `"vipset":true`,
			`"adver_int":1,"master_adver_int":1,`, `"state":2,"wantstate":2,"version":2,`, `"vips":["10.0.0.100 dev eth0 scope global set"],"auth_type":0}`,
			`"stats":{"advert_rcvd":0,"advert_sent":0,`} {
			if !strings.Contains(js.String(), want) {
				t.Errorf("JSON lacks %q:\n%s", want, js.String())
			}
		}
		a.stop()
		if err := a.d.WriteStats(&s, false); err == nil {
			t.Error("statistics of an ended daemon")
		}
	})
}

func TestUnicast(t *testing.T) {
	inBubble(t, func(r *rig) {
		mk := func(prio uint8, peer string) *config.Config {
			in := instanceOf("VI_1", 51, prio, "10.0.0.100/32")
			in.Peers = []config.Peer{{Addr: netip.MustParseAddr(peer), MaxTTL: 255}}
			in.CheckUnicastSource = true
			return configOf(in)
		}
		a := r.boot("a", "10.0.0.1/24", mk(150, "10.0.0.2"), nil)
		b := r.boot("b", "10.0.0.2/24", mk(100, "10.0.0.1"), nil)
		time.Sleep(6 * time.Second)
		if !a.k.Has("10.0.0.100/32%eth0") || b.k.Has("10.0.0.100/32%eth0") {
			t.Error("the unicast pair did not agree")
		}
		a.stop()
		b.stop()
	})
}
