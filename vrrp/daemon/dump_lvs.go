package daemon

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/lvs"
)

// WriteData writes keepalived_check.data: settings, services and checks.
func (h *Health) WriteData(w io.Writer) error {
	b := bufio.NewWriter(w)
	h.Do(func() {
		writeGlobal(b, h.cfg)
		d := &lvsDump{Writer: b, cfg: h.cfg, l: &lvsLower{cfg: h.cfg}}
		d.topology(h.dir.View())
	})
	return b.Flush()
}

// lvsDump writes the state of services in the layout of the original.
type lvsDump struct {
	*bufio.Writer
	cfg *config.Config
	l   *lvsLower
}

func (d *lvsDump) p(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *lvsDump) topology(views []lvs.ServiceView) {
	d.p("------< LVS Topology >------")
	d.p(" System is compiled with LVS v1.2.1")
	for _, g := range d.cfg.VirtualGroups {
		d.group(g, views)
	}
	// Services of groups that do not exist have no state.
	var specs []*config.VirtualServer
	for _, v := range d.cfg.VirtualServers {
		if v.GroupName == "" || v.Group != nil {
			specs = append(specs, v)
		}
	}
	n := min(len(specs), len(views))
	for i, v := range specs[:n] {
		d.service(v, &views[i])
	}
	d.p("------< Health checkers >------")
	for i, v := range specs[:n] {
		for k, r := range v.Real[:min(len(v.Real), len(views[i].Servers))] {
			d.checks(v, r, &views[i].Servers[k])
		}
	}
}

// group writes a virtual_server_group.
func (d *lvsDump) group(g *config.VirtualServerGroup, views []lvs.ServiceView) {
	alive := map[uint8]int{}
	for _, v := range views {
		if len(v.Spec.Members) == 0 || v.Spec.Members[0].Group != g.Name {
			continue
		}
		for _, r := range v.Servers {
			for _, m := range v.Spec.Members {
				if r.Alive && m.ID.Protocol != 0 {
					alive[m.ID.Protocol]++
					break
				}
			}
		}
	}
	four, six := false, false
	for _, e := range g.Entries {
		four, six = four || !e.IsMark() && !e.IPv6, six || !e.IsMark() && e.IPv6
	}
	d.p(" ------< Virtual server group >------")
	d.p(" Virtual Server Group = %s, IPv4 = %s, IPv6 = %s", g.Name, enabled(four, "yes", "no"), enabled(six, "yes", "no"))
	for _, e := range g.Entries {
		switch {
		case e.IsMark():
			d.p("   FWMARK = %d%s", e.FWMark, enabled(e.IPv6, " inet6", ""))
			continue
		case e.First == e.Last:
			d.p("   VIP = %s, VPORT = %d", e.First, e.Port)
		default:
			d.p("   VIP Range = %s-%s, VPORT = %d", e.First, e.Last, e.Port)
		}
		d.p("     Alive: %d tcp, %d udp, %d sctp", alive[lvs.TCP], alive[lvs.UDP], alive[lvs.SCTP])
	}
}

var onOff = map[bool]string{true: "ON", false: "OFF"}

func number01(b bool) int {
	if b {
		return 1
	}
	return 0
}

func secs(t time.Duration) string { return fmt.Sprintf("%.6f", t.Seconds()) }

// service writes a virtual_server.
func (d *lvsDump) service(v *config.VirtualServer, s *lvs.ServiceView) {
	d.p(" ------< Virtual server >------")
	switch {
	case v.Group != nil:
		d.p(" VS GROUP = %s", v)
	case v.IsMark():
		d.p(" VS FWMARK = %d", v.FWMark)
	default:
		d.p(" VS VIP = %s, VPORT = %d", v.Addr.Addr(), v.Addr.Port())
	}
	if v.VirtualHost != "" {
		d.p("   VirtualHost = %s", v.VirtualHost)
	}
	six := v.IPv6 || v.IsMark() && familyOf(v)
	d.p("   Address family = inet%s", enabled(six, "6", ""))
	d.p("   connection timeout = %s", secs(pick(defaultConnect, v.Timing.ConnectTimeout)))
	loop := pick(defaultLoop, v.Timing.DelayLoop)
	d.p("   delay_loop = %s", secs(loop))
	d.p("   lvs_sched = %s", v.Scheduler)
	d.p("   Hashed = disabled")
	names := []string{"flag-1", "flag-2", "flag-3"}
	switch v.Scheduler {
	case "sh":
		names = []string{"sh-fallback", "sh-port"}
	case "mh":
		names = []string{"mh-fallback", "mh-port"}
	}
	bits := []uint32{lvs.FlagSched1, lvs.FlagSched2, lvs.FlagSched3}
	for i := range names {
		k := i
		if len(names) == 2 {
			k = 1 - i
		}
		d.p("   %s = %sabled", names[k], enabled(v.SchedFlag&bits[k] != 0, "en", "dis"))
	}
	d.p("   One packet scheduling = %sabled", enabled(v.OnePacket, "en", "dis"))
	if v.Persistent {
		d.p("   persistence timeout = %d", v.PersistTimeout/time.Second)
	}
	if v.PersistGran != 0 {
		d.p("   persistence granularity = %s", granularity(v))
	}
	d.p("   protocol = %s", enabled(v.IsMark(), "none", v.Protocol))
	d.p("   alpha is %s", onOff[v.Alpha])
	d.p("   omega is %s", onOff[v.Omega])
	if v.Timing.Retry >= 0 {
		d.p("   Retry count = %d", v.Timing.Retry)
	}
	if v.Timing.RetryDelay >= 0 {
		d.p("   Retry delay = %s", secs(v.Timing.RetryDelay))
	}
	d.p("   Warmup = %s", secs(pick(loop, v.Timing.Warmup)))
	d.p("   Inhibit on failure is %s", onOff[v.Inhibit])
	d.p("   quorum = %d, hysteresis = %d", v.Quorum, v.Hysteresis)
	d.script("Quorum", "up", v.QuorumUp)
	d.script("Quorum", "down", v.QuorumDown)
	d.p("   Using smtp notification = %s", enabled(s.Spec.Mail, "yes", "no"))
	d.p("   default forwarding method = %s", methodText(v.Method))
	if y := v.Sorry; y != nil {
		m := v.Method
		if v.SorryMethod != nil {
			m = *v.SorryMethod
		}
		d.p("   sorry server = %s", v.NameOf(y))
		d.p("     forwarding method = %s", methodText(m))
		d.p("     Inhibit on failure is %s", onOff[v.SorryInhibit])
		d.p("     set = %d", number01(s.SorrySet))
		d.p("     alive = %d", number01(!s.QuorumUp))
	}
	d.p("   VS alive = 1")
	d.p("   quorum_state_up = %d", number01(s.QuorumUp))
	d.p("   reloaded = %d", number01(s.Reloaded))
	for i, r := range v.Real[:min(len(v.Real), len(s.Servers))] {
		d.server(v, r, &s.Servers[i])
	}
}

