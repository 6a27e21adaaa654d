package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"tandem/parser/diag"
	"tandem/parser/source"
	"tandem/proxy/config"
)

// TestGlobalSocketWords holds what unix-bind and noreuseport make of sockets:
// bind lines take prefix and mode, a stats socket neither.
func TestGlobalSocketWords(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ub") // t.TempDir's names are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	text := fmt.Sprintf(`global
	unix-bind prefix %[1]s/ mode 640
	noreuseport
	stats socket %[1]s/cli mode 604
frontend f
	mode http
	timeout client 1s
	bind unix@one
	bind unix@two mode 600
	bind %[2]s
`, dir, freeAddress(t))
	diags := &diag.List{}
	deps := config.NewDeps()
	cfg := config.Compile([]*source.File{source.New("t.cfg", []byte(text))}, config.Options{}, deps, diags)
	p := New(cfg, deps, diags)
	p.Listen(diags)
	for _, d := range diags.All {
		t.Errorf("%s", d.Text)
	}
	for name, want := range map[string]os.FileMode{"one": 0o640, "two": 0o600, "cli": 0o604} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
	for _, s := range p.sockets {
		defer s.Close()
		raw, err := s.Listener.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT); err != nil || n != 0 {
				t.Errorf("%s: SO_REUSEPORT %d, %v", s.Addr(), n, err)
			}
		})
	}
	for _, s := range p.cliSocks {
		s.Close()
	}
}
