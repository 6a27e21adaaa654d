package listen

import (
	"net"
	"syscall"
	"testing"

	"tandem/parser/expr"
)

// TestSameDescriptorTwice gives two bind lines one inherited descriptor.
func TestSameDescriptorTwice(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	a := expr.Addr{Text: "fd@x", Kind: expr.FD, FDNum: dupFD(t, f.Fd())}
	f.Close()
	r := &Registry{}
	var all []*Socket
	for range 3 {
		s, err := r.Open(&Bind{Endpoints: []expr.Addr{a}}, &Frontend{}, SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s...)
	}
	for _, s := range all {
		if s.Addr().String() != all[0].Addr().String() {
			t.Errorf("listens on %s, not on %s", s.Addr(), all[0].Addr())
		}
		defer s.Close()
	}
	c, err := net.Dial("tcp", all[2].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := all[1].Accept()
	if err != nil {
		t.Fatal(err)
	}
	got.Close()
}

// dupFD returns a descriptor that nobody owns, as one inherited from a parent.
func dupFD(t *testing.T, fd uintptr) int {
	t.Helper()
	n, err := syscall.Dup(int(fd))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
