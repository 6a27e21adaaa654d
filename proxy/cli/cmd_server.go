package cli

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/config"
	"tandem/proxy/server"
)

// serverCommands change servers while they run.
var serverCommands = []*keyword.Def[Command]{
	command("set server", " <bk>/<srv> [opts]", Admin, "change the state, weight, address or name of a server.", setServer),
	define(keyword.Spec{Name: "enable server", Doc: "end a server's maintenance (better: 'set server')."},
		Command{Usage: "enable server  (DEPRECATED)", Level: Admin, Run: func(c *Call) {
			c.toServer(func(s *server.Server) { ready(s, c.now(), server.ForcedMaint|server.ConfigMaint) })
		}}),
	define(keyword.Spec{Name: "disable server", Doc: "put a server into maintenance (better: 'set server')."},
		Command{Usage: "disable server (DEPRECATED)", Level: Admin, Run: func(c *Call) { c.toServer(func(s *server.Server) { s.SetAdmin(server.ForcedMaint, c.now()) }) }}),
	command("enable health", "", Admin, "resume the health checks of a server.", enableHealth),
	command("disable health", "", Admin, "pause the health checks of a server.", func(c *Call) { c.toServer(func(s *server.Server) { pauseHealth(s, true) }) }),
	command("enable agent", "", Admin, "resume the agent checks of a server.", enableAgent),
	command("disable agent", "", Admin, "pause the agent checks of a server.", func(c *Call) { c.toServer(func(s *server.Server) { pauseAgent(s, true) }) }),
	command("get weight", " <bk>/<srv>", User, "show the weight of a server.", getWeight),
	define(keyword.Spec{Name: "set weight", Doc: "change the weight of a server (better: 'set server')."},
		Command{Usage: "set weight <bk>/<srv>  (DEPRECATED)", Level: Admin, Run: func(c *Call) { setWeight(c, c.arg(1)) }}),
	command("enable dynamic-cookie backend", " <bk>", Admin, "make dynamic cookies.", func(c *Call) { dynamicCookies(c, true) }),
	command("disable dynamic-cookie backend", " <bk>", Admin, "stop making dynamic cookies.", func(c *Call) { dynamicCookies(c, false) }),
	command("set dynamic-cookie-key backend", " <bk> <k>", Admin, "change the key of dynamic cookies.", setCookieKey),
	command("add server", " <bk>/<srv>", Admin, "create a server.", addServer),
	command("del server", " <bk>/<srv>", Admin, "delete a server that nothing names.", delServer),
	command("set maxconn server", " <bk>/<srv>", Admin, "change the connection limit of a server.", setServerMaxConn),
}

// toServer calls f for the server that the first argument names.
func (c *Call) toServer(f func(*server.Server)) {
	if _, s := c.target(); s != nil {
		f(s)
	}
}

// ready ends the given administrative reasons and forced draining.
func ready(s *server.Server, now time.Time, a server.Admin) { s.ClearAdmin(a, now) }

// pauseHealth stops or resumes health checks where there are any.
func pauseHealth(s *server.Server, paused bool) bool {
	if !s.Params.Check.Enabled {
		return false
	}
	s.PauseCheck(paused)
	return true
}

// pauseAgent stops or resumes agent checks where there are any.
func pauseAgent(s *server.Server, paused bool) bool {
	if !s.Params.Agent.Enabled {
		return false
	}
	s.PauseAgent(paused)
	return true
}

func enableHealth(c *Call) {
	c.toServer(func(s *server.Server) {
		if !pauseHealth(s, false) {
			c.fail("Health check was not configured on this server, cannot enable.")
		}
	})
}

func enableAgent(c *Call) {
	c.toServer(func(s *server.Server) {
		if !pauseAgent(s, false) {
			c.fail("Agent was not configured on this server, cannot enable.")
		}
	})
}

// dynamicCookies turns the cookies of a backend's servers on or off.
func dynamicCookies(c *Call, on bool) {
	if p := c.namedBackend(); p != nil {
		p.Back.SetDynamicCookies(on, "")
	}
}

