package daemon

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
)

// ask asks a status handler for a page.
func ask(h http.Handler, path string) (code int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func TestStatus(t *testing.T) {
	inBubble(t, func(r *rig) {
		cfg := configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32"), instanceOf("VI_2", 52, 100, "10.0.0.102/32"))
		cfg.Instances[0].Nopreempt = true
		a := r.boot("a", "10.0.0.1/24", cfg, nil)
		b := r.boot("b", "10.0.0.2/24", configOf(instanceOf("VI_2", 52, 150, "10.0.0.102/32")), nil)
		time.Sleep(10500 * time.Millisecond)
		h := statusHandler(a.d.Status)
		code, body := ask(h, "/status")
		var s Status
		if err := json.Unmarshal([]byte(body), &s); code != 200 || err != nil || len(s.Instances) != 2 {
			r.t.Fatalf("/status: %d %v %s", code, err, body)
		}
		one, two := s.Instances[0], s.Instances[1]
		if one.State != "MASTER" || one.Master != "10.0.0.1" || one.Why != "nobody with a priority above 150 advertises" || one.LastHeard != nil || !slices.Equal(one.Addresses, []string{"10.0.0.100/32"}) {
			r.t.Errorf("VI_1: %+v", one)
		}
		if two.State != "BACKUP" || two.Master != "10.0.0.2" || two.MasterPriority != 150 || two.Why != "10.0.0.2 with priority 150 is master" || two.LastHeard == nil || *two.LastHeard >= 1 {
			r.t.Errorf("VI_2: %+v", two)
		}
		if d := s.Time.Sub(one.Since).Seconds(); one.SinceSeconds < 5 || d-one.SinceSeconds > 0.001 {
			r.t.Errorf("master since %v, %v s", one.Since, one.SinceSeconds)
		}
		for path, want := range map[string]int{"/healthz": 200, "/healthz?instance=VI_1": 200, "/healthz?instance=VI_2": 503, "/healthz?instance=x": 404, "/other": 404} {
			if code, body := ask(h, path); code != want {
				r.t.Errorf("%s: %d %s, want %d", path, code, body, want)
			}
		}
		_, body = ask(h, "/metrics")
		for _, line := range []string{
			`keepalived_vrrp_state{iname="VI_1",intf="eth0",vrid="51"} 2`,
			`keepalived_vrrp_state{iname="VI_2",intf="eth0",vrid="52"} 1`,
			`keepalived_become_master_total{iname="VI_1",intf="eth0",vrid="51"} 1`,
			`keepalived_vrrp_second_master{iname="VI_1",intf="eth0",vrid="51"} 0`,
		} {
			if !strings.Contains(body, line+"\n") {
				r.t.Errorf("/metrics lacks %s:\n%s", line, body)
			}
		}
		if strings.Contains(body, `keepalived_vrrp_last_advert_heard_seconds{iname="VI_1"`) {
			r.t.Error("an age of what never came")
		}
		a.stop()
		b.stop()
		if code, _ := ask(h, "/status"); code != 503 {
			r.t.Errorf("after the end: %d", code)
		}
	})
}

func TestWhy(t *testing.T) {
	t.Parallel()
	other := netip.MustParseAddr("10.0.0.2")
	view := func(s fsm.State, change func(*fsm.View)) fsm.View {
		v := fsm.View{State: s, Effective: 100, Config: fsm.InstanceConfig{Priority: 100}}
		change(&v)
		return v
	}
	for _, c := range []struct {
		v    fsm.View
		want string
	}{
		{view(fsm.Fault, func(v *fsm.View) { v.Reasons = []string{"interface eth0 down", "chk"} }), "interface eth0 down, chk"},
		{view(fsm.Fault, func(*fsm.View) {}), "another member of the sync group has a fault"},
		{view(fsm.Init, func(v *fsm.View) { v.Pending = 2 }), "2 tracked things have not told their state yet"},
		{view(fsm.Master, func(v *fsm.View) { v.Config.Priority = 255 }), "owner of the addresses"},
		{view(fsm.Master, func(v *fsm.View) { v.Rival = fsm.Rival{Addr: other, Priority: 90, Adverts: 2} }), "10.0.0.2 with priority 90 is master too"},
		{view(fsm.Master, func(v *fsm.View) { v.Rival = fsm.Rival{Addr: other, Adverts: 1} }), "nobody with a priority above 100 advertises"},
		{view(fsm.Backup, func(v *fsm.View) { v.MasterAddr, v.MasterPrio, v.Config.NoPreempt = other, 50, true }), "10.0.0.2 is master, and nopreempt lets it be"},
		{view(fsm.Backup, func(v *fsm.View) { v.MasterAddr, v.MasterPrio = other, 150 }), "10.0.0.2 with priority 150 is master"},
		{view(fsm.Backup, func(*fsm.View) {}), "waits for adverts of a master"},
		{view(fsm.Init, func(*fsm.View) {}), "not started"},
	} {
		if got := why(c.v); got != c.want {
			t.Errorf("%+v: %q, want %q", c.v, got, c.want)
		}
	}
}

func TestRestoreAddresses(t *testing.T) {
	inBubble(t, func(r *rig) {
		cfg := configOf(instanceOf("VI_1", 51, 150, "10.0.0.100/32"))
		cfg.Global.RestoreAddresses = true
		a := r.boot("a", "10.0.0.1/24", cfg, nil)
		time.Sleep(5 * time.Second)
		a.k.Take()
		frames := len(r.net.Frames())
		gone := netif.Event{Link: netif.Link{Name: "eth0"}, Gone: true, Addr: netip.MustParsePrefix("10.0.0.100/32")}
		for i := range mostRestores {
			a.k.Happen(gone)
			synctest.Wait()
			a.wantKernel("ip addr add 10.0.0.100/32 dev eth0")
			if a.has("(VI_1) Entering BACKUP STATE") || !a.k.Has("10.0.0.100/32%eth0") {
				r.t.Fatalf("after %d removals: %q", i+1, a.said())
			}
		}
		if n := len(r.net.Frames()) - frames; n != 5*mostRestores {
			r.t.Errorf("%d announcements of what was put back", n)
		}
		// Somebody insists.
		a.k.Happen(gone)
		synctest.Wait()
		if !a.has("(VI_1) Entering BACKUP STATE") || !a.has("(VI_1) addresses were removed 6 times within 10 s: giving them up") {
			r.t.Errorf("log: %q", a.said())
		}
		a.stop()
	})
}

// TestStatusServer asks over real sockets: a path, a port, and a path that an
// earlier process left behind.
func TestStatusServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	old, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	old.(*net.UnixListener).SetUnlinkOnClose(false)
	old.Close()
	var log told
	s := newStatusServer(func() (Status, bool) { return Status{Uptime: 5}, true }, log.line)
	s.configure([]string{path, "127.0.0.1:0", "203.0.113.1:1"})
	defer s.close()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	get := func() error {
		resp, err := c.Get("http://x/status")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err == nil && !strings.Contains(string(b), `"uptime_seconds": 5`) {
			t.Errorf("got %s", b)
		}
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	if len(log.all) != 1 || !strings.HasPrefix(log.all[0], "tandem_status 203.0.113.1:1: ") {
		t.Errorf("log %q", log.all)
	}
	// One that is served is not taken away.
	second := newStatusServer(func() (Status, bool) { return Status{}, true }, log.line)
	second.configure([]string{path})
	if err := get(); err != nil || len(log.all) != 2 {
		t.Errorf("%v, log %q", err, log.all)
	}
	second.close()
	s.configure(nil)
	if get() == nil {
		t.Error("served although nothing is configured")
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is left behind")
	}
}
