package daemon

import (
	"encoding/json"
	"io"

	"tandem/vrrp/config"
	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
)

// jsonInstance is one entry of keepalived.json, with its fields in the order of
// the original. Numbers stand for truth values where they do so there.
type jsonInstance struct {
	Data  jsonData  `json:"data"`
	Stats jsonStats `json:"stats"`
}

type jsonData struct {
	Name             string      `json:"iname"`
	DontTrackPrimary int         `json:"dont_track_primary"`
	SkipCheckAddr    int         `json:"skip_check_adv_addr"`
	Strict           int         `json:"strict_mode"`
	VMAC             string      `json:"vmac_ifname"`
	Interface        string      `json:"ifp_ifname"`
	MasterPriority   uint8       `json:"master_priority"`
	LastTransition   json.Number `json:"last_transition"`
	GarpDelay        int         `json:"garp_delay"`
	GarpRefresh      int         `json:"garp_refresh"`
	GarpRepeat       int         `json:"garp_rep"`
	GarpRefreshRep   int         `json:"garp_refresh_rep"`
	GarpLowerDelay   int         `json:"garp_lower_prio_delay"`
	GarpLowerRepeat  int         `json:"garp_lower_prio_rep"`
	LowerNoAdvert    int         `json:"lower_prio_no_advert"`
	HigherAdvert     int         `json:"higher_prio_send_advert"`
	VRID             uint8       `json:"vrid"`
	BasePriority     uint8       `json:"base_priority"`
	Effective        uint8       `json:"effective_priority"`
	VIPSet           bool        `json:"vipset"`
	Promote          bool        `json:"promote_secondaries"`
	Interval         float64     `json:"adver_int"`
	MasterInterval   float64     `json:"master_adver_int"`
	Accept           int         `json:"accept"`
	NoPreempt        bool        `json:"nopreempt"`
	PreemptDelay     float64     `json:"preempt_delay"`
	State            int         `json:"state"`
	WantState        int         `json:"wantstate"`
	Version          uint8       `json:"version"`
	SMTPAlert        bool        `json:"smtp_alert"`
	NotifyDeleted    bool        `json:"notify_deleted"`
	VIPs             []string    `json:"vips,omitempty"`
	Excluded         []string    `json:"evips,omitempty"`
	Routes           []string    `json:"vroutes,omitempty"`
	Rules            []string    `json:"vrules,omitempty"`
	Processes        []string    `json:"track_process,omitempty"`
	AuthType         uint8       `json:"auth_type"`
	AuthData         string      `json:"auth_data,omitempty"`
}

type jsonStats struct {
	Received     uint64 `json:"advert_rcvd"`
	Sent         uint64 `json:"advert_sent"`
	BecameMaster uint64 `json:"become_master"`
	Released     uint64 `json:"release_master"`
	Length       uint64 `json:"packet_len_err"`
	Interval     uint64 `json:"advert_interval_err"`
	TTL          uint64 `json:"ip_ttl_err"`
	Type         uint64 `json:"invalid_type_rcvd"`
	AddrList     uint64 `json:"addr_list_err"`
	AuthType     uint64 `json:"invalid_authtype"`
	AuthMismatch uint64 `json:"authtype_mismatch"`
	AuthFailure  uint64 `json:"auth_failure"`
	ExtMissing   uint64 `json:"auth_ext_missing"`
	ExtMalformed uint64 `json:"auth_ext_malformed"`
	ExtUnknown   uint64 `json:"auth_ext_unknown_key"`
	ExtInvalid   uint64 `json:"auth_ext_invalid_hmac"`
	ExtStale     uint64 `json:"auth_ext_stale"`
	ExtReplay    uint64 `json:"auth_ext_replay"`
	ZeroReceived uint64 `json:"pri_zero_rcvd"`
	ZeroSent     uint64 `json:"pri_zero_sent"`
}

