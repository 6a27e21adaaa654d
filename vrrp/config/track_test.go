package config

import (
	"testing"
	"time"
)

// TestTrackReverse: a thing that is reversed stays so where it is tracked with
// another weight, until the line says noreverse.
func TestTrackReverse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line    string
		weight  int
		reverse bool
	}{
		{"s", 5, true}, {"s weight 3", 3, true}, {"s weight 3 reverse", 3, true}, {"s weight 3 noreverse", 3, false},
		{"f weight 3", 3, true}, {"f weight 3 noreverse", 3, false},
	} {
		kind := "script"
		if c.line[0] == 'f' {
			kind = "file"
		}
		text := `global_defs {
 script_user root
 enable_script_security
}
vrrp_script s {
 script /usr/bin/env
 weight 5 reverse
}
track_file f {
 file /tmp/value
 weight 5 reverse
}
vrrp_instance V {
 interface eth0
 virtual_router_id 5
 track_` + kind + ` {
 ` + c.line + `
 }
}
`
		in := Load("k.conf", []byte(text), oracleOptions()).Config.Instances[0]
		var weight int
		var reverse bool
		switch {
		case len(in.Tracks.Scripts) > 0:
			weight, reverse = in.Tracks.Scripts[0].Weight, in.Tracks.Scripts[0].Reverse
		case len(in.Tracks.Files) > 0:
			weight, reverse = in.Tracks.Files[0].Weight, in.Tracks.Files[0].Reverse
		}
		if weight != c.weight || reverse != c.reverse {
			t.Errorf("%s: weight %d, reverse %t", c.line, weight, reverse)
		}
	}
}

// TestLowerPrioDefaults: what an instance does after an advert of lower
// priority follows the global settings, not its own of a new master.
func TestLowerPrioDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		global, own string
		delay       time.Duration
		repeat      int
	}{
		{"", "garp_master_delay 3\ngarp_master_repeat 2", 5 * time.Second, 5},
		{"vrrp_garp_master_delay 7\nvrrp_garp_master_repeat 4", "garp_master_delay 3", 7 * time.Second, 4},
		{"vrrp_garp_lower_prio_delay 8\nvrrp_garp_lower_prio_repeat 1", "", 8 * time.Second, 1},
		{"vrrp_garp_lower_prio_delay 8", "garp_lower_prio_delay 9\ngarp_lower_prio_repeat 2", 9 * time.Second, 2},
	} {
		text := "global_defs {\n" + c.global + "\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 5\n" + c.own + "\n}\n"
		g := Load("k.conf", []byte(text), oracleOptions()).Config.Instances[0].Garp
		if g.LowerPrioDelay != c.delay || g.LowerPrioRepeat != c.repeat {
			t.Errorf("%q %q: %v, %d", c.global, c.own, g.LowerPrioDelay, g.LowerPrioRepeat)
		}
	}
}

// TestTTLChecksSource: a peer's range of TTLs turns check_unicast_src on.
func TestTTLChecksSource(t *testing.T) {
	t.Parallel()
	for peer, want := range map[string]bool{"10.0.0.2": false, "10.0.0.2 min_ttl 5": true, "10.0.0.2 max_ttl 254": true} {
		text := "vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\nunicast_peer {\n" + peer + "\n}\n}\n"
		if in := Load("k.conf", []byte(text), oracleOptions()).Config.Instances[0]; in.CheckUnicastSource != want {
			t.Errorf("%s: %t", peer, in.CheckUnicastSource)
		}
	}
}
