package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// netPatience bounds every wait of a test of this file.
const netPatience = 20 * time.Second

// netspace is a network namespace: a thread of its own, which does what it is
// told and ends with the test.
type netspace struct {
	path string
	jobs chan func()
}

func newNetspace(t *testing.T) *netspace {
	n := &netspace{jobs: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its namespace
		n.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		made <- unix.Unshare(unix.CLONE_NEWNET)
		for job := range n.jobs {
			job()
		}
	}()
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(n.jobs) })
	return n
}

// do runs f in the namespace.
func (n *netspace) do(f func()) {
	done := make(chan struct{})
	n.jobs <- func() { defer close(done); f() }
	<-done
}

// ip runs lines of ip(8) there.
func (n *netspace) ip(t *testing.T, lines ...string) {
	t.Helper()
	for _, l := range lines {
		n.do(func() {
			if out, err := exec.Command("ip", strings.Fields(l)...).CombinedOutput(); err != nil {
				t.Errorf("ip %s: %v: %s", l, err, out)
			}
		})
	}
	if t.Failed() {
		t.FailNow()
	}
}

// TestTransparent holds that "option transparent", "transparent" and a server
// with the address 0.0.0.0, which replaces them, connect to the address that
// the client meant: one of another machine that is routed through this one.
func TestTransparent(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	for _, word := range []string{"option transparent", "transparent", "server transparent 0.0.0.0"} {
		t.Run(word, func(t *testing.T) { t.Parallel(); playTransparent(t, word) })
	}
}

func playTransparent(t *testing.T, word string) {
	here, there := newNetspace(t), newNetspace(t)
	here.ip(t, "link set lo up", "link add v0 type veth peer name v1", "addr add 192.0.2.1/24 dev v0", "link set v0 up",
		"route add local 198.51.100.0/24 dev lo", "link set v1 netns "+there.path)
	there.ip(t, "addr add 192.0.2.2/24 dev v1", "link set v1 up", "route add 198.51.100.0/24 via 192.0.2.1")

	// The server is found by what comes from this machine, the proxy by what
	// comes in: the same address and port on two devices.
	server, front := here.listen(t, "lo", "198.51.100.7:8080"), here.listen(t, "v0", "0.0.0.0:8080")
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(c, "this is %s\n", c.LocalAddr())
			c.Close()
		}
	}()

	cfg := filepath.Join(t.TempDir(), "t.cfg")
	if err := os.WriteFile(cfg, []byte("defaults\n timeout connect 5s\n timeout client 5s\n timeout server 5s\nlisten l\n mode tcp\n bind fd@3\n "+word+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-db", "-f", cfg)
	cmd.Env = append(os.Environ(), envPlay+"=1")
	f, err := front.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.ExtraFiles = []*os.File{f}
	here.do(func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()

	got := ""
	there.do(func() { got = ask("198.51.100.7:8080") })
	if got != "this is 198.51.100.7:8080\n" {
		t.Errorf("the client was told %q", got)
	}
}

// listen listens in the namespace on one device.
func (n *netspace) listen(t *testing.T, device, addr string) net.Listener {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device) }); e != nil {
			return e
		}
		return err
	}}
	var l net.Listener
	var err error
	n.do(func() { l, err = lc.Listen(context.Background(), "tcp4", addr) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// ask connects and returns the first line; "" where nobody listens.
func ask(addr string) string {
	c, err := net.DialTimeout("tcp4", addr, netPatience)
	if err != nil {
		return ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(netPatience))
	line, _ := bufio.NewReader(c).ReadString('\n')
	return line
}
