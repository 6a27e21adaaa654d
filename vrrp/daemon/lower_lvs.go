package daemon

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/lvs"
	"tandem/vrrp/notify"
	"tandem/vrrp/track"
)

// lowered is a configuration as package lvs takes it, with what goes beside.
type lowered struct {
	lvs   *lvs.Config
	files track.Config
	// follow are the checks of each track_file.
	follow map[string][]follower
	logs   []string // what could not be taken
	// suspends says that some service depends on an address.
	suspends bool
}

// follower is a FILE_CHECK.
type follower struct {
	check  *lvs.Check
	factor int64
}

// lvsLower translates a configuration.
type lvsLower struct {
	cfg   *config.Config
	start notify.Start
	out   lowered
}

func lowerLVS(cfg *config.Config, start notify.Start) *lowered {
	l := &lvsLower{cfg: cfg, start: start, out: lowered{follow: map[string][]follower{}}}
	g := &cfg.Global
	l.out.lvs = &lvs.Config{
		Timeouts: lvs.Timeouts{TCP: uint32(g.LVSTimeouts[0]), TCPFin: uint32(g.LVSTimeouts[1]), UDP: uint32(g.LVSTimeouts[2])},
		Flush:    g.LVSFlush, FlushAtStop: g.LVSFlushStop == "all", ServicesAtStop: g.LVSFlushStop == "VS",
		InitNotifies: g.RSInitNotifies, NoMail: g.Mail.NoCheckerMails,
	}
	if s := g.LVSSync; s != nil && s.Instance == nil {
		l.out.lvs.Sync = []lvs.Sync{syncDaemon(s, false), syncDaemon(s, true)}
	}
	for _, v := range cfg.VirtualServers {
		if v.GroupName != "" && v.Group == nil {
			l.out.logs = append(l.out.logs, fmt.Sprintf("Virtual server group %s specified but not configured - ignoring virtual server %s", v.GroupName, v))
			continue
		}
		l.out.lvs.Services = append(l.out.lvs.Services, l.service(v))
	}
	return &l.out
}

// syncDaemon is lvs_sync_daemon in one of its two roles.
func syncDaemon(s *config.LVSSync, backup bool) lvs.Sync {
	id := s.ID
	if id < 0 {
		if id = 0; s.Instance != nil {
			id = int(s.Instance.VRID)
		}
	}
	return lvs.Sync{
		Backup: backup, Interface: s.Interface, ID: uint32(id), MaxLen: uint16(s.MaxLen),
		Port: uint16(s.Port), TTL: uint8(s.TTL), Group: s.Group,
	}
}

var protocols = map[string]uint8{"TCP": lvs.TCP, "UDP": lvs.UDP, "SCTP": lvs.SCTP}

func (l *lvsLower) service(v *config.VirtualServer) *lvs.Service {
	s := &lvs.Service{
		Name: v.String(), Quorum: int64(v.Quorum), Hysteresis: int64(v.Hysteresis),
		QuorumUp: CommandOf(l.cfg, v.QuorumUp), QuorumDown: CommandOf(l.cfg, v.QuorumDown),
		Mail: l.mails(v.SMTPAlert, false), Omega: v.Omega, SorryInhibit: v.SorryInhibit,
		Opt: lvs.ServiceOpt{Scheduler: v.Scheduler, Flags: v.SchedFlag},
	}
	if v.Persistent {
		s.Opt.Flags |= lvs.FlagPersistent
		s.Opt.Timeout = uint32(v.PersistTimeout / time.Second)
		s.Opt.Engine = v.PersistEngine
		// A prefix that covers the whole address is none.
		if full := map[bool]int{false: 32, true: 128}[v.IPv6]; v.PersistGran != full {
			s.Opt.Prefix = v.PersistGran
		}
	}
	if v.OnePacket {
		s.Opt.Flags |= lvs.FlagOnePacket
	}
	if v.HASuspend && v.Addr.IsValid() {
		s.Suspend = v.Addr.Addr()
		l.out.suspends = true
	}
	s.Members = members(v)
	if y := v.Sorry; y != nil {
		m := v.Method
		if v.SorryMethod != nil {
			m = *v.SorryMethod
		}
		s.Sorry = &lvs.Server{Name: v.NameOf(y), Dest: dest(y, m)}
	}
	for _, r := range v.Real {
		s.Servers = append(s.Servers, l.server(v, r))
	}
	return s
}

