package cli

import (
	"encoding/base64"
	"strconv"

	"tandem/parser/keyword"
	"tandem/proxy/certs"
)

// ticketCommands show and change the keys of session tickets.
var ticketCommands = []*keyword.Def[Command]{
	command("set ssl tls-key", " [id|file] <key>", Admin, "set the next key for session tickets.", setTLSKey),
	command("show tls-keys", " [id|*]", Admin, "show the keys of session tickets.", showTLSKeys),
}

// ticketFile returns the keys that "#<id>" or a path names, nil for none.
func (c *Call) ticketFile(name string) *certs.TicketKeys {
	id := -1
	if name[0] == '#' {
		if n, err := strconv.Atoi(name[1:]); err == nil {
			id = n
		}
	}
	for _, k := range c.store().AllTicketKeys() {
		if k.Path == name || k.ID == id {
			return k
		}
	}
	return nil
}

func showTLSKeys(c *Call) {
	list, name := c.store().AllTicketKeys(), c.arg(0)
	if name == "" {
		c.printf("# id (file)\n")
		for _, k := range list {
			c.printf("%d (%s)\n", k.ID, k.Path)
		}
		return
	}
	if name != "*" {
		k := c.ticketFile(name)
		if k == nil {
			c.fail("'show tls-keys' unable to locate referenced filename")
			return
		}
		list = []*certs.TicketKeys{k}
	}
	c.printf("# id secret\n")
	for _, k := range list {
		c.printf("# %d (%s)\n", k.ID, k.Path)
		for i, raw := range k.Keys() {
			c.printf("%d.%d %s\n", k.ID, i, base64.StdEncoding.EncodeToString(raw))
		}
	}
}

func setTLSKey(c *Call) {
	if c.arg(0) == "" || c.arg(1) == "" {
		c.fail("'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.")
		return
	}
	k := c.ticketFile(c.arg(0))
	if k == nil {
		c.fail("'set ssl tls-key' unable to locate referenced filename")
		return
	}
	raw, err := base64.StdEncoding.DecodeString(c.arg(1))
	switch {
	case err != nil:
		c.fail("'set ssl tls-key' received invalid base64 encoded TLS key.")
	case !k.Rotate(raw):
		c.fail("'set ssl tls-key' received a key of wrong size.")
	default:
		c.say(Info, "TLS ticket key updated!")
	}
}
