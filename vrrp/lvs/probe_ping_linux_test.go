package lvs

import (
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestPingProbe asks a machine of its own, since who may send echoes is a
// setting of the kernel that the probe widens.
func TestPingProbe(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	failed := make(chan error, 1)
	var here, nowhere Outcome
	go func() {
		// Not unlocked: the thread ends with the goroutine, and the namespace
		// with it.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			failed <- err
			return
		}
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		here = (&PingProbe{Connection: to(netip.MustParseAddrPort("127.0.0.1:0"))}).Probe(t.Context(), 0)
		nowhere = (&PingProbe{Connection: to(netip.MustParseAddrPort("192.0.2.1:0"))}).Probe(t.Context(), 0)
		failed <- err
	}()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if !here.OK {
		t.Errorf("this machine: %+v", here)
	}
	if nowhere.OK {
		t.Errorf("no route: %+v", nowhere)
	}
}
