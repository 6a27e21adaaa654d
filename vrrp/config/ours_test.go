package config

import (
	"slices"
	"strings"
	"testing"
)

// TestOurWords reads the words that the original does not have.
func TestOurWords(t *testing.T) {
	t.Parallel()
	load := func(lines string) *Result {
		return Load("k.conf", []byte("global_defs {\n"+lines+"\n}\n"), Options{HostName: "h", HasInterface: func(string) bool { return true }})
	}
	res := load("tandem_status /run/s 127.0.0.1:9650\ntandem_status [::1]:9650\ntandem_split_brain\ntandem_restore_addresses")
	g := &res.Config.Global
	if len(res.Diags.All) > 0 || !slices.Equal(g.Status, []string{"/run/s", "127.0.0.1:9650", "[::1]:9650"}) || !g.SplitBrain || !g.RestoreAddresses {
		t.Errorf("%+v, said %+v", g, res.Diags.All)
	}
	for line, want := range map[string]string{
		"tandem_status":      "tandem_status needs IP:PORT or the path of a socket",
		"tandem_status run":  "tandem_status run is neither IP:PORT nor the path of a socket - ignoring",
		"tandem_status :965": "tandem_status :965 is neither IP:PORT nor the path of a socket - ignoring",
	} {
		res := load(line)
		if len(res.Diags.All) != 1 || !strings.Contains(res.Diags.All[0].Text, want) || res.Status != 5 || len(res.Config.Global.Status) > 0 {
			t.Errorf("%s: %+v, status %d", line, res.Diags.All, res.Status)
		}
	}
	if g := &load("router_id x").Config.Global; g.SplitBrain || g.RestoreAddresses || len(g.Status) > 0 {
		t.Errorf("without them: %+v", g)
	}
}