// mails says whether changes are mailed: as given, or as the global settings
// say, or by default.
func (l *lvsLower) mails(given *bool, byDefault bool) bool {
	m := &l.cfg.Global.Mail
	for _, b := range []*bool{given, m.AlertChecker, m.Alert} {
		if b != nil {
			return *b
		}
	}
	return byDefault
}

// members are what the kernel knows of a service.
func members(v *config.VirtualServer) []lvs.Member {
	proto := protocols[v.Protocol]
	if v.Group == nil {
		if v.IsMark() {
			return []lvs.Member{{ID: lvs.ServiceID{FWMark: v.FWMark, IPv6: familyOf(v)}}}
		}
		return []lvs.Member{{ID: lvs.ServiceID{IPv6: v.IPv6, Protocol: proto, Addr: v.Addr.Addr(), Port: v.Addr.Port()}}}
	}
	var out []lvs.Member
	for _, e := range v.Group.Entries {
		if e.IsMark() {
			six := e.IPv6
			if !e.FamilySet() {
				six = familyOf(v)
			}
			out = append(out, lvs.Member{ID: lvs.ServiceID{FWMark: e.FWMark, IPv6: six}, Group: v.GroupName, Text: fmt.Sprintf("FWM %d", e.FWMark)})
			continue
		}
		text := config.Endpoint(netip.AddrPortFrom(e.First, e.Port), v.Protocol)
		if e.Last != e.First {
			text += "-" + e.Last.String()
		}
		for a := e.First; a.IsValid(); a = a.Next() {
			out = append(out, lvs.Member{ID: lvs.ServiceID{IPv6: a.Is6(), Protocol: proto, Addr: a, Port: e.Port}, Group: v.GroupName, Text: text})
			if a == e.Last {
				break
			}
		}
	}
	return out
}

// familyOf says whether a service by mark is one of IPv6: as it was given, or
// as its servers are.
func familyOf(v *config.VirtualServer) bool {
	if v.FamilySet {
		return v.IPv6
	}
	all := len(v.Real) > 0
	for _, r := range v.Real {
		six := r.Addr.Addr().Is6()
		if r.Method.Kind != "TUN" {
			return six
		}
		all = all && six
	}
	return all
}

// dest is a server as the kernel knows it.
func dest(r *config.RealServer, m config.Forwarding) lvs.Dest {
	d := lvs.Dest{Addr: r.Addr.Addr(), Port: r.Addr.Port(), Weight: uint32(r.Weight), Upper: r.UThreshold, Lower: r.LThreshold}
	switch m.Kind {
	case "DR":
		d.Method.Forward = lvs.DirectRt
	case "TUN":
		d.Method = lvs.Method{
			Forward: lvs.Tunnel, TunPort: m.TunPort,
			TunType:  map[string]uint8{"gue": lvs.TunnelGUE, "gre": lvs.TunnelGRE}[m.TunType],
			TunFlags: map[string]uint16{"csum": lvs.TunnelCsum, "remcsum": lvs.TunnelRemCsum}[m.TunCsum],
		}
	}
	return d
}

func (l *lvsLower) server(v *config.VirtualServer, r *config.RealServer) *lvs.Server {
	out := &lvs.Server{
		Name: v.NameOf(r), Dest: dest(r, *r.Method), Inhibit: given(r.Inhibit, v.Inhibit), Alpha: given(r.Alpha, v.Alpha),
		Up: CommandOf(l.cfg, r.NotifyUp), Down: CommandOf(l.cfg, r.NotifyDown), Mail: l.mails(r.SMTPAlert, true),
	}
	for _, k := range r.Checkers {
		if c := l.check(v, r, k, out); c != nil {
			out.Checks = append(out.Checks, c)
		}
	}
	return out
}

