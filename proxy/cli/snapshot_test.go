package cli

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/stats"
)

func TestServerState(t *testing.T) {
	t.Parallel()
	full := stats.CheckInfo{Enabled: true, Rise: 2, Fall: 3, Health: 4}
	falling := stats.CheckInfo{Enabled: true, Rise: 2, Fall: 3, Health: 3}
	rising := stats.CheckInfo{Enabled: true, Rise: 2, Fall: 3, Health: 1}
	down := stats.CheckInfo{Enabled: true, Rise: 2, Fall: 3}
	none, noAgent := stats.CheckInfo{}, stats.CheckInfo{}
	agentDown := stats.CheckInfo{Enabled: true, Rise: 1, Fall: 1}
	for _, c := range []struct {
		op           server.OpState
		admin        server.Admin
		check, agent stats.CheckInfo
		want         string
	}{
		{server.Running, 0, full, noAgent, "UP"},
		{server.Running, 0, falling, noAgent, "UP 2/3"},
		{server.Running, 0, none, noAgent, "no check"},
		{server.Starting, 0, full, noAgent, "UP"},
		{server.Stopped, 0, down, noAgent, "DOWN"},
		{server.Stopped, 0, rising, noAgent, "DOWN 1/2"},
		{server.Stopped, 0, none, noAgent, "DOWN"},
		{server.Stopped, 0, full, agentDown, "DOWN (agent)"},
		{server.Stopped, 0, none, agentDown, "DOWN (agent)"},
		{server.Stopping, 0, full, noAgent, "NOLB"},
		{server.Stopping, 0, falling, noAgent, "NOLB 2/3"},
		{server.Running, server.ForcedDrain, full, noAgent, "DRAIN"},
		{server.Running, server.ForcedDrain, none, noAgent, "DRAIN"},
		{server.Stopped, server.ForcedMaint, full, noAgent, "MAINT"},
		{server.Stopped, server.ConfigMaint, none, noAgent, "MAINT"},
		{server.Stopped, server.InheritedMaint, none, noAgent, "MAINT (via b/s)"},
		{server.Stopped, server.ResolveMaint, none, noAgent, "MAINT (resolution)"},
	} {
		v := server.View{Op: c.op, Admin: c.admin}
		if got := stats.ServerStatus(serverState(&v, &c.check, &c.agent), &c.check, "b/s"); got != c.want {
			t.Errorf("%v %v: %q, want %q", c.op, c.admin, got, c.want)
		}
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	var got []string
	rows := env.Snapshot(true)
	for i := range rows {
		r := &rows[i]
		got = append(got, r.Proxy+"/"+r.Name+" "+r.Status)
	}
	want := "fe1/FRONTEND OPEN,fe2/FRONTEND OPEN,be1/s1 UP 0/3,be1/s2 no check,be1/s3 no check,be1/s4 MAINT,be1/s5 UP 0/3,be1/BACKEND UP," +
		"be2/t1 UP 0/3,be2/t2 no check,be2/BACKEND UP,st/BACKEND UP,empty/BACKEND UP,web/FRONTEND OPEN"
	if strings.Join(got, ",") != want {
		t.Errorf("rows %q", got)
	}
	be := rows[7]
	if be.Active != 3 || be.Backup != 1 || be.Weight != 31 || be.UserWeight != 31 || be.Limit != 100 || be.Cookie != "S" || be.Algo != "roundrobin" {
		t.Errorf("backend %+v", be)
	}
	if s := rows[2]; s.ID != 1 || s.Weight != 10 || s.Addr != "127.0.0.1:18090" || s.Cookie != "c1" || s.IdleLimit != -1 {
		t.Errorf("server %+v", s)
	}
	if s := rows[6]; s.Tracked != "be2/t1" || s.ID != 5 {
		t.Errorf("tracking server %+v", s)
	}
	if s := env.Snapshot(false)[2]; s.Addr != "" || s.Cookie != "" {
		t.Errorf("details for everybody: %q, %q", s.Addr, s.Cookie)
	}
}

func TestSnapshotListeners(t *testing.T) {
	t.Parallel()
	env := compiled(t, strings.Replace(pageConfig, "stats enable", "option socket-stats\n  stats enable", 1))
	b := &listen.Bind{MaxConn: 1}
	env.Listeners = func(f *listen.Frontend) []*listen.Listener {
		return []*listen.Listener{
			{Front: f, Name: "named", Bind: b, Addr: netip.MustParseAddrPort("[::1]:80")},
			{Front: f, Bind: b, Path: "/run/x"},
		}
	}
	rows := env.Snapshot(true)
	if r := rows[1]; r.Name != "named" || r.ID != 1 || r.Addr != "[::1]:80" || r.Proto != "tcpv6" || r.Limit != 1 || r.Status != "OPEN" {
		t.Errorf("%+v", r)
	}
	if r := rows[2]; r.Name != "sock-2" || r.Addr != "unix" || r.Proto != "unix_stream" {
		t.Errorf("%+v", r)
	}
}

// streaming returns an environment with two streams.
func streaming(t *testing.T, killed *[]uint64) *Env {
	env := oracleEnv(t)
	p := env.proxyOf("fe1", keyword.Frontend)
	env.Streams = func(f func(Stream)) {
		for i := range uint64(2) {
			s := Stream{ID: 0x10 + i, Proto: "tcpv4", Src: addrPort("192.0.2.1:5"), Front: p, Begin: start.Add(time.Duration(i) * time.Minute), Requests: 2,
				Kill: func() { *killed = append(*killed, 0x10+i) }}
			if i == 1 {
				s.Back, s.Server, s.URI = env.backendOf("be1"), "s1", "/x"
			}
			f(s)
		}
	}
	return env
}

func TestStreams(t *testing.T) {
	t.Parallel()
	var killed []uint64
	env := streaming(t, &killed)
	first := "0x10: proto=tcpv4 src=192.0.2.1:5 fe=fe1 be=<NONE> srv=<none> age=1m30s calls=2\n"
	second := "0x11: proto=tcpv4 src=192.0.2.1:5 fe=fe1 be=be1 srv=s1 age=30s calls=2\n"
	for _, c := range []struct{ in, want string }{
		{"show sess", first + second},
		{"show sess older 60", first},
		{"show sess frontend fe1", first + second},
		{"show sess frontend fe2", ""},
		{"show sess backend be1", second},
		{"show sess server be1/s1", second},
		{"show sess server be1/s2", ""},
		{"show sess susp", ""},
		{"show sess show-uri backend be1", strings.TrimSuffix(second, "\n") + " uri=\"/x\"\n"},
		{"show sess older x", "Invalid age 'x'.\n"},
		{"shutdown session 0x11", ""},
		{"shutdown session 0x12", "No such session (use 'show sess').\n"},
	} {
		if got := ask(t, env, Admin, c.in+"\n"); got != c.want+"\n" {
			t.Errorf("%s: %q, want %q", c.in, got, c.want)
		}
	}
	if len(killed) != 1 || killed[0] != 0x11 {
		t.Errorf("killed %v", killed)
	}
	if got := ask(t, env, Admin, "show sess 0x11\n"); !strings.Contains(got, "backend=be1 (id=4 mode=http)") || strings.Contains(got, "0x10") {
		t.Errorf("one stream: %q", got)
	}
	if got := ask(t, env, Admin, "show sess all\n"); !strings.Contains(got, "backend=<NONE> (id=-1 mode=-)") {
		t.Errorf("all streams: %q", got)
	}
}

func TestShowStatAndInfo(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	for _, c := range []struct{ in, has, not string }{
		{"show stat 4 4 1", "be1,s1,", "be1,s2,"},
		{"show stat be1 4 -1", "be1,s5,", "be1,BACKEND"},
		{"show stat -1 1 -1", "web,FRONTEND", "BACKEND"},
		{"show stat no-maint", "be1,s3,", "be1,s4,"},
		{"show stat up", "UP (4/5)", "be1,s4,"},
		{"show stat typed", "S.4.1.0.pxname.1:KNSV:str:be1", "\"Proxy name\""},
		{"show stat typed desc", `S.4.1.0.pxname.1:KNSV:str:be1:"`, "\x00"},
		{"show stat json", `"objType":"Server"`, "# pxname"},
		{"show info", "\nUptime: 0d 0h01m30s\n", ":POSV:"},
		{"show info typed", "0.Name.1:POSV:str:HAProxy\n", "\x00"},
		{"show info json", `"name":"Uptime_sec"`, "Uptime:"},
		{"show info desc", "Pid: ", "\x00"},
		{"show schema json", `"$schema"`, "Unknown command"},
	} {
		got := ask(t, env, Admin, c.in+"\n")
		if !strings.Contains(got, c.has) || strings.Contains(got, c.not) {
			t.Errorf("%s: has no %q, or %q: %.2000s", c.in, c.has, c.not, got)
		}
	}
	if got := ask(t, env, User, "show stat be1 4 1\n"); strings.Contains(got, "127.0.0.1:18090") {
		t.Error("level user sees addresses")
	}
}

func TestClearCounters(t *testing.T) {
	t.Parallel()
	env := oracleEnv(t)
	s := env.backendOf("be1").Back.Server("s1")
	s.Stats.SessTot.Add(3)
	s.Stats.Sess.Add(2)
	s.Stats.Sess.Add(-1)
	ask(t, env, Operator, "clear counters\n")
	if s.Stats.SessTot.Load() != 3 || s.Stats.Sess.Max() != 0 {
		t.Errorf("maximums: total %d, most %d", s.Stats.SessTot.Load(), s.Stats.Sess.Max())
	}
	ask(t, env, Admin, "clear counters server be1/s1\n")
	if s.Stats.SessTot.Load() != 0 || s.Stats.Sess.Load() != 1 {
		t.Errorf("one server: total %d, now %d", s.Stats.SessTot.Load(), s.Stats.Sess.Load())
	}
}
