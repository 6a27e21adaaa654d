package fsm_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"tandem/vrrp/fsm"
	"tandem/vrrp/packet"
)

func one(prio uint8, change func(*fsm.InstanceConfig)) *fsm.Machine {
	c := fsm.InstanceConfig{
		Name: "VI_1", Link: "eth0", VRID: 51, Version: 2, Priority: prio,
		Src: netip.MustParseAddr("10.0.0.1"), Interval: time.Second,
		Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.100")}, Garp: fsm.DefaultGarp,
	}
	if change != nil {
		change(&c)
	}
	return fsm.New(fsm.Config{Instances: []fsm.InstanceConfig{c}})
}

// TestMasterDown compares the first deadline with the arithmetic of the
// original, which truncates to microseconds.
func TestMasterDown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		prio     uint8
		version  uint8
		interval time.Duration
		adverts  int
		want     time.Duration
	}{
		{100, 2, time.Second, 0, 3609375 * time.Microsecond},
		{150, 2, time.Second, 0, 3414062 * time.Microsecond},
		{254, 2, time.Second, 0, 3007812 * time.Microsecond},
		{1, 2, 255 * time.Second, 0, 765996093 * time.Microsecond},
		{100, 2, time.Second, 1, 1609375 * time.Microsecond},
		{100, 3, 100 * time.Millisecond, 0, 360937 * time.Microsecond},
		{100, 3, 10 * time.Millisecond, 0, 36093 * time.Microsecond},
		{200, 3, 200 * time.Millisecond, 0, 643750 * time.Microsecond},
		{100, 3, 40950 * time.Millisecond, 0, 147803906 * time.Microsecond},
	}
	for _, tc := range tests {
		m := one(tc.prio, func(c *fsm.InstanceConfig) {
			c.Version, c.Interval, c.DownAdverts = tc.version, tc.interval, tc.adverts
		})
		if r := m.Step(fsm.Start{}, 0); r.Deadline != tc.want {
			t.Errorf("priority %d version %d interval %v: deadline %v, want %v", tc.prio, tc.version, tc.interval, r.Deadline, tc.want)
		}
	}
}

// TestLateTimer: a process that slept for long sends one advert, not all that
// it missed, and goes on from now.
func TestLateTimer(t *testing.T) {
	t.Parallel()
	m := one(150, nil)
	m.Step(fsm.Start{}, 0)
	m.Step(fsm.Tick{}, 4*time.Second)
	r := m.Step(fsm.Tick{}, 100*time.Second)
	sends := 0
	for _, e := range r.Effects {
		if e.Do == fsm.SendAdvert {
			sends++
		}
	}
	if sends != 1 || r.Deadline != 101*time.Second {
		t.Errorf("%d adverts after a pause and deadline %v, want 1 and 101s", sends, r.Deadline)
	}
}

// TestHeldUp: with timer_expired_backup, a master that slept until another may
// have taken over is a backup when it wakes.
func TestHeldUp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		slept     time.Duration
		prio      uint8
		nopreempt bool
		want      fsm.State
	}{
		{slept: 100 * time.Second, prio: 0, nopreempt: true, want: fsm.Master},
		{slept: 100 * time.Second, prio: 254, nopreempt: false, want: fsm.Master},
		{slept: 100 * time.Second, prio: 254, nopreempt: true, want: fsm.Backup},
		// Three intervals and the skew of priority 254: 3.007812 s.
		{slept: 3007 * time.Millisecond, prio: 254, nopreempt: true, want: fsm.Master},
		{slept: 3008 * time.Millisecond, prio: 254, nopreempt: true, want: fsm.Backup},
		{slept: 3500 * time.Millisecond, prio: 100, nopreempt: true, want: fsm.Master},
	} {
		m := one(150, func(c *fsm.InstanceConfig) { c.LatePrio, c.NoPreempt = tc.prio, tc.nopreempt })
		m.Step(fsm.Start{}, 0)
		m.Step(fsm.Tick{}, 4*time.Second)
		m.Step(fsm.Tick{}, 4*time.Second+tc.slept)
		if v, _ := m.Instance("VI_1"); v.State != tc.want {
			t.Errorf("%+v: %s", tc, v.State)
		}
	}
}

