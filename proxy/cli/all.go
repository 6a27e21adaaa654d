package cli

import "tandem/parser/keyword"

// Commands are the commands of a worker's stats socket (management manual 9.3).
var Commands = keyword.NewTable("command",
	sessionCommands,
	statCommands,
	showCommands,
	sessCommands,
	serverCommands,
	backCommands,
	certCommands,
	frontCommands,
	mapCommands,
	varCommands,
	tableCommands,
	resolverCommands,
	peerCommands,
	absentCommands,
	fdCommands,
)

// fdCommands hand descriptors over.
var fdCommands = []*keyword.Def[Command]{
	secret("_getsocks", Admin, "Hand the listening sockets to another process (-x).", getSocks),
}

func getSocks(c *Call) {
	if c.GetSocks == nil {
		c.fail("This process hands no sockets over.")
		return
	}
	if c.GetSocks(c.sess.conn) == nil {
		c.sess.quit = true
	}
}
