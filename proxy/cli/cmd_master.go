package cli

import (
	"fmt"
	"time"

	"tandem/parser/keyword"
)

// MasterCommands are the commands of the master's socket (management manual
// 9.4.1).
var MasterCommands = keyword.NewTable("command", masterCommands, shared())

// masterDebug adds the worker's commands, for "mcli-debug-mode".
var masterDebug = keyword.NewTable("command", masterCommands, except(MasterCommands, Commands.All()), shared())

// masterCommands are those that only a master has. Reloads and the prefixes
// are the connection's business; help lists them.
var masterCommands = []*keyword.Def[Command]{
	command("@!<pid>", "", User, "send a command to the <pid> process.", nothing),
	command("@<relative", " pid>", User, "send a command to the <relative pid> process.", nothing),
	command("@master", "", User, "send a command to the master process.", nothing),
	command("hard-reload", "", Operator, "reload and end the former process at once (-st).", nothing),
	command("reload", "", Operator, "reload and let the former process finish (-sf).", nothing),
	command("show proc", "", Operator, "show the processes.", showProc),
	secret("set severity-output", User, "Begin feedback with its severity.", setSeverity),
	secret("mcli-debug-mode", Admin, "Have the worker's commands here too.", debugMode),
}

func nothing(*Call) {}

// sharedNames are commands that master and worker have alike.
var sharedNames = []string{"echo", "operator", "user", "show cli level", "show cli sockets", "show env", "show startup-logs", "show version",
	"help", "prompt", "quit", "expert-mode", "experimental-mode"}

func shared() (list []*keyword.Def[Command]) {
	for _, n := range sharedNames {
		list = append(list, Commands.Lookup(n))
	}
	return list
}

// except returns the commands that a table lacks.
func except(t *keyword.Table[Command], all []*keyword.Def[Command]) (list []*keyword.Def[Command]) {
	for _, d := range all {
		if t.Lookup(d.Name) == nil {
			list = append(list, d)
		}
	}
	return list
}

func debugMode(c *Call) {
	if m := c.sess.master; m != nil {
		m.debug = c.arg(0) == "on"
	}
}

const procFormat = "%-15v %-15s %-15s %-15s %s"

func showProc(c *Call) {
	debug := c.arg(0) == "debug"
	line := func(first any, kind, reloads, up, version string, fd0, fd1 any) {
		c.printf(procFormat, first, kind, reloads, up, version)
		if debug {
			c.printf("\t\t %-15v %-15v", fd0, fd1)
		}
		c.printf("\n")
	}
	line("#<PID>", "<type>", "<reloads>", "<uptime>", "<version>      ", "<ipc_fd[0]>", "<ipc_fd[1]>")
	row := func(p Proc, kind, reloads string) {
		line(p.PID, kind, reloads, uptime(c.now().Sub(p.Start)), p.Version, p.FD[0], p.FD[1])
	}
	master, workers := c.sess.master.sup.Processes()
	row(master, "master", fmt.Sprintf("%d [failed: %d]", master.Reloads, master.Failed))
	list := func(old bool) {
		for _, w := range workers {
			if w.Reloads > 0 == old {
				row(w, "worker", fmt.Sprint(w.Reloads))
			}
		}
	}
	c.printf("# workers\n")
	list(false)
	for _, w := range workers {
		if w.Reloads > 0 {
			c.printf("# old workers\n")
			list(true)
			break
		}
	}
}

// uptime is a duration as "show proc" writes it.
func uptime(d time.Duration) string {
	s := max(0, int(d/time.Second))
	return fmt.Sprintf("%dd%02dh%02dm%02ds", s/86400, s/3600%24, s/60%60, s%60)
}
