package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// proxy is a peer that runs with the configuration of one row.
type proxy struct {
	peer  *peer
	addr  string // where it serves
	errs  string // file with what it wrote
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is over
}

// errNotForPeer marks a row that a peer's language cannot express.
var errNotForPeer = errors.New("has no equivalent")

// startProxy runs p with s and waits until it serves. The port is free when
// it is chosen; should somebody take it in between, another one is tried.
func (b *bench) startProxy(ctx context.Context, p *peer, s setup, cpus []int) (*proxy, error) {
	var last error
	for range 3 {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		x, err := b.tryProxy(ctx, p, s, cpus, addr)
		if err == nil {
			return x, nil
		}
		last = err
		if text := err.Error(); !strings.Contains(text, "bind") && !strings.Contains(text, "in use") {
			break
		}
	}
	return nil, last
}

// freeAddr gives a loopback address that nobody uses.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// tryProxy is one attempt of startProxy.
func (b *bench) tryProxy(ctx context.Context, p *peer, s setup, cpus []int, addr string) (*proxy, error) {
	dir, err := os.MkdirTemp(b.dir, p.Name+"-")
	if err != nil {
		return nil, err
	}
	e := endpoints{Listen: addr, Origin: b.origin.HTTP, Log: b.origin.Log, Dir: b.dir,
		MaxConn: b.maxConn, Workers: len(cpus), Module: p.module}
	text, args := haproxyConf(s, e), []string{"-db", "-f", filepath.Join(dir, confName)}
	if p.Nginx {
		if text, err = nginxConf(s, e, nginxUser()); err != nil {
			return nil, fmt.Errorf("%w: %w", errNotForPeer, err)
		}
		args = nginxArgs(dir)
	}
	return b.startWith(ctx, p, dir, text, args, addr, cpus)
}

// nginxArgs tells nginx to keep to dir.
func nginxArgs(dir string) []string {
	return []string{"-p", dir, "-c", filepath.Join(dir, confName), "-e", filepath.Join(dir, "error.log")}
}

// nginxUser is the user of nginx's workers, which must reach the run's
// directory; empty where they cannot change it.
func nginxUser() string {
	if os.Getuid() == 0 {
		return "root"
	}
	return ""
}

// confName is the configuration's file in a proxy's directory.
const confName = "proxy.cfg"

// startWith writes the configuration, runs p with args, and waits for addr to
// answer.
func (b *bench) startWith(ctx context.Context, p *peer, dir, conf string, args []string, addr string, cpus []int) (*proxy, error) {
	if err := os.WriteFile(filepath.Join(dir, confName), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	x := &proxy{peer: p, addr: addr, errs: filepath.Join(dir, "output"), ended: make(chan struct{})}
	out, err := os.Create(x.errs)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	x.cmd = exec.Command(p.Path, args...)
	x.cmd.Stdout, x.cmd.Stderr = out, out
	if err := b.spawn.start(x.cmd, cpus); err != nil {
		return nil, err
	}
	go func() {
		_ = x.cmd.Wait() // how it ended is read from its output
		close(x.ended)
	}()
	if err := x.ready(ctx); err != nil {
		x.stop()
		return nil, err
	}
	return x, nil
}

// ready waits until the address answers.
func (x *proxy) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.DialTimeout("tcp", x.addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-x.ended:
			return fmt.Errorf("did not start: %s", x.complaint())
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %s", x.complaint())
		case <-tick.C:
		}
	}
}

// complaint is the most telling line that the process wrote.
func (x *proxy) complaint() string {
	text, err := os.ReadFile(x.errs)
	if err != nil || len(strings.TrimSpace(string(text))) == 0 {
		return "it wrote nothing"
	}
	return tellingLine(string(text))
}

// tellingLine picks the first line that speaks of an error, else the last.
func tellingLine(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		for _, word := range []string{"[ALERT]", "[emerg]", "panic:", "fatal error:"} {
			if strings.Contains(line, word) {
				return strings.TrimSpace(line)
			}
		}
	}
	return lastLine(text)
}

// alive says whether the process still runs.
func (x *proxy) alive() bool {
	select {
	case <-x.ended:
		return false
	default:
		return true
	}
}

// stop ends the process and all of its group, gently first.
func (x *proxy) stop() { stopGroup(x.cmd.Process.Pid, x.ended) }

// stopGroup asks a process group to end, and kills it after a while.
func stopGroup(pid int, ended <-chan struct{}) {
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(3 * time.Second):
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	<-ended
}

// startNginxServer runs the installed nginx as the server behind the proxies.
func (b *bench) startNginxServer(ctx context.Context, cpus []int) (*proxy, error) {
	path, err := lookPath("nginx")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "behind-")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, "www"), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "www", "small"), pattern(smallBody), 0o644); err != nil {
		return nil, err
	}
	conf := nginxServerConf(addr, dir, nginxUser(), b.maxConn)
	return b.startWith(ctx, &peer{Name: behindNginx, Path: path, Nginx: true}, dir, conf, nginxArgs(dir), addr, cpus)
}
