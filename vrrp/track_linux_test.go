package vrrp_test

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// recording are the lines of a FIFO.
type recording struct {
	mu    sync.Mutex
	lines []string
}

// record makes a FIFO and notes what is written to it.
func (l *lab) record(path string) *recording {
	l.t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		l.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	r, ended := &recording{}, make(chan struct{})
	go func() {
		defer close(ended)
		for s := bufio.NewScanner(f); s.Scan(); {
			r.mu.Lock()
			r.lines = append(r.lines, s.Text())
			r.mu.Unlock()
		}
	}()
	l.t.Cleanup(func() { f.Close(); <-ended })
	return r
}

// about returns the lines about one instance or group so far.
func (r *recording) about(name string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, s := range r.lines {
		if strings.Contains(s, "\""+name+"\"") {
			out = append(out, s)
		}
	}
	return out
}

func (r *recording) ends(name, with string) bool {
	s := r.about(name)
	return len(s) > 0 && strings.HasSuffix(s[len(s)-1], with)
}

// needs skips a test without the programs.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := os.Stat(p); err != nil {
			t.Skipf("needs %s", p)
		}
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// dualConf is one of two nodes that each are the master of one address and the
// backup of the other's: the tutorials' pair, with a check like `killall -0`.
func dualConf(l *lab, node string, own, other int) string {
	return fmt.Sprintf(`global_defs {
 script_user root
 vrrp_notify_fifo %[1]s/fifo.%[2]s
}
vrrp_script chk {
 script "/usr/bin/test -e %[1]s/alive.%[2]s"
 interval 0.1
 timeout 3
 weight -60
 fall 2
 rise 1
}
`, l.dir, node) + dualInstance(l, node, "VI_1", 53, own, vip) + dualInstance(l, node, "VI_3", 56, other, "10.77.0.103")
}

func dualInstance(l *lab, node, name string, vrid, prio int, addr string) string {
	return fmt.Sprintf(`vrrp_instance %[3]s {
 version 3
 interface eth0
 virtual_router_id %[4]d
 priority %[5]d
 advert_int 0.4
 virtual_ipaddress {
 %[6]s
 }
 track_script {
 chk
 }
 notify "/usr/bin/sh -c 'echo $@ >> %[1]s/notify.%[2]s' any"
 notify_master "/usr/bin/sh -c 'echo master %[3]s $@ >> %[1]s/notify.%[2]s' own"
 notify_backup "/usr/bin/sh -c 'echo backup %[3]s $@ >> %[1]s/notify.%[2]s' own"
 notify_stop "/usr/bin/sh -c 'echo stop %[3]s $@ >> %[1]s/notify.%[2]s' own"
}
`, l.dir, node, name, vrid, prio, addr)
}

// settled leaves out what is said of adverts that crossed an election on the
// wire: whether one does is chance.
func settled(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return strings.Contains(s, "MASTER_RX_LOWER_PRI") })
}

func TestPairDualMaster(t *testing.T) {
	needs(t, "/usr/bin/test", "/usr/bin/sh")
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		const vip3 = "10.77.0.103"
		alive := filepath.Join(l.dir, "alive.a")
		write(t, alive, "", 0o600)
		write(t, filepath.Join(l.dir, "alive.b"), "", 0o600)
		fa, fb := l.record(filepath.Join(l.dir, "fifo.a")), l.record(filepath.Join(l.dir, "fifo.b"))
		a := l.start("a", p.a, dualConf(l, "a", 150, 100))
		l.until("both addresses on a", 10*time.Second, func() bool { return l.has("a", vip) && l.has("a", vip3) })
		b := l.start("b", p.b, dualConf(l, "b", 100, 150))
		both := func() bool {
			return l.has("a", vip) && !l.has("b", vip) && l.has("b", vip3) && !l.has("a", vip3)
		}
		l.until("one address on each node", 10*time.Second, both)
		if err := os.Remove(alive); err != nil {
			t.Fatal(err)
		}
		l.until("both addresses on b", 10*time.Second, func() bool {
			return l.has("b", vip) && l.has("b", vip3) && !l.has("a", vip) && !l.has("a", vip3)
		})
		write(t, alive, "", 0o600)
		l.until("one address on each node again", 10*time.Second, both)
		a.stop()
		l.until("both addresses on b at last", 10*time.Second, func() bool { return l.has("b", vip) && l.has("b", vip3) })
		b.stop()
		if d := cmp.Diff([]string{`INSTANCE "VI_1" BACKUP 150`, `INSTANCE "VI_1" MASTER 150`, `INSTANCE "VI_1" BACKUP 90`,
			`INSTANCE "VI_1" MASTER 150`, `INSTANCE "VI_1" STOP 150`}, settled(fa.about("VI_1"))); d != "" {
			t.Errorf("a's VI_1 (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]string{`INSTANCE "VI_1" BACKUP 100`, `INSTANCE "VI_1" MASTER 100`, `INSTANCE "VI_1" BACKUP 100`,
			`INSTANCE "VI_1" MASTER 100`, `INSTANCE "VI_1" STOP 100`}, settled(fb.about("VI_1"))); d != "" {
			t.Errorf("b's VI_1 (-want +got):\n%s", d)
		}
		// Scripts run beside each other: only what they are told is certain.
		data, _ := os.ReadFile(filepath.Join(l.dir, "notify.a"))
		got := strings.Split(strings.TrimSpace(string(data)), "\n")
		slices.Sort(got)
		var want []string
		for _, s := range []string{"BACKUP 150", "MASTER 150", "BACKUP 90", "MASTER 150", "STOP 150"} {
			state, _, _ := strings.Cut(s, " ")
			want = append(want, "INSTANCE VI_1 "+s, strings.ToLower(state)+" VI_1")
		}
		got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "VI_3") })
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("scripts of a's VI_1 (-want +got):\n%s", d)
		}
	})
}

