package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// running is a haproxy, ours or another, with its configuration in dir.
type running struct {
	t    *testing.T
	dir  string
	addr string // where its frontend listens, beside dir/web and an abstract name
	cmd  *exec.Cmd
	said *lines
	gone chan struct{} // closed at its end
}

const reloadConfig = `global
	stats socket DIR/cli level admin expose-fd listeners
	hard-stop-after 15s
defaults
	mode http
	timeout client 15s
	timeout server 15s
	timeout connect 15s
frontend f
	bind ADDR
	bind DIR/web
	bind abns@ADDR
	http-request return status 200 content-type text/plain string "served"
listen through
	bind DIR/through
	server s abns@ADDR+ send-proxy-v2
frontend g
	bind abns@ADDR+ accept-proxy
	http-request return status 200 content-type text/plain string "served"
`

// stage writes the configuration for processes that replace each other.
func newStage(t *testing.T) *running {
	t.Helper()
	ln, err := net.Listen("tcp4", newLoopback()+":0") // an address that no other test has
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir, err := os.MkdirTemp("", "reload") // t.TempDir's names are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &running{t: t, dir: dir, addr: ln.Addr().String()}
	r.configure(reloadConfig)
	return r
}

func (r *running) configure(text string) {
	r.t.Helper()
	text = strings.NewReplacer("DIR", r.dir, "ADDR", r.addr).Replace(text)
	if err := os.WriteFile(filepath.Join(r.dir, "cfg"), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// start begins a process; program "" is ours.
func (r *running) start(program string, args ...string) *running {
	r.t.Helper()
	p := &running{t: r.t, dir: r.dir, addr: r.addr, said: &lines{}, gone: make(chan struct{})}
	name := program
	if name == "" {
		name = os.Args[0]
	}
	p.cmd = exec.Command(name, append(args, "-f", filepath.Join(r.dir, "cfg"))...)
	if program == "" {
		p.cmd.Env = append(os.Environ(), envPlay+"=1")
	}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	if err := p.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.gone) }()
	r.t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.gone
		if r.t.Failed() {
			r.t.Logf("%s said:\n%s", filepath.Base(name), p.said)
		}
	})
	return p
}

// tell sends lines to a socket in the stage's directory and returns the answer.
func (r *running) tell(socket, text string) (string, error) {
	c, err := net.Dial("unix", filepath.Join(r.dir, socket))
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, text+"\n")
	c.(*net.UnixConn).CloseWrite()
	b, err := io.ReadAll(c)
	return string(b), err
}

// until asks again until the answer matches.
func (r *running) until(socket, text, pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if last, _ = r.tell(socket, text); re.MatchString(last) {
			return last
		}
	}
	r.t.Fatalf("%s: %q never answered with %s; last %q", socket, text, pattern, last)
	return ""
}

// get makes a connection, a request and waits for the end.
func (r *running) get(network, addr string) error {
	c, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
	b, err := io.ReadAll(c)
	if err == nil && !strings.HasSuffix(string(b), "served") {
		err = fmt.Errorf("answer %q", b)
	}
	return err
}

// addresses are those that the stage's frontend listens on. The abstract name
// has its full length, as abns@ means it.
func (r *running) addresses() map[string]string {
	name := "@" + r.addr
	return map[string]string{r.addr: "tcp4", filepath.Join(r.dir, "web"): "unix", filepath.Join(r.dir, "through"): "unix", name + strings.Repeat("\x00", 108-len(name)): "unix"}
}

// load has clients connect all the time until stop, and reports each failure.
func (r *running) load() (stop func() int64) {
	var done atomic.Bool
	var count atomic.Int64
	var wg sync.WaitGroup
	for addr, network := range r.addresses() {
		for range 2 {
			wg.Go(func() {
				for !done.Load() {
					if err := r.get(network, addr); err != nil {
						r.t.Errorf("%s %.40q: %v", network, addr, err)
						return
					}
					count.Add(1)
				}
			})
		}
	}
	return func() int64 { done.Store(true); wg.Wait(); return count.Load() }
}

// TestReloadLosesNothing reloads under load: not one connection is refused,
// cut or forgotten, since the next worker has the sockets of the last.
func TestReloadLosesNothing(t *testing.T) {
	t.Parallel()
	r := newStage(t)
	p := r.start("", "-W", "-S", filepath.Join(r.dir, "mcli"))
	r.until("mcli", "@1 show info", "(?m)^Process_num: 1$")
	stop := r.load()
	for i := range 6 {
		answer := r.until("mcli", "reload", "^Success")
		if !strings.HasPrefix(answer, "Success=1\n--\n[NOTICE]") || !strings.HasSuffix(answer, "Loading success.\n\n") {
			t.Errorf("reload %d: %q", i, answer)
		}
	}
	if n := stop(); n == 0 {
		t.Error("no requests were served")
	} else {
		t.Logf("%d requests", n)
	}
	p.cmd.Process.Signal(os.Interrupt)
	<-p.gone
}

