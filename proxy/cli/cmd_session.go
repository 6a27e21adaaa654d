package cli

import (
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// sessionCommands change or show the connection itself.
var sessionCommands = []*keyword.Def[Command]{
	command("help", " [<command>]", User, "list all commands, or those like the given one.", help),
	command("prompt", " [help | n | i | p | timed ]*", User, "switch the prompt and the interactive mode.", prompt),
	command("quit", "", User, "end the connection.", func(c *Call) { c.sess.quit = true }),
	command("user", "", User, "go down to level user.", func(c *Call) { c.sess.lower(User) }),
	command("operator", "", Operator, "go down to level operator.", func(c *Call) { c.sess.lower(Operator) }),
	secret("expert-mode", Admin, "Allow commands that can harm the process.", func(c *Call) { c.toggle("expert-mode", &c.sess.expert) }),
	secret("experimental-mode", Admin, "Allow commands that may still change.", func(c *Call) { c.toggle("experimental-mode", &c.sess.trial) }),
	command("set severity-output", " [none|number|string]", User, "begin feedback with its severity.", setSeverity),
	command("set timeout", " [cli] <delay>", User, "change the longest silence on this connection.", setTimeout),
	command("show cli level", "", User, "show the level of this connection.", func(c *Call) { c.printf("%s\n", c.sess.level) }),
	command("show cli sockets", "", User, "list the stats sockets.", showSockets),
	command("echo", " <text>", User, "answer with the text.", func(c *Call) { c.printf("%s\n", c.rest(0)) }),
	command("wait", " {-h|<delay_ms>} cond [args...]", Admin, "wait for a delay or a condition (-h lists them).", wait),
}

// lower gives rights away; modes that only an administrator has go with them.
func (s *session) lower(l Level) {
	if s.level > l {
		s.level = l
		s.expert, s.trial = false, false
	}
}

// toggle shows or changes a mode of the connection.
func (c *Call) toggle(name string, mode *bool) {
	switch c.arg(0) {
	case "":
		state := "OFF"
		if *mode {
			state = "ON"
		}
		c.printf("%s is %s\n", name, state)
	case "on":
		*mode = true
	default:
		*mode = false
	}
}

const promptUsage = `Usage: prompt [help | n | i | p | timed]*
Changes the prompt and what happens once a line was answered:
  help    show this text
  n       answer one line and close (no prompt)
  i       wait for more lines, no prompt
  p       wait for more lines with a prompt
  timed   show the uptime in the prompt, or no longer
Without a word, n and i become p, and p becomes n.
`

func prompt(c *Call) {
	s := c.sess
	if len(c.Args) == 0 {
		if s.mode == prompting {
			s.mode = oneLine
		} else {
			s.mode = prompting
		}
		return
	}
	for _, w := range c.Args {
		switch w {
		case "n":
			s.mode = oneLine
		case "i":
			s.mode = interactive
		case "p":
			s.mode = prompting
		case "timed":
			s.mode, s.timed = prompting, !s.timed
		default:
			c.printf("%s", promptUsage)
			return
		}
	}
}

func setSeverity(c *Call) {
	switch w := c.arg(0); w {
	case "none", "number", "string":
		c.sess.severity = w
	default:
		c.fail("one of 'none', 'number', 'string' is a required argument")
	}
}

func setTimeout(c *Call) {
	if c.arg(0) != "cli" {
		c.fail("'set timeout' only supports 'cli'.")
		return
	}
	if c.arg(1) == "" {
		c.fail("Expects an integer value.")
		return
	}
	d, err := expr.ParseTime(c.arg(1), time.Second)
	if err != nil || d < time.Millisecond {
		c.fail("Invalid timeout value.")
		return
	}
	c.sess.timeout = d
}

// showSockets lists the stats sockets of the global section.
func showSockets(c *Call) {
	if c.sess.master != nil { // its own is no stats socket
		return
	}
	c.printf("# socket lvl processes\n")
	for _, b := range c.Config().Global.StatsSockets {
		for _, a := range b.Endpoints {
			name := a.Text
			switch {
			case a.Kind == expr.Unix:
				name = "unix@" + a.Host
			case a.Kind == expr.Abstract:
				name = "abns@" + a.Host
			case a.Kind == expr.Inet && a.IP.Is6():
				name = "ipv6@" + hostPort(a.Host, a.Port)
			case a.Kind == expr.Inet:
				name = "ipv4@" + hostPort(a.Host, a.Port)
			}
			c.printf("%s %s all\n", name, LevelOf(b.Level))
		}
	}
}

const waitUsage = `Usage: wait {-h|<duration>} [condition [args...]]
  - '-h' shows this text
  - <duration> is the longest time to wait, in milliseconds unless it ends in
    one of 'us', 'ms', 's', 'm', 'h', 'd'.
  - <condition> ends the wait earlier:
    - <none> : there is nothing to end it.
    - srv-removable <px>/<sv> : nothing holds this server any longer.
`

// waitStep is how often a condition is asked.
const waitStep = 10 * time.Millisecond

func wait(c *Call) {
	if c.arg(0) == "" {
		c.fail("Expects a duration in milliseconds.")
		return
	}
	if c.arg(0) == "-h" || c.arg(1) == "-h" {
		c.printf("%s", waitUsage)
		return
	}
	d, err := expr.ParseTime(c.arg(0), time.Millisecond)
	if err != nil || d == 0 {
		c.fail("Invalid duration.")
		return
	}
	switch c.arg(1) {
	case "":
		if c.sleep(d) {
			c.say(Info, "Done.")
		}
		return
	case "srv-removable":
		switch be, srv, ok := strings.Cut(c.arg(2), "/"); {
		case c.arg(2) == "":
			c.fail("Missing server name (<backend>/<server>).")
			return
		case !ok || be == "" || srv == "":
			c.fail("Require 'backend/server'.")
			return
		}
	default:
		c.printf("%s", waitUsage)
		return
	}
	end := c.now().Add(d)
	for {
		why, final := c.removable(c.arg(2))
		switch {
		case why == "":
			c.say(Info, "Done.")
			return
		case final:
			c.fail("Failed. %s", why)
			return
		case !c.now().Before(end) || !c.sleep(waitStep):
			c.fail("Wait delay expired.")
			return
		}
	}
}

// removable says why a server cannot be removed, and whether waiting is in vain.
func (c *Call) removable(name string) (why string, final bool) {
	be, srv, _ := strings.Cut(name, "/")
	p := c.backendOf(be)
	if p == nil {
		return "No such backend.", true
	}
	s := serverOf(p, srv)
	if s == nil {
		return "No such server.", true
	}
	return removalBar(p, s, c.now())
}
