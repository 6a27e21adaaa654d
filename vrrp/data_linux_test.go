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

// internals are lines of the original about what this program does not have.
var internals = regexp.MustCompile(`^ *(Original |Reset |Seen up|NIC netlink|Flags of interface|Delayed state|(Up|Down) debounce|Group = 0|Result =|Init state|State = idle|libnftnl|VRRP instances :|Additional IPv6)`)

// masks are numbers that differ from run to run.
var masks = regexp.MustCompile(`(\d{10}\.\d+ \(.*\)|\b\d{10}\.\d+|fd_(in|out) =? ?\d+|[0-9a-f:]{17}|fe80::[0-9a-f:]+|/tmp/[^ ']*/00\d)`)

// TestData compares the lines of the dump on SIGUSR1 with those of release
// 2.4.3.
func TestData(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/data.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []bool{false, true} {
		if ref && !recent() {
			continue
		}
		t.Run(fmt.Sprintf("original=%t", ref), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			write(t, filepath.Join(l.dir, "value"), "3", 0o644)
			p := l.start("a", ref, dataConf(l))
			l.until("the script's result", 12*time.Second, func() bool { return p.said("VRRP_Script(chk) succeeded") && p.said("VRRP sockpool") })
			p.signal(syscall.SIGUSR1)
			var b []byte
			l.until("the dump", 5*time.Second, func() bool {
				b, _ = os.ReadFile(filepath.Join(p.dir, "keepalived.data"))
				return strings.Contains(string(b), "VI_3, weight 0")
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
				if err := os.WriteFile("testdata/data.golden", []byte(text), 0o644); err != nil {
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
