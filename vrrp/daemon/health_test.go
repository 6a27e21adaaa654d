package daemon

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/vrrp/config"
	"tandem/vrrp/lvs"
)

// loadLVS reads a configuration of services.
func loadLVS(t *testing.T, text string) *config.Config {
	t.Helper()
	res := config.Load("test.conf", []byte(text), config.Options{HostName: "h", HasInterface: func(string) bool { return true }})
	if res.Fatal {
		t.Fatalf("%+v", res.Diags.All)
	}
	return res.Config
}

// TestLowerLVS compares what services become for the kernel with the table that
// the original makes of the same file.
func TestLowerLVS(t *testing.T) {
	t.Parallel()
	const text = `
virtual_server_group G {
  10.1.1.3 80
  10.1.1.4-5 80
  fwmark 5
}
virtual_server 10.1.1.1 80 {
  lb_algo wrr
  lb_kind NAT
  protocol TCP
  persistence_timeout 30
  persistence_granularity 255.255.255.0
  sorry_server 10.2.2.9 80
  sorry_server_inhibit
  real_server 10.2.2.1 80 {
    weight 1
  }
  real_server 10.2.2.2 8080 {
    weight 2
    uthreshold 10
    lthreshold 3
  }
}
virtual_server group G {
  lb_algo sh
  sh-port
  lb_kind TUN
  protocol TCP
  persistence_timeout 50
  real_server 10.2.2.3 80 {
    lvs_method TUN type gue port 6080 csum
  }
  real_server 10.2.2.4 80 {
    weight 2
    lvs_method TUN type gre
  }
}
virtual_server fwmark 9 {
  lb_algo mh
  mh-fallback
  lb_kind DR
  real_server 10.2.2.3 80 {
  }
}
virtual_server fwmark 11 {
  lb_algo rr
  lb_kind NAT
  real_server 10.2.2.3 81 {
  }
}
virtual_server 10.1.1.7 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 10.2.2.3 {
  }
}
virtual_server fwmark 10 {
  lb_algo mh
  lb_kind DR
  real_server fd00::1 80 {
  }
}
virtual_server 10.1.1.1 53 {
  lb_algo rr
  lb_kind DR
  protocol UDP
  ops
  real_server 10.2.2.3 53 {
  }
}
virtual_server 10.1.1.2 0 {
  lb_algo rr
  lb_kind DR
  protocol SCTP
  persistence_timeout 20
  persistence_engine sip
  real_server 10.2.2.3 0 {
  }
}
virtual_server fd00::2 443 {
  lb_algo wlc
  lb_kind DR
  protocol TCP
  persistence_timeout
  persistence_granularity 64
  real_server fd00::1 443 {
  }
}
`
	low := lowerLVS(loadLVS(t, text), nil)
	k := &lvs.Fake{}
	for _, e := range lvs.New(lvs.Options{}).Start(low.lvs, 0) {
		if e.Cmd != nil {
			_ = k.Do(*e.Cmd)
		}
	}
	want := []string{
		"-A --sctp-service 10.1.1.2:0 -s rr -p 20 --pe sip", "-a --sctp-service 10.1.1.2:0 -r 10.2.2.3:0 -g -w 1",
		"-A -f 10 -6 -s mh", "-a -f 10 -6 -r [fd00::1]:0 -g -w 1",
		"-A -f 11 -s rr", "-a -f 11 -r 10.2.2.3:81 -m -w 1", "-A -t 10.1.1.7:80 -s rr", "-a -t 10.1.1.7:80 -r 10.2.2.3:80 -m -w 1",
		"-A -f 9 -s mh -b flag-1", "-a -f 9 -r 10.2.2.3:0 -g -w 1",
		"-A -t 10.1.1.1:80 -s wrr -p 30 -M 24", "-a -t 10.1.1.1:80 -r 10.2.2.1:80 -m -w 1",
		"-a -t 10.1.1.1:80 -r 10.2.2.2:8080 -m -w 2 -x 10 -y 3", "-a -t 10.1.1.1:80 -r 10.2.2.9:80 -m -w 0",
		"-A -t [fd00::2]:443 -s wlc -p 360 -M 64", "-a -t [fd00::2]:443 -r [fd00::1]:443 -g -w 1",
		"-A -u 10.1.1.1:53 -s rr -o", "-a -u 10.1.1.1:53 -r 10.2.2.3:53 -g -w 1",
	}
	for _, s := range []string{"-t 10.1.1.3:80", "-t 10.1.1.4:80", "-t 10.1.1.5:80", "-f 5"} {
		port := 80
		if s[1] == 'f' {
			port = 0
		}
		want = append(want, "-A "+s+" -s sh -p 50 -b flag-2",
			fmt.Sprintf("-a %s -r 10.2.2.3:%d -i --tun-type gue --tun-port 6080 --tun-csum -w 1", s, port),
			fmt.Sprintf("-a %s -r 10.2.2.4:%d -i --tun-type gre -w 2", s, port))
	}
	slices.Sort(want)
	if d := cmp.Diff(want, k.Table.Lines()); d != "" {
		t.Errorf("table (-want +got):\n%s", d)
	}
}

