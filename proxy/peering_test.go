package proxy

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// peerConfig is that of one of two peers: its name, the other's, its stats socket.
const peerConfig = `global
	localpeer %[1]s
	stats socket %[3]s level admin
defaults
	mode http
	timeout connect 5s
	timeout client 5s
	timeout server 5s
peers club
	bind "fd@${%[1]s}"
	server %[1]s
	server %[2]s "${%[2]s_addr}"
	table own type integer size 100 expire 1h store gpt(2),gpc(2),gpc_rate(2,1h)
backend users
	stick-table type string len 30 size 1k expire 1h store server_id,gpc0,gpc0_rate(1h),http_req_cnt,bytes_out_cnt peers club
	stick on hdr(user)
	server s1 127.0.0.1:1
backend addrs
	stick-table type ipv6 size 1k store gpt0,conn_cur peers club
frontend fe
	bind "fd@${fe%[1]s}"
	use_backend users
	use_backend addrs
`

// side is one of the two processes: its stats socket, and how it is started.
type side struct {
	name, socket string
	start        func(cfg string)
}

// ask sends commands to the stats socket; "" where nobody is there yet.
func (x *side) ask(commands string) string {
	c, err := net.Dial("unix", x.socket)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(c, commands+"\n")
	b, _ := io.ReadAll(c)
	return string(b)
}

// tables are the entries of all tables, without what differs.
func (x *side) tables() string {
	text := x.ask("show table users;show table addrs;show table club/own")
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^0x\S+ (key=\S+) use=0 exp=\d+( shard=\d+)? (.*)$`).FindAllStringSubmatch(text, -1) {
		// 2.6 shows no shards, and conn_cur is each one's own.
		out = append(out, m[1]+" "+regexp.MustCompile(`conn_cur=\d+`).ReplaceAllString(m[3], "conn_cur"))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// peerPair prepares our proxy as peer A and the haproxy that is installed as
// peer B.
func peerPair(t *testing.T) (ours, theirs *side) {
	t.Helper()
	bin, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("no haproxy is installed")
	}
	dir := t.TempDir()
	ours, theirs = &side{name: "A", socket: filepath.Join(dir, "a")}, &side{name: "B", socket: filepath.Join(dir, "b")}
	s := newStage()
	fds := s.openListeners(t, "fd@${A} fd@${B} fd@${feA} fd@${feB}")
	for name, fd := range fds {
		s.vars[name+"_addr"] = s.listens[name]
		s.vars[name] = strconv.Itoa(fd)
	}
	ours.start = func(cfg string) { s.start(t, cfg) }
	theirs.start = func(cfg string) {
		file := filepath.Join(dir, "b.cfg")
		if err := os.WriteFile(file, []byte(cfg), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(bin, "-db", "-q", "-f", file)
		cmd.Env = os.Environ()
		for k, v := range s.vars {
			if fd, ok := fds[k]; ok {
				if k == "A" || k == "feA" {
					continue
				}
				v = strconv.Itoa(3 + len(cmd.ExtraFiles))
				cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), k))
			}
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	return ours, theirs
}

func (x *side) run(t *testing.T, other *side) {
	t.Helper()
	x.start(fmt.Sprintf(peerConfig, x.name, other.name, x.socket))
	until(t, x.name+" listens", "yes", func() string {
		if x.ask("show info") != "" {
			return "yes"
		}
		return "no"
	})
}

// Entries of all kinds that 2.6 can be told to have.
const (
	firstEntries = "set table users key u1 data.server_id 1 data.gpc0 300000 data.http_req_cnt 240 data.bytes_out_cnt 5000000000 data.gpc0_rate 9;" +
		"set table users key u2;set table addrs key 2001:db8::1 data.gpt0 4294967295 data.conn_cur 3;set table club/own key 77"
	nextEntries = "set table users key u2 data.gpc0 7;set table users key u3 data.server_id 1;set table club/own key 4000000000"
)

// TestPeersOfTheOriginal has our proxy and the haproxy that is installed share
// their tables: the one that is started second learns what the first has, and
// each then tells the other of changes.
func TestPeersOfTheOriginal(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"we learn", "we teach"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := peerPair(t)
			if name == "we learn" {
				first, second = second, first
			}
			first.run(t, second)
			first.ask(firstEntries)
			before := first.tables()
			if n := strings.Count(before, "\n") + 1; n != 4 {
				t.Fatalf("%d entries:\n%s", n, before)
			}
			second.run(t, first)
			long(t, "learned", before, second.tables)
			told(t, "told", first, second, nextEntries, 6, "key=u2 server_id=0 gpc0=7 ")
			told(t, "told back", second, first, "set table users key u1 data.gpc0 1;set table users key u9 data.http_req_cnt 5", 7, "key=u1 server_id=1 gpc0=1 ")
		})
	}
}

// told has one side change entries until both have the same n, one of which
// begins as given. Once may not do: two peers that call each other at once keep
// one of the connections, and one that begins anew asks to be taught, so that
// what the other learned before may come back and replace what is newer.
func told(t *testing.T, what string, from, to *side, entries string, n int, one string) {
	t.Helper()
	long(t, what, "both alike", func() string {
		from.ask(entries)
		a, b := from.tables(), to.tables()
		if a == b && strings.Count(a, "\n")+1 == n && strings.Contains(a, one) {
			return "both alike"
		}
		return a + "\nhere, and there\n" + b
	})
}

// long is until with the patience that reconnections need.
func long(t *testing.T, what, want string, ask func() string) {
	t.Helper()
	last := ""
	for end := time.Now().Add(6 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if last = ask(); last == want {
			return
		}
	}
	t.Errorf("%s: got\n%s\nwant\n%s", what, last, want)
}
