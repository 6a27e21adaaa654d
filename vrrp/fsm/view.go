package fsm

import (
	"net/netip"
	"slices"
	"time"
)

// View is what dumps show of an instance.
type View struct {
	Config        InstanceConfig
	State         State
	WantMaster    bool
	Group         string
	Src           netip.Addr
	Effective     uint8
	Total         int
	ConfigFaults  int
	TrackFaults   int
	Pending       int
	Changed       time.Duration // last change of state
	Timer         time.Duration // when the next timer fires
	Down          time.Duration // master-down time
	LastAdvert    time.Duration
	MasterAddr    netip.Addr
	MasterPrio    uint8
	LearnedPeriod time.Duration // the master's interval
	Stats         Stats
	// Heard is when the last good advert of another node came, if HasHeard.
	Heard    time.Duration
	HasHeard bool
	// Rival is another master at this moment, and Splits how many there were.
	Rival  Rival
	Splits uint64
	// Reasons are why the instance is, or would be, in Fault.
	Reasons []string
}

func (in *instance) view() View {
	v := View{
		Config: in.cfg, State: in.state, WantMaster: in.wantMaster, Src: in.src,
		Effective: in.effective, Total: in.total,
		ConfigFaults: len(in.reasons), TrackFaults: in.faults() - len(in.reasons),
		Pending: in.pending(), Changed: in.changed, Timer: in.timer,
		Down: in.down(), LastAdvert: in.lastAdvert,
		MasterAddr: in.masterAddr, MasterPrio: in.masterPrio,
		LearnedPeriod: in.learned, Stats: in.stats,
		Heard: in.heardAt, HasHeard: in.hasHeard, Rival: in.rivalNow(), Splits: in.splits, Reasons: slices.Clone(in.reasons),
	}
	for i := range in.trackers {
		if t := &in.trackers[i]; t.failed {
			v.Reasons = append(v.Reasons, t.cause())
		}
	}
	if in.group != nil {
		v.Group = in.group.cfg.Name
	}
	return v
}
