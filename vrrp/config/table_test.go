package config

import (
	"strings"
	"testing"

	"tandem/parser/keyword"
)

// TestTables holds the laws of all keyword tables.
func TestTables(t *testing.T) {
	t.Parallel()
	n := 0
	for title, specs := range Tables() {
		for _, s := range specs {
			n++
			if s.Name == "" || strings.Contains(s.Name, " ") {
				t.Errorf("%s: bad name %q", title, s.Name)
			}
			if !strings.HasSuffix(s.Doc, ".") {
				t.Errorf("%s: %s: the doc is no sentence: %q", title, s.Name, s.Doc)
			}
			if s.Since > keyword.V(2, 4) {
				t.Errorf("%s: %s: exists since %s", title, s.Name, s.Since)
			}
		}
	}
	if n < 400 {
		t.Errorf("only %d keywords", n)
	}
	t.Logf("%d keywords", n)
	for _, d := range instanceTable.All() {
		if err := d.Grammar(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	for _, d := range globalTable.All() {
		if err := d.Grammar(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("vrrp_instance V {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress { 10.0.0.1/24 brd + }\n track_script { s }\n}\n"))
	f.Add([]byte("vrrp_script s {\n script \"/usr/bin/true 'a\"\n weight -5 reverse\n}\nstatic_routes {\n 10.0.0.0/8 via 10.0.0.1 nexthop via x\n}\n"))
	f.Add([]byte("virtual_server fwmark 5 {\n real_server ::1 5 {\n HTTP_GET {\n url {\n path /\n status_code 1-\n}\n}\n}\n}\n"))
	f.Add([]byte("bfd_instance b {\nmin_rx 1.5\n}\nglobal_defs {\nlvs_sync_daemon eth0 inst\n umask a|b\n}\nstatic_rules {\nfrom any to uidrange 5- goto\n}\n"))
	opt := oracleOptions()
	opt.Running = &Account{}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "include") || strings.Contains(string(data), "file:") || strings.Contains(string(data), "~") {
			return
		}
		r := Load("k.conf", data, opt)
		if r.Config == nil || r.Status < 0 || r.Status > 6 {
			t.Errorf("status %d", r.Status)
		}
	})
}