// namedBackend returns the backend of the first argument, or says that there is none.
func (c *Call) namedBackend() *config.Proxy {
	if c.arg(0) == "" {
		c.fail("A backend name is expected.")
		return nil
	}
	p := c.backendOf(c.arg(0))
	if p == nil {
		c.fail("No such backend.")
	}
	return p
}

func setCookieKey(c *Call) {
	p := c.namedBackend()
	switch {
	case p == nil:
	case c.arg(1) == "":
		c.fail("String value expected.")
	default:
		p.Back.SetDynamicCookies(p.Back.Settings().DynamicCookies, c.arg(1))
	}
}

func getWeight(c *Call) {
	c.toServer(func(s *server.Server) { c.printf("%d (initial %d)\n", s.Weight(), s.InitialWeight()) })
}

// setWeight changes the weight of the server of the first argument.
func setWeight(c *Call, text string) {
	p, s := c.target()
	if s == nil {
		return
	}
	if text == "" {
		c.fail("Require <weight> or <weight%%>.")
		return
	}
	w, why := weightFrom(text, s.InitialWeight())
	if why == "" && p.Balance != nil && p.Balance.Static && w != 0 && w != s.InitialWeight() {
		why = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
	}
	if why != "" {
		c.fail("%s", why)
		return
	}
	s.SetWeight(w, c.now())
}

// weightFrom reads a weight, absolute or relative to the initial one; why
// says what is wrong with it.
func weightFrom(text string, initial int) (w int, why string) {
	num, relative := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(num)
	switch {
	case err != nil && strings.TrimLeft(num, "-0123456789") == num:
		return 0, "Empty weight string empty or preceded by garbage"
	case err != nil:
		return 0, "Trailing garbage in weight string"
	case relative && n < 0:
		return 0, "Relative weight must be positive."
	case relative:
		return min(n*initial/100, 256), ""
	case n < 0 || n > 256:
		return 0, "Absolute weight can only be between 0 and 256 inclusive."
	}
	return n, ""
}

func setServerMaxConn(c *Call) {
	_, s := c.target()
	if s == nil {
		return
	}
	text := c.arg(1)
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case text == "":
		c.fail("Require <maxconn>.")
	case err != nil && strings.TrimLeft(text, "-0123456789") == text:
		c.fail("maxconn string empty or preceded by garbage")
	case err != nil:
		c.fail("Trailing garbage in maxconn string")
	case n < 0:
		c.fail("Maxconn must be positive.")
	default:
		s.SetMaxConn(n)
	}
}

// serverSettings are the words of "set server" in the order of its usage.
var serverSettings = []struct {
	word string
	set  func(*Call, *config.Proxy, *server.Server)
}{
	{"addr", setAddr},
	{"agent", setAgent},
	{"agent-addr", setAgentAddr},
	{"agent-port", setAgentPort},
	{"agent-send", setAgentSend},
	{"check-addr", setCheckAddr},
	{"check-port", setCheckPort},
	{"fqdn", setFQDN},
	{"health", setHealth},
	{"name", setName},
	{"ssl", setTLS},
	{"state", setState},
	{"weight", func(c *Call, _ *config.Proxy, _ *server.Server) { setWeight(c, c.arg(2)) }},
}

func setServer(c *Call) {
	p, s := c.target()
	if s == nil {
		return
	}
	var names []string
	for _, x := range serverSettings {
		if x.word == c.arg(1) {
			x.set(c, p, s)
			return
		}
		names = append(names, x.word)
	}
	c.fail("usage: set server <backend>/<server> %s", strings.Join(names, " | "))
}

func setState(c *Call, _ *config.Proxy, s *server.Server) {
	now := c.now()
	switch c.arg(2) {
	case "ready":
		toReady(s, now)
	case "drain":
		toDrain(s, now)
	case "maint":
		s.SetAdmin(server.ForcedMaint, now)
	default:
		c.fail("'set server <srv> state' expects 'ready', 'drain' and 'maint'.")
	}
}

// toReady takes the server out of maintenance and drain.
func toReady(s *server.Server, now time.Time) {
	ready(s, now, server.ForcedMaint|server.ConfigMaint)
	ready(s, now, server.ForcedDrain)
}

