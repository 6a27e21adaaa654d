package cli

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/server"
	"tandem/stats"
)

// Snapshot returns the statistics of all proxies in the order of the
// configuration: each with its frontend, listeners, servers and backend.
// Addresses, cookies and algorithms are left out unless detailed.
func (e *Env) Snapshot(detailed bool) []stats.Row {
	cfg := e.Config()
	s := &snapshot{env: e, cfg: cfg, now: e.now(), ms: e.nowMS(), detailed: detailed}
	for _, p := range cfg.Proxies {
		if p.Disabled {
			continue
		}
		if p.Front != nil {
			s.frontend(p)
		}
		if p.Back != nil {
			s.backend(p)
		}
	}
	return s.rows
}

// snapshot collects the rows of one moment.
type snapshot struct {
	env      *Env
	cfg      *config.Config
	now      time.Time
	ms       int64
	detailed bool
	rows     []stats.Row
}

// row adds a row for an object of p and returns it.
func (s *snapshot) row(p *config.Proxy, kind stats.Kind, name string) *stats.Row {
	s.rows = append(s.rows, stats.Row{
		Kind: kind, Proxy: p.Name, Name: name, ProxyID: uint32(p.ID), HTTP: p.Mode == "http",
		Mode: modeOf(p), Desc: p.Description, IdleLimit: -1, LastSession: -1,
	})
	return &s.rows[len(s.rows)-1]
}

func modeOf(p *config.Proxy) string {
	if p.Mode == "" {
		return "tcp"
	}
	return p.Mode
}

// frontend adds the rows of the side that clients see.
func (s *snapshot) frontend(p *config.Proxy) {
	f := p.Front
	r := s.row(p, stats.KindFrontend, "FRONTEND")
	r.State = stats.Open
	if f.Disabled.Load() {
		r.State = stats.Stopped
	}
	r.Status = stats.ServerStatus(r.State, nil, "")
	if r.State == stats.Stopped && s.env.Frontend != nil && s.env.Frontend.Paused(p) {
		r.Status = "PAUSED"
	}
	r.Limit = uint32(frontLimit(s.cfg, p))
	r.RateLimit = uint32(f.RateLimit.Load())
	if r.RateLimit == 0 {
		r.RateLimit = uint32(p.RateLimit)
	}
	f.Stats.Fill(r, s.ms)
	if !p.Option("socket-stats") || s.env.Listeners == nil {
		return
	}
	for i, l := range s.env.Listeners(f) {
		s.listener(p, l, i)
	}
}

// frontLimit is the number of connections that a frontend takes.
func frontLimit(cfg *config.Config, p *config.Proxy) int {
	if n := p.Front.MaxConn.Load(); n > 0 {
		return int(n)
	}
	if p.MaxConn > 0 {
		return p.MaxConn
	}
	return cfg.Global.MaxConn
}

// listener adds the row of one socket.
func (s *snapshot) listener(p *config.Proxy, l *listen.Listener, i int) {
	id := l.ID
	if id == 0 {
		id = i + 1
	}
	name := l.Name
	if name == "" {
		name = "sock-" + strconv.Itoa(id)
	}
	r := s.row(p, stats.KindListener, name)
	r.ID = uint32(id)
	r.State = stats.Open
	if l.Bind != nil {
		r.Limit = uint32(l.Bind.MaxConn)
	}
	switch {
	case p.Front.Disabled.Load():
		r.State = stats.Waiting
	case r.Limit > 0 && l.Stats.Sess.Load() >= uint64(r.Limit):
		r.State = stats.Full
	}
	r.Status = stats.ServerStatus(r.State, nil, "")
	r.Proto = protoOf(l.Addr, l.Path)
	if s.detailed {
		r.Addr = "unix"
		if l.Addr.IsValid() {
			r.Addr = l.Addr.String()
		}
	}
	l.Stats.Fill(r, s.ms)
}

// protoOf names the transport of an address as "show sess" and "show stat" do.
func protoOf(a netip.AddrPort, path string) string {
	switch {
	case path != "" || !a.IsValid():
		return "unix_stream"
	case a.Addr().Unmap().Is4():
		return "tcpv4"
	}
	return "tcpv6"
}

// backend adds the rows of the side that servers see.
func (s *snapshot) backend(p *config.Proxy) {
	servers := p.Back.Servers()
	for _, x := range servers {
		s.server(p, x)
	}
	r := s.row(p, stats.KindBackend, "BACKEND")
	farm := p.Back.Farm()
	r.State = stats.Up
	if len(servers) > 0 && farm.Active+farm.Backups == 0 {
		r.State = stats.Down
	}
	r.Status = stats.ServerStatus(r.State, &stats.CheckInfo{}, "")
	if p.Back.Unpublished.Load() {
		r.Status += " (UNPUB)"
	}
	r.Active, r.Backup, r.HasServers = uint32(farm.Active), uint32(farm.Backups), len(servers) > 0
	r.Weight = weightOf(farm.Total)
	for _, x := range farm.Servers {
		r.UserWeight += uint32(x.Weight())
	}
	since, down := p.Back.Times(s.now)
	r.LastChange, r.Downtime = seconds(since), seconds(down)
	r.Limit = uint32(fullConn(s.cfg, p))
	if s.detailed {
		r.Algo = algorithm(p)
		if p.Cookie != nil {
			r.Cookie = p.Cookie.Name
		}
	}
	p.Back.Stats.Fill(r, s.ms)
}