func given(b *bool, other bool) bool {
	if b != nil {
		return *b
	}
	return other
}

// pick is the innermost time that was given, or def.
func pick(def time.Duration, times ...time.Duration) time.Duration {
	for _, t := range times {
		if t >= 0 {
			return t
		}
	}
	return def
}

// Defaults of checks (keepalived.conf(5), "retry" and "delay_before_retry").
const (
	defaultLoop       = 60 * time.Second
	defaultConnect    = 5 * time.Second
	defaultRetry      = 1
	defaultRetryDNS   = 3
	defaultRetryMisc  = 0
	defaultRetryDelay = time.Second
	defaultRetryHTTP  = 3 * time.Second
)

func (l *lvsLower) check(v *config.VirtualServer, r *config.RealServer, k *config.Checker, rs *lvs.Server) *lvs.Check {
	t, rt, vt := &k.Timing, &r.Timing, &v.Timing
	c := &lvs.Check{Alpha: given(k.Alpha, rs.Alpha), LogAll: given(k.LogAll, l.cfg.Global.CheckerLogAll), Fast: k.FastRecovery}
	c.Delay = pick(defaultLoop, t.DelayLoop, rt.DelayLoop, vt.DelayLoop)
	c.Warmup = pick(c.Delay, t.Warmup, rt.Warmup, vt.Warmup)
	retry, delay := defaultRetry, defaultDelay(k, c)
	switch k.Kind {
	case "DNS_CHECK":
		retry = defaultRetryDNS
	case "MISC_CHECK":
		retry = defaultRetryMisc
	}
	c.Retry = uint32(retry)
	for _, n := range []int{t.Retry, rt.Retry, vt.Retry} {
		if n >= 0 {
			c.Retry = uint32(n)
			break
		}
	}
	c.RetryDelay = pick(delay, t.RetryDelay, rt.RetryDelay, vt.RetryDelay)
	conn := connection(v, r, k)
	conn.Timeout = pick(defaultConnect, t.ConnectTimeout, rt.ConnectTimeout, vt.ConnectTimeout)
	if !l.probe(c, v, r, k, conn) {
		return nil
	}
	c.Identity = strings.Join([]string{k.Kind, fmt.Sprint(conn, c.Delay, c.RetryDelay, c.Retry, c.Warmup, c.Alpha, c.LogAll, c.Fast), k.Fingerprint(), hostOf(v, r, k, nil)}, " ")
	return c
}

// defaultDelay is delay_before_retry where none is given.
func defaultDelay(k *config.Checker, c *lvs.Check) time.Duration {
	switch k.Kind {
	case "DNS_CHECK":
		return c.Delay
	case "HTTP_GET", "SSL_GET":
		return defaultRetryHTTP
	}
	return defaultRetryDelay
}

// connection is where a check connects, and how.
func connection(v *config.VirtualServer, r *config.RealServer, k *config.Checker) lvs.Connection {
	to, port := r.Addr.Addr(), r.Addr.Port()
	if port == 0 {
		port = v.Addr.Port()
	}
	if k.ConnectIP.IsValid() {
		to = k.ConnectIP
	}
	if k.ConnectPort != 0 {
		port = k.ConnectPort
	}
	if to.Is6() && to.IsLinkLocalUnicast() && to.Zone() == "" && k.BindIf != "" {
		to = to.WithZone(k.BindIf)
	}
	return lvs.Connection{To: netip.AddrPortFrom(to, port), From: netip.AddrPortFrom(k.BindIP, k.BindPort), Device: k.BindIf, Mark: k.FWMark}
}

// hostOf is the virtual host of a page: the innermost that was given.
func hostOf(v *config.VirtualServer, r *config.RealServer, k *config.Checker, u *config.URL) string {
	hosts := []string{k.VirtualHost, r.VirtualHost, v.VirtualHost}
	if u != nil {
		hosts = append([]string{u.VirtualHost}, hosts...)
	}
	for _, h := range hosts {
		if h != "" {
			return h
		}
	}
	return ""
}