// TestExtra: other interfaces are announced on as long as it is master.
func TestExtra(t *testing.T) {
	t.Parallel()
	m := one(150, func(c *fsm.InstanceConfig) { c.Garp.Extra = 30 * time.Second })
	var at []time.Duration
	now := time.Duration(0)
	r := m.Step(fsm.Start{}, now)
	for now < 100*time.Second {
		now = r.Deadline
		r = m.Step(fsm.Tick{}, now)
		for _, e := range r.Effects {
			if e.Do == fsm.AnnounceExtra {
				at = append(at, now)
			}
		}
	}
	const master = 3414062 * time.Microsecond
	if want := []time.Duration{master + 30*time.Second, master + 60*time.Second, master + 90*time.Second}; !slices.Equal(at, want) {
		t.Errorf("announced at %v, want %v", at, want)
	}
	for _, e := range m.Step(fsm.Shutdown{}, now).Effects {
		if e.Do == fsm.AnnounceExtra {
			t.Error("announced at the end")
		}
	}
}

// TestGroupTracking: what a group tracks changes the priority of its members,
// and comes before what they say of the same thing; their own weights count
// only with sync_group_tracking_weight, but for interfaces.
func TestGroupTracking(t *testing.T) {
	t.Parallel()
	script := fsm.TrackID{Kind: fsm.TrackScript, Name: "s"}
	link := fsm.TrackID{Kind: fsm.TrackInterface, Name: "eth1"}
	one := func(id fsm.TrackID, w int) []fsm.Tracking { return []fsm.Tracking{{TrackID: id, Weight: w}} }
	for _, tc := range []struct {
		group, member []fsm.Tracking
		weights       bool
		want          uint8
	}{
		{group: one(script, 5), want: 105},
		{group: one(script, 5), member: one(script, 3), want: 105},
		{group: one(script, 5), member: one(script, 3), weights: true, want: 105},
		{member: one(script, 3), want: 100},
		{member: one(script, 3), weights: true, want: 103},
		{group: one(link, 7), want: 107},
		{member: one(link, 6), want: 106},
		{group: one(link, 7), member: one(link, 6), want: 107},
	} {
		c := fsm.InstanceConfig{Name: "VI_1", Link: "eth0", VRID: 51, Version: 2, Priority: 100,
			Src: netip.MustParseAddr("10.0.0.1"), Interval: time.Second, Trackers: tc.member}
		m := fsm.New(fsm.Config{Instances: []fsm.InstanceConfig{c},
			Groups: []fsm.GroupConfig{{Name: "G", Members: []string{"VI_1"}, Weights: tc.weights, Trackers: tc.group}}})
		m.Step(fsm.Start{}, 0)
		m.Step(fsm.Track{TrackID: script, Up: true}, time.Second)
		m.Step(fsm.Track{TrackID: link, Up: true}, time.Second)
		if v, _ := m.Instance("VI_1"); v.Effective != tc.want {
			t.Errorf("%+v: priority %d", tc, v.Effective)
		}
	}
}

// TestTimeNeverGoesBack: a caller whose clock stepped cannot confuse timers.
func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	m := one(150, nil)
	m.Step(fsm.Start{}, time.Minute)
	r := m.Step(fsm.Tick{}, 0)
	if want := time.Minute + 3414062*time.Microsecond; r.Deadline != want || len(r.Effects) != 0 {
		t.Errorf("deadline %v with %d effects, want %v and none", r.Deadline, len(r.Effects), want)
	}
}

func TestStoppedIsSilent(t *testing.T) {
	t.Parallel()
	m := one(150, nil)
	m.Step(fsm.Start{}, 0)
	m.Step(fsm.Tick{}, 4*time.Second)
	if r := m.Step(fsm.Shutdown{}, 5*time.Second); len(r.Effects) == 0 || r.Armed {
		t.Errorf("shutdown: %v", r)
	}
	if r := m.Step(fsm.Tick{}, time.Hour); len(r.Effects) != 0 || r.Armed {
		t.Errorf("after shutdown: %v", r)
	}
}

