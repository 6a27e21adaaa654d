package track

import (
	"slices"
	"strings"
	"time"
)

// ParamMatch is how the parameters of a process are compared.
type ParamMatch uint8

// The ways of comparing parameters.
const (
	ParamNone    ParamMatch = iota // not at all
	ParamExact                     // all of them, in full
	ParamPartial                   // the given ones; the process may have more
	ParamInitial                   // the last given one may be the beginning of a longer one
)

// Process is one vrrp_track_process.
type Process struct {
	Name           string
	Path           string // of the program, or its name
	Params         []string
	Match          ParamMatch
	FullCommand    bool // compare with the command line, not with the process's name
	Quorum         int  // how many must run; zero: 1
	QuorumMax      int  // how many may run; negative: any number, zero: none
	ForkDelay      time.Duration
	TerminateDelay time.Duration
}

// maxName is how much the kernel keeps of a process's name (TASK_COMM_LEN-1).
const maxName = 15

// needsLine says that the command line must be read to compare.
func (p *Process) needsLine() bool {
	return p.FullCommand || p.Match != ParamNone || len(p.Params) > 0
}

// matches says whether a process with the name and command line is meant. A
// process without a command line is one of the kernel's, or dead.
func (p *Process) matches(name string, line []string) bool {
	if !p.needsLine() {
		want := p.Path[strings.LastIndexByte(p.Path, '/')+1:]
		if len(want) > maxName {
			want = want[:maxName]
		}
		return name == want
	}
	if len(line) == 0 || line[0] != p.Path {
		return false
	}
	have := line[1:]
	n := len(p.Params)
	if len(have) < n {
		return false
	}
	switch p.Match {
	case ParamPartial:
		return slices.Equal(have[:n], p.Params)
	case ParamInitial:
		return n == len(have) && (n == 0 || slices.Equal(have[:n-1], p.Params[:n-1]) && strings.HasPrefix(have[n-1], p.Params[n-1]))
	case ParamNone:
		return n == 0 || slices.Equal(have, p.Params)
	}
	return slices.Equal(have, p.Params)
}

// quorum decides whether enough processes run, and not too many. A change must
// last for a delay before it counts.
type quorum struct {
	Process
	pids    map[int]bool
	up      bool
	pending bool
	at      time.Duration // when the pending change counts
}

func newQuorum(p Process) *quorum {
	switch {
	case p.QuorumMax == 0:
		p.Quorum = 0 // none may run
	case p.Quorum == 0:
		p.Quorum = 1
	}
	return &quorum{Process: p, pids: make(map[int]bool)}
}

// enough is the state without delays.
func (q *quorum) enough() bool {
	n := len(q.pids)
	return n >= q.Quorum && (q.QuorumMax < 0 || n <= q.QuorumMax)
}

// settle takes the state at the start, to which no delay applies.
func (q *quorum) settle() { q.up, q.pending = q.enough(), false }

// cause is what made a process look different.
type cause uint8

const (
	other  cause = iota // it became another program, or nobody knows
	forked              // it is the copy of another one, perhaps for a moment
	exited
)

// set counts a process, or counts it no more, at now. Only copies are waited
// for with the fork delay; a loss is with the other one.
func (q *quorum) set(pid int, counts bool, now time.Duration, why cause) {
	if q.pids[pid] == counts {
		return
	}
	if counts {
		q.pids[pid] = true
	} else {
		delete(q.pids, pid)
	}
	if q.enough() == q.up {
		q.pending = false
		return
	}
	at := now
	switch {
	case why == forked:
		at += q.ForkDelay
	case q.up:
		at += q.TerminateDelay
	}
	if !q.pending || at < q.at {
		q.pending, q.at = true, at
	}
}

// due makes a change count whose delay has passed, and says whether it did.
func (q *quorum) due(now time.Duration) bool {
	if !q.pending || q.at > now {
		return false
	}
	q.up, q.pending = !q.up, false
	return true
}
