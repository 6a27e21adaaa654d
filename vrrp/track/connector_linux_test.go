package track

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// report is one datagram of the kernel's connector.
func report(what uint32, data ...uint32) []byte {
	var b bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			_ = binary.Write(&b, binary.NativeEndian, x)
		}
	}
	put(uint32(16+20+16+24), uint16(3), uint16(0), uint32(0), uint32(0)) // nlmsghdr
	put(uint32(1), uint32(1), uint32(0), uint32(0), uint16(40), uint16(0))
	put(what, uint32(0), uint64(0))
	put(data)
	b.Write(make([]byte, 76-b.Len()))
	return b.Bytes()
}

func TestParseProcs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		data []byte
		want []procEvent
	}{
		{"fork", report(1, 5, 5, 6, 6), []procEvent{{pid: 6, why: forked}}},
		{"thread", report(1, 5, 5, 7, 5), nil},
		{"exec", report(2, 6, 6), []procEvent{{pid: 6}}},
		{"name of a thread", report(0x200, 7, 6), []procEvent{{pid: 6}}},
		{"exit", report(0x80000000, 6, 6), []procEvent{{pid: 6, why: exited}}},
		{"end of a thread", report(0x80000000, 7, 6), nil},
		{"two", slices.Concat(report(2, 6, 6), report(2, 8, 8)), []procEvent{{pid: 6}, {pid: 8}}},
		{"uid", report(4, 6, 6), nil},
		{"cut", report(2, 6, 6)[:40], nil},
		{"nothing", nil, nil},
	}
	for _, tc := range tests {
		if got := parseProcs(tc.data); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	for i := range 76 {
		b := report(2, 6, 6)
		b[i] = 0xff
		parseProcs(b) // must come back
	}
}
