package daemon

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/notify"
	"tandem/vrrp/track"
)

// programs plays the programs that plug-ins run.
type programs struct {
	mu   sync.Mutex
	ran  []string
	fail bool // of checks
}

// ended is a program that has ended already.
type ended struct{ st notify.Status }

func (p ended) Wait() notify.Status   { return p.st }
func (p ended) Signal(syscall.Signal) {}

func (p *programs) start(c *notify.Command, more ...string) (notify.Process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Path == "/check" {
		if p.fail {
			return ended{notify.Status{Code: 1}}, nil
		}
		return ended{}, nil
	}
	if c.Path == "/broken" {
		return nil, errors.New("broken")
	}
	p.ran = append(p.ran, strings.Join(append(slices.Clone(c.Argv), more...), " "))
	return ended{}, nil
}

func (p *programs) set(fail bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = fail
}

func (p *programs) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.ran
	p.ran = nil
	return out
}

func command(argv ...string) *config.Command {
	return &config.Command{Argv: argv, Path: argv[0], Text: strings.Join(argv, " ")}
}

// withPlugins boots a node whose plug-ins are the real ones, but for the
// programs that they run.
func (r *rig) withPlugins(name, ip string, cfg *config.Config) (*box, *programs) {
	p := &programs{}
	var mu sync.Mutex
	b := r.boot(name, ip, cfg, func(o *Options) {
		log := o.Log
		o.Log = func(s string) {
			mu.Lock()
			defer mu.Unlock()
			log(s)
		}
		o.Plugins = append(o.Plugins, NewNotifier(notify.Options{Log: o.Log, Start: p.start}),
			NewTracker(track.Options{Log: o.Log, Start: p.start}))
	})
	return b, p
}

// TestCheckedPair has a check script move an address between two nodes, and
// scripts told of it.
func TestCheckedPair(t *testing.T) {
	for _, weight := range []int{-60, 0} {
		t.Run(fmt.Sprint(weight), func(t *testing.T) {
			inBubble(t, func(r *rig) {
				checked := func(prio uint8) *config.Config {
					in := instanceOf("VI_1", 51, prio, "10.0.0.100/32")
					s := &config.Script{Name: "chk", Command: command("/check"), Interval: time.Second, Timeout: time.Second, Rise: 1, Fall: 2, Used: true}
					in.Tracks.Scripts = []config.Tracked[*config.Script]{{Target: s, Name: "chk", Weight: weight}}
					in.Notify.Master, in.Notify.Any = command("/master", "x"), command("/any")
					in.Notify.Fault = command("/broken")
					c := configOf(in)
					c.Scripts = []*config.Script{s}
					return c
				}
				a, pa := r.withPlugins("a", "10.0.0.1/24", checked(150))
				b, _ := r.withPlugins("b", "10.0.0.2/24", checked(100))
				time.Sleep(6 * time.Second)
				on := func(x *box) bool { return x.k.Has("10.0.0.100/32%eth0") }
				if !on(a) || on(b) {
					t.Fatal("the address is not on a alone")
				}
				pa.set(true)
				time.Sleep(8 * time.Second)
				if on(a) || !on(b) {
					t.Error("the address is not on b alone after the check failed")
				}
				pa.set(false)
				time.Sleep(8 * time.Second)
				if !on(a) || on(b) {
					t.Error("the address is not on a alone after the check succeeded again")
				}
				a.stop()
				b.stop()
				synctest.Wait()
				want := []string{"/any INSTANCE VI_1 BACKUP 150", "/master x", "/any INSTANCE VI_1 MASTER 150",
					"/any INSTANCE VI_1 BACKUP 90", "/master x", "/any INSTANCE VI_1 MASTER 150", "/any INSTANCE VI_1 STOP 150"}
				if weight == 0 {
					want = slices.Concat(want[:3], []string{"/any INSTANCE VI_1 FAULT 150", "/any INSTANCE VI_1 BACKUP 150"}, want[4:])
				}
				if d := cmp.Diff(want, pa.take()); d != "" {
					t.Errorf("scripts (-want +got):\n%s", d)
				}
			})
		})
	}
}

