package vrrp_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// reference is the original's binary, or "".
func reference() string {
	if p := os.Getenv("TANDEM_KEEPALIVED"); p != "" {
		return p
	}
	p, _ := exec.LookPath("keepalived")
	return p
}

// about is what the original says of itself.
var about = sync.OnceValue(func() string {
	out, _ := exec.Command(reference(), "-v").CombinedOutput()
	help, _ := exec.Command(reference(), "--help").CombinedOutput()
	return string(out) + string(help)
})

// hasBFD says whether the original was built with BFD.
func hasBFD() bool { return strings.Contains(about(), "bfd_pid") }

// recent says whether the original is a release of 2.4, whose words ours are.
func recent() bool { return strings.Contains(about(), "Keepalived v2.4") }

// programs are our own, built once for all tests.
var programs struct {
	mu   sync.Mutex
	dir  string
	made map[string]string
}

// build builds one of our programs.
func build(t *testing.T, name string) string {
	t.Helper()
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if p := programs.made[name]; p != "" {
		return p
	}
	if programs.dir == "" {
		dir, err := os.MkdirTemp("", "tandem")
		if err != nil {
			t.Fatal(err)
		}
		programs.dir, programs.made = dir, make(map[string]string)
	}
	path := filepath.Join(programs.dir, name)
	if out, err := exec.Command("go", "build", "-o", path, "tandem/cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v: %s", name, err, bytes.TrimSpace(out))
	}
	programs.made[name] = path
	return path
}

// diary collects what a process writes while others read it.
type diary struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (d *diary) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.Write(b)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.String()
}

var _ io.Writer = (*diary)(nil)

// proc is one running node.
type proc struct {
	l    *lab
	node string
	ref  bool
	cmd  *exec.Cmd
	log  diary
	conf string
	dir  string // of its dumps
	pids [2]string
	done chan struct{}
}

// start runs a node with a configuration: ours, or the original. Both get the
// same command line.
func (l *lab) start(node string, ref bool, conf string, words ...string) *proc {
	l.t.Helper()
	dir := filepath.Join(l.dir, node)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	p := &proc{l: l, node: node, ref: ref, dir: dir, conf: filepath.Join(l.dir, node+".conf"), done: make(chan struct{})}
	p.configure(conf)
	p.pids = [2]string{filepath.Join(dir, "pid"), filepath.Join(dir, "vrrp.pid")}
	args := []string{"-n", "-l", "-D", "-P", "-f", p.conf, "-p", p.pids[0], "-r", p.pids[1]}
	bin := reference()
	if !ref {
		bin = build(l.t, "keepalived")
	}
	if !ref || hasBFD() {
		// Such builds lock a pid file for BFD even if nothing uses it.
		args = append(args, "-b", filepath.Join(dir, "bfd.pid"))
	}
	p.cmd = exec.Command(bin, append(args, words...)...)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := inNS(l.ns[node], p.cmd.Start); err != nil {
		l.t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	l.t.Cleanup(func() {
		p.kill()
		if l.t.Failed() {
			l.t.Logf("log of %s:\n%s", node, p.log.String())
		}
	})
	return p
}

// configure replaces the file as a whole: a program that still reads it for an
// earlier signal sees the old one or the new one.
func (p *proc) configure(conf string) {
	next := p.conf + ".next"
	if err := os.WriteFile(next, []byte(conf), 0o600); err != nil {
		p.l.t.Fatal(err)
	}
	if err := os.Rename(next, p.conf); err != nil {
		p.l.t.Fatal(err)
	}
}

func (p *proc) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// child is the process that runs the virtual routers; 0 if there is none.
func (p *proc) child() (pid int) {
	b, err := os.ReadFile(p.pids[1])
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(strings.TrimSpace(string(b)), &pid); err != nil || pid <= 1 {
		return 0
	}
	return pid
}

// kill is a crash: nobody says good-bye. The parent is halted first, since it
// would start its child again.
func (p *proc) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	p.signal(syscall.SIGSTOP)
	if pid := p.child(); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	p.signal(syscall.SIGKILL)
	<-p.done
	// Another process, or a child that nobody has buried yet, may have the
	// numbers in these files.
	for _, f := range p.pids {
		_ = os.Remove(f)
	}
}

// stop is SIGTERM, and waits for the end.
func (p *proc) stop() {
	p.l.t.Helper()
	p.signal(syscall.SIGTERM)
	p.ended()
}

// ended waits for the end that something else brings about.
func (p *proc) ended() {
	p.l.t.Helper()
	select {
	case <-p.done:
	case <-time.After(8 * time.Second):
		p.l.t.Errorf("%s does not stop", p.node)
	}
}

// lines are what a node has logged so far, without times.
func (p *proc) lines() []string {
	var out []string
	for s := range strings.SplitSeq(p.log.String(), "\n") {
		if len(s) > len(time.ANSIC)+2 && s[len(time.ANSIC):len(time.ANSIC)+2] == ": " {
			s = s[len(time.ANSIC)+2:]
		}
		out = append(out, s)
	}
	return out
}

// said says whether a node has logged a line that holds text.
func (p *proc) said(text string) bool {
	return slices.ContainsFunc(p.lines(), func(s string) bool { return strings.Contains(s, text) })
}

// count is how many lines hold text.
func (p *proc) count(text string) (n int) {
	for _, s := range p.lines() {
		if strings.Contains(s, text) {
			n++
		}
	}
	return n
}
