package vrrp_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"tandem/vrrp"
	"tandem/vrrp/config"
	"tandem/vrrp/packet"
)

// nodeEnv makes the test binary run a router with the configuration file that
// it names: so that nodes are processes, which can be killed.
const nodeEnv = "TANDEM_VRRP_NODE"

func TestMain(m *testing.M) {
	if f := os.Getenv(nodeEnv); f != "" {
		os.Exit(runNode(f))
	}
	flag.Parse()
	if os.Getuid() == 0 {
		// The pairs spend their time waiting, not computing.
		_ = flag.Set("test.parallel", "12")
	}
	os.Exit(m.Run())
}

func runNode(file string) int {
	load := func() (*config.Config, error) {
		res, err := config.LoadFile(file, config.Options{})
		if err != nil {
			return nil, err
		}
		return res.Config, nil
	}
	cfg, err := load()
	if err != nil {
		fmt.Println(err)
		return 2
	}
	r, err := vrrp.New(cfg, vrrp.Options{Detail: true, Log: func(s string) { fmt.Println(s) }})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		for range hup {
			if err := r.Reload(load); err != nil {
				fmt.Println(err)
			}
		}
	}()
	if err := r.Run(ctx); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// lab is a bridge with nodes a, b and an observer, each in a network namespace
// of its own. Nothing of it touches the machine's own network.
type lab struct {
	t     *testing.T
	ns    map[string]netns.NsHandle
	dir   string
	mu    sync.Mutex
	seen  []sight
	wake  chan struct{}
	sniff int
}

// sight is one frame that the observer saw.
type sight struct {
	at   time.Time // of the kernel
	raw  []byte
	src  netip.Addr
	prio int // of an advert, -1 for other frames
}

// inNS runs f on a thread that is in the namespace.
func inNS(h netns.NsHandle, f func() error) error {
	done := make(chan error, 1)
	go func() {
		// Not unlocked: the thread ends with the goroutine, so that nothing
		// else ever runs in the namespace.
		runtime.LockOSThread()
		if err := netns.Set(h); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

var labAddrs = map[string]string{"a": "10.77.0.1/24", "b": "10.77.0.2/24", "o": "10.77.0.9/24"}

// newLab builds the namespaces or skips the test.
func newLab(t *testing.T) *lab {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	if testing.Short() {
		t.Skip("runs in real time; not under -short")
	}
	l := &lab{t: t, ns: make(map[string]netns.NsHandle), dir: t.TempDir(), wake: make(chan struct{}, 1)}
	for _, n := range []string{"bridge", "a", "b", "o"} {
		var h netns.NsHandle
		made := make(chan error, 1)
		go func() {
			runtime.LockOSThread()
			var err error
			h, err = netns.New()
			made <- err
		}()
		if err := <-made; err != nil {
			t.Skipf("no network namespace: %v", err)
		}
		l.ns[n] = h
		t.Cleanup(func() { h.Close() })
	}
	if err := inNS(l.ns["bridge"], l.buildBridge); err != nil {
		t.Skipf("no bridge or veth: %v", err)
	}
	for n, ip := range labAddrs {
		if err := inNS(l.ns[n], func() error { return setupNode(ip) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := inNS(l.ns["o"], l.openSniffer); err != nil {
		t.Skipf("no packet socket: %v", err)
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); l.listen(quit) }()
	t.Cleanup(func() {
		// Closed only when nobody reads any more: the number is used again.
		close(quit)
		<-ended
		unix.Close(l.sniff)
	})
	return l
}

func (l *lab) buildBridge() error {
	snoop := false
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}, MulticastSnooping: &snoop}
	if err := netlink.LinkAdd(br); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(br); err != nil {
		return err
	}
	for n := range labAddrs {
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "v" + n}, PeerName: "eth0", PeerNamespace: netlink.NsFd(l.ns[n])}
		if err := netlink.LinkAdd(veth); err != nil {
			return err
		}
		port, err := netlink.LinkByName("v" + n)
		if err != nil {
			return err
		}
		if err := errors.Join(netlink.LinkSetMaster(port, br), netlink.LinkSetUp(port)); err != nil {
			return err
		}
	}
	return nil
}

func setupNode(ip string) error {
	for _, f := range []string{"all", "default", "eth0"} {
		_ = os.WriteFile("/proc/thread-self/net/../../sys/net/ipv6/conf/"+f+"/accept_dad", []byte("0"), 0)
	}
	for _, n := range []string{"lo", "eth0"} {
		link, err := netlink.LinkByName(n)
		if err != nil {
			return err
		}
		if n == "eth0" {
			a, err := netlink.ParseAddr(ip)
			if err != nil {
				return err
			}
			if err := netlink.AddrAdd(link, a); err != nil {
				return err
			}
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return err
		}
	}
	return nil
}

// openSniffer makes a packet socket with kernel timestamps.
func (l *lab) openSniffer() error {
	const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL<<8&0xff00 // network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		return err
	}
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	tv := unix.Timeval{Usec: 100000}
	l.sniff = fd
	return errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Attrs().Index}))
}

