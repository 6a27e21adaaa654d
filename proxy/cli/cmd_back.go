package cli

import (
	"tandem/parser/keyword"
	"tandem/proxy/config"
)

// backCommands change backends as a whole.
var backCommands = []*keyword.Def[Command]{
	command("publish backend", " <backend>", Admin, "let rules choose a backend again.", publishBackend),
	command("unpublish backend", " <backend>", Admin, "keep rules from choosing a backend.", unpublishBackend),
}

// publishable finds the backend that the first argument names. If there is
// none, or it is disabled, that is the answer.
func (c *Call) publishable() *config.Proxy {
	p := c.proxyOf(c.arg(0), keyword.Backend)
	switch {
	case p == nil || p.Back == nil:
		c.fail("No such backend.")
		return nil
	case p.Disabled:
		c.fail("No effect on a disabled backend.")
		return nil
	}
	return p
}

// publishBackend lets rules choose a backend (management manual 9.3, publish
// backend).
func publishBackend(c *Call) {
	if p := c.publishable(); p != nil {
		p.Back.Unpublished.Store(false)
		c.say(Notice, "Backend published.")
	}
}

// unpublishBackend keeps rules from choosing a backend.
func unpublishBackend(c *Call) {
	if p := c.publishable(); p != nil {
		p.Back.Unpublished.Store(true)
		c.say(Notice, "Backend unpublished.")
	}
}
