package main

import (
	"os"
	"os/exec"

	"tandem/vrrp/daemon"
	"tandem/vrrp/wire"
)

// feedPairs are what tells the states of BFD sessions to the processes that
// need them: [0] is the end of the process that holds the sessions. The
// supervisor keeps both ends, so that a process started again finds them.
type feedPairs struct{ vrrp, checker [2]*os.File }

// newFeedPairs makes them; where that fails, nobody is told of sessions.
func newFeedPairs() (*feedPairs, error) {
	p := &feedPairs{}
	for _, pair := range []*[2]*os.File{&p.vrrp, &p.checker} {
		a, b, err := wire.FeedPair()
		if err != nil {
			return p, err
		}
		*pair = [2]*os.File{a, b}
	}
	return p, nil
}

// firstInherited is the descriptor of the first of exec.Cmd's ExtraFiles.
const firstInherited = 3

// bequeath gives a process the ends that are its part's.
func (p *feedPairs) bequeath(cmd *exec.Cmd, q *part) {
	for _, f := range q.feeds(p) {
		if f != nil {
			cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		}
	}
}

// feeds are the ends that a process inherited.
type feeds struct{ list []daemon.Feed }

// inherited takes over the ends of a part's process.
func inherited(p *part) *feeds {
	out := &feeds{}
	for i := range p.feeds(&feedPairs{}) {
		f, err := wire.OpenFeed(uintptr(firstInherited + i))
		if err != nil {
			return &feeds{}
		}
		out.list = append(out.list, f)
	}
	return out
}

// at is an end, or nil.
func (f *feeds) at(i int) daemon.Feed {
	if i < len(f.list) {
		return f.list[i]
	}
	return nil
}
