package logs

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/stats"
)

var when = time.Date(2026, 3, 7, 4, 5, 6, 789_000_000, time.UTC)

func TestHeaders(t *testing.T) {
	t.Parallel()
	id := &Identity{Tag: "haproxy", PID: 42, Host: "n1"}
	f := func(format, want string) {
		t.Helper()
		x := Target{Format: format, Facility: 16}
		got := string(x.appendHeader(nil, id, Info, when, nil))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	f("local", "<134>Mar  7 04:05:06 haproxy[42]: ")
	f("rfc3164", "<134>Mar  7 04:05:06 n1 haproxy[42]: ")
	f("rfc5424", "<134>1 2026-03-07T04:05:06.789000+00:00 n1 haproxy 42 - - ")
	f("priority", "<134>")
	f("short", "<6>")
	f("timed", "<6>2026-03-07T04:05:06.789000+00:00 ")
	f("iso", "2026-03-07T04:05:06.789000+00:00 ")
	f("raw", "")
}

func TestLoggerSendsToUDP(t *testing.T) {
	t.Parallel()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	l, err := new(Sinks).Logger([]Target{{Address: pc.LocalAddr().String(), Len: 60, Format: "local", Facility: 16, Max: Info, Min: Err}})
	if err != nil {
		t.Fatal(err)
	}
	id := &Identity{Tag: "haproxy", PID: 1}
	l.Send(id, Debug, when, Message{Line: []byte("too chatty")})
	l.Send(id, Alert, when, Message{Line: []byte(strings.Repeat("x", 100))})
	b := make([]byte, 2048)
	pc.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, _, err := pc.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	want := "<131>Mar  7 04:05:06 haproxy[1]: " + strings.Repeat("x", 26) + "\n"
	if diff := cmp.Diff(want, string(b[:n])); diff != "" {
		t.Errorf("datagram (-want +got):\n%s", diff)
	}
}

// What nobody receives is counted for "show info".
func TestLostLines(t *testing.T) {
	t.Parallel()
	var lost stats.Counter
	l, err := (&Sinks{Lost: &lost}).Logger([]Target{{Address: filepath.Join(t.TempDir(), "nobody"), Len: 60, Format: "local", Max: Debug}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l.Send(&Identity{}, Info, when, Message{Line: []byte("x")})
	}
	if n := lost.Load(); n != 2 {
		t.Errorf("%d lines counted as lost, want 2", n)
	}
}

func TestSampling(t *testing.T) {
	t.Parallel()
	s, err := ParseSampling("1,3-4:5")
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for i := range uint64(10) {
		if s.Takes(i) {
			got = append(got, i)
		}
	}
	if diff := cmp.Diff([]uint64{0, 2, 3, 5, 7, 8}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"1", "1:0", "0:3", "2-1:3", "4:3", "x:3"} {
		if _, err := ParseSampling(bad); err == nil {
			t.Errorf("ParseSampling(%q) gave no error", bad)
		}
	}
}
