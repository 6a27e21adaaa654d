package expr

import "testing"

func TestShortAddr(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"127.1": "127.0.0.1", "1.2.3": "1.2.0.3", "0x7f000001": "127.0.0.1", "0177.1": "127.0.0.1", "10": "0.0.0.10",
		"127.0.0.01": "127.0.0.1", "1.2.65535": "1.2.255.255", "4294967295": "255.255.255.255",
		"256.1": "", "4294967296": "", "1.2.3.4.5": "", "1.2.70000": "", "127.0.0.08": "", "": "", "x.1": "", "1.": "", "1..2": "", "0b1": "", "1_0": "",
	} {
		got, ok := shortAddr(in)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("shortAddr(%q) = %v, %v; want %q", in, got, ok, want)
		}
	}
}

func TestLaxTime(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		d   string
		odd byte
	}{
		"1m30s": {"1m0s", '3'}, "1d1h": {"24h0m0s", '1'}, "1mss": {"1ms", 's'}, "5s": {"5s", 0}, "100": {"100ms", 0}, "2ms": {"2ms", 0},
	} {
		var odd byte
		d, err := LaxTime(in, 1e6, func(_ string, b byte) { odd = b })
		if err != nil || d.String() != want.d || odd != want.odd {
			t.Errorf("LaxTime(%q) = %v, %v, odd %q", in, d, err, odd)
		}
	}
	if _, err := LaxTime("1x", 1e6, func(string, byte) { t.Error("odd unit told") }); err != TimeSyntax {
		t.Errorf("1x: %v", err)
	}
}