func TestPairScriptFault(t *testing.T) {
	needs(t, "/usr/bin/test")
	eachPairing(t, func(t *testing.T, l *lab, p pairing) {
		ok := filepath.Join(l.dir, "ok")
		script := fmt.Sprintf("global_defs {\n script_user root\n vrrp_notify_fifo %s/fifo\n}\nvrrp_script chk {\n script \"/usr/bin/test -e %s\"\n interval 0.1\n timeout 3\n}\n", l.dir, ok)
		f := l.record(filepath.Join(l.dir, "fifo"))
		l.start("b", p.b, conf(3, "0.4", 100, "", vip))
		// It fails from the start: the instance never begins.
		l.start("a", p.a, script+conf(3, "0.4", 150, "track_script {\n chk\n }", vip))
		l.until("b alone", 10*time.Second, func() bool { return l.ruled(time.Time{}, addrB, 3) && f.ends("VI_1", "FAULT 150") })
		mark := time.Now()
		write(t, ok, "", 0o600)
		l.until("a preempts", 10*time.Second, func() bool { return l.ruled(mark, addrA, 3) && l.has("a", vip) })
		mark = time.Now()
		if err := os.Remove(ok); err != nil {
			t.Fatal(err)
		}
		l.until("takeover", 10*time.Second, func() bool { return l.ruled(mark, addrB, 2) && !l.has("a", vip) })
		// The original says so twice.
		zero := 0
		for _, s := range l.adverts(mark) {
			if s.prio == 0 {
				zero++
			}
		}
		if zero != 2 {
			t.Errorf("%d adverts of priority 0, want 2", zero)
		}
		if d := cmp.Diff([]string{`INSTANCE "VI_1" FAULT 150`, `INSTANCE "VI_1" BACKUP 150`, `INSTANCE "VI_1" MASTER 150`, `INSTANCE "VI_1" FAULT 150`}, settled(f.about("VI_1"))); d != "" {
			t.Errorf("notices (-want +got):\n%s", d)
		}
	})
}

