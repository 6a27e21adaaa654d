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
		d.writeTrackers(b, func(t *config.Tracks) (int, bool) {
			for _, x := range t.Scripts {
				if x.Target == s {
					return x.Weight, true
				}
			}
			return 0, false
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
		d.writeTrackers(b, func(t *config.Tracks) (int, bool) {
			for _, x := range t.Files {
				if x.Target == f {
					return x.Weight, true
				}
			}
			return 0, false
		})
	}
}

// writeTrackers lists the instances that track something.
func (d *Daemon) writeTrackers(b *bufio.Writer, weight func(*config.Tracks) (int, bool)) {
	title := "   Tracking instances :\n"
	for _, in := range d.order {
		if w, ok := weight(&in.cfg.Tracks); ok {
			fmt.Fprintf(b, "%s     %s, weight %d\n", title, in.cfg.Name, w)
			title = ""
		}
	}
}

// writeTracks lists what an instance tracks.
func writeTracks(p func(string, ...any), t *config.Tracks) {
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
}
