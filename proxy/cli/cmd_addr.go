package cli

import (
	"net/netip"
	"strconv"
	"strings"

	"tandem/proxy/config"
	"tandem/proxy/server"
)

// setAddr answers "set server <b>/<s> addr <ip> [port <port>]".
func setAddr(c *Call, p *config.Proxy, s *server.Server) {
	if c.arg(2) == "" {
		c.say(Warning, "set server <b>/<s> addr requires an address and optionally a port.")
		return
	}
	ip, err := netip.ParseAddr(c.arg(2))
	if err != nil {
		c.say(Warning, "Invalid addr '%s'", c.arg(2))
		return
	}
	old := s.Addr()
	if old == nil { // it has no family yet
		c.say(Warning, "Update for the current server address family is only supported through configuration file.")
		return
	}
	e := *old
	e.Host, e.Name, e.Network = ip.String(), "", "tcp4"
	if ip.Is6() {
		e.Network = "tcp6"
	}
	before, after := portText(old), ""
	if c.arg(3) == "port" {
		if !readPort(c.arg(4), &e) {
			c.say(Warning, "problem converting port '%s' to an int", c.arg(4))
			return
		}
		after = portText(&e)
	}
	c.say(Warning, "%s", moveServer(s, old, &e, before, after, s.Params.Check))
}

// moveServer gives the server its new endpoint and says what changed.
func moveServer(s *server.Server, old, e *server.Endpoint, before, after string, check server.CheckParams) string {
	var parts []string
	if old == nil || old.Host != e.Host {
		was := ""
		if old != nil {
			was = old.Host
		}
		parts = append(parts, "IP changed from '"+was+"' to '"+e.Host+"'")
	}
	if after != "" && after != before {
		if e.Mapped && check.Enabled && check.Port == 0 {
			// Checks would have no port to go to.
			e.Port, e.Mapped, e.MapPort = old.Port, old.Mapped, old.MapPort
			parts = append(parts, "can't change <port> to port map because it is incompatible with current health check port configuration (use 'port' statement from the 'server' directive).")
		} else {
			parts = append(parts, "port changed from '"+before+"' to '"+after+"'")
		}
	}
	if len(parts) == 0 {
		return "nothing changed"
	}
	s.SetAddr(e)
	return strings.Join(parts, ", ") + " by 'stats socket command'"
}

// portText is a port as feedback shows it: "+5" for an offset.
func portText(e *server.Endpoint) string {
	switch {
	case e == nil:
		return "0"
	case !e.Mapped:
		return strconv.Itoa(e.Port)
	case e.MapPort < 0:
		return strconv.Itoa(e.MapPort)
	}
	return "+" + strconv.Itoa(e.MapPort)
}

// readPort reads "80", "+1" or "-1".
func readPort(text string, e *server.Endpoint) bool {
	n, err := strconv.Atoi(text)
	if err != nil || n < -65535 || n > 65535 {
		return false
	}
	if text[0] == '+' || text[0] == '-' {
		e.Port, e.Mapped, e.MapPort = 0, true, n
		return true
	}
	e.Port, e.Mapped, e.MapPort = n, false, 0
	return true
}
