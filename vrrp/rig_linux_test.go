package vrrp_test

import (
	"bytes"
	"errors"
	"flag"
	"net/netip"
	"os"
	"runtime"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"tandem/vrrp/packet"
)

var rewrite = flag.Bool("rewrite", false, "write what the original does into the golden files")

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getuid() == 0 {
		// The pairs spend their time waiting, not computing; but they start
		// programs, and too many at once hold each other up.
		_ = flag.Set("test.parallel", "10")
	}
	status := m.Run()
	if programs.dir != "" {
		_ = os.RemoveAll(programs.dir)
	}
	os.Exit(status)
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
	// Frames come in the order of their times.
	first := sort.Search(len(l.seen), func(i int) bool { return l.seen[i].at.After(mark) })
	for _, s := range l.seen[first:] {
		if s.prio >= 0 {
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

// until waits for cond, which is asked whenever a frame was seen, and now and
// then for what cannot be seen on the wire.
//
// limit is for an idle machine; a busy one gets more.
func (l *lab) until(what string, limit time.Duration, cond func() bool) {
	l.t.Helper()
	limit *= 3
	timeout, again := time.After(limit), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for !cond() {
		select {
		case <-l.wake:
		case <-again.C:
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