// granularity writes a prefix as it may be configured.
func granularity(v *config.VirtualServer) string {
	if v.IPv6 {
		return fmt.Sprint(v.PersistGran)
	}
	m := ^uint32(0) << (32 - v.PersistGran)
	return fmt.Sprintf("%d.%d.%d.%d", m>>24, m>>16&255, m>>8&255, m&255)
}

func methodText(m config.Forwarding) string {
	if m.Kind != "TUN" {
		return m.Kind
	}
	csum := map[string]string{"csum": ", checksum", "remcsum": ", remote checksum"}[m.TunCsum]
	switch m.TunType {
	case "gue":
		if csum == "" {
			csum = ", no checksum"
		}
		return fmt.Sprintf("TUN, type = GUE, port = %d%s", m.TunPort, csum)
	case "gre":
		if csum == "" {
			csum = ", no checksum"
		}
		return "TUN, type = GRE" + csum
	}
	return "TUN, type = IPIP"
}

func (d *lvsDump) script(what, when string, c *config.Command) {
	if c != nil {
		d.p("   %s %s notify script = '%s', uid:gid %d:%d", what, when, strings.Join(c.Argv, "' '"), c.Account.UID, c.Account.GID)
	}
}

// server writes a real_server.
func (d *lvsDump) server(v *config.VirtualServer, r *config.RealServer, s *lvs.ServerView) {
	t, vt := &r.Timing, &v.Timing
	d.p("   ------< Real server >------")
	d.p("   RIP = %s, RPORT = %d, WEIGHT = %d EFF WEIGHT = %d", r.Addr.Addr(), r.Addr.Port(), s.Weight, s.Weight)
	d.p("   forwarding method = %s", methodText(*r.Method))
	d.p("   Alpha is %s", onOff[s.Spec.Alpha])
	d.p("   connection timeout = %s", secs(pick(defaultConnect, t.ConnectTimeout, vt.ConnectTimeout)))
	d.p("   connection limit range = %d -> %d", r.LThreshold, r.UThreshold)
	loop := pick(defaultLoop, t.DelayLoop, vt.DelayLoop)
	d.p("   Delay loop = %s", secs(loop))
	if n := max(t.Retry, vt.Retry); n >= 0 {
		d.p("   Retry count = %d", n)
	}
	if n := pick(-1, t.RetryDelay, vt.RetryDelay); n >= 0 {
		d.p("   Retry delay = %s", secs(n))
	}
	d.p("   Warmup = %s", secs(pick(loop, t.Warmup, vt.Warmup)))
	d.p("   Inhibit on failure is %s", onOff[s.Spec.Inhibit])
	d.script("RS", "up", r.NotifyUp)
	d.script("RS", "down", r.NotifyDown)
	if r.VirtualHost != "" {
		d.p("    VirtualHost = '%s'", r.VirtualHost)
	}
	d.p("   Using smtp notification = %s", enabled(s.Spec.Mail, "yes", "no"))
	d.p("   initial weight = %d", r.Weight)
	d.p("   effective weight = %d", s.Weight)
	d.p("   previous effective_weight = %d", s.LastWeight)
	d.p("   alive = %d", number01(s.Alive))
	d.p("   num failed checkers = %d", s.Failing)
	d.p("   RS set = %d", number01(s.Set))
	d.p("   reloaded = %d", number01(s.Reloaded))
}
