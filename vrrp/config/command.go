package config

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keepalived"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

// Accounts finds users and groups.
type Accounts interface {
	// User returns a user's id and primary group.
	User(name string) (uid, gid uint32, ok bool)
	// Group returns a group's id.
	Group(name string) (gid uint32, ok bool)
}

// scriptWords splits the line being read as script lines are split.
func (c *compiler) scriptWords() []source.Word {
	w, ok := c.line.ScriptWords()
	if !ok {
		// The original dies here.
		c.say("String '%s': missing terminating %c", c.line.Text, openQuote(c.line.Text)).Code = diag.Syntax
		w = nil
	}
	c.env.Words = w
	return w
}

// openQuote finds the quote of s that nothing closes.
func openQuote(s string) byte {
	var q byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case q != 0:
			if s[i] == q {
				q = 0
			}
		case s[i] == '"' || s[i] == '\'':
			q = s[i]
		}
	}
	if q == 0 {
		return '"'
	}
	return q
}

// account reads "USER [:][GROUP]".
func (c *compiler) account(w []expr.Word) (Account, bool) {
	a := Account{Name: w[0].Text}
	var ok bool
	if a.UID, a.GID, ok = c.accounts.User(w[0].Text); !ok {
		return a, false
	}
	if len(w) < 2 {
		return a, true
	}
	group := strings.TrimPrefix(w[1].Text, ":")
	a.Supplementary = group != w[1].Text
	if group == "" {
		return a, a.Supplementary
	}
	gid, ok := c.accounts.Group(group)
	if !ok {
		return a, false
	}
	a.GID, a.Group = gid, group
	return a, true
}

// command makes a Command of "keyword COMMAND [USER [GROUP]]". ok is false if
// there is no such user; the command is returned all the same.
func (c *compiler) command(w []source.Word) (*Command, bool) {
	if len(w) < 2 {
		return nil, false
	}
	argv, closed := keepalived.SplitCommand(w[1].Text)
	if !closed {
		c.say("String '%s': missing terminating %c", w[1].Text, openQuote(w[1].Text)).Code = diag.Syntax
	}
	if len(argv) == 0 {
		argv = []string{""}
	}
	cmd := &Command{Argv: argv, Text: w[1].Text, At: w[1].Span}
	ok := true
	if len(w) > 2 {
		cmd.Account, ok = c.account(exprWords(w[2:min(len(w), 4)]))
		cmd.ownAccount = ok
	}
	return cmd, ok
}

// quoted writes the arguments of a command as messages do; nothing for none.
func (cmd *Command) quoted() string {
	if cmd == nil {
		return ""
	}
	return "'" + strings.Join(cmd.Argv, "' '") + "'"
}

// notifyFields are the notify_* scripts of instances and sync groups.
func notifyFields[T any](of func(*T) *Notify, instance bool) []def[T] {
	v := keyword.V
	out := []def[T]{
		notifyScript("notify_master", 0, "Script to run on becoming master.", func(t *T) **Command { return &of(t).Master }),
		notifyScript("notify_backup", 0, "Script to run on becoming backup.", func(t *T) **Command { return &of(t).Backup }),
		notifyScript("notify_fault", 0, "Script to run on a fault.", func(t *T) **Command { return &of(t).Fault }),
		notifyScript("notify_stop", v(1, 2), "Script to run at stop.", func(t *T) **Command { return &of(t).Stop }),
		notifyScript("notify", 0, "Script to run on every change, with type, name, state and priority.", func(t *T) **Command { return &of(t).Any }),
	}
	if instance {
		out = append(out,
			words(kw("notify_deleted", v(2, 0), "Script to run when a reload deletes the instance; without one, notify_fault is not run then."),
				func(c *compiler, t *T, _ []expr.Word) {
					if w := c.scriptWords(); len(w) > 1 {
						setNotify(c, t, "notify_deleted", w, &of(t).Deleted)
					} else {
						of(t).DeletedState = true
					}
				}),
			notifyScript("notify_master_rx_lower_pri", v(2, 0), "Script to run when a master hears a lower priority.", func(t *T) **Command { return &of(t).MasterRxLowerPri }))
	}
	return out
}

// notifyScript defines one script keyword; a missing script ends the reading.
func notifyScript[T any](name string, since keyword.Version, doc string, to func(*T) **Command) def[T] {
	return words(kw(name, since, doc), func(c *compiler, t *T, _ []expr.Word) {
		given := c.env.Words
		switch w := c.scriptWords(); {
		case len(w) > 1:
			setNotify(c, t, name, w, to(t))
		case w != nil:
			c.missing(given, 2)
		}
	})
}

func setNotify(c *compiler, t any, name string, w []source.Word, to **Command) {
	if *to != nil {
		who := "(" + labelOf(t) + ")"
		switch t.(type) {
		case *SyncGroup:
			who = "vrrp group " + labelOf(t) + ":"
		case *RealServer:
			who = "((null))"
		}
		if name != "notify_deleted" {
			name += " script"
		}
		c.sayAt(1, "%s %s already specified - ignoring %s", who, name, w[1].Text)
		return
	}
	if cmd, ok := c.command(w); ok && c.own(cmd) {
		*to = cmd
	}
}