// toDrain lets the server finish what it has.
func toDrain(s *server.Server, now time.Time) {
	s.SetAdmin(server.ForcedDrain, now)
	ready(s, now, server.ForcedMaint|server.ConfigMaint)
}

func setHealth(c *Call, _ *config.Proxy, s *server.Server) {
	to, ok := map[string]server.OpState{"up": server.Running, "stopping": server.Stopping, "down": server.Stopped}[c.arg(2)]
	switch {
	case s.View(c.now()).Tracked != nil:
		c.fail("cannot change health on a tracking server.")
	case !ok:
		c.fail("'set server <srv> health' expects 'up', 'stopping', or 'down'.")
	default:
		s.ForceHealth(to, c.now())
	}
}

func setAgent(c *Call, _ *config.Proxy, s *server.Server) {
	switch {
	case !s.Params.Agent.Enabled:
		c.fail("agent checks are not enabled on this server.")
	case c.arg(2) == "up":
		s.ForceAgent(true, c.now())
	case c.arg(2) == "down":
		s.ForceAgent(false, c.now())
	default:
		c.fail("'set server <srv> agent' expects 'up' or 'down'.")
	}
}

// plainPort reads a port for checks; it answers where the text is none.
func plainPort(c *Call, text string) (int, bool) {
	n, err := strconv.Atoi(text)
	if err != nil || text[0] == '+' || text[0] == '-' {
		c.fail("provided port is not an integer")
		return 0, false
	}
	if n < 1 || n > 65535 {
		c.fail("provided port is not in the valid range")
		return 0, false
	}
	return n, true
}

func setCheckPort(c *Call, _ *config.Proxy, s *server.Server) {
	switch {
	case c.arg(2) == "":
		c.fail("set server <b>/<s> check-port requires a port.")
	case !s.Params.Check.Enabled:
		c.fail("health checks are not enabled on this server")
	default:
		if n, ok := plainPort(c, c.arg(2)); ok {
			s.Override(func(p *server.Params) { p.Check.Port = n })
		}
	}
}

// checkTarget reads "<addr> [port <port>]" for checks and agents.
func checkTarget(c *Call, what string, k func(*server.Params) *server.CheckParams, s *server.Server) {
	addr := c.arg(2)
	if addr == "" {
		c.fail("set server <b>/<s> %s requires an address and optionally a port.", what)
		return
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		c.fail("invalid addr '%s'", addr)
		return
	}
	port := 0
	if c.arg(3) == "port" {
		var ok bool
		if port, ok = plainPort(c, c.arg(4)); !ok {
			return
		}
	}
	s.Override(func(p *server.Params) {
		k(p).Addr = ip.String()
		if port > 0 {
			k(p).Port = port
		}
	})
}

func setCheckAddr(c *Call, _ *config.Proxy, s *server.Server) {
	if !s.Params.Check.Enabled {
		c.fail("health checks are not enabled on this server")
		return
	}
	checkTarget(c, "check-addr", func(p *server.Params) *server.CheckParams { return &p.Check }, s)
}

func setAgentAddr(c *Call, _ *config.Proxy, s *server.Server) {
	if !s.Params.Agent.Enabled {
		c.fail("agent checks are not enabled on this server")
		return
	}
	checkTarget(c, "agent-addr", func(p *server.Params) *server.CheckParams { return &p.Agent }, s)
}

func setAgentPort(c *Call, _ *config.Proxy, s *server.Server) {
	switch {
	case c.arg(2) == "":
		c.fail("set server <b>/<s> agent-port requires a port.")
	case !s.Params.Agent.Enabled:
		c.fail("agent checks are not enabled on this server")
	default:
		if n, ok := plainPort(c, c.arg(2)); ok {
			s.Override(func(p *server.Params) { p.Agent.Port = n })
		}
	}
}

func setAgentSend(c *Call, _ *config.Proxy, s *server.Server) {
	if !s.Params.Agent.Enabled {
		c.fail("agent checks are not enabled on this server.")
		return
	}
	s.Override(func(p *server.Params) { p.Agent.Send = c.arg(2) })
}

