package daemon

import (
	"sync"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/track"
)

// tracker is the plug-in that watches scripts, files and processes.
type tracker struct {
	t    *track.Tracker
	log  func(string)
	mu   sync.Mutex
	post func(fsm.Event)
}

// NewTracker makes the plug-in that watches what instances track. opt.Tell is
// not used; opt.Log is called from several goroutines.
func NewTracker(opt track.Options) Plugin {
	p := &tracker{log: opt.Log}
	opt.Tell = func(r track.Result) {
		p.mu.Lock()
		post := p.post
		p.mu.Unlock()
		if post != nil {
			post(eventOf(r))
		}
	}
	p.t = track.New(opt)
	return p
}

// Begin implements [Plugin].
func (p *tracker) Begin(cfg *config.Config, reload bool, post func(fsm.Event)) []fsm.Event {
	p.mu.Lock()
	p.post = post
	p.mu.Unlock()
	for _, s := range cfg.Scripts {
		if !s.Used {
			p.log("Warning - script " + s.Name + " is not used")
		}
	}
	var out []fsm.Event
	for _, r := range p.t.Configure(trackConfig(cfg), reload) {
		out = append(out, eventOf(r))
	}
	return out
}

// Notice implements [Plugin].
func (p *tracker) Notice(Notice) {}

// End implements [Plugin].
func (p *tracker) End() { p.t.Close() }

func eventOf(r track.Result) fsm.Event {
	kind := map[track.Kind]fsm.TrackKind{
		track.KindScript: fsm.TrackScript, track.KindFile: fsm.TrackFile, track.KindProcess: fsm.TrackProcess,
	}[r.Kind]
	return fsm.Track{TrackID: fsm.TrackID{Kind: kind, Name: r.Name}, Up: r.Up, Value: r.Value}
}

// tracksOf calls f with all that instances and groups track.
func tracksOf(cfg *config.Config, f func(*config.Tracks)) {
	for _, in := range cfg.Instances {
		f(&in.Tracks)
	}
	for _, g := range cfg.SyncGroups {
		f(&g.Tracks)
	}
}

// trackConfig lists what is tracked by anybody, once each and in the order of
// the configuration.
func trackConfig(cfg *config.Config) track.Config {
	var out track.Config
	used := make(map[any]bool)
	tracksOf(cfg, func(t *config.Tracks) {
		for _, x := range t.Scripts {
			used[x.Target] = true
		}
		for _, x := range t.Files {
			used[x.Target] = true
		}
		for _, x := range t.Procs {
			used[x.Target] = true
		}
	})
	for _, s := range cfg.Scripts {
		if c := CommandOf(cfg, s.Command); used[s] && c != nil {
			out.Scripts = append(out.Scripts, track.Script{
				Name: s.Name, Command: c, Interval: s.Interval, Timeout: s.Timeout,
				Rise: s.Rise, Fall: s.Fall,
				// init_fail is left out: see undriven.
			})
		}
	}
	for _, f := range cfg.TrackFiles {
		if used[f] {
			out.Files = append(out.Files, track.File{Name: f.Name, Path: f.Path, Init: f.InitFile, Value: f.InitValue, Overwrite: f.InitOverwrite})
		}
	}
	for _, x := range cfg.TrackProcs {
		if used[x] {
			out.Processes = append(out.Processes, track.Process{
				Name: x.Name, Path: x.Path, Params: x.Params, Match: matchOf[x.ParamMatch], FullCommand: x.FullCommand,
				Quorum: x.Quorum, QuorumMax: x.QuorumMax, ForkDelay: x.ForkDelay, TerminateDelay: x.TerminateDelay,
			})
		}
	}
	return out
}

var matchOf = map[config.ParamMatch]track.ParamMatch{
	config.ParamNone: track.ParamNone, config.ParamExact: track.ParamExact,
	config.ParamPartial: track.ParamPartial, config.ParamInitial: track.ParamInitial,
}
