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
	certCommands, trustCommands, ticketCommands, ocspCommands,
	frontCommands,
	mapCommands,
	varCommands,
	tableCommands,
	resolverCommands,
	peerCommands,
	debugCommands,
	eventCommands,
	runtimeCommands,
	anonCommands,
	absentCommands,
	fdCommands,
)

// fdCommands hand descriptors over.
var fdCommands = []*keyword.Def[Command]{
	secret("_getsocks", Admin, "Hand the listening sockets to another process (-x).", getSocks),
}

// getSocks answers nothing where the socket exposes none, as the original.
func getSocks(c *Call) {
	if c.GetSocks != nil && c.sess.expose {
		_ = c.GetSocks(c.sess.conn) // who does not take them all binds anew
	}
	c.sess.quit = true
}