// listen notes frames until quit is closed.
func (l *lab) listen(quit <-chan struct{}) {
	buf, oob := make([]byte, 2048), make([]byte, 256)
	for {
		select {
		case <-quit:
			return
		default:
		}
		n, oobn, _, _, err := unix.Recvmsg(l.sniff, buf, oob, 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return
		}
		s := sight{at: time.Now(), raw: bytes.Clone(buf[:n]), prio: -1}
		if msgs, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil {
			for _, m := range msgs {
				if m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16 {
					var ts [2]int64
					for i := range ts {
						for j := range 8 {
							ts[i] |= int64(m.Data[i*8+j]) << (8 * j)
						}
					}
					s.at = time.Unix(ts[0], ts[1])
				}
			}
		}
		s.read()
		l.mu.Lock()
		l.seen = append(l.seen, s)
		l.mu.Unlock()
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// read recognises adverts of both families.
func (s *sight) read() {
	b := s.raw
	switch {
	case len(b) >= 42 && b[12] == 0x08 && b[13] == 0 && b[23] == packet.Protocol:
		s.src, s.prio = netip.AddrFrom4([4]byte(b[26:30])), int(b[14+int(b[14]&15)*4+2])
	case len(b) >= 66 && b[12] == 0x08 && b[13] == 0 && b[23] == packet.ProtocolAH:
		s.src, s.prio = netip.AddrFrom4([4]byte(b[26:30])), int(b[14+int(b[14]&15)*4+packet.AHLen+2])
	case len(b) >= 62 && b[12] == 0x86 && b[13] == 0xdd && b[20] == packet.Protocol:
		s.src, s.prio = netip.AddrFrom16([16]byte(b[22:38])), int(b[54+2])
	}
}

// adverts returns what was seen so far since mark.
func (l *lab) adverts(mark time.Time) []sight {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []sight
	for _, s := range l.seen {
		if s.prio >= 0 && s.at.After(mark) {
			out = append(out, s)
		}
	}
	return out
}

// announcements returns the frames that announce an address: gratuitous ARP
// and unsolicited neighbour advertisements.
func (l *lab) announcements(mark time.Time) []sight {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []sight
	for _, s := range l.seen {
		if !s.at.After(mark) || len(s.raw) < 42 {
			continue
		}
		garp := s.raw[12] == 8 && s.raw[13] == 6 && bytes.Equal(s.raw[28:32], s.raw[38:42])
		na := s.raw[12] == 0x86 && s.raw[20] == 58 && len(s.raw) > 54 && s.raw[54] == 136 && bytes.Equal(s.raw[:2], []byte{0x33, 0x33})
		if garp || na {
			out = append(out, s)
		}
	}
	return out
}

// until waits for cond, which is asked whenever a frame was seen.
func (l *lab) until(what string, limit time.Duration, cond func() bool) {
	l.t.Helper()
	timeout := time.After(limit)
	for !cond() {
		select {
		case <-l.wake:
		case <-timeout:
			l.t.Fatalf("%s did not happen within %v", what, limit)
		}
	}
}

// has says whether a node holds an address, on any interface.
func (l *lab) has(node, ip string) (found bool) {
	l.t.Helper()
	err := inNS(l.ns[node], func() error {
		list, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
		for _, a := range list {
			found = found || a.IP.String() == ip
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// proc is one running node.
type proc struct {
	l    *lab
	node string
	ref  bool
	cmd  *exec.Cmd
	log  bytes.Buffer
	conf string
	pids [2]string
	done chan struct{}
}

// reference is the original's binary, or "".
func reference() string {
	if p := os.Getenv("TANDEM_KEEPALIVED"); p != "" {
		return p
	}
	p, _ := exec.LookPath("keepalived")
	return p
}

// hasBFD says whether the original was built with BFD.
var hasBFD = sync.OnceValue(func() bool {
	out, _ := exec.Command(reference(), "--help").CombinedOutput()
	return bytes.Contains(out, []byte("bfd_pid"))
})

// start runs a node with a configuration: ours, or the original.
func (l *lab) start(node string, ref bool, conf string) *proc {
	l.t.Helper()
	p := &proc{l: l, node: node, ref: ref, conf: filepath.Join(l.dir, node+".conf"), done: make(chan struct{})}
	p.configure(conf)
	if ref {
		p.pids = [2]string{filepath.Join(l.dir, node+".pid"), filepath.Join(l.dir, node+".vrrp.pid")}
		args := []string{"-n", "-l", "-D", "-P", "-f", p.conf, "-p", p.pids[0], "-r", p.pids[1]}
		if hasBFD() {
			// Such builds lock a pid file for BFD even if nothing uses it.
			args = append(args, "-b", filepath.Join(l.dir, node+".bfd.pid"))
		}
		p.cmd = exec.Command(reference(), args...)
	} else {
		p.cmd = exec.Command(os.Args[0])
		p.cmd.Env = append(os.Environ(), nodeEnv+"="+p.conf)
	}
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

func (p *proc) configure(conf string) {
	if err := os.WriteFile(p.conf, []byte(conf), 0o600); err != nil {
		p.l.t.Fatal(err)
	}
}

func (p *proc) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill is a crash: nobody says good-bye. The original's parent is halted first,
// since it would start its child again.
func (p *proc) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	if p.ref {
		p.signal(syscall.SIGSTOP)
		if b, err := os.ReadFile(p.pids[1]); err == nil {
			var pid int
			if _, err := fmt.Sscan(strings.TrimSpace(string(b)), &pid); err == nil && pid > 1 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
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
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		p.l.t.Errorf("%s does not stop", p.node)
	}
}