// TestUnknownNames: events about what is not configured change nothing.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	m := one(150, nil)
	m.Step(fsm.Start{}, 0)
	for _, ev := range []fsm.Event{
		fsm.SourceAddr{Name: "x"}, fsm.ConfigFault{Name: "x", Set: true}, fsm.AddressRemoved{Name: "x"},
		fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackScript, Name: "x"}}, fsm.AnnounceAll{},
	} {
		if r := m.Step(ev, time.Second); len(r.Effects) != 0 {
			t.Errorf("%T: %v", ev, r.Effects)
		}
	}
}

func TestView(t *testing.T) {
	t.Parallel()
	m := fsm.New(fsm.Config{
		Instances: []fsm.InstanceConfig{{Name: "A", VRID: 1, Src: netip.MustParseAddr("10.0.0.1")}},
		Groups:    []fsm.GroupConfig{{Name: "G", Members: []string{"A", "missing"}}},
	})
	m.Step(fsm.Start{}, 0)
	v, ok := m.Instance("A")
	if !ok || v.State != fsm.Backup || v.Group != "G" || v.Down != 3609375*time.Microsecond || v.Config.Version != 2 {
		t.Errorf("view = %+v, %v", v, ok)
	}
	if _, ok := m.Instance("B"); ok {
		t.Error("instance B is known")
	}
	m.Groups(func(name string, s fsm.State, members []string) {
		if name != "G" || s != fsm.Backup || len(members) != 2 {
			t.Errorf("group %s %v %v", name, s, members)
		}
	})
}

// TestForeignAdvertAllocatesNothing: a backup that hears a lower advert logs,
// but one that hears its master does no work for the collector.
func TestForeignAdvertAllocatesNothing(t *testing.T) {
	m := one(100, nil)
	m.Step(fsm.Start{}, 0)
	a := packet.Advert{Version: 2, VRID: 51, Priority: 150, Interval: 1, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.100")}}
	src := netip.MustParseAddr("10.0.0.2")
	h := packet.IPv4Header{ID: 1, TTL: 255, Protocol: packet.Protocol, Src: src, Dst: packet.Group4}
	b := a.Append(h.Append(nil, a.Len()), src, packet.Group4)
	d, _ := packet.FromIPv4(b)
	var ev fsm.Event = fsm.Recv{Link: "eth0", D: &d}
	m.Step(ev, 0)
	now := time.Duration(0)
	if n := testing.AllocsPerRun(100, func() {
		now += time.Millisecond
		m.Step(ev, now)
	}); n != 0 {
		t.Errorf("%v allocations for an advert of the master, want 0", n)
	}
}

// BenchmarkForeign is what one advert for an unknown VRID costs beside 255
// instances.
func BenchmarkForeign(b *testing.B) {
	var cfg fsm.Config
	for i := range 255 {
		cfg.Instances = append(cfg.Instances, fsm.InstanceConfig{Name: string(rune('a' + i)), Link: "eth0",
			VRID: uint8(i + 1), Src: netip.MustParseAddr("10.0.0.1")})
	}
	m := fsm.New(cfg)
	m.Step(fsm.Start{}, 0)
	src := netip.MustParseAddr("10.0.0.2")
	a := packet.Advert{Version: 2, VRID: 0, Priority: 150, Interval: 1}
	h := packet.IPv4Header{ID: 1, TTL: 255, Protocol: packet.Protocol, Src: src, Dst: packet.Group4}
	d, _ := packet.FromIPv4(a.Append(h.Append(nil, a.Len()), src, packet.Group4))
	var ev fsm.Event = fsm.Recv{Link: "eth0", D: &d}
	b.ReportAllocs()
	for b.Loop() {
		m.Step(ev, 0)
	}
}
