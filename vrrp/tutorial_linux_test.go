package vrrp_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tutorials is where the tutorials' configurations are, or "".
func tutorials() string {
	dir := os.Getenv("TANDEM_CORPUS")
	if dir == "" {
		dir = "../../shared/corpus"
	}
	if _, err := os.Stat(filepath.Join(dir, "tutorials")); err != nil {
		return ""
	}
	return filepath.Join(dir, "tutorials")
}

// TestTutorialPair runs the tutorials' two dual-master files on two nodes that
// each have their own processes, so that `killall -0 haproxy` sees one's own
// haproxy, and an /etc/init.d/haproxy that starts ours. Only the addresses are
// those of the lab. The files' weight of -5 is not enough to lose against the
// other node, with the original neither; with -10 the address moves and comes
// back.
func TestTutorialPair(t *testing.T) {
	needs(t, "/usr/bin/sh", "/usr/bin/killall", "/usr/bin/nsenter", "/usr/bin/mount")
	if tutorials() == "" {
		t.Skip("needs the tutorials' files")
	}
	t.Parallel()
	l := newLab(t)
	ha := build(t, "haproxy")
	const one, three = "10.77.0.78", "10.77.0.55"
	file := func(name string, weight int) string {
		b, err := os.ReadFile(filepath.Join(tutorials(), name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("192.168.60.78", one, "192.168.60.55", three, "192.168.60.128", "10.77.0.9", "192.168.60.22", "10.77.0.9").Replace(string(b))
		return strings.Replace(text, "weight -5", fmt.Sprintf("weight %d", weight), 1)
	}
	names := map[string]string{"a": "20-keepalived-haproxy-dual-master.conf", "b": "19-keepalived-haproxy2-dual-master.conf"}
	nodes := make(map[string]*space)
	for _, node := range []string{"a", "b"} {
		nodes[node] = l.space(node, ha, file(names[node], -5))
	}
	answers := func(ip, node string) func() bool {
		return func() bool { return l.get("o", ip) == node }
	}
	l.until("a answers for one", 20*time.Second, answers(one, "a"))
	l.until("b answers for the other", 20*time.Second, answers(three, "b"))
	// Without haproxy a is worth 100, still more than b's 99.
	nodes["a"].run("/usr/bin/killall haproxy")
	l.until("a's new priority", 15*time.Second, func() bool { return nodes["a"].said("(VI_1) Changing effective priority from 105 to 100") })
	if !l.has("a", one) || !l.has("b", three) {
		t.Error("the address moved already")
	}
	for node, n := range nodes {
		n.configure(file(names[node], -10))
		n.run("/usr/bin/kill -HUP $(/usr/bin/cat " + filepath.Join(n.dir, "pid") + ")")
	}
	l.until("b answers for both", 20*time.Second, answers(one, "b"))
	if got := l.get("o", three); got != "b" {
		t.Errorf("%s is answered by %q meanwhile", three, got)
	}
	nodes["a"].run("/etc/init.d/haproxy start </dev/null >/dev/null 2>&1")
	l.until("a answers again", 20*time.Second, answers(one, "a"))
}

// space is a node with processes and an /etc/init.d of its own.
type space struct{ *proc }

// run runs a command line among a node's processes.
func (s *space) run(line string) {
	s.l.t.Helper()
	cmd := exec.Command("/usr/bin/nsenter", "-t", fmt.Sprint(s.cmd.Process.Pid), "-n", "-m", "-p", "/usr/bin/sh", "-c", line)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.l.t.Fatalf("%s: %v: %s", line, err, out)
	}
}

// space starts haproxy and our keepalived under a shell that is the first
// process of a namespace: when it dies, all others do.
func (l *lab) space(node, haproxy, conf string) *space {
	l.t.Helper()
	dir := filepath.Join(l.dir, node)
	if err := os.MkdirAll(filepath.Join(dir, "init.d"), 0o755); err != nil {
		l.t.Fatal(err)
	}
	p := &proc{l: l, node: node, dir: dir, conf: filepath.Join(l.dir, node+".conf"), done: make(chan struct{})}
	p.configure(conf)
	write(l.t, filepath.Join(dir, "haproxy.cfg"), "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n"+
		"frontend web\n bind *:80\n http-request return status 200 content-type text/plain string "+node+"\n", 0o600)
	// It starts nothing twice. Its own name is haproxy, too: no killall here.
	write(l.t, filepath.Join(dir, "init.d", "haproxy"), fmt.Sprintf("#!/usr/bin/sh\ncase $1 in\nstart) kill -0 $(/usr/bin/cat %[2]s/haproxy.pid) 2>/dev/null || %[1]s -D -f %[2]s/haproxy.cfg -p %[2]s/haproxy.pid;;\nstop) kill $(/usr/bin/cat %[2]s/haproxy.pid);;\nesac\n", haproxy, dir), 0o755)
	script := fmt.Sprintf("/usr/bin/mount --make-rprivate / && /usr/bin/mount -t proc proc /proc && /usr/bin/mount --bind %[1]s/init.d /etc/init.d && /etc/init.d/haproxy start\n"+
		"%[2]s -n -l -D -P -f %[3]s -p %[1]s/pid -r %[1]s/vrrp.pid &\nwhile :; do wait; /usr/bin/sleep 1; done\n", dir, build(l.t, "keepalived"), p.conf)
	p.cmd = exec.Command("/usr/bin/sh", "-c", script)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if err := inNS(l.ns[node], p.cmd.Start); err != nil {
		l.t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	l.t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.done
		if l.t.Failed() {
			l.t.Logf("log of %s:\n%s", node, p.log.String())
		}
	})
	return &space{p}
}