// TestReloadWithPlugins removes an instance and adds a script: the loop and
// the plug-ins must not wait for each other.
func TestReloadWithPlugins(t *testing.T) {
	inBubble(t, func(r *rig) {
		gone := instanceOf("V2", 52, 100, "10.0.0.102/32")
		gone.Notify.DeletedState = true
		gone.Notify.Any = command("/any")
		a, p := r.withPlugins("a", "10.0.0.1/24", configOf(instanceOf("V1", 51, 100, "10.0.0.101/32"), gone))
		time.Sleep(5 * time.Second)
		p.take()
		for i := range 20 {
			in := instanceOf("V1", 51, 100, "10.0.0.101/32")
			s := &config.Script{Name: "s", Command: command("/check"), Interval: time.Duration(i+1) * time.Second, Rise: 1, Fall: 1, Used: true}
			in.Tracks.Scripts = []config.Tracked[*config.Script]{{Target: s, Name: "s", Weight: 10}}
			c := configOf(in)
			c.Scripts = []*config.Script{s, {Name: "idle", Command: command("/check")}}
			if err := a.d.Reload(c); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if d := cmp.Diff([]string{"/any INSTANCE V2 DELETED 100"}, p.take()); d != "" {
			t.Errorf("scripts (-want +got):\n%s", d)
		}
		if !a.has("VRRP_Script(s) considered successful on reload") {
			t.Error("the script's state is not kept over a reload")
		}
		if !a.has("Warning - script idle is not used") {
			t.Error("a script that nobody tracks is not told of")
		}
		var prio uint8
		a.d.Do(func() {
			v, _ := a.d.m.Instance("V1")
			prio = v.Effective
		})
		if prio != 110 {
			t.Errorf("priority %d, want 110", prio)
		}
		a.stop()
	})
}

func TestNotifyConfig(t *testing.T) {
	t.Parallel()
	in := instanceOf("V", 51, 100)
	in.SMTPAlert = true
	in.Notify.Master = &config.Command{Argv: []string{"x"}, Disabled: "insecure"}
	in.Notify.Backup = &config.Command{Argv: []string{"b", "1"}, Path: "/usr/bin/b", Account: config.Account{UID: 7, GID: 8}}
	c := configOf(in)
	c.SyncGroups = []*config.SyncGroup{{Name: "G", Members: []*config.Instance{in}}}
	c.Global.RouterID = "R"
	c.Global.Mail = config.Mail{To: []string{"a@b"}, From: "c@d", Server: netip.MustParseAddrPort("192.0.2.1:25"), ServerName: "mail", HeloName: "h", ConnectTimeout: time.Second}
	c.Global.FIFO = &config.FIFO{Path: "/run/f"}
	c.Global.VRRPFIFO = &config.FIFO{Path: "/run/v", Script: command("/s"), Account: config.Account{UID: 5}}
	got := notifyConfig(c)
	want := notify.Config{
		Instances: map[string]notify.Target{"V": {Mail: true, Scripts: map[string]*notify.Command{
			notify.Backup: {Path: "/usr/bin/b", Argv: []string{"b", "1"}, UID: 7, GID: 8}}}},
		Groups: map[string]notify.Target{"G": {Scripts: map[string]*notify.Command{}}},
		FIFOs:  []notify.FIFO{{Path: "/run/f"}, {Kind: "vrrp ", Path: "/run/v", UID: 5, Script: &notify.Command{Path: "/s", Argv: []string{"/s"}}}},
		Mail:   notify.Mail{Server: netip.MustParseAddrPort("192.0.2.1:25"), Helo: "h", From: "c@d", To: []string{"a@b"}, RouterID: "R", Timeout: time.Second},
	}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// Twice the same FIFO is one.
	c.Global.VRRPFIFO.Path = "/run/f"
	if n := len(notifyConfig(c).FIFOs); n != 1 {
		t.Errorf("%d FIFOs, want 1", n)
	}
}

func TestTrackConfig(t *testing.T) {
	t.Parallel()
	in := instanceOf("V", 51, 100)
	used, off := &config.Script{Name: "used", Command: command("/c"), Rise: 2}, &config.Script{Name: "off", Command: &config.Command{Argv: []string{"x"}, Disabled: "insecure"}}
	file, proc := &config.TrackFile{Name: "f", Path: "/f", InitFile: true, InitValue: 3}, &config.TrackProcess{Name: "p", Path: "p", ParamMatch: config.ParamInitial, Quorum: 2, QuorumMax: -1}
	in.Tracks.Scripts = []config.Tracked[*config.Script]{{Target: used}, {Target: off}}
	in.Tracks.Procs = []config.Tracked[*config.TrackProcess]{{Target: proc}}
	c := configOf(in)
	c.SyncGroups = []*config.SyncGroup{{Name: "G", Tracks: config.Tracks{Files: []config.Tracked[*config.TrackFile]{{Target: file}}}}}
	c.Scripts = []*config.Script{used, off, {Name: "unused", Command: command("/c")}}
	c.TrackFiles = []*config.TrackFile{file, {Name: "unused"}}
	c.TrackProcs = []*config.TrackProcess{proc, {Name: "unused"}}
	got := trackConfig(c)
	want := track.Config{
		Scripts:   []track.Script{{Name: "used", Command: &notify.Command{Path: "/c", Argv: []string{"/c"}}, Rise: 2}},
		Files:     []track.File{{Name: "f", Path: "/f", Init: true, Value: 3}},
		Processes: []track.Process{{Name: "p", Path: "p", Match: track.ParamInitial, Quorum: 2, QuorumMax: -1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestTrackedFile begins with a value in a file and changes it.
func TestTrackedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("-127"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := instanceOf("V", 51, 100)
	file := &config.TrackFile{Name: "f", Path: path}
	in.Tracks.Files = []config.Tracked[*config.TrackFile]{{Target: file, Weight: 2}}
	c := configOf(in)
	c.TrackFiles = []*config.TrackFile{file}
	p := NewTracker(track.Options{Log: func(s string) { t.Log(s) }})
	told := make(chan fsm.Event, 4)
	known := p.Begin(c, false, func(ev fsm.Event) { told <- ev })
	id := fsm.TrackID{Kind: fsm.TrackFile, Name: "f"}
	if d := cmp.Diff([]fsm.Event{fsm.Track{TrackID: id, Value: -127}}, known); d != "" {
		t.Errorf("known at the start (-want +got):\n%s", d)
	}
	if err := os.WriteFile(path, []byte("5"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(fsm.Event(fsm.Track{TrackID: id, Value: 5}), <-told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	p.End()
}
