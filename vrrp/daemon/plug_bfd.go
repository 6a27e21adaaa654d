package daemon

import (
	"strconv"
	"sync"
	"time"

	"tandem/vrrp/bfd"
	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
)

// sessionNews is the plug-in that hands on the states of BFD sessions.
type sessionNews struct {
	in   inlet
	log  func(string) // of a detailed log, or nil
	mu   sync.Mutex
	post func(fsm.Event)
	up   map[string]bool // as it was told last
	once sync.Once
}

// NewFollower makes the plug-in that follows BFD sessions through feed. Log is
// called from several goroutines.
func NewFollower(feed Feed, log func(string), detail bool) Plugin {
	return &sessionNews{in: inlet{feed}, log: inDetail(log, detail), up: map[string]bool{}}
}

// Begin implements [Plugin]. What is not known yet counts as down.
func (p *sessionNews) Begin(cfg *config.Config, _ bool, post func(fsm.Event)) []fsm.Event {
	if len(cfg.BFDs) == 0 {
		return nil
	}
	p.mu.Lock()
	p.post = post
	var out []fsm.Event
	for _, b := range cfg.BFDs {
		out = append(out, p.event(b.Name))
	}
	p.mu.Unlock()
	p.once.Do(func() { go p.in.listen(p.log, p.news) })
	p.in.ask()
	return out
}

func (p *sessionNews) event(name string) fsm.Event {
	return fsm.Track{TrackID: fsm.TrackID{Kind: fsm.TrackBFD, Name: name}, Up: p.up[name]}
}

// news takes a state.
func (p *sessionNews) news(n bfd.News) {
	p.mu.Lock()
	p.up[n.Name] = n.Up
	ev, post := p.event(n.Name), p.post
	p.mu.Unlock()
	post(ev)
}

// Notice implements [Plugin].
func (p *sessionNews) Notice(Notice) {}

// End implements [Plugin].
func (p *sessionNews) End() {}

func usec(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }
