package config

import (
	"path/filepath"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func (f *TrackFile) label() string { return f.Name }

// openTrackFile begins a track_file.
func openTrackFile(c *compiler, t *Config, w []expr.Word) (*TrackFile, func()) {
	if len(w) == 0 {
		c.missing(c.env.Words, 2)
		return nil, nil
	}
	if c.env.Words[0].Text == "vrrp_track_file" {
		c.notActed(c.env.Span(0), "'vrrp_track_file' is the old name of 'track_file'.")
	}
	f := &TrackFile{Name: w[0].Text, Weight: 1, At: c.env.LineSpan()}
	return f, func() {
		c.here()
		if f.Path == "" {
			c.say("No file set for track_file %s - ignoring", f.Name)
			return
		}
		// The directory must exist, the file need not; a file of / has no
		// directory in the original's reading.
		if i := strings.LastIndexByte(f.Path, '/'); i >= 0 {
			if _, err := filepath.EvalSymlinks(f.Path[:i]); err != nil || i == 0 {
				c.say("realpath() error 2 (No such file or directory) for %s", f.Name)
				return // nobody finds it
			}
		}
		for _, o := range t.TrackFiles {
			if o.Name == f.Name {
				return // the first one stays
			}
		}
		t.TrackFiles = append(t.TrackFiles, f)
	}
}

var trackFileTable = keyword.NewTable("track_file keyword", []def[TrackFile]{
	optional(kw("file", keyword.V(2, 0), "Path of the file."), "track file file name missing", func(c *compiler, f *TrackFile, s string) {
		if f.Path != "" {
			c.sayAt(1, "File already set for track file %s - ignoring %s", f.Name, s)
			return
		}
		f.Path = s
	}),
	words(kw("weight", keyword.V(2, 0), "Factor of the number in the file."), func(c *compiler, f *TrackFile, w []expr.Word) {
		if len(w) == 0 {
			c.say("No weight specified for track file %s - ignoring", f.Name)
			return
		}
		n, ok := c.integer(w[0], -254, 254)
		if !ok {
			c.sayAt(1, "Weight (%s) for track_file %s must be between [-254..254] inclusive. Ignoring...", w[0].Text, f.Name)
		}
		if len(w) > 1 {
			if w[1].Text != "reverse" {
				c.sayAt(2, "track_file %s unknown weight option %s", f.Name, w[1].Text)
				return
			}
			f.Reverse = true
		}
		if ok {
			f.Weight = int(n)
		}
	}),
	words(kw("init_file", keyword.V(2, 0), "Create the file at start: [VALUE] [overwrite]."), func(c *compiler, f *TrackFile, w []expr.Word) {
		f.InitFile = true
		for _, x := range w {
			if x.Text == "overwrite" {
				f.InitOverwrite = true
				continue
			}
			if t := strings.TrimLeft(x.Text, "+-"); t == "" || t[0] < '0' || t[0] > '9' {
				if strings.HasPrefix(x.Text, "-") {
					c.integer(x, -1<<31, 1<<31-1)
					c.sayAt(x.Index, "Track file %s init value %s is invalid", f.Name, x.Text)
					continue
				}
				c.sayAt(x.Index, "Unknown track file init option %s", x.Text)
				continue
			}
			n, ok := c.integer(x, -1<<31, 1<<31-1)
			switch {
			case !ok:
				c.sayAt(x.Index, "Track file %s init value %s is invalid", f.Name, x.Text)
				continue
			case n < -254 || n > 254:
				c.sayAt(x.Index, "Track file %s init value %s is outside sensible range [-254, 254]", f.Name, x.Text)
			}
			f.InitValue = int(n)
		}
	}),
})

func (p *TrackProcess) label() string { return p.Name }

// openTrackProcess begins a vrrp_track_process.
func openTrackProcess(c *compiler, t *Config, w []expr.Word) (*TrackProcess, func()) {
	if len(w) == 0 {
		c.missing(c.env.Words, 2)
		return nil, nil
	}
	p := &TrackProcess{Name: w[0].Text, Quorum: 1, QuorumMax: -1, At: c.env.LineSpan()}
	return p, func() {
		c.here()
		if p.Path == "" {
			c.say("track process '%s' process name not specified", p.Name)
			return
		}
		t.TrackProcs = append(t.TrackProcs, p)
	}
}

var trackProcessTable = keyword.NewTable("vrrp_track_process keyword", []def[TrackProcess]{
	words(kw("process", keyword.V(2, 0), "Program to look for, and its parameters."), func(c *compiler, p *TrackProcess, given []expr.Word) {
		if len(given) == 0 {
			c.missing(c.env.Words, 2)
			return
		}
		w := c.scriptWords()
		if len(w) < 2 {
			return
		}
		if p.Path != "" {
			c.sayAt(1, "Process already set for track process %s - ignoring %s", p.Name, w[1].Text)
			return
		}
		p.Path = w[1].Text
		for _, x := range w[2:] {
			p.Params = append(p.Params, x.Text)
		}
		if len(p.Params) > 0 && p.ParamMatch == ParamNone {
			p.ParamMatch = ParamExact
		}
	}),
	optional(kw("param_match", keyword.V(2, 0), "initial or partial: how parameters are compared."), "", func(c *compiler, p *TrackProcess, s string) {
		switch s {
		case "initial":
			p.ParamMatch = ParamInitial
		case "partial":
			p.ParamMatch = ParamPartial
		default:
			c.sayAt(1, "Invalid param_match type %s - ignoring", s)
		}
	}, func(p *TrackProcess) { p.ParamMatch = ParamExact }),
	words(kw("weight", keyword.V(2, 0), "What the process adds to priorities; 0 means fault."), func(c *compiler, p *TrackProcess, w []expr.Word) {
		if len(w) == 0 {
			c.say("No weight specified for track process %s - ignoring", p.Name)
			return
		}
		if p.weightGiven {
			c.sayAt(1, "Weight already set for track process %s - ignoring %s", p.Name, w[0].Text)
			return
		}
		n, ok := c.integer(w[0], -254, 254)
		if !ok {
			c.sayAt(1, "Weight (%s) for vrrp_track_process %s must be between [-254..254] inclusive. Ignoring...", w[0].Text, p.Name)
			return
		}
		if len(w) > 1 {
			if w[1].Text != "reverse" {
				c.sayAt(2, "vrrp_track_process %s unknown weight option %s", p.Name, w[1].Text)
				return
			}
			p.Reverse = true
		}
		p.Weight, p.weightGiven = int(n), true
	}),
	number(kw("quorum", keyword.V(2, 0), "How many there must be."), 1, 65535, "Quorum ({value}) for vrrp_track_process {name} must be between [1..65535] inclusive. Ignoring...",
		func(_ *compiler, p *TrackProcess, n int64) { p.Quorum = int(n) }),
	number(kw("quorum_max", keyword.V(2, 0), "How many there may be."), 0, 65535, "quorum_max ({value}) for vrrp_track_process {name} must be between [0..65535] inclusive. Ignoring...",
		func(c *compiler, p *TrackProcess, n int64) {
			if n > 0 && int(n) < p.Quorum {
				c.sayAt(1, "quorum_max is less than quorum - ignoring")
				return
			}
			p.QuorumMax = int(n)
		}),
	processDelay("delay", func(p *TrackProcess, d time.Duration) { p.ForkDelay, p.TerminateDelay = d, d }),
	processDelay("fork_delay", func(p *TrackProcess, d time.Duration) { p.ForkDelay = d }),
	processDelay("terminate_delay", func(p *TrackProcess, d time.Duration) { p.TerminateDelay = d }),
	flag(kw("full_command", keyword.V(2, 0), "Compare the whole command, not only the name."), func(p *TrackProcess) { p.FullCommand = true }),
})

func processDelay(name string, set func(*TrackProcess, time.Duration)) def[TrackProcess] {
	return timer(kw(name, keyword.V(2, 0), "Seconds until a change counts."), timeRange{lo: 1, hi: 3600e6, decimals: 6},
		name+" ({value}) for vrrp_track_process {name} must be between [0.000001..3600] inclusive. Ignoring...",
		func(_ *compiler, p *TrackProcess, d time.Duration) { set(p, d) })
}
