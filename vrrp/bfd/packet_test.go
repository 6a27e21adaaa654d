package bfd

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good is the packet that the original sends first, as it was captured.
var good = []byte{
	0x20, 0x40, 0x03, 0x18, 0xa8, 0xd4, 0x9c, 0x20, 0, 0, 0, 0,
	0x00, 0x0f, 0x42, 0x40, 0x00, 0x03, 0x0d, 0x40, 0, 0, 0, 0,
}

func TestPacket(t *testing.T) {
	t.Parallel()
	want := Packet{State: Down, Mult: 3, My: 0xa8d49c20, MinTx: 1000000, MinRx: 200000}
	got, err := Parse(good)
	if err != nil || got != want {
		t.Errorf("Parse = %+v, %v; want %+v", got, err, want)
	}
	if b := want.Append(nil); !bytes.Equal(b, good) {
		t.Errorf("Append = %x, want %x", b, good)
	}
	full := Packet{Diag: 8, State: Up, Poll: true, Demand: true, Mult: 255, My: 1, Your: 1<<32 - 1, MinTx: 2, MinRx: 3}
	if back, err := Parse(full.Append(nil)); err != nil || back != full {
		t.Errorf("%+v came back as %+v, %v", full, back, err)
	}
}

// TestParseFaults compares what is said of bad packets with what the original
// said of the same bytes.
func TestParseFaults(t *testing.T) {
	t.Parallel()
	change := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{good[:20], "Packet is too small: 20 bytes"},
		{nil, "Packet is too small: 0 bytes"},
		{change(0, 0x00), "Packet is of unsupported version: 0"},
		{change(0, 0x40), "Packet is of unsupported version: 2"},
		{change(3, 20), "Packet size mismatch: length field: 20 bytes, buffer size: 24 bytes"},
		{append(bytes.Clone(good), 1, 2, 3, 4), "Packet size mismatch: length field: 24 bytes, buffer size: 28 bytes"},
		{change(2, 0), "Packet 'detection multiplier' field is zero"},
		{change(1, 0x41), "Packet has 'multipoint' flag"},
		{append(append(bytes.Clone(good[:4]), 0, 0, 0, 0), good[8:]...), "Packet 'my discriminator' field is zero"},
		{change(1, 0xc0), "Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown"},
		{change(1, 0x80), "Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown"},
		{change(1, 0x70), "Packet has both poll and final  flags set"},
		{change(0, 0x3f), "Packet has invalid 'diag' field: 31"},
	} {
		_, err := Parse(c.b)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%x: %s", c.b, d)
		}
	}
}

func TestNews(t *testing.T) {
	t.Parallel()
	for _, n := range []News{{"B1", true, 5}, {"x", false, 1 << 60}} {
		if got, ok := ParseNews(n.Append(nil)); !ok || got != n {
			t.Errorf("%+v came back as %+v, %v", n, got, ok)
		}
	}
	for _, b := range [][]byte{nil, make([]byte, 9), {0, 0, 0, 0, 0, 0, 0, 0, 2, 'x'}, make([]byte, MaxNews+1)} {
		if n, ok := ParseNews(b); ok {
			t.Errorf("%x was taken for %+v", b, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil || p.Auth {
			return
		}
		// What is not kept is the bit of the control plane, the echo interval and
		// what is longer than the mandatory section.
		b = bytes.Clone(b[:Len])
		b[1] &^= 0x08
		b[3] = Len
		copy(b[20:], []byte{0, 0, 0, 0})
		if out := p.Append(nil); !bytes.Equal(out, b) {
			t.Errorf("%x became %x", b, out)
		}
	})
}