func setFQDN(c *Call, _ *config.Proxy, s *server.Server) {
	switch id, _ := s.Identity(); {
	case c.arg(2) == "":
		c.fail("set server <b>/<s> fqdn requires a FQDN.")
	case s.Params.Resolvers == nil:
		c.fail("set server <b>/<s> fqdn failed because no resolution is configured.")
	case id.Record != "":
		c.fail("set server <b>/<s> fqdn failed because SRV resolution is configured.")
	case c.Rename != nil:
		c.say(Warning, "%s", c.Rename(s, c.arg(2)))
	}
}

// setTLS switches TLS towards a server off, or on again (management manual
// 9.3, set server). The path of its checks stays.
func setTLS(c *Call, _ *config.Proxy, s *server.Server) {
	on := c.arg(2) == "on"
	switch t := &s.Params.TLS; {
	case !t.Enabled && !t.Ready:
		c.fail("'set server <srv> ssl' cannot be set.  default-server should define ssl settings")
	case !on && c.arg(2) != "off":
		c.fail("'set server <srv> ssl' expects 'on' or 'off'.")
	default:
		s.Override(func(p *server.Params) { p.TLS.Enabled, p.TLS.Ready, p.TLS.Off = on, true, false })
		c.say(Notice, "server ssl setting updated.")
	}
}

// setName checks what a rename needs; names themselves do not change here.
func setName(c *Call, p *config.Proxy, s *server.Server) {
	name := c.arg(2)
	switch {
	case name == "":
		c.fail("set server <b>/<s> name requires a new name.")
	case s.View(c.now()).Admin&server.AnyMaint == 0:
		c.fail("Server must be in maintenance mode to be renamed (set server <b>/<s> state maint).")
	case strings.Trim(name, nameBytes) != "":
		c.fail("Server name contains invalid characters.")
	case name != s.Name && p.Back.Server(name) != nil:
		c.fail("A server with the same name already exists in this backend.")
	case name == s.Name:
		c.say(Info, "Server name updated.")
	case s.Named():
		c.fail("Cannot rename: server's name is statically referenced (use-server, track, or sample argument).")
	default:
		c.fail("The name of a server cannot be changed at run time in this program.")
	}
}

// nameBytes are what names may consist of (configuration manual 2).
const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-"

// removalBar says why a server cannot be removed; final says that waiting
// does not help.
func removalBar(_ *config.Proxy, s *server.Server, now time.Time) (why string, final bool) {
	v := s.View(now)
	switch {
	case s.Named():
		return "This server cannot be removed at runtime due to other configuration elements pointing to it.", true
	case v.Admin&server.AnyMaint == 0:
		return "Only servers in maintenance mode can be deleted.", true
	case s.Cur() > 0 || s.Waiting() > 0:
		return "Server still has connections attached to it, cannot remove it.", false
	}
	return "", false
}

// addServer is "add server": it may be told all but the server's name wrongly.
func addServer(c *Call) {
	if c.arg(0) == "help" {
		c.printf("List of keywords supported for dynamic server:\n%s\n", strings.Join(config.DynamicWords(), "\n"))
		return
	}
	be, name, ok := strings.Cut(c.arg(0), "/")
	if !ok || name == "" {
		c.fail("Require 'backend/server'.")
		return
	}
	p := c.backendOf(be)
	switch {
	case p == nil:
		c.fail("No such backend.")
	case c.AddServer == nil:
		c.fail("Servers cannot be added in this process.")
	default:
		if err := c.AddServer(p, name, c.Args[1:]); err != nil {
			c.fail("%s", err)
			return
		}
		c.say(Info, "New server registered.")
	}
}

func delServer(c *Call) {
	p, s := c.target()
	if s == nil {
		return
	}
	if why, _ := removalBar(p, s, c.now()); why != "" || c.RemoveServer == nil {
		c.fail("%s", why)
		return
	}
	c.RemoveServer(p, s)
	c.say(Notice, "Server deleted.")
}
