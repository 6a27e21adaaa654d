package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPeerFlags(t *testing.T) {
	t.Parallel()
	var f peerFlags
	for _, s := range []string{"/opt/haproxy-9", "/x/haproxy=newest", "/x/nginx-2=ng"} {
		if err := f.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	want := peerFlags{{Name: "haproxy-9", Path: "/opt/haproxy-9"}, {Name: "newest", Path: "/x/haproxy"}, {Name: "ng", Path: "/x/nginx-2", Nginx: true}}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreUnexported(peer{})); diff != "" {
		t.Error(diff)
	}
	if f.String() != "haproxy-9,newest,ng" {
		t.Errorf("String() = %q", f.String())
	}
	for _, bad := range []string{"", "=x", "/a="} {
		if err := f.Set(bad); err == nil {
			t.Errorf("Set(%q) is taken", bad)
		}
	}
}

func TestFindPeers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	peers, err := findPeers(t.Context(), "none", dir, []peer{{Name: "lost", Path: dir + "/lost"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range peers {
		names = append(names, p.Name)
		if p.Absent == "" && p.Version == "" {
			t.Errorf("%s is there but has no version", p.Name)
		}
	}
	if diff := cmp.Diff([]string{"ours", "haproxy", "nginx", "lost"}, names); diff != "" {
		t.Error(diff)
	}
	if peers[0].Absent != "left out" || !strings.Contains(peers[3].Absent, "version") {
		t.Errorf("ours: %q, lost: %q", peers[0].Absent, peers[3].Absent)
	}
	if _, err := findPeers(t.Context(), "none", dir, []peer{{Name: "nginx", Path: "/x"}}); err == nil {
		t.Error("two peers of one name")
	}
}

func TestStreamModule(t *testing.T) {
	t.Parallel()
	f := func(v string, exists bool, want string) {
		t.Helper()
		if got := streamModule(v, func(string) bool { return exists }); got != want {
			t.Errorf("streamModule(%q) = %q, want %q", v, got, want)
		}
	}
	f("nginx version: nginx/1.22.1\narguments: --modules-path=/m --with-stream=dynamic", true, "/m/ngx_stream_module.so")
	f("nginx version: nginx/1.22.1\narguments: --modules-path=/m --with-stream=dynamic", false, "")
	f("arguments: --with-stream --with-http_ssl_module", false, "builtin")
	f("arguments: --with-stream_ssl_module", true, "")
}

func TestChooseBase(t *testing.T) {
	t.Parallel()
	f := func(want string, peers ...peer) {
		t.Helper()
		if got := chooseBase(peers, "haproxy"); got != want {
			t.Errorf("chooseBase(%v) = %q, want %q", peers, got, want)
		}
	}
	ours, nginx, other := peer{Name: oursName}, peer{Name: "nginx", Nginx: true}, peer{Name: "haproxy-9"}
	f("haproxy", ours, peer{Name: "haproxy"}, other)
	f("haproxy-9", ours, peer{Name: "haproxy", Absent: "not installed"}, nginx, other)
	f("haproxy", ours, nginx)
}

func TestTellingLine(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := tellingLine(text); got != want {
			t.Errorf("tellingLine(%q) = %q, want %q", text, got, want)
		}
	}
	f("[NOTICE] (1) : x\n[ALERT] (1) : no such thing\n[ALERT] (1) : more\n", "[ALERT] (1) : no such thing")
	f("2026 [emerg] 1#1: bind failed\nlast\n", "2026 [emerg] 1#1: bind failed")
	f("first\nlast\n\n", "last")
	f("", "")
}

func TestCPUModel(t *testing.T) {
	t.Parallel()
	if got := cpuModel("processor\t: 0\nmodel\t\t: 207\nmodel name\t: A Processor\n"); got != "A Processor" {
		t.Errorf("cpuModel = %q", got)
	}
	if got := cpuModel("nothing"); got != "" {
		t.Errorf("cpuModel = %q", got)
	}
}