// TestSameNotices plays the same story with both programs and compares what
// the FIFO says of each instance and group, and the mails.
func TestSameNotices(t *testing.T) {
	t.Parallel()
	if reference() == "" {
		t.Skip("keepalived is not installed")
	}
	story := func(l *lab, ref bool) (notices map[string][]string, mails []string) {
		dir := filepath.Join(l.dir, fmt.Sprint(ref))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		value := filepath.Join(dir, "value")
		write(t, value, "3\n", 0o600)
		f := l.record(filepath.Join(dir, "fifo"))
		box := l.mailbox("a")
		text := fmt.Sprintf(`global_defs {
 router_id "R 1"
 notification_email {
 g@x.org
 }
 notification_email_from joe@b.org
 smtp_server 127.0.0.1 %d
 smtp_helo_name helo
 notify_fifo %s/fifo
}
track_file f {
 file %s
 weight 2
}
vrrp_sync_group G {
 group {
 VI_2
 VI_3
 }
 smtp_alert
}
`, box.port, dir, value)
		text += conf(3, "0.1", 100, "track_file {\n f\n }\n notify_priority_changes true\n smtp_alert", vip)
		for i, name := range []string{"VI_2", "VI_3"} {
			c := strings.Replace(conf(3, "0.1", 120+i, "", fmt.Sprintf("10.77.0.%d", 110+i)), "VI_1", name, 1)
			text += strings.Replace(c, "virtual_router_id 51", fmt.Sprintf("virtual_router_id %d", 61+i), 1)
		}
		p := l.start("a", ref, text)
		l.until("start", 10*time.Second, func() bool { return f.ends("VI_1", "MASTER 106") && f.ends("G", "MASTER 0") })
		for _, s := range []struct{ text, ends string }{
			{"20 x", "MASTER_PRIORITY 140"}, {"-0x10", "MASTER_PRIORITY 68"}, {"junk", "MASTER_PRIORITY 100"}, {"-127", "FAULT 100"},
			{"1", "BACKUP 102"},
		} {
			write(t, value, s.text, 0o600)
			l.until(s.text, 10*time.Second, func() bool { return f.ends("VI_1", s.ends) })
		}
		l.until("return", 10*time.Second, func() bool { return f.ends("VI_1", "MASTER 102") })
		link := func(up bool) {
			if err := inNS(l.ns["a"], func() error { return upDown("eth0", up) }); err != nil {
				t.Fatal(err)
			}
		}
		link(false)
		deadline := time.Now().Add(5 * time.Second)
		for !(f.ends("VI_1", "FAULT 102") && f.ends("G", "FAULT 0")) && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		link(true)
		l.until("return", 10*time.Second, func() bool { return f.ends("VI_1", "MASTER 102") && f.ends("G", "MASTER 0") })
		p.stop()
		notices = make(map[string][]string)
		for _, name := range []string{"VI_1", "VI_2", "VI_3", "G"} {
			notices[name] = f.about(name)
		}
		return notices, box.take()
	}
	l := newLab(t)
	cn, cm := story(l, true)
	on, om := story(l, false)
	if d := cmp.Diff(cn, on); d != "" {
		t.Errorf("notices (-original +ours):\n%s", d)
	}
	if d := cmp.Diff(cm, om); d != "" || len(om) < 6 {
		t.Errorf("%d mails (-original +ours):\n%s", len(om), d)
	}
}

// mailbox is a mail server in a node's namespace.
type mailbox struct {
	port  int
	mu    sync.Mutex
	mails []string
}

func (l *lab) mailbox(node string) *mailbox {
	l.t.Helper()
	m := &mailbox{}
	var ln net.Listener
	if err := inNS(l.ns[node], func() (err error) {
		ln, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { ln.Close() })
	m.port = ln.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go m.serve(c)
		}
	}()
	return m
}

// serve takes one mail with all that is said around it.
func (m *mailbox) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	var all strings.Builder
	data := false
	answer := func(s string) { _, _ = c.Write([]byte(s)) }
	answer("220 here\r\n")
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break
		}
		all.WriteString(line)
		switch {
		case data && line == ".\r\n":
			data = false
			answer("250 ok\r\n")
		case data:
		case line == "DATA\r\n":
			data = true
			answer("354 go on\r\n")
		case line == "QUIT\r\n":
			answer("221 bye\r\n")
		default:
			answer("250 ok\r\n")
		}
	}
	m.mu.Lock()
	m.mails = append(m.mails, all.String())
	m.mu.Unlock()
}

// take returns the different mails that came whole, sorted and without their
// dates: the original sends those of the same moment beside each other, and
// gives up those that it is at when it ends.
func (m *mailbox) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, s := range m.mails {
		if strings.HasSuffix(s, "QUIT\r\n") {
			out = append(out, dateLine.ReplaceAllString(s, "Date: -\r\n"))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var dateLine = regexp.MustCompile(`Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n`)

// TestPairTrackInterface has another interface's fall, or with reverse its
// rise, take the mastership away.
func TestPairTrackInterface(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		words string
		good  bool // state of the link in which a is master
	}{{"weight -60", true}, {"", true}, {"weight 60 reverse", false}, {"weight 60", true}} {
		t.Run(strings.TrimSpace("eth1 "+tc.words), func(t *testing.T) {
			eachPairing(t, func(t *testing.T, l *lab, p pairing) {
				set := func(node string, up bool) {
					if err := inNS(l.ns[node], func() error { return upDown("peer", up) }); err != nil {
						t.Fatal(err)
					}
				}
				for _, n := range []string{"a", "b"} {
					if err := inNS(l.ns[n], func() error {
						if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth1"}, PeerName: "peer"}); err != nil {
							return err
						}
						return upDown("eth1", true)
					}); err != nil {
						t.Fatal(err)
					}
					set(n, tc.good)
				}
				tracked := "track_interface {\n eth1 " + tc.words + "\n }"
				l.pair(p, conf(3, "0.2", 150, tracked, vip), conf(3, "0.2", 100, tracked, vip))
				for i, good := range []bool{false, true} {
					mark := time.Now()
					set("a", good == tc.good)
					l.until("the address moves", 10*time.Second, func() bool {
						return l.ruled(mark, []netip.Addr{addrB, addrA}[i], 2) && l.has([]string{"b", "a"}[i], vip) && !l.has([]string{"a", "b"}[i], vip)
					})
				}
			})
		})
	}
}