// TestDefaults holds the times of checks that give none, and who is mailed.
func TestDefaults(t *testing.T) {
	t.Parallel()
	const text = `
virtual_server 10.1.1.1 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  delay_loop 7
  retry 2
  real_server 10.2.2.1 80 {
    delay_before_retry 5
    TCP_CHECK {
      connect_timeout 3
    }
    MISC_CHECK {
      misc_path /bin/true
      retry 4
    }
  }
}
virtual_server 10.1.1.2 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 10.2.2.1 80 {
    TCP_CHECK {
    }
    HTTP_GET {
      url {
        path /
      }
    }
    DNS_CHECK {
    }
  }
}
`
	low := lowerLVS(loadLVS(t, text), nil)
	var got []string
	for _, s := range low.lvs.Services {
		for _, r := range s.Servers {
			for _, c := range r.Checks {
				got = append(got, fmt.Sprintf("%s %v %v %d %v", c.Kind.Name, c.Delay, c.RetryDelay, c.Retry, c.Warmup))
			}
			got = append(got, fmt.Sprintf("mail %t %t", s.Mail, r.Mail))
		}
	}
	want := []string{"TCP_CHECK 7s 5s 2 7s", "mail false true", "TCP_CHECK 1m0s 1s 1 1m0s", "HTTP_GET 1m0s 3s 1 1m0s", "DNS_CHECK 1m0s 1m0s 3 1m0s", "mail false true"}
	// The script is looked for where the test runs.
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "MISC") })
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestHealth runs the loop against a fake kernel and a server of the test's own.
func TestHealth(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	conf := func(weight int) *config.Config {
		return loadLVS(t, fmt.Sprintf(`
virtual_server 10.1.1.1 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  delay_loop 1
  real_server 127.0.0.1 %s {
    weight %d
    TCP_CHECK {
      connect_timeout 30
      retry 0
    }
  }
}
`, port, weight))
	}
	k := &lvs.Fake{}
	lines := make(chan string, 1000)
	h := NewHealth(conf(1), HealthOptions{
		Log: func(s string) { lines <- s }, Open: func() (lvs.Kernel, error) { return k, nil },
		Random: func(time.Duration) time.Duration { return 0 },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	rs := "[127.0.0.1]:tcp:" + port
	wait := func(want string) {
		t.Helper()
		for s := range lines {
			if s == want {
				return
			}
		}
	}
	table := func(want ...string) {
		t.Helper()
		var got []string
		h.Do(func() { got = k.Table.Lines() })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("table (-want +got):\n%s", d)
		}
	}
	wait("Initializing ipvs")
	wait("TCP connection to " + rs + " success.")
	table("-A -t 10.1.1.1:80 -s rr", "-a -t 10.1.1.1:80 -r 127.0.0.1:"+port+" -m -w 1")
	if err := h.Reload(conf(4)); err != nil {
		t.Fatal(err)
	}
	wait("Changing weight from 1 to 4 for active service " + rs + " of VS [10.1.1.1]:tcp:80")
	table("-A -t 10.1.1.1:80 -s rr", "-a -t 10.1.1.1:80 -r 127.0.0.1:"+port+" -m -w 4")
	var b bytes.Buffer
	if err := h.WriteData(&b); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"------< LVS Topology >------\n", " VS VIP = 10.1.1.1, VPORT = 80\n", "   RIP = 127.0.0.1, RPORT = " + port + ", WEIGHT = 4 EFF WEIGHT = 4\n", "   Up = yes\n   Has run = yes\n", "     Timeout = 30.000000\n"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("the dump lacks %q:\n%s", part, b.String())
		}
	}
	l.Close()
	wait("Removing service " + rs + " from VS [10.1.1.1]:tcp:80")
	table("-A -t 10.1.1.1:80 -s rr")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := k.Table.Lines(); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
}

// TestNoIPVS says what the original says where the kernel has no IPVS.
func TestNoIPVS(t *testing.T) {
	t.Parallel()
	var lines []string
	cfg := loadLVS(t, "virtual_server 10.1.1.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n real_server 10.2.2.2 80 {\n }\n}\n")
	h := NewHealth(cfg, HealthOptions{Log: func(s string) { lines = append(lines, s) }, Open: func() (lvs.Kernel, error) { return nil, syscall.ENOENT }})
	if err := h.Run(t.Context()); err == nil {
		t.Error("it ran")
	}
	want := []string{"Initializing ipvs", "IPVS: Can't initialize ipvs: No such file or directory", "Shutting down service [10.2.2.2]:tcp:80 from VS [10.1.1.1]:tcp:80"}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestCommandErrors makes what is there already what it should be.
func TestCommandErrors(t *testing.T) {
	t.Parallel()
	var lines []string
	k := &lvs.Fake{Err: func(c lvs.Command) error {
		if c.Op == lvs.AddService || c.Op == lvs.AddDest {
			return syscall.EEXIST
		}
		return nil
	}}
	h := &Health{opt: HealthOptions{Log: func(s string) { lines = append(lines, s) }}, kernel: k}
	low := lowerLVS(loadLVS(t, "virtual_server 10.1.1.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n real_server 10.2.2.2 80 {\n }\n}\n"), nil)
	for _, e := range lvs.New(lvs.Options{}).Start(low.lvs, 0) {
		if e.Cmd != nil {
			h.command(*e.Cmd)
		}
	}
	want := []string{
		"IPVS cmd IP_VS_SO_SET_ADD(1154) error: Service already exists(17) (10.1.1.1:tcp:80)",
		"IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: Destination already exists(17) (10.1.1.1:tcp:80 -> 10.2.2.2:80)",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := k.Take(); got[1][:2] != "-E" || got[3][:2] != "-e" {
		t.Errorf("commands %q", got)
	}
}
