package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/fsm"
	"tandem/vrrp/lvs"
)

// TestSyncer follows the state of an instance with the IPVS synchronisation.
func TestSyncer(t *testing.T) {
	t.Parallel()
	const text = `
global_defs {
  lvs_sync_daemon eth0 inst VI_1 id 7
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress {
    10.1.1.1
  }
}
`
	k := &lvs.Fake{}
	p := NewSyncer(func() (lvs.Kernel, error) { return k, nil }, func(s string) { t.Error(s) })
	cfg := loadLVS(t, text)
	p.Begin(cfg, false, nil)
	for _, s := range []fsm.State{fsm.Backup, fsm.Master, fsm.Fault} {
		p.Notice(Notice{Name: "VI_2", State: fsm.Master})
		p.Notice(Notice{Name: "VI_1", State: s})
	}
	p.Begin(cfg, true, nil)
	p.End()
	const master, backup = "master --mcast-interface eth0 --syncid 7", "backup --mcast-interface eth0 --syncid 7"
	want := []string{
		"--start-daemon " + backup, "--stop-daemon " + backup, "--start-daemon " + master,
		"--stop-daemon " + master, "--start-daemon " + backup, "--stop-daemon " + backup,
	}
	if d := cmp.Diff(want, k.Take()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
