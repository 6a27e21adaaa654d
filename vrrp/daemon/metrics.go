package daemon

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// metric is one column of /metrics. The names are those that exporters for the
// original have, where they have one.
type metric struct {
	name, kind, help string
	value            func(*InstanceStatus) (v float64, ok bool)
}

// stateNumbers are the numbers of states in the original's dumps.
var stateNumbers = []string{"INIT", "BACKUP", "MASTER", "FAULT"}

func gauge(name, help string, f func(*InstanceStatus) float64) metric {
	return metric{name, "gauge", help, func(s *InstanceStatus) (float64, bool) { return f(s), true }}
}

func counter(name, help string, f func(*InstanceStatus) uint64) metric {
	return metric{name, "counter", help, func(s *InstanceStatus) (float64, bool) { return float64(f(s)), true }}
}

func ageGauge(name, help string, f func(*InstanceStatus) *float64) metric {
	return metric{name, "gauge", help, func(s *InstanceStatus) (float64, bool) {
		if v := f(s); v != nil {
			return *v, true
		}
		return 0, false
	}}
}

var metrics = []metric{
	gauge("keepalived_vrrp_state", "State: 0 init, 1 backup, 2 master, 3 fault.", func(s *InstanceStatus) float64 {
		return float64(slices.Index(stateNumbers, s.State))
	}),
	gauge("keepalived_vrrp_priority", "Priority with what trackers add.", func(s *InstanceStatus) float64 { return float64(s.Priority) }),
	gauge("keepalived_vrrp_base_priority", "Configured priority.", func(s *InstanceStatus) float64 { return float64(s.BasePriority) }),
	gauge("keepalived_vrrp_state_seconds", "How long the state has lasted.", func(s *InstanceStatus) float64 { return s.SinceSeconds }),
	ageGauge("keepalived_vrrp_last_advert_sent_seconds", "Age of the last advert sent.", func(s *InstanceStatus) *float64 { return s.LastSent }),
	ageGauge("keepalived_vrrp_last_advert_heard_seconds", "Age of the last advert of another node.", func(s *InstanceStatus) *float64 { return s.LastHeard }),
	gauge("keepalived_vrrp_second_master", "1 while another master does not give way.", func(s *InstanceStatus) float64 { return float64(bit(s.SecondOne != nil)) }),
	counter("keepalived_vrrp_split_brains_total", "Times that another master did not give way.", func(s *InstanceStatus) uint64 { return s.SplitBrains }),
	counter("keepalived_advertisements_received_total", "Adverts received.", func(s *InstanceStatus) uint64 { return s.Stats.Received }),
	counter("keepalived_advertisements_sent_total", "Adverts sent.", func(s *InstanceStatus) uint64 { return s.Stats.Sent }),
	counter("keepalived_become_master_total", "Times that the instance became master.", func(s *InstanceStatus) uint64 { return s.Stats.BecameMaster }),
	counter("keepalived_release_master_total", "Times that it gave up being master.", func(s *InstanceStatus) uint64 { return s.Stats.Released }),
	counter("keepalived_packet_length_errors_total", "Adverts of a wrong length.", func(s *InstanceStatus) uint64 { return s.Stats.Length }),
	counter("keepalived_advertisements_interval_errors_total", "Adverts with another interval.", func(s *InstanceStatus) uint64 { return s.Stats.Interval }),
	counter("keepalived_ip_ttl_errors_total", "Adverts with a wrong TTL.", func(s *InstanceStatus) uint64 { return s.Stats.TTL }),
	counter("keepalived_invalid_type_received_total", "Packets of another type.", func(s *InstanceStatus) uint64 { return s.Stats.Type }),
	counter("keepalived_address_list_errors_total", "Adverts of other addresses.", func(s *InstanceStatus) uint64 { return s.Stats.AddrList }),
	counter("keepalived_authentication_invalid_total", "Adverts with an unknown authentication.", func(s *InstanceStatus) uint64 { return s.Stats.AuthType }),
	counter("keepalived_authentication_mismatch_total", "Adverts with another authentication.", func(s *InstanceStatus) uint64 { return s.Stats.AuthMismatch }),
	counter("keepalived_authentication_failure_total", "Adverts with a wrong password.", func(s *InstanceStatus) uint64 { return s.Stats.AuthFailure }),
	counter("keepalived_priority_zero_received_total", "Adverts of priority 0 received.", func(s *InstanceStatus) uint64 { return s.Stats.ZeroReceived }),
	counter("keepalived_priority_zero_sent_total", "Adverts of priority 0 sent.", func(s *InstanceStatus) uint64 { return s.Stats.ZeroSent }),
}

// writeMetrics writes the state in the text format of Prometheus.
func writeMetrics(w io.Writer, s *Status) {
	fmt.Fprintf(w, "# HELP keepalived_up Whether the state could be read.\n# TYPE keepalived_up gauge\nkeepalived_up 1\n")
	for _, m := range metrics {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
		for i := range s.Instances {
			in := &s.Instances[i]
			if v, ok := m.value(in); ok {
				fmt.Fprintf(w, "%s{iname=%s,intf=%s,vrid=\"%d\"} %s\n", m.name, label(in.Name), label(in.Interface), in.VRID, strconv.FormatFloat(v, 'f', -1, 64))
			}
		}
	}
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// label is a quoted value of a label.
func label(s string) string { return `"` + labelEscapes.Replace(s) + `"` }