// TestTakeOver replaces one process by another by -x and -sf under load: ours
// by ours, and Debian's both ways where it is installed.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	original, _ := exec.LookPath("haproxy")
	pairs := [][2]string{{"", ""}}
	if original != "" {
		pairs = append(pairs, [2]string{original, ""}, [2]string{"", original})
	}
	for _, pair := range pairs {
		t.Run(fmt.Sprintf("%s-%s", filepath.Base(pair[0]), filepath.Base(pair[1])), func(t *testing.T) {
			t.Parallel()
			r := newStage(t)
			one := r.start(pair[0], "-db")
			r.until("cli", "show info", "(?m)^Pid: ")
			stop := r.load()
			two := r.start(pair[1], "-db", "-x", filepath.Join(r.dir, "cli"), "-sf", fmt.Sprint(one.cmd.Process.Pid))
			select {
			case <-one.gone:
			case <-two.gone:
				t.Error("the next process ended")
			case <-time.After(patience):
				t.Error("the former process stays")
			}
			if n := stop(); n == 0 {
				t.Error("no requests were served")
			}
			r.until("cli", "show info", fmt.Sprintf("(?m)^Pid: %d$", two.cmd.Process.Pid))
		})
	}
	if original == "" {
		t.Log("without the original haproxy: ours replaces ours only")
	}
}

// TestNothingExposed holds that -x fails as the original's does where the
// stats socket hands nothing over.
func TestNothingExposed(t *testing.T) {
	t.Parallel()
	r := newStage(t)
	r.configure(strings.Replace(reloadConfig, " expose-fd listeners", "", 1))
	r.start("", "-db")
	r.until("cli", "show info", "(?m)^Pid: ")
	for socket, want := range map[string]string{"cli": "Failed to get the number of sockets to be transferred !", "absent": "Failed to connect to the old process socket '" + filepath.Join(r.dir, "absent") + "'"} {
		p := r.start("", "-db", "-x", filepath.Join(r.dir, socket))
		<-p.gone
		if said := p.said.String(); p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said, want) || !strings.Contains(said, "Failed to get the sockets from the old process!") {
			t.Errorf("%s: code %d, said %s", socket, p.cmd.ProcessState.ExitCode(), said)
		}
	}
}

// TestMasterCLI plays what operators and their programs say to a master.
func TestMasterCLI(t *testing.T) {
	t.Parallel()
	r := newStage(t)
	p := r.start("", "-W", "-S", filepath.Join(r.dir, "mcli")+",level,admin")
	r.until("mcli", "@1 show info", "(?m)^Process_num: 1$")
	worker := regexp.MustCompile(`# workers\n(\d+) `).FindStringSubmatch(r.until("mcli", "show proc", "# workers\n[0-9]"))[1]
	expect := func(text, pattern string) {
		t.Helper()
		got, err := r.tell("mcli", text)
		if err != nil || !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%q: %q, %v; want %s", text, got, err, pattern)
		}
	}
	expect("show proc", `^#<PID>          <type>          <reloads>       <uptime>        <version>      \n`+fmt.Sprint(p.cmd.Process.Pid)+` +master +0 \[failed: 0\] +0d00h\d\dm\d\ds +\S+\n# workers\n`+worker+` +worker +0 `)
	expect("@1 show cli level; show cli level", `^admin\n\nadmin\n\n$`)
	expect("user\nshow cli level\n@1 show cli level\nreload", `^user\n\nuser\n\nPermission denied\n\n$`)
	expect("@!"+worker+" echo hi", `^hi\n\n$`)
	expect("@1\necho hi; echo ho", `^hi\n\nho\n\n$`)
	expect("@@1 echo hi; echo ho", `^hi\n\nho\n\n$`)
	expect("@7 echo hi\necho ho", `^Can't find the target PID matching the prefix '@7'\n$`)
	expect("prompt\nexpert-mode on\n@1\necho hi\n@\nquit", `^master> master\(e\)> `+worker+`\(e\)> hi\n\n`+worker+`\(e\)> master\(e\)> $`)
	expect("prompt\n@@1\necho hi\nquit\n", `^master> > hi\n\n> master> $`)
	expect("@1 get map #0 <<\nx\n\necho ho", `^.*\n\nho\n\n$`)
	expect("show startup-logs", `Initializing new worker \(`+worker+`\)\n(.*\n)*.*Loading success\.\n\n$`)
	r.configure(reloadConfig + "\tnonsense\n") // in the last frontend
	expect("reload", `^Success=0\n--\n(.*\n)*.*unknown keyword 'nonsense' in 'frontend' section\n(.*\n)*.*Failed to load worker \(\d+\) exited with code 1 \(Exit\)\n\n$`)
	r.until("mcli", "prompt", `^master\[ReloadFailed\]> $`)
	expect("show proc", `master +1 \[failed: 1\] .*\n# workers\n# old workers\n`+worker+` +worker +1 `)
	for addr, network := range r.addresses() {
		if err := r.get(network, addr); err != nil {
			t.Errorf("after a failed reload: %v", err)
		}
	}
	r.configure(reloadConfig)
	expect("hard-reload", `^Success=1\n`)
	r.until("mcli", "show proc", `master +2 \[failed: 0\] .*\n# workers\n\d+ +worker +0 [^#]*$`)
}
