package daemon

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"tandem/vrrp/fsm"
	"tandem/vrrp/netif"
)

// Status is what /status tells: the state of this moment.
type Status struct {
	Time      time.Time        `json:"time"`
	Uptime    float64          `json:"uptime_seconds"`
	Instances []InstanceStatus `json:"instances"`
	Groups    []GroupStatus    `json:"groups"`
}

// InstanceStatus is one virtual router.
type InstanceStatus struct {
	Name      string `json:"name"`
	Group     string `json:"group,omitempty"`
	Interface string `json:"interface"`
	VRID      uint8  `json:"virtual_router_id"`
	Version   int    `json:"version"`
	Family    string `json:"family"`
	State     string `json:"state"`
	// Why is the reason for the state, in a sentence.
	Why          string    `json:"why"`
	Reasons      []string  `json:"fault_reasons,omitempty"`
	Since        time.Time `json:"since"`
	SinceSeconds float64   `json:"since_seconds"`
	Priority     uint8     `json:"priority"` // with what trackers add
	BasePriority uint8     `json:"base_priority"`
	// Master is who is master as far as is known: ourselves or the sender of
	// the last advert.
	Master         string   `json:"master,omitempty"`
	MasterPriority uint8    `json:"master_priority,omitempty"`
	Peers          []string `json:"unicast_peers,omitempty"`
	Addresses      []string `json:"virtual_addresses"`
	// LastSent and LastHeard are ages of adverts; absent: none yet.
	LastSent    *float64     `json:"last_advert_sent_seconds,omitempty"`
	LastHeard   *float64     `json:"last_advert_heard_seconds,omitempty"`
	SecondOne   *RivalStatus `json:"second_master,omitempty"`
	SplitBrains uint64       `json:"split_brains"`
	Stats       jsonStats    `json:"stats"`
}

// RivalStatus is a second master that does not give way.
type RivalStatus struct {
	Address      string  `json:"address"`
	Priority     uint8   `json:"priority"`
	SinceSeconds float64 `json:"since_seconds"`
	Adverts      uint64  `json:"adverts"`
}

// GroupStatus is a sync group.
type GroupStatus struct {
	Name    string   `json:"name"`
	State   string   `json:"state"`
	Members []string `json:"members"`
}

// Status describes the state of this moment; false: the loop has ended.
func (d *Daemon) Status() (Status, bool) {
	s := Status{Instances: []InstanceStatus{}, Groups: []GroupStatus{}}
	ok := d.Do(func() {
		now := d.now()
		s.Time, s.Uptime = d.opt.Wall(), now.Seconds()
		d.m.Instances(func(v fsm.View) { s.Instances = append(s.Instances, d.statusOf(v, now)) })
		d.m.Groups(func(name string, st fsm.State, members []string) {
			s.Groups = append(s.Groups, GroupStatus{name, st.String(), members})
		})
	})
	return s, ok
}

func (d *Daemon) statusOf(v fsm.View, now time.Duration) InstanceStatus {
	in := d.insts[v.Config.Name]
	age := func(at time.Duration, known bool) *float64 {
		if !known {
			return nil
		}
		s := max(now-at, 0).Seconds()
		return &s
	}
	out := InstanceStatus{
		Name: v.Config.Name, Group: v.Group, Interface: in.cfg.Interface, VRID: in.cfg.VRID,
		Version: int(in.cfg.Version), Family: "inet" + enabled(in.cfg.IPv6, "6", ""),
		State: v.State.String(), Reasons: v.Reasons,
		Since: d.moment(v.Changed), SinceSeconds: max(now-v.Changed, 0).Seconds(),
		Priority: v.Effective, BasePriority: v.Config.Priority,
		LastSent: age(v.LastAdvert, v.Stats.Sent > 0), LastHeard: age(v.Heard, v.HasHeard),
		Addresses: []string{}, SplitBrains: v.Splits, Stats: statsOf(&v.Stats),
	}
	for _, list := range [][]string{prefixes(in.vips), prefixes(in.excluded)} {
		out.Addresses = append(out.Addresses, list...)
	}
	for _, p := range in.cfg.Peers {
		out.Peers = append(out.Peers, p.Addr.String())
	}
	switch {
	case v.State == fsm.Master:
		out.Master, out.MasterPriority = addrWord(v.Src), v.Effective
	case v.MasterAddr.IsValid():
		out.Master, out.MasterPriority = v.MasterAddr.String(), v.MasterPrio
	}
	if v.Rival.Split() {
		out.SecondOne = &RivalStatus{v.Rival.Addr.String(), v.Rival.Priority, max(now-v.Rival.Since, 0).Seconds(), v.Rival.Adverts}
	}
	out.Why = why(v)
	return out
}

func prefixes(list []netif.Addr) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.Prefix.String())
	}
	return out
}

func addrWord(a netip.Addr) string {
	if a.IsValid() {
		return a.String()
	}
	return ""
}

// why is the reason for a state.
func why(v fsm.View) string {
	switch {
	case len(v.Reasons) > 0:
		return strings.Join(v.Reasons, ", ")
	case v.Pending > 0:
		return fmt.Sprintf("%d tracked things have not told their state yet", v.Pending)
	case v.State == fsm.Fault:
		return "another member of the sync group has a fault"
	case v.State == fsm.Master && v.Config.Priority == 255:
		return "owner of the addresses"
	case v.State == fsm.Master && v.Rival.Split():
		return fmt.Sprintf("%s with priority %d is master too", v.Rival.Addr, v.Rival.Priority)
	case v.State == fsm.Master:
		return fmt.Sprintf("nobody with a priority above %d advertises", v.Effective)
	case v.State == fsm.Backup && v.MasterAddr.IsValid() && v.MasterPrio < v.Effective && v.Config.NoPreempt:
		return fmt.Sprintf("%s is master, and nopreempt lets it be", v.MasterAddr)
	case v.State == fsm.Backup && v.MasterAddr.IsValid():
		return fmt.Sprintf("%s with priority %d is master", v.MasterAddr, v.MasterPrio)
	case v.State == fsm.Backup:
		return "waits for adverts of a master"
	}
	return "not started"
}