func algorithm(p *config.Proxy) string {
	if p.Balance == nil || p.Balance.Name == "" || p.Balance.Name == "random" { // the original has no word for random
		return "unknown"
	}
	return p.Balance.Name
}

// weightOf turns an effective weight into the one that people see.
func weightOf(ew int) uint32 { return uint32((ew + server.WeightScale - 1) / server.WeightScale) }

func seconds(d time.Duration) uint32 { return uint32(max(0, d/time.Second)) }

// fullConn is the load at which servers take their maxconn: as configured, or
// a tenth of what the frontends in front of the backend take.
func fullConn(cfg *config.Config, p *config.Proxy) int {
	if p.FullConn > 0 {
		return p.FullConn
	}
	sum := 0
	for _, f := range cfg.Proxies {
		if f.Front != nil && leadsTo(f, p) {
			sum += frontLimit(cfg, f)
		}
	}
	return max(1, (sum+9)/10)
}

// leadsTo says whether requests of frontend f may reach backend p.
func leadsTo(f, p *config.Proxy) bool {
	if f == p || keyword.Target[*config.Proxy](f.DefaultBackend) == p {
		return true
	}
	for i := range f.UseBackend {
		u := &f.UseBackend[i]
		if u.Format != nil || keyword.Target[*config.Proxy](u.To) == p {
			return true
		}
	}
	return false
}

// server adds the row of one server.
func (s *snapshot) server(p *config.Proxy, x *server.Server) {
	r := s.row(p, stats.KindServer, x.Name)
	v := x.View(s.now)
	root, rv := x, v
	for range 32 { // a bound, should tracking ever be circular
		if rv.Tracked == nil {
			break
		}
		root = rv.Tracked
		rv = root.View(s.now)
	}
	r.ID = uint32(x.ID)
	r.Check = checkInfo(v.Check, v.CheckCount, v.Admin)
	r.Agent = checkInfo(v.Agent, v.AgentCount, v.Admin)
	via := ""
	if v.Tracked != nil {
		r.Tracked = v.Tracked.Backend.Name + "/" + v.Tracked.Name
		via = root.Backend.Name + "/" + root.Name
	}
	rc := checkInfo(rv.Check, rv.CheckCount, 0)
	r.State = serverState(&v, &rc, &r.Agent)
	r.Status = stats.ServerStatus(r.State, &rc, via)
	r.LastChange, r.Downtime = seconds(v.LastChange), seconds(v.Downtime)
	r.Weight, r.UserWeight = weightOf(x.EffectiveWeight()), uint32(x.Weight())
	if x.Params.Backup {
		r.Backup = 1
	} else {
		r.Active = 1
	}
	r.Limit, r.QueueLimit = uint32(x.MaxConn()), uint32(x.Params.MaxQueue)
	r.IdleLimit = int64(x.Params.PoolMaxConn)
	if v.Op == server.Starting {
		r.Throttle = uint32(v.Starting)
	}
	if s.detailed {
		r.Addr, r.Cookie = addrText(x.Addr()), x.Cookie()
	}
	x.Stats.Fill(r, s.ms)
}

// serverState puts a server's state into one word. check is that of the
// server which is really checked.
func serverState(v *server.View, check, agent *stats.CheckInfo) stats.State {
	switch {
	case v.Admin&(server.ResolveMaint) != 0:
		return stats.MaintResolve
	case v.Admin&server.InheritedMaint != 0:
		return stats.MaintVia
	case v.Admin&server.AnyMaint != 0:
		return stats.Maint
	}
	going := check.Enabled && check.Health+1 < check.Rise+check.Fall
	switch v.Op {
	case server.Stopped:
		switch {
		case agent.Enabled && agent.Health == 0 && (!check.Enabled || check.Health >= check.Rise):
			return stats.DownAgent
		case check.Enabled && check.Health > 0 && check.Health < check.Rise:
			return stats.GoingUp
		}
		return stats.Down
	case server.Stopping:
		return either(going, stats.NoLBGoing, stats.NoLB)
	}
	switch {
	case v.Admin&server.AnyDrain != 0:
		return either(going, stats.DrainGoing, stats.Drain)
	case !check.Enabled:
		return stats.NoCheck
	}
	return either(going, stats.GoingDown, stats.Up)
}

func either(c bool, a, b stats.State) stats.State {
	if c {
		return a
	}
	return b
}

// checkInfo is what rows show of a kind of check. Results are not shown in
// maintenance, where no checks are made.
func checkInfo(c server.CheckState, h server.Health, admin server.Admin) stats.CheckInfo {
	out := stats.CheckInfo{
		Enabled: c.Enabled, Running: c.Running, Output: c.Desc, Code: uint32(c.Code),
		Duration: uint64(max(0, c.Duration.Milliseconds())), Rise: uint32(h.Rise), Fall: uint32(h.Fall), Health: uint32(h.Value),
	}
	if admin&server.AnyMaint == 0 {
		out.Status = c.Status
		if out.Status == "" {
			out.Status = "INI"
		}
		out.Desc = server.StatusText(out.Status)
	}
	return out
}

// addrText is a server's address as the column "addr" shows it.
func addrText(a *server.Endpoint) string {
	switch {
	case a == nil:
		return ""
	case a.Network == "unix":
		return "unix"
	}
	port := strconv.Itoa(a.Port)
	if a.Mapped {
		port = strings.Replace("+"+strconv.Itoa(a.MapPort), "+-", "-", 1)
	}
	return net.JoinHostPort(a.Host, port)
}
