package cli

import (
	"net/netip"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/server"
)

// showCommands tell about the process and its objects.
var showCommands = []*keyword.Def[Command]{
	command("show cache", "", Admin, "show the HTTP caches.", showCache),
	command("show version", "", User, "show the version.", func(c *Call) { c.printf("%s\n", c.Version) }),
	command("show env", " [var]", Operator, "dump the environment.", showEnv),
	command("show startup-logs", "", Operator, "show what was reported while starting.", showStartup),
	command("show backend", "", User, "list the backends.", showBackends),
	command("show servers state", " [<backend>]", User, "dump the state of servers (of all backends or one).", showServersState),
	command("show servers conn", " [<backend>]", User, "dump the connections of servers (of all backends or one).", showServersConn),
	command("show errors", " [<px>] [request|response]", Operator, "report the last invalid messages.", showErrors),
	command("show sess", " [help|<id>|all] [opts...]", Operator, "list the streams, or dump one.", showSess),
	command("show default-server", " [<backend>]", User, "list the default-server settings.", showDefaultServer),
	command("show defaults", "", User, "list the named defaults sections.", showDefaults),
}

func showCache(c *Call) {
	for _, b := range c.Config().Others.InOrder(c.Config().Others.Caches) {
		b.Cache.Show(c.out, c.now().Unix())
	}
}

func showEnv(c *Call) {
	if name := c.arg(0); name != "" {
		v, ok := os.LookupEnv(name)
		if !ok {
			c.fail("Variable not found")
			return
		}
		c.printf("%s=%s\n", name, v)
		return
	}
	for _, v := range os.Environ() {
		c.printf("%s\n", v)
	}
}

func showStartup(c *Call) {
	if c.StartupLogs != nil {
		c.printf("%s", c.StartupLogs())
	}
}

func showBackends(c *Call) {
	c.printf("# name\n")
	for _, p := range c.Config().Proxies {
		if p.Back != nil {
			c.printf("%s\n", p.Name)
		}
	}
}

// backends calls f for the backend that the first argument names, for all
// without one. If there is none, that is the answer.
func (c *Call) backends(head string, f func(*config.Proxy)) {
	var only *config.Proxy
	if name := c.arg(0); name != "" {
		if only = c.backendOf(name); only == nil {
			c.fail("Can't find backend.")
			return
		}
	}
	c.printf("%s", head)
	for _, p := range c.Config().Proxies {
		if p.Back != nil && (only == nil || p == only) {
			f(p)
		}
	}
}

// stateHead is the header of "show servers state", also of server state files.
const stateHead = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
	"srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " +
	"bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"

func showServersState(c *Call) {
	now := c.now()
	c.backends(stateHead, func(p *config.Proxy) {
		for _, s := range p.Back.Servers() {
			c.printf("%s\n", stateLine(c, p, s, now))
		}
	})
}

// Flags of a check in "show servers state".
const (
	checkInProgress = 0x01
	checkConfigured = 0x02
	checkEnabled    = 0x04
	checkPaused     = 0x08
	checkAgent      = 0x10
)

// checkFlags is the column srv_check_state or srv_agent_state.
func checkFlags(c *server.CheckState, inMaint bool) int {
	if !c.Enabled {
		return 0
	}
	n := checkConfigured
	if !c.Paused {
		n |= checkEnabled
	}
	if inMaint {
		n |= checkPaused
	}
	if c.Running {
		n |= checkInProgress
	}
	return n
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// usesTLS is what the state of a server says of its TLS: -1 after "no-ssl".
func usesTLS(p *server.Params) int {
	if p.TLS.Off {
		return -1
	}
	return flag(p.TLS.Enabled)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stateLine is one server as "show servers state" prints it.
func stateLine(c *Call, p *config.Proxy, s *server.Server, now time.Time) string {
	v := s.View(now)
	a := s.Addr()
	host := "-"
	if a != nil && a.Network != "unix" {
		host = dash(a.Host)
	}
	id, port := s.Identity()
	check := checkFlags(&v.Check, v.Admin&server.AnyMaint != 0)
	if v.Admin&server.ConfigMaint != 0 {
		check |= checkPaused // "disabled" pauses checks that there may not be
	}
	agent := checkFlags(&v.Agent, false)
	if v.Agent.Enabled {
		agent |= checkAgent
	}
	admin := v.Admin
	if admin&server.ConfigMaint != 0 {
		admin |= server.ForcedMaint // "disabled" sets both
	}
	result := v.Check.Result
	if !v.Check.Enabled {
		result = 0
	}
	k, ag := &s.Params.Check, &s.Params.Agent
	f := []string{
		strconv.Itoa(p.ID), c.sess.hidden(p.Name), strconv.Itoa(s.ID), c.sess.hidden(s.Name), host, strconv.Itoa(int(v.Op)), strconv.Itoa(int(admin)),
		strconv.Itoa(s.Weight()), strconv.Itoa(v.Weight), strconv.Itoa(int(v.LastChange / time.Second)),
		strconv.Itoa(server.StatusNumber(v.Check.Status)), strconv.Itoa(result), strconv.Itoa(healthOf(s, &v)),
		strconv.Itoa(check), strconv.Itoa(agent), "0", strconv.Itoa(flag(s.Params.ForcedID != 0)),
		dash(id.Host), strconv.Itoa(port), dash(id.Record), strconv.Itoa(usesTLS(s.Params)), strconv.Itoa(k.Port), dash(k.Addr),
		dash(ag.Addr), strconv.Itoa(ag.Port),
	}
	return strings.Join(f, " ")
}

// healthOf is the column srv_check_health. Without checks it is what the line
// says of "rise", if anything.
func healthOf(s *server.Server, v *server.View) int {
	if !v.Check.Enabled {
		if s.Params.Rise != server.DefaultParams().Rise {
			return s.Params.Rise
		}
		return 0
	}
	return v.CheckCount.Value
}

func showServersConn(c *Call) {
	head := "# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est idle_sess unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]\n"
	c.backends(head, func(p *config.Proxy) {
		for _, s := range p.Back.Servers() {
			host, port := "-", 0
			if a := s.Addr(); a != nil && a.Network != "unix" {
				host, port = a.Host, a.Port
			}
			st := &s.Stats
			idle := st.IdleSafe.Load() + st.IdleUnsafe.Load()
			c.printf("%s/%s %d/%d %s %d - %d %d %d %d %d %d %d %d %d %d %d\n", c.sess.hidden(p.Name), c.sess.hidden(s.Name), p.ID, s.ID, host, port,
				s.Params.PoolPurgeDelay.Milliseconds(), s.Cur(), st.Used.Load(), st.Used.Max(), st.Need.Load(), st.IdlePrivate.Load(),
				st.IdleUnsafe.Load(), st.IdleSafe.Load(), s.Params.PoolMaxConn, idle, idle)
		}
	})
}

func showDefaultServer(c *Call) {
	c.backends("", func(p *config.Proxy) {
		if p.DefaultServer != nil && len(p.DefaultServer.Set) > 0 {
			c.printf("%s: %s\n", p.Name, strings.Join(p.DefaultServer.Set, " "))
		}
	})
}

func showDefaults(c *Call) {
	seen := map[string]bool{}
	for _, p := range c.Config().Proxies {
		for d := p.From; d != nil; d = d.From {
			if d.Name != "" {
				seen[d.Name] = true
			}
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		c.printf("%s\n", n)
	}
}

// addrPortText prints an address as "show sess" does.
func addrPortText(a netip.AddrPort, unix int) string {
	if !a.IsValid() {
		return "unix:" + strconv.Itoa(unix)
	}
	return a.String()
}
