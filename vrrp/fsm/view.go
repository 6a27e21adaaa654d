package fsm

import (
	"net/netip"
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
	}
	if in.group != nil {
		v.Group = in.group.cfg.Name
	}
	return v
}
