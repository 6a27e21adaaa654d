package wire

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
)

func run(t *testing.T, raw []bpf.RawInstruction, pkt []byte) bool {
	t.Helper()
	prog, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("program does not disassemble")
	}
	vm, err := bpf.NewVM(prog)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(pkt)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func TestVRIDFilter(t *testing.T) {
	t.Parallel()
	v4 := append([]byte{0x45}, make([]byte, 19)...)
	v4opt := append([]byte{0x46}, make([]byte, 23)...)
	msg := func(head []byte, vrid byte) []byte {
		return append(append([]byte{}, head...), 0x21, vrid, 100, 0, 0, 1, 0, 0)
	}
	all := make([]uint8, 0, 255)
	for v := 1; v <= 255; v++ {
		all = append(all, uint8(v))
	}
	tests := []struct {
		name  string
		vrids []uint8
		ip    bool
		pkt   []byte
		want  bool
	}{
		{"ours", []uint8{51, 52}, true, msg(v4, 52), true},
		{"another", []uint8{51, 52}, true, msg(v4, 53), false},
		{"IP options", []uint8{51}, true, msg(v4opt, 51), true},
		{"IPv6", []uint8{51}, false, msg(nil, 51), true},
		{"IPv6, another", []uint8{51}, false, msg(nil, 1), false},
		{"none", nil, true, msg(v4, 1), false},
		{"all, the last", all, true, msg(v4, 255), true},
		{"all, zero", all, true, msg(v4, 0), false},
	}
	for _, tc := range tests {
		prog, err := vridFilter(tc.vrids, tc.ip, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, prog, tc.pkt); got != tc.want {
			t.Errorf("%s: passes %v, want %v", tc.name, got, tc.want)
		}
	}
	prog, err := vridFilter([]uint8{51}, true, 24)
	if err != nil {
		t.Fatal(err)
	}
	ah := append(append(append([]byte{}, v4...), make([]byte, 24)...), 0x21, 51)
	if !run(t, prog, ah) {
		t.Error("a message behind an Authentication Header is dropped")
	}
}

func TestFake(t *testing.T) {
	t.Parallel()
	f := NewFake()
	spec := Spec{Link: "eth0", Group: netip.MustParseAddr("224.0.0.18")}
	a, _ := f.Node("a").Open(spec)
	b, _ := f.Node("b").Open(spec)
	src := netip.MustParseAddr("10.0.0.1")
	pkt := append(make([]byte, 20), 0x21, 51)
	buf := make([]Packet, 2)
	if err := a.Send(pkt, src, spec.Group); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Recv(buf); n != 1 || buf[0].N != len(pkt) || buf[0].Meta.Src != src || err != nil {
		t.Errorf("received %d datagrams, %d bytes from %v, %v", n, buf[0].N, buf[0].Meta.Src, err)
	}
	b.Filter([]uint8{1})
	a.Send(pkt, src, spec.Group)
	b.Filter([]uint8{51})
	f.Cut("b", true)
	a.Send(pkt, src, spec.Group)
	f.Cut("b", false)
	b.Close()
	if _, err := b.Recv(buf); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v; something passed a filter or a cut", err)
	}
	l, _ := f.Node("a").OpenLink("eth0")
	l.SendFrame([]byte{1, 2})
	if fr := f.Frames(); len(fr) != 1 || fr[0].Link != "eth0" || fr[0].Node != "a" {
		t.Errorf("frames: %v", fr)
	}
}

func TestOpenUnknownLink(t *testing.T) {
	t.Parallel()
	if _, err := (Kernel{}).Open(Spec{Link: "no-such-link0"}); err == nil {
		t.Error("a link that does not exist was opened")
	}
	if _, err := (Kernel{}).OpenLink("no-such-link0"); err == nil {
		t.Error("a link that does not exist was opened for frames")
	}
}
