package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tandem/parser/diag"
)

// scriptState is what the checks of one process's scripts have found.
type scriptState struct {
	any      bool // a script may run
	insecure bool // one that root runs could be changed by another user
	noUser   bool // "Unable to set default user" was said
	badUser  bool // script_user names nobody
}

// Reasons for Command.Disabled.
const (
	notFound      = "not found/accessible"
	insecure      = "insecure"
	notExecutable = "not executable"
)

// defaultAccount is whom scripts without a user run as: script_user, or
// keepalived_script if there is such a user, or the running user. With
// enable_script_security, the last is refused.
func (c *compiler) defaultAccount() (Account, bool) {
	g := &c.cfg.Global
	if g.ScriptUserSet {
		return g.ScriptUser, true
	}
	if uid, gid, ok := c.accounts.User("keepalived_script"); ok {
		return Account{Name: "keepalived_script", UID: uid, GID: gid}, true
	}
	if g.ScriptSecurity {
		return Account{}, false
	}
	if c.opt.Running != nil {
		return *c.opt.Running, true
	}
	return Account{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}, true
}

// own gives a command the default account unless it has its own; it says so
// once if there is none.
func (c *compiler) own(cmd *Command) bool {
	if cmd == nil || cmd.ownAccount {
		return true
	}
	if c.scripts.badUser {
		return false
	}
	a, ok := c.defaultAccount()
	if !ok {
		if !c.scripts.noUser {
			c.scripts.noUser = true
			c.say("Unable to set default user keepalived_script for script")
		}
		return false
	}
	cmd.Account = a
	return true
}

// inspect decides whether a command may run, by the rules of
// enable_script_security (keepalived.conf(5), "SCRIPTS").
func (c *compiler) inspect(cmd *Command) {
	if cmd == nil {
		return
	}
	path, ok := findProgram(cmd.Argv[0])
	if !ok {
		cmd.Disabled = notFound
		return
	}
	cmd.Path = path
	if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o111 == 0 {
		cmd.Disabled = notExecutable
		return
	}
	if !c.cfg.Global.UseSymlinkPaths {
		if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSymlink != 0 {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				cmd.Path = real
			}
		}
	}
	c.scripts.any = true
	if cmd.Account.UID != 0 {
		return
	}
	wrong, open := examine(cmd.Path, true)
	if cmd.Path != path {
		// A link may stand at the end of a path, not within it.
		w, o := examine(filepath.Dir(path), false)
		wrong, open = wrong || w, open || o
	}
	switch {
	case wrong:
		cmd.Disabled = insecure
	case open:
		c.scripts.insecure = true
		if c.cfg.Global.ScriptSecurity {
			cmd.Disabled = insecure
		}
	}
}

// findProgram finds a program by path or by name.
func findProgram(name string) (string, bool) {
	if name == "" {
		return "", false
	}
	if strings.Contains(name, "/") {
		st, err := os.Stat(name)
		return name, err == nil && st != nil
	}
	for _, dir := range filepath.SplitList(searchPath()) {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o111 != 0 {
			return p, true
		}
	}
	return "", false
}

func searchPath() string {
	if p := os.Getenv("PATH"); p != "" {
		return p
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

// examine walks a path that ends with a file or a directory: wrong says that a
// part is neither directory nor file, open that someone else than root could
// change one.
func examine(path string, file bool) (wrong, open bool) {
	if !filepath.IsAbs(path) {
		return false, true
	}
	parts := strings.Split(filepath.Clean(path), "/")[1:]
	at := ""
	for i := -1; i < len(parts); i++ {
		p := "/"
		if i >= 0 {
			at += "/" + parts[i]
			p = at
		}
		st, err := os.Lstat(p)
		if err != nil {
			return true, open
		}
		last := file && i == len(parts)-1
		if last && !st.Mode().IsRegular() || !last && !st.IsDir() {
			return true, open
		}
		sys, ok := st.Sys().(*syscall.Stat_t)
		if ok && sys.Uid != 0 {
			open = true
		}
		// In a sticky directory others may add files, but not replace ours; and
		// root's group is root.
		others := fs.FileMode(0o002)
		if ok && sys.Gid != 0 {
			others = 0o022
		}
		if st.Mode().Perm()&others != 0 && st.Mode()&fs.ModeSticky == 0 {
			open = true
		}
	}
	return false, open
}

// security reports scripts that would run although nothing checks them.
func (c *compiler) security(what string) {
	s := c.scripts
	c.scripts = scriptState{noUser: s.noUser, badUser: s.badUser}
	if !s.any || c.cfg.Global.ScriptSecurity {
		return
	}
	text := "SECURITY VIOLATION - " + what + " are being executed but script_security not enabled."
	if s.insecure {
		text += " There are insecure scripts."
	}
	d := c.late("%s", text)
	d.Code = ScriptSecurity
	d.Hint = "write enable_script_security in global_defs"
}

// commands calls f for every script of a Notify.
func (n *Notify) commands(f func(**Command)) {
	for _, p := range []**Command{&n.Master, &n.Backup, &n.Fault, &n.Stop, &n.Deleted, &n.Any, &n.MasterRxLowerPri} {
		if *p != nil {
			f(p)
		}
	}
}

// inspectNotify drops the scripts of a Notify that cannot run.
func (c *compiler) inspectNotify(n *Notify) {
	n.commands(func(p **Command) { c.inspectOne(p) })
}

// inspectOne drops a script that cannot run; the original does not say so, we do.
func (c *compiler) inspectOne(p **Command) {
	if *p == nil {
		return
	}
	if c.inspect(*p); (*p).Disabled != "" {
		var l diag.List
		d := *l.Warnf(diag.Unreadable, (*p).At, "script '%s' will not run: it is %s", (*p).Text, (*p).Disabled)
		d.Ours = true
		c.add(d)
		*p = nil
	}
}

// inspectScripts looks at every vrrp_script and drops those that cannot run.
func (c *compiler) inspectScripts() {
	kept := c.cfg.Scripts[:0]
	gone := map[*Script]bool{}
	for _, s := range c.cfg.Scripts {
		c.inspect(s.Command)
		if why := s.Command.Disabled; why == notExecutable {
			// The original does not say so in a check.
			c.notActed(s.Command.At, "script '%s' is not executable - disabling track script %s", s.Command.Text, s.Name)
			gone[s] = true
			continue
		} else if why != "" {
			c.lateAt(s.Command.At, "Disabling track script %s %s", s.Name, map[string]string{notFound: "since " + notFound, insecure: "due to " + insecure}[why])
			gone[s] = true
			continue
		}
		kept = append(kept, s)
	}
	c.cfg.Scripts = kept
	drop := func(t *Tracks) {
		out := t.Scripts[:0]
		for _, x := range t.Scripts {
			if !gone[x.Target] {
				out = append(out, x)
			}
		}
		t.Scripts = out
	}
	for _, i := range c.cfg.Instances {
		drop(&i.Tracks)
		c.inspectNotify(&i.Notify)
	}
	for _, g := range c.cfg.SyncGroups {
		drop(&g.Tracks)
		c.inspectNotify(&g.Notify)
	}
}
