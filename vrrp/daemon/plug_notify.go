package daemon

import (
	"net/netip"
	"os/user"
	"strconv"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/notify"
)

// notifier is the plug-in that runs notify scripts, writes to FIFOs and sends
// mail.
type notifier struct {
	n   *notify.Notifier
	log func(string)
}

// NewNotifier makes the plug-in that tells the world of changes. log is called
// from several goroutines.
func NewNotifier(opt notify.Options) Plugin {
	return &notifier{n: notify.New(opt), log: opt.Log}
}

// Begin implements [Plugin].
func (p *notifier) Begin(cfg *config.Config, reload bool, _ func(fsm.Event)) []fsm.Event {
	out := notifyConfig(cfg)
	if f, v := cfg.Global.FIFO, cfg.Global.VRRPFIFO; f != nil && v != nil && f.Path == v.Path {
		p.log("notify FIFO " + v.Path + " has been specified for global and vrrp FIFO - ignoring vrrp FIFO")
	}
	p.n.Configure(out, reload)
	return nil
}

// Notice implements [Plugin].
func (p *notifier) Notice(n Notice) {
	p.n.Tell(notify.Change{Group: n.Group, Name: n.Name, State: n.State.String(), Priority: n.Priority})
}

// End implements [Plugin].
func (p *notifier) End() { p.n.Close() }

// notifyConfig says who is told of what.
func notifyConfig(cfg *config.Config) notify.Config {
	g := &cfg.Global
	out := notify.Config{
		Instances: make(map[string]notify.Target), Groups: make(map[string]notify.Target),
		StatesOnReload: g.FIFOOnReload,
		Mail: notify.Mail{
			Helo: g.Mail.HeloName, From: g.Mail.From, To: g.Mail.To, RouterID: g.RouterID,
			Timeout: g.Mail.ConnectTimeout, NoFaults: g.Mail.NoEmailFaults,
		},
	}
	if g.Mail.ServerName != "" && g.Mail.Server.Addr().IsValid() {
		out.Mail.Server = netip.AddrPortFrom(g.Mail.Server.Addr(), g.Mail.Server.Port())
	}
	for _, in := range cfg.Instances {
		out.Instances[in.Name] = targetOf(cfg, &in.Notify, in.SMTPAlert)
	}
	for _, gr := range cfg.SyncGroups {
		out.Groups[gr.Name] = targetOf(cfg, &gr.Notify, gr.SMTPAlert)
	}
	out.FIFOs = fifosOf(cfg, g.VRRPFIFO, "vrrp ")
	return out
}

// fifosOf are the FIFO for everything and that of one process, if they differ.
func fifosOf(cfg *config.Config, own *config.FIFO, kind string) []notify.FIFO {
	var out []notify.FIFO
	add := func(f *config.FIFO, kind string) {
		if f == nil || f.Path == "" || len(out) > 0 && out[0].Path == f.Path {
			return
		}
		out = append(out, notify.FIFO{Kind: kind, Path: f.Path, UID: f.Account.UID, GID: f.Account.GID, Script: CommandOf(cfg, f.Script)})
	}
	add(cfg.Global.FIFO, "")
	add(own, kind)
	return out
}

// targetOf says who is told of the changes of an instance or group.
func targetOf(cfg *config.Config, n *config.Notify, mail bool) notify.Target {
	t := notify.Target{Scripts: make(map[string]*notify.Command), Any: CommandOf(cfg, n.Any), Mail: mail}
	for state, c := range map[string]*config.Command{
		notify.Master: n.Master, notify.Backup: n.Backup, notify.Fault: n.Fault, notify.Stop: n.Stop,
		notify.Deleted: n.Deleted, notify.MasterRxLowerPri: n.MasterRxLowerPri,
	} {
		if c := CommandOf(cfg, c); c != nil {
			t.Scripts[state] = c
		}
	}
	return t
}

// CommandOf is a script as it is run; nil for one that never is.
func CommandOf(cfg *config.Config, c *config.Command) *notify.Command {
	if c == nil || c.Disabled != "" || c.Path == "" || len(c.Argv) == 0 {
		return nil
	}
	out := &notify.Command{Path: c.Path, Argv: c.Argv, UID: c.Account.UID, GID: c.Account.GID}
	if c.Account.Supplementary || cfg.Global.SupplementaryGroup {
		out.Groups = groupsOf(c.Account)
	}
	return out
}

// groupsOf are the supplementary groups of an account.
func groupsOf(a config.Account) []uint32 {
	u, err := user.LookupId(strconv.FormatUint(uint64(a.UID), 10))
	if err != nil {
		return nil
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil
	}
	var out []uint32
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			out = append(out, uint32(n))
		}
	}
	return out
}
