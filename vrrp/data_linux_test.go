package vrrp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dataConf has something of most parts of the dump.
func dataConf(l *lab) string {
	return fmt.Sprintf(`global_defs {
 router_id lb1
 script_user root
 notification_email {
 a@x.org
 }
 notification_email_from joe@b.org
 smtp_server 10.77.0.9
 smtp_helo_name helo
 vrrp_higher_prio_send_advert true
 vrrp_down_timer_adverts 4
}
vrrp_script chk {
 script "/usr/bin/test -e %[1]s"
 interval 2
 timeout 5
 weight 5
 rise 2
 fall 3
}
track_file f {
 file %[1]s/value
 weight 2
}
vrrp_sync_group G {
 group {
 VI_1
 VI_2
 }
}
`, l.dir) + conf(3, "5", 150, "", vip) +
		strings.NewReplacer("VI_1", "VI_2", "router_id 51", "router_id 52").Replace(conf(2, "5", 100, auth("PASS", "abc"), "10.77.0.101/24")) +
		strings.NewReplacer("VI_1", "VI_3", "router_id 51", "router_id 53").Replace(conf(2, "5", 100, "preempt_delay 7\n notify_priority_changes true\n track_script {\n chk\n }\n track_file {\n f\n }\n virtual_ipaddress_excluded {\n 10.77.0.113\n }", "10.77.0.103"))
}

// moreConf has something of the other parts.
func moreConf(l *lab) string {
	return fmt.Sprintf(`global_defs {
 router_id lb1
 script_user root
 enable_script_security
 nftables lb
 nftables_counters
 dynamic_interfaces
 vrrp_garp_interval 0.001
 vrrp_notify_fifo %[1]s/fifo
 vrrp_notify_fifo_script /usr/bin/cat
 vrrp_startup_delay 0.2
}
static_ipaddress {
 10.78.0.1/24 dev eth0 scope link
}
static_routes {
 10.79.0.0/16 via 10.77.0.8 dev eth0 metric 5
 blackhole 10.80.0.0/16
}
static_rules {
 from 10.79.0.0/16 table 100 priority 500
}
track_group TG {
 group {
 VI_1
 }
}
vrrp_track_process p {
 process no-such-process -a b
 weight 9
 quorum 2
 delay 3
}
vrrp_sync_group G {
 group {
 VI_1
 VI_2
 }
 notify "/usr/bin/env x"
 notify_master /usr/bin/env
}
`, l.dir) + conf(3, "5", 150, `no_accept
 promote_secondaries
 nopreempt
 notify_master /usr/bin/env
 notify_backup "/usr/bin/env b"
 notify "/usr/bin/env c" nobody
 virtual_ipaddress_excluded {
 10.77.0.113/24 brd 10.77.0.255
 10.77.0.114 label eth0:1
 fd00::5/64
 }
 virtual_routes {
 10.81.0.0/16 via 10.77.0.8 dev eth0 table 100 metric 7 mtu 1400
 10.82.0.0/16 src 10.77.0.1 dev eth0 no_track
 default via 10.77.0.8 table 101
 10.83.0.0/16 nexthop via 10.77.0.8 dev eth0 weight 2 nexthop via 10.77.0.7 weight 3
 }
 virtual_rules {
 from 10.81.0.0/16 lookup 100 priority 300
 not to 10.83.0.0/16 fwmark 5/7 blackhole priority 301
 iif lo goto 400 priority 302
 }
 track_process {
 p
 }
 track_interface {
 lo weight 4
 }`, vip) +
		strings.NewReplacer("VI_1", "VI_2", "router_id 51", "router_id 52").Replace(conf(3, "5", 100, "use_vmac\n unicast_src_ip 10.77.0.1\n unicast_peer {\n 10.77.0.2 min_ttl 200\n 10.77.0.3\n }", "10.77.0.101"))
}

// internals are lines of the original about what this program does not have.
var internals = regexp.MustCompile(`^ *(Original |Reset |Seen up|NIC netlink|Flags of interface|Delayed state|(Up|Down) debounce|Group = 0|Result =|Init state|State = idle|libnftnl|VRRP instances :|Additional IPv6|(Rogue|Roger) |Current processes|(Fork|Terminate) delay timer|Not IPv6 forw|rp_filter|G(ARP|NA) next time)`)

// masks are numbers that differ from run to run.
var masks = regexp.MustCompile(`(\d{10}\.\d+ \(.*\)|\b\d{10}\.\d+|fd_(in|out) =? ?\d+|[0-9a-f:]{17}|fe80::[0-9a-f:]+|/tmp/[^ ']*/00\d)`)

// TestData compares the lines of the dump on SIGUSR1 with those of release
// 2.4.3.
func TestData(t *testing.T) {
	t.Parallel()
	for name, conf := range map[string]func(*lab) string{"data": dataConf, "more": moreConf} {
		testData(t, filepath.Join("testdata", name+".golden"), conf)
	}
}

func testData(t *testing.T, golden string, text func(*lab) string) {
	t.Helper()
	want, err := os.ReadFile(golden)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	for _, ref := range []bool{false, true} {
		if ref && !recent() {
			continue
		}
		t.Run(fmt.Sprintf("%s original=%t", filepath.Base(golden), ref), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			write(t, filepath.Join(l.dir, "value"), "3", 0o644)
			p := l.start("a", ref, text(l))
			l.until("the script's result", 12*time.Second, func() bool {
				return (p.said("VRRP_Script(chk) succeeded") || golden != "testdata/data.golden") && p.said("VRRP sockpool")
			})
			p.signal(syscall.SIGUSR1)
			var b []byte
			l.until("the dump", 5*time.Second, func() bool {
				b, _ = os.ReadFile(filepath.Join(p.dir, "keepalived.data"))
				return strings.Contains(string(b), "VI_3, weight 0") || strings.Contains(string(b), "VI_2, weight 0")
			})
			var got []string
			for s := range strings.SplitSeq(string(b), "\n") {
				// The interfaces' addresses of IPv6 come when they like.
				if s != "" && !internals.MatchString(s) && !strings.Contains(s, "fe80::") && !strings.Contains(s, "IPv6 address = ") {
					got = append(got, masks.ReplaceAllString(s, "…"))
				}
			}
			slices.Sort(got)
			text := strings.Join(got, "\n") + "\n"
			if *rewrite && ref {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(want), text); d != "" {
				t.Errorf("lines (-2.4.3 +got):\n%s", d)
			}
		})
	}
}
