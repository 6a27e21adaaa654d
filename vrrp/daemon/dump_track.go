package daemon

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
)

// writeTracked writes scripts and files with what is known of them now. How
// far a script is from its next change, the tracker alone knows.
func (d *Daemon) writeTracked(b *bufio.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(b, "   "+format+"\n", args...) }
	title := "------< VRRP Scripts >------\n"
	for _, s := range d.cfg.Scripts {
		b.WriteString(title)
		title = ""
		fmt.Fprintf(b, " VRRP Script = %s\n", s.Name)
		if s.Command != nil {
			p("Command = '%s'", strings.Join(s.Command.Argv, "' '"))
		}
		timeout := s.Timeout
		if timeout == s.Interval {
			timeout = 0 // not given
		}
		p("Interval = %g sec", s.Interval.Seconds())
		p("Timeout = %d sec", timeout/time.Second)
		p("Weight = %d%s", s.Weight, enabled(s.Reverse, " reverse", ""))
		p("Rise = %d", s.Rise)
		p("Fall = %d", s.Fall)
		p("Insecure = %s", enabled(s.Command != nil && s.Command.Disabled == "insecure", "yes", "no"))
		status, known := d.m.Tracked(fsm.TrackID{Kind: fsm.TrackScript, Name: s.Name})
		if known {
			p("Status = %s", enabled(status.Up, "GOOD", "BAD"))
		} else {
			p("Status = INIT")
		}
		if s.Command != nil {
			p("Script uid:gid = %d:%d", s.Command.Account.UID, s.Command.Account.GID)
		}
		p("VRRP instances :")
		d.writeTrackers(b, func(t *config.Tracks) (int, bool, bool) {
			for _, x := range t.Scripts {
				if x.Target == s {
					return x.Weight, x.Reverse, true
				}
			}
			return 0, false, false
		})
	}
	title = "------< VRRP Track files >------\n"
	for _, f := range d.cfg.TrackFiles {
		b.WriteString(title)
		title = ""
		fmt.Fprintf(b, " Track file = %s\n", f.Name)
		p("File = %s", f.Path)
		status, _ := d.m.Tracked(fsm.TrackID{Kind: fsm.TrackFile, Name: f.Name})
		p("Status = %d", status.Value)
		p("Weight = %d%s", f.Weight, enabled(f.Reverse, " reverse", ""))
		d.writeTrackers(b, func(t *config.Tracks) (int, bool, bool) {
			for _, x := range t.Files {
				if x.Target == f {
					return x.Weight, x.Reverse, true
				}
			}
			return 0, false, false
		})
	}
	d.writeProcesses(b)
}

// writeProcesses writes the tracked processes. How many of each run, the
// tracker alone knows.
func (d *Daemon) writeProcesses(b *bufio.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(b, "   "+format+"\n", args...) }
	title := "------< VRRP Track processes >------\n"
	for _, t := range d.cfg.TrackProcs {
		b.WriteString(title)
		title = ""
		fmt.Fprintf(b, " VRRP Track process = %s\n", t.Name)
		p("Process = %s", t.Path)
		if len(t.Params) > 0 {
			p("Parameters = %s", strings.Join(t.Params, " "))
		}
		switch t.ParamMatch {
		case config.ParamExact:
			p("Param match")
		case config.ParamPartial:
			p("Param match partial")
		case config.ParamInitial:
			p("Param match initial")
		}
		p("Min processes = %d", t.Quorum)
		if t.QuorumMax >= 0 {
			p("Max processes = %d", t.QuorumMax)
		}
		status, _ := d.m.Tracked(fsm.TrackID{Kind: fsm.TrackProcess, Name: t.Name})
		p("Have quorum = %t", status.Up)
		p("Weight = %d%s", t.Weight, enabled(t.Reverse, " reverse", ""))
		if t.TerminateDelay > 0 {
			p("Terminate delay = %.6fs", t.TerminateDelay.Seconds())
		}
		if t.ForkDelay > 0 {
			p("Fork delay = %.6fs", t.ForkDelay.Seconds())
		}
		p("Full command = %t", t.FullCommand || t.ParamMatch != config.ParamNone)
		d.writeTrackers(b, func(ts *config.Tracks) (int, bool, bool) {
			for _, x := range ts.Procs {
				if x.Target == t {
					return x.Weight, x.Reverse, true
				}
			}
			return 0, false, false
		})
	}
}

// writeTrackers lists the instances that track something, themselves or with
// their group.
func (d *Daemon) writeTrackers(b *bufio.Writer, weight func(*config.Tracks) (w int, reverse, ok bool)) {
	title := "   Tracking instances :\n"
	write := func(name string, t *config.Tracks) {
		if w, reverse, ok := weight(t); ok {
			fmt.Fprintf(b, "%s     %s, weight %d%s\n", title, name, w, enabled(reverse, " reverse", ""))
			title = ""
		}
	}
	for _, in := range d.order {
		write(in.cfg.Name, &in.cfg.Tracks)
	}
	for _, g := range d.cfg.SyncGroups {
		for _, in := range g.Members {
			write(in.Name, &g.Tracks)
		}
	}
}

// writeTracks lists what an instance tracks.
func writeTracks(p func(string, ...any), t *config.Tracks) {
	if len(t.Interfaces) > 0 {
		p("Tracked interfaces :")
		for _, x := range t.Interfaces {
			p("  %s weight %d%s", x.Name, x.Weight, enabled(x.Reverse, " reverse", ""))
		}
	}
	if len(t.Scripts) > 0 {
		p("Tracked scripts :")
		for _, x := range t.Scripts {
			p("  %s weight %d%s", x.Target.Name, x.Weight, enabled(x.Reverse, " reverse", ""))
		}
	}
	if len(t.Files) > 0 {
		p("Tracked files :")
		for _, x := range t.Files {
			p("  %s, weight %d%s", x.Target.Name, x.Weight, enabled(x.Reverse, " reverse", ""))
		}
	}
	if len(t.Procs) > 0 {
		p("Tracked processes :")
		for _, x := range t.Procs {
			p("  %s, weight %d%s", x.Target.Name, x.Weight, enabled(x.Reverse, " reverse", ""))
		}
	}
}
