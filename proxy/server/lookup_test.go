package server

import (
	"net/netip"
	"testing"
)

func TestOldAddr(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"10.10.11.01": "10.10.11.1", "127.1": "127.0.0.1", "1.2.3": "1.2.0.3", "999999999": "59.154.201.255",
		"0x7f.1": "127.0.0.1", "010.0.0.010": "8.0.0.8", "0": "0.0.0.0", "4294967295": "255.255.255.255",
		"4294967296": "", "1.2.3.256": "", "256.1": "", "08.1.1.1": "", "1.2.3.4.5": "", "1..2": "", "a.b": "", "": "", "1_0": "", "0b1": "", "-1": "",
	} {
		got, ok := oldAddr(in)
		if ok != (want != "") || ok && got != netip.MustParseAddr(want) {
			t.Errorf("%q: %v %v, want %q", in, got, ok, want)
		}
	}
}