// WriteJSON writes the state of all instances as keepalived.json has it:
// version 1 is a list, version 2 an object around it.
func (d *Daemon) WriteJSON(w io.Writer) error {
	list := []jsonInstance{}
	var processes []jsonProcess
	version := 1
	ok := d.Do(func() {
		version = d.cfg.Global.JSONVersion
		d.m.Instances(func(v fsm.View) {
			if in := d.insts[v.Config.Name]; in != nil {
				list = append(list, d.jsonOf(v, in))
			}
		})
		processes = d.jsonProcesses()
	})
	if !ok {
		return io.ErrClosedPipe
	}
	var b []byte
	var err error
	if version == 2 {
		b, err = json.Marshal(struct {
			VRRP      []jsonInstance `json:"vrrp"`
			Processes []jsonProcess  `json:"track_process,omitempty"`
		}{list, processes})
	} else {
		b, err = json.Marshal(list)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func bit(v bool) int {
	if v {
		return 1
	}
	return 0
}

// stateNumber is the original's number of a state.
func stateNumber(s fsm.State) int {
	switch s {
	case fsm.Backup:
		return 1
	case fsm.Master:
		return 2
	case fsm.Fault:
		return 3
	}
	return 0
}

func (d *Daemon) jsonOf(v fsm.View, in *instance) jsonInstance {
	c, g := in.cfg, v.Config.Garp
	want := fsm.Backup
	switch {
	case v.State == fsm.Fault:
		want = fsm.Fault
	case v.WantMaster:
		want = fsm.Master
	}
	out := jsonInstance{Data: jsonData{
		Name: c.Name, DontTrackPrimary: bit(c.DontTrackPrimary), SkipCheckAddr: bit(c.SkipCheckAdvAddr),
		Strict: bit(c.Strict), Interface: in.link, MasterPriority: v.MasterPrio,
		LastTransition: json.Number(d.stamp(v.Changed)),
		GarpDelay:      int(g.Delay.Seconds()), GarpRefresh: int(g.Refresh.Seconds()), GarpRepeat: g.Repeat,
		GarpRefreshRep: g.RefreshRepeat, GarpLowerDelay: int(g.LowerDelay.Seconds()), GarpLowerRepeat: g.LowerRepeat,
		LowerNoAdvert: bit(c.LowerPrioNoAdvert), HigherAdvert: bit(c.HigherPrioSendAdvert), VRID: c.VRID,
		BasePriority: c.Priority, Effective: v.Effective, VIPSet: in.hasVIPs, Promote: c.PromoteSecondaries,
		Interval: c.AdvertInterval.Seconds(), MasterInterval: v.LearnedPeriod.Seconds(), Accept: bit(c.Accept),
		NoPreempt: v.Config.NoPreempt, PreemptDelay: c.PreemptDelay.Seconds(), State: stateNumber(v.State),
		WantState: stateNumber(want), Version: v.Config.Version, SMTPAlert: c.SMTPAlert, NotifyDeleted: v.Config.Deleted,
		VIPs: d.texts(in, in.vips, in.hasVIPs), Excluded: d.texts(in, in.excluded, in.hasExcluded), AuthType: uint8(c.AuthType),
	}}
	if in.vmac != nil {
		out.Data.VMAC = in.vmac.Name
	}
	if c.AuthType != config.AuthNone {
		out.Data.AuthData = "********"
	}
	for _, r := range c.VirtualRoutes {
		out.Data.Routes = append(out.Data.Routes, routeText(r, enabled(in.hasRoutes, in.link, "")))
	}
	for _, r := range c.VirtualRules {
		out.Data.Rules = append(out.Data.Rules, ruleText(r))
	}
	for _, t := range c.Tracks.Procs {
		out.Data.Processes = append(out.Data.Processes, t.Target.Name)
	}
	out.Stats = statsOf(&v.Stats)
	return out
}

func statsOf(s *fsm.Stats) jsonStats {
	return jsonStats{Received: s.Received, Sent: s.Sent, BecameMaster: s.BecameMaster, Released: s.ReleasedMaster,
		Length: s.Length, Interval: s.Interval, TTL: s.TTL, Type: s.Type, AddrList: s.AddrList, AuthType: s.AuthType,
		AuthMismatch: s.AuthMismatch, AuthFailure: s.AuthFailure, ZeroReceived: s.ZeroReceived, ZeroSent: s.ZeroSent,
		ExtMissing: s.TrailerMissing, ExtMalformed: s.TrailerMalformed, ExtUnknown: s.TrailerKey,
		ExtInvalid: s.TrailerDigest, ExtStale: s.TrailerStale, ExtReplay: s.TrailerReplay}
}

// texts are addresses as dumps show them.
func (d *Daemon) texts(in *instance, list []netif.Addr, set bool) []string {
	var out []string
	for _, a := range list {
		out = append(out, addrText(a, d.vmacParent(a.Link), set)+enabled(set && in.quiet(), " nftable_set", ""))
	}
	return out
}

// jsonProcess is a tracked process. How many there are, and what waits for its
// delay, the tracker alone knows.
type jsonProcess struct {
	Process        string  `json:"process"`
	ParamMatch     string  `json:"param_match"`
	Min            int     `json:"min_processes"`
	Max            int     `json:"max_processes,omitempty"`
	Quorum         bool    `json:"have_quorum"`
	Weight         int     `json:"weight"`
	TerminateDelay float64 `json:"terminate_delay"`
	ForkDelay      float64 `json:"fork_delay"`
	FullCommand    bool    `json:"full_command"`
}

func (d *Daemon) jsonProcesses() []jsonProcess {
	var out []jsonProcess
	for _, t := range d.cfg.TrackProcs {
		status, _ := d.m.Tracked(fsm.TrackID{Kind: fsm.TrackProcess, Name: t.Name})
		out = append(out, jsonProcess{
			Process: t.Name, ParamMatch: [...]string{"none", "exact", "partial", "initial"}[t.ParamMatch],
			Min: t.Quorum, Max: max(t.QuorumMax, 0), Quorum: status.Up, Weight: t.Weight,
			TerminateDelay: t.TerminateDelay.Seconds(), ForkDelay: t.ForkDelay.Seconds(),
			FullCommand: t.FullCommand || t.ParamMatch != config.ParamNone,
		})
	}
	return out
}
