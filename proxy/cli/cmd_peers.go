package cli

import "tandem/parser/keyword"

// peerCommands show what the peers of stick tables do.
var peerCommands = []*keyword.Def[Command]{
	command("show peers", " [dict|-] [section]", User, "show the peers.", showPeers),
}

func showPeers(c *Call) {
	dict, name := false, c.arg(0)
	if name == "dict" || name == "-" {
		dict, name = name == "dict", c.arg(1)
	}
	found := name == ""
	for _, s := range c.Config().Peers {
		if name == "" || name == s.Name {
			found = true
			c.write(s.Append(nil, dict, c.now()))
		}
	}
	if !found {
		c.fail("No such peers")
	}
}
