package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDropped holds what the original drops of an instance, and its words.
func TestDropped(t *testing.T) {
	t.Parallel()
	const unicast = "vrrp_instance V {\n interface %s\n virtual_router_id 5\n use_vmac\n %s\n virtual_ipaddress {\n 10.1.1.1\n }\n}\n"
	const file = "track_file F {\n file %s\n}\nvrrp_instance V {\n interface eth0\n virtual_router_id 5\n track_file {\n F\n }\n virtual_ipaddress {\n 10.1.1.1\n }\n}\n"
	clearing, setting := "(V): Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac", "(V) unicast with use_vmac requires vmac_xmit_base - setting"
	lost := "(V) track file F not found, ignoring..."
	for _, c := range []struct {
		text       string
		says, lies string // what is said and what is not
		vmac       bool
		files      int
	}{
		{fmt.Sprintf(unicast, "gone0", "unicast_src_ip 10.0.0.1"), clearing, setting, false, 0},
		{fmt.Sprintf(unicast, "gone0", "unicast_peer {\n 10.0.0.2\n }"), clearing, setting, false, 0},
		{fmt.Sprintf(unicast, "eth0", "unicast_src_ip 10.0.0.1"), setting, clearing, true, 0},
		{strings.Replace(fmt.Sprintf(unicast, "mute0", ""), "use_vmac", "", 1), "(V) interface mute0 does not support multicast, specify unicast peers - disabling", "", false, 0},
		{fmt.Sprintf(unicast, "mute0", "unicast_peer {\n 10.0.0.2\n }"), setting, "(V) interface mute0 does not support multicast, specify unicast peers - disabling", true, 0},
		{fmt.Sprintf(file, "/no/such/directory/f"), lost, "", false, 0},
		{fmt.Sprintf(file, "/tmp/no-such-file"), "", lost, false, 1},
	} {
		res := Load("k.conf", []byte(c.text), Options{HostName: "h", HasInterface: func(n string) bool { return n == "eth0" || n == "mute0" }, NoMulticast: func(n string) bool { return n == "mute0" }})
		said := func(what string) bool {
			for i := range res.Diags.All {
				if res.Diags.All[i].Text == what {
					return true
				}
			}
			return what == ""
		}
		if !said(c.says) || c.lies != "" && said(c.lies) {
			t.Errorf("%s: said %+v", c.text, res.Diags.All)
		}
		i := slices.IndexFunc(res.Config.Instances, func(in *Instance) bool { return in.Name == "V" })
		if i < 0 || (res.Config.Instances[i].VMAC != nil) != c.vmac || len(res.Config.Instances[i].Tracks.Files) != c.files {
			t.Errorf("%s: became %+v", c.text, res.Config.Instances)
		}
	}
}
