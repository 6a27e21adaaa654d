package daemon

import (
	"time"

	"tandem/vrrp/fsm"
)

// Restores of one instance's addresses, for as long as they help: where a
// program removes them again and again, another node may do better.
const (
	mostRestores  = 5
	restoreWindow = 10 * time.Second
)

// restores are the last times that addresses of an instance were put back.
type restores struct{ at []time.Duration }

// restore puts back what somebody else removed from a master
// (tandem_restore_addresses); false says that it must be given up, as the
// original does.
func (d *Daemon) restore(name string) bool {
	in := d.insts[name]
	if !d.cfg.Global.RestoreAddresses || in == nil || !in.hasVIPs && !in.hasExcluded {
		return false
	}
	r := d.restored[name]
	if r == nil {
		r = &restores{}
		d.restored[name] = r
	}
	now := d.now()
	for len(r.at) > 0 && now-r.at[0] > restoreWindow {
		r.at = r.at[1:]
	}
	if len(r.at) >= mostRestores {
		d.logf("(%s) addresses were removed %d times within %d s: giving them up", name, len(r.at)+1, restoreWindow/time.Second)
		return false
	}
	r.at = append(r.at, now)
	if _, err := d.net.Set(name, in.state()); err != nil {
		d.logf("(%s) cannot put addresses back: %v", name, err)
		return false
	}
	d.logf("(%s) addresses that somebody removed are back", name)
	d.perform(&fsm.Effect{Do: fsm.Announce, Inst: name, Repeat: max(in.cfg.Garp.Repeat, 1)})
	return true
}
