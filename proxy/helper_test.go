package proxy

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func want(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// until repeats a question until it is answered with want.
func until(t *testing.T, what, want string, ask func() string) {
	t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if last = ask(); last == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%s: got %q, want %q", what, last, want)
}

// addresses counts those that freeAddress gave away.
var addresses atomic.Uint32

// freeAddress returns one where nobody listens, on a loopback address that
// nobody else uses: it stays free until the caller takes it, and is free for
// the caller again after that.
func freeAddress(t *testing.T) string {
	t.Helper()
	n := addresses.Add(1)
	ln, err := net.Listen("tcp4", fmt.Sprintf("127.%d.%d.%d:0", 128+n/250%120, 1+os.Getpid()%250, 1+n%250))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
