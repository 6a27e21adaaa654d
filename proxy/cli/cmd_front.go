package cli

import (
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/config"
)

// frontCommands change frontends and the limits of the process.
var frontCommands = []*keyword.Def[Command]{
	command("enable frontend", " <frontend>", Admin, "let a frontend accept connections again.", enableFrontend),
	command("disable frontend", " <frontend>", Admin, "close the sockets of a frontend for a while.", disableFrontend),
	command("shutdown frontend", " <frontend>", Admin, "close the sockets of a frontend for good.", shutdownFrontend),
	command("set maxconn frontend", " <frontend> <value>", Admin, "change the connection limit of a frontend.", setFrontMaxConn),
	command("set maxconn global", " <value>", Admin, "change the connection limit of the process.", setGlobalMaxConn),
	command("set rate-limit", " <setting> <value>", Admin, "change a rate limit of the process.", setRateLimit),
	command("set profiling", " <what> {auto|on|off}", Admin, "accepted without effect: nothing is profiled here.", setProfiling),
}

// frontend finds the frontend that the first argument names. If there is
// none, that is the answer.
func (c *Call) frontend() *config.Proxy {
	if c.arg(0) == "" {
		c.fail("A frontend name is expected.")
		return nil
	}
	p := c.proxyOf(c.arg(0), keyword.Frontend)
	if p == nil || p.Front == nil {
		c.fail("No such frontend.")
		return nil
	}
	return p
}

// controlled says whether listeners can be changed at all.
func (c *Call) controlled() bool {
	if c.Frontend == nil {
		c.fail("The sockets of frontends cannot be changed in this process.")
		return false
	}
	return true
}

func enableFrontend(c *Call) {
	p := c.frontend()
	switch {
	case p == nil:
	case !p.Front.Disabled.Load():
		c.say(Notice, "All sockets are already enabled.")
	case !c.controlled():
	case !c.Frontend.Resume(p):
		c.fail("Failed to resume frontend, check logs for precise cause (port conflict?).")
	default:
		p.Front.Disabled.Store(false)
	}
}

func disableFrontend(c *Call) {
	p := c.frontend()
	switch {
	case p == nil:
	case p.Front.Disabled.Load():
		c.say(Notice, "All sockets are already disabled.")
	case !c.controlled():
	case !c.Frontend.Pause(p):
		c.fail("Failed to pause frontend, check logs for precise cause.")
	default:
		p.Front.Disabled.Store(true)
	}
}

func shutdownFrontend(c *Call) {
	if p := c.frontend(); p != nil && c.controlled() {
		c.Frontend.Stop(p)
		p.Front.Disabled.Store(true)
	}
}

// leadingInt reads a number as the original's commands do: text that is none
// counts as 0, what follows the digits is ignored.
func leadingInt(s string) int64 {
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, _ := strconv.ParseInt(s[:end], 10, 64)
	return n
}

func setFrontMaxConn(c *Call) {
	p := c.frontend()
	switch n := leadingInt(c.arg(1)); {
	case p == nil:
	case c.arg(1) == "":
		c.fail("Integer value expected.")
	case n < 0 || n > 1<<31-1:
		c.fail("Value out of range.")
	default:
		p.Front.MaxConn.Store(n)
	}
}

func setGlobalMaxConn(c *Call) {
	hard := int64(c.Config().Global.MaxConn)
	n := leadingInt(c.arg(0))
	switch {
	case c.arg(0) == "":
		c.fail("Expects an integer value.")
		return
	case n < 0 || hard > 0 && n > hard:
		c.fail("Value out of range.")
		return
	case n == 0:
		n = hard
	}
	c.limit(MaxConn, n)
}

// limit hands a process-wide limit to its owner.
func (c *Call) limit(which Limit, n int64) {
	if c.Limits == nil {
		c.fail("This limit cannot be changed in this process.")
		return
	}
	c.Limits(which, n)
}

const rateLimitUsage = `'set rate-limit' only supports :
   - 'connections global' to set the per-process maximum connection rate
   - 'sessions global' to set the per-process maximum session rate
   - 'ssl-sessions global' to set the per-process maximum SSL session rate
   - 'http-compression global' to set the per-process maximum compression speed in kB/s
`

func setRateLimit(c *Call) {
	which, ok := map[string]Limit{"connections": ConnRate, "sessions": SessRate, "ssl-sessions": SSLRate, "http-compression": CompressBps}[c.arg(0)]
	if !ok || c.arg(1) != "global" {
		c.fail("%s", strings.TrimSuffix(rateLimitUsage, "\n"))
		return
	}
	if c.arg(2) == "" {
		c.fail("Expects an integer value.")
		return
	}
	n := leadingInt(c.arg(2))
	if n < 0 {
		c.fail("Value out of range.")
		return
	}
	if which == CompressBps {
		n *= 1024
	}
	c.limit(which, n)
}

func setProfiling(c *Call) {
	switch c.arg(0) {
	case "tasks", "memory":
		c.say(Info, "Nothing is profiled in this program.")
	default:
		c.fail("Expects either 'tasks' or 'memory'.")
	}
}
