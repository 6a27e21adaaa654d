package expr

import (
	"errors"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	ms, s := time.Millisecond, time.Second
	for _, c := range []struct {
		in   string
		unit time.Duration
		want time.Duration
		err  error
	}{
		{"10", ms, 10 * ms, nil}, {"10", s, 10 * s, nil}, {"10s", ms, 10 * s, nil}, {"1m", ms, time.Minute, nil},
		{"2h", ms, 2 * time.Hour, nil}, {"1d", s, 24 * time.Hour, nil}, {"0", ms, 0, nil},
		{"1500us", ms, 2 * ms, nil}, {"1us", ms, ms, nil}, {"1ms", s, s, nil},
		{"2147483647", ms, 2147483647 * ms, nil}, {"2147483648", ms, 0, TimeOverflow}, {"25d", ms, 0, TimeOverflow}, {"99999999999999999999d", ms, 0, TimeOverflow},
		{"", ms, 0, TimeSyntax}, {"x", ms, 0, TimeSyntax}, {"10x", ms, 0, TimeSyntax}, {"1.5s", ms, 0, TimeSyntax}, {"-1", ms, 0, TimeSyntax}, {"+1", ms, 0, TimeSyntax}, {"10 s", ms, 0, TimeSyntax},
	} {
		got, err := ParseTime(c.in, c.unit)
		if got != c.want || !errors.Is(err, c.err) && err != c.err {
			t.Errorf("%q in %v: %v, %v; want %v, %v", c.in, c.unit, got, err, c.want, c.err)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"100", 100, true}, {"1k", 1024, true}, {"2K", 2048, true}, {"3m", 3 << 20, true}, {"1G", 1 << 30, true},
		{"", 0, false}, {"k", 0, false}, {"1kb", 0, false}, {"1.5k", 0, false}, {"-1", 0, false}, {"9999999999999g", 0, false},
	} {
		got, err := ParseSize(c.in)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %d, %v", c.in, got, err)
		}
	}
}

func TestWordInt(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"5": "", "10": "", "11": "'11' is out of range: it must be between 0 and 10", "-1": "'-1' is out of range: it must be between 0 and 10", "5x": "invalid integer '5x'", "": "invalid integer ''"} {
		_, err := Word{Text: in}.Int(0, 10)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
